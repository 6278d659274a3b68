"""Where lookseek keeps what it can make or fetch again."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """The folder: ``LOOKSEEK_CACHE``, else ``lookseek`` in the user's cache folder.

    Source: XDG Base Directory Specification, ``XDG_CACHE_HOME``.
    """
    if own := os.environ.get("LOOKSEEK_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lookseek"

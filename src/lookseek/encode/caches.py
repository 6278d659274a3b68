"""The folder of lookseek's caches: files that it can compute or download again."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Return ``LOOKSEEK_CACHE``, else ``lookseek`` in the user's cache folder.

    Source: XDG Base Directory Specification, ``XDG_CACHE_HOME``.
    """
    if folder := os.environ.get("LOOKSEEK_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lookseek"

"""Manifests that say something else than they did, with a checksum that is right: as another writer would have it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lookseek.index.manifest import checksum_of

__all__ = ["edit_manifest"]


def edit_manifest(index: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what an index's manifest says.

    Args:
        index: its folder.
        change: is given the manifest's JSON, which it changes in place.
    """
    file = index / "lookseek.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    stored.pop("checksum", None)
    change(stored)
    file.write_text(json.dumps({**stored, "checksum": checksum_of(stored)}), encoding="utf-8")

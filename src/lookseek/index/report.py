"""What an index job reports when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .duplicates import Duplicates


@dataclass(frozen=True, slots=True)
class Summary:
    """What a job did.

    Args:
        items: how many the index holds now.
        added, changed, unchanged, removed: how many of the catalogue's items; changed ones had another photo
            or other attributes than before.
        encoded: how many photos went through the model.
        skipped: how many were left out, by kind.
        duplicates: photos that the index holds more than once.
        runtime: what ran the model for the index's photos; several, joined by " + ", differ a little.
        interrupted: the job was stopped before the catalogue's end.
        seconds: how long it took.
        notes: what a person should know of the index, a line each.
    """

    items: int
    added: int
    changed: int
    unchanged: int
    removed: int
    encoded: int
    skipped: Mapping[str, int]
    duplicates: Duplicates
    runtime: str
    interrupted: bool
    seconds: float
    notes: tuple[str, ...] = ()

"""What an index job tells: while it runs, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..types import Skipped
from .duplicates import Duplicates


class Progress(Protocol):
    """Who is told how the job goes."""

    def phase(self, name: str, total: int | None) -> None:
        """A new stage begins; ``total`` entries, or None where nobody knows."""

    def advance(self, entries: int) -> None:
        """So many entries of this stage are done and, if they were encoded, acknowledged."""

    def skipped(self, skipped: Skipped) -> None:
        """One thing was left out."""


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

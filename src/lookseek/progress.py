"""What a long job reports while it runs."""

from __future__ import annotations

from typing import Protocol

from .types import Skipped

__all__ = ["NoProgress", "Progress"]


class Progress(Protocol):
    """Who is told how the job goes."""

    def phase(self, name: str, total: int | None) -> None:
        """A new stage begins; ``total`` entries, or None where nobody knows."""

    def advance(self, entries: int) -> None:
        """So many entries of this stage are done and, if they were encoded, acknowledged."""

    def skipped(self, skipped: Skipped) -> None:
        """One thing was left out."""


class NoProgress:
    """Reports nothing."""

    def phase(self, name: str, total: int | None) -> None: ...

    def advance(self, entries: int) -> None: ...

    def skipped(self, skipped: Skipped) -> None: ...

"""The progress of a benchmark: its stages and what it skips, on standard error."""

from __future__ import annotations

import sys

from lookseek.types import Skipped

__all__ = ["Stages"]


class Stages:
    """A ``Progress`` of one line a stage, and one a skipped item."""

    def phase(self, name: str, total: int | None) -> None:
        print(name if total is None else f"{name}, {total:,}", file=sys.stderr, flush=True)

    def advance(self, entries: int) -> None: ...

    def skipped(self, skipped: Skipped) -> None:
        print(f"skipped {skipped.where}: {skipped.reason}", file=sys.stderr)

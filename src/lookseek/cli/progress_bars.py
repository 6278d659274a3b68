"""Progress bars of a job on a terminal: phases, rates, and skipped items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from ..types import Skipped
from .console import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

__all__ = ["MAX_PRINTED_SKIPS", "ProgressBars"]

MAX_PRINTED_SKIPS = 20
"""Skipped items that are printed one by one; the job's own files list them all."""


class ProgressBars:
    """Implements ``lookseek.progress.Progress``: a bar per phase, and a line for each of the first skipped items.

    Args:
        console: the console that the bars are drawn on.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._skips = 0
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressBars:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("remaining"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._end_phase()
            self._bar.stop()

    @property
    def hidden_skips(self) -> int:
        """How many skipped items were not printed."""
        return max(0, self._skips - MAX_PRINTED_SKIPS)

    def phase(self, name: str, total: int | None) -> None:
        assert self._bar is not None
        self._end_phase()
        self._task = self._bar.add_task(name, total=total, rate="")

    def _end_phase(self) -> None:
        assert self._bar is not None
        if self._task is not None and (last := self._bar.tasks[-1]).total is None:
            self._bar.update(last.id, total=1, completed=1)

    def advance(self, entries: int) -> None:
        assert self._bar is not None and self._task is not None
        self._bar.advance(self._task, entries)
        speed = self._bar.tasks[-1].speed
        self._bar.update(self._task, rate=f"{speed:,.0f}/s" if speed else "")

    def skipped(self, skipped: Skipped) -> None:
        self._skips += 1
        if self._skips <= MAX_PRINTED_SKIPS:
            self._console.print(printable(f"skipped {skipped.where}: {skipped.reason}"), markup=False, soft_wrap=True)

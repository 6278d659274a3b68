"""What a command returns to the shell, so that a script can act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # modules that are slow to import are imported by the command that needs them
    from ..index.report import Summary

__all__ = ["ALL_WELL", "NOTHING_KEPT", "SOME_SKIPPED", "STOPPED", "code_of"]

ALL_WELL, FAILED, WRONG_USAGE, SOME_SKIPPED, NOTHING_KEPT, STOPPED = 0, 1, 2, 3, 4, 130


def code_of(summary: Summary) -> int:
    """Return the exit code of an index job."""
    if summary.interrupted:
        return STOPPED
    if not summary.added + summary.changed + summary.unchanged:
        return NOTHING_KEPT
    return SOME_SKIPPED if summary.skipped else ALL_WELL

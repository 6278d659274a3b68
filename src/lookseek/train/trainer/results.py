"""Figures of a finished training, in its run folder."""

from __future__ import annotations

from pathlib import Path

from ...atomic import write_text
from ...evaluate.details import details_path, write_details
from ...evaluate.outcome import Evaluation
from ...evaluate.result import Result, read_result
from .run_folder import TEST

__all__ = ["read_test_result", "write_result"]


def write_result(evaluation: Evaluation, path: Path) -> None:
    """Write the result file, and every query's value beside it."""
    write_details(evaluation.outcomes, details_path(path))  # first: where the result is, both are
    write_text(path, evaluation.result.to_json())


def read_test_result(folder: Path) -> Result | None:
    """Return the figures on the test split, or None where the training has not come to its end."""
    return read_result(folder / TEST) if (folder / TEST).is_file() else None

"""The value of every metric for every query, beside a result file: what significance is computed from."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from ..atomic import write_text
from ..errors import ResultError
from .outcome import Outcome

__all__ = ["Details", "details_path", "read_details", "write_details"]

FIXED = ("name", "stratum", "query", "unit")

Details: TypeAlias = Mapping[tuple[str, str], Mapping[str, Mapping[tuple[str, str], float]]]
"""(task's name, metric) to stratum to query and its unit to value."""


def details_path(result: Path) -> Path:
    """Return the path of a result file's details: ``a.json`` has ``a.queries.csv``."""
    return result.with_name(result.name.removesuffix(".json") + ".queries.csv")


def write_details(outcomes: tuple[Outcome, ...], path: Path) -> None:
    """Write a table: a row for each query of each task, a column for each metric, empty where it has none."""
    metrics = list(dict.fromkeys(metric for outcome in outcomes for metric in outcome.values))
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([*FIXED, *metrics])
    for outcome in outcomes:
        columns = [outcome.values[metric].tolist() if metric in outcome.values else None for metric in metrics]
        for row, query in enumerate(outcome.task.queries):
            values = ["" if column is None else repr(column[row]) for column in columns]
            table.writerow([outcome.task.name, outcome.task.stratum, query.id, query.unit, *values])
    write_text(path, text.getvalue())


def read_details(path: Path) -> Details:
    """Read what ``write_details`` wrote.

    Raises:
        ResultError: not there, or another kind of file.
    """
    details: dict[tuple[str, str], dict[str, dict[tuple[str, str], float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.reader(file)
            head = next(table, [])
            if tuple(head[: len(FIXED)]) != FIXED:
                raise ValueError(f"its columns are {', '.join(head)}")
            for name, stratum, query, unit, *values in table:
                for metric, value in zip(head[len(FIXED) :], values, strict=True):
                    if value:
                        details.setdefault((name, metric), {}).setdefault(stratum, {})[query, unit] = float(value)
    except (OSError, ValueError, csv.Error) as error:
        raise ResultError(
            f"{path} can't be read ({error}): evaluate --json writes it beside the result, keep the two together"
        ) from error
    return details

"""Results side by side, with significance; results that don't compare are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ResultError
from .bootstrap import paired
from .details import Details, details_path, read_details
from .result import Figure, Result, read_result

__all__ = ["Comparison", "Difference", "compare"]

SAME = ("benchmark", "protocol", "split", "gallery_size", "gallery_hash", "queries", "missing")
"""What results must agree in, to compare."""

TOLERANCE = 1e-9
"""Between a figure and the mean of its queries' values, which are the same sum in another order."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a result lies from the first.

    Args:
        by: its value minus the first's.
        low, high: the 95 % interval of that, by the paired bootstrap over units of queries.
        p: two-sided, of a difference this large if the two were the same.
    """

    by: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Results side by side.

    Args:
        results: as they were given.
        metrics: metric to a figure for each result; those that all have.
        differences: headline metric to a difference from the first for each of the others.
    """

    results: tuple[Result, ...]
    metrics: Mapping[str, tuple[Figure, ...]]
    differences: Mapping[str, tuple[Difference, ...]]


def compare(paths: Sequence[Path]) -> Comparison:
    """Put results side by side.

    Args:
        paths: two or more result files, each with its details beside it.

    Raises:
        ResultError: fewer than two, a file that can't be read, or results that don't compare; the message names
            what differs.
    """
    if len(paths) < 2:
        raise ResultError(f"{len(paths)} result is given: to compare takes two or more files of evaluate --json")
    results = tuple(read_result(path) for path in paths)
    for path, result in zip(paths[1:], results[1:], strict=True):
        _check_same(paths[0], results[0], path, result)
    details = [read_details(details_path(path)) for path in paths]
    shared = [name for name in results[0].metrics if all(name in result.metrics for result in results)]
    heads = [name for name in shared if "/" not in name and not name.startswith("query_ms")]
    if not shared:
        raise ResultError(f"{paths[0]} and the others have no figure in common: measure them again with one version")
    return Comparison(
        results,
        {name: tuple(result.metrics[name] for result in results) for name in shared},
        {name: _differences(name, details, paths, results) for name in heads},
    )


def _check_same(a_path: Path, a: Result, b_path: Path, b: Result) -> None:
    for field in SAME:
        one, other = getattr(a, field), getattr(b, field)
        if one != other:
            what = field.replace("_", " ")
            raise ResultError(
                f"{a_path} and {b_path} don't compare, their {what} differs: {_short(one)} and {_short(other)}. "
                "Measure both in the same way"
            )


def _short(value: object) -> str:
    if isinstance(value, tuple):
        return f"{len(value):,} photos" + (f" (e.g. {value[0]})" if value else "")
    return str(value)[:40]


def _differences(
    metric: str, details: Sequence[Details], paths: Sequence[Path], results: Sequence[Result]
) -> tuple[Difference, ...]:
    first = details[0].get(("", metric), {})
    order = {stratum: sorted(first[stratum]) for stratum in sorted(first)}
    tables = []
    for path, result, detail in zip(paths, results, details, strict=True):
        values = detail.get(("", metric), {})
        if {stratum: sorted(values[stratum]) for stratum in sorted(values)} != order or not order:
            raise ResultError(f"{details_path(path)} holds other queries than that of {paths[0]}: measure both again")
        table = [np.array([[values[stratum][asked]] for asked in some]) for stratum, some in order.items()]
        value = float(np.mean([stratum.mean() for stratum in table]))
        if abs(value - result.metrics[metric].value) > TOLERANCE:
            raise ResultError(
                f"{details_path(path)} gives {metric} {value:.6f}, {path} says {result.metrics[metric].value:.6f}: one "
                "of the two is of another run, measure again"
            )
        tables.append(table)
    units = [[unit for _, unit in some] for some in order.values()]
    seed = results[0].seed
    return tuple(Difference(*paired(tables[0], table, units=units, seed=seed)[0].tolist()) for table in tables[1:])

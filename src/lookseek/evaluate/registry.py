"""All benchmarks by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from ..errors import QueryError
from .benchmarks import (
    attributes,
    category,
    ccp_types,
    closeness,
    clothing,
    clothing_judged,
    consumer2shop,
    drawn_composed,
    drawn_instance,
    fashioniq,
    fashioniq_text,
    inshop,
    instance,
    myntra_attributes,
    myntra_changes,
    myntra_class,
    myntra_composed,
    myntra_description,
    myntra_fine,
    myntra_plus_minus,
    myntra_text,
    myntra_text_all,
    myntra_words,
    robustness,
)
from .task import Benchmark

__all__ = ["BENCHMARKS", "benchmark"]

BENCHMARKS: Mapping[str, Benchmark] = {
    module.BENCHMARK.name: module.BENCHMARK
    for module in (
        clothing,
        clothing_judged,
        myntra_class,
        myntra_text,
        myntra_text_all,
        myntra_description,
        myntra_attributes,
        myntra_words,
        myntra_fine,
        myntra_plus_minus,
        myntra_composed,
        myntra_changes,
        closeness,
        ccp_types,
        drawn_composed,
        drawn_instance,
        fashioniq,
        fashioniq_text,
        inshop,
        consumer2shop,
        category,
        attributes,
        instance,
        robustness,
    )
}
"""Name to benchmark, in the order in which they are listed."""


def benchmark(name: str) -> Benchmark:
    """Return a benchmark by its name.

    Raises:
        QueryError: there is none of this name.
    """
    if name not in BENCHMARKS:
        near = difflib.get_close_matches(name, BENCHMARKS, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise QueryError(f"there is no benchmark {name!r}: {meant}lookseek evaluate --list names them")
    return BENCHMARKS[name]

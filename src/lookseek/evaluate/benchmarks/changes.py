"""Changes in Vietnamese, and in Vietnamese without diacritics, for benchmarks whose own words are English.

The words stand in ``changes.csv``; ``scripts/make_change_queries.py`` made them from the words and wordings that
training knows, so that they ask what the English asks.
"""

from __future__ import annotations

import csv
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeAlias

from ..task import EvaluationQuery

__all__ = ["CHANGES", "COLUMNS", "LANGUAGES", "Changed", "known", "translated"]

CHANGES = Path(__file__).with_name("changes.csv")

COLUMNS = ("field", "old", "new", "vi", "vi_plain")
LANGUAGES = {"vi": "vi", "vi_plain": "vi-plain"}
"""Columns of words, and what their figures are called behind the slash."""

Changed: TypeAlias = tuple[str, str, str]
"""What changes, its value now, and the value that is asked for."""


def known(changed: Changed) -> bool:
    """Whether there are words for a change."""
    return changed in _ways()


def translated(
    queries: Iterable[EvaluationQuery], changes: Iterable[Changed], column: str
) -> tuple[EvaluationQuery, ...]:
    """Return the same queries in other words; of a change's wordings a checksum of the query's id chooses one.

    Args:
        queries: in English.
        changes: what each changes, all of them known.
        column: one of ``LANGUAGES``.
    """
    asked = []
    for query, changed in zip(queries, changes, strict=True):
        ways = _ways()[changed]
        asked.append(replace(query, text=ways[zlib.crc32(query.id.encode()) % len(ways)][column]))
    return tuple(asked)


@cache
def _ways() -> Mapping[Changed, list[dict[str, str]]]:
    ways: dict[Changed, list[dict[str, str]]] = defaultdict(list)
    with CHANGES.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            ways[row["field"], row["old"], row["new"]].append(row)
    return dict(ways)

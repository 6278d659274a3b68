"""Frozen queries of benchmarks: those of a folder's own, or those of the folder that lookseek was built with.

A folder brings its own in ``queries/NAME.csv``; ``scripts/make_queries.py FOLDER`` writes them. They name ids, words
and values alone, so that what is right is read from the folder's own data.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from ...errors import CatalogueError
from ..task import Options

__all__ = ["LANGUAGES", "QUERIES", "of_split", "packaged"]

QUERIES = "queries"
"""Of a folder: where its own lists are."""

LANGUAGES = {"en": "", "vi": "vi", "vi_plain": "vi-plain"}
"""Columns of words, and what their figures are called behind the slash; the first is the headline."""


def packaged(name: str) -> Path:
    """Return the path of a benchmark's queries that come with lookseek.

    >>> packaged("myntra-fine").name
    'myntra_fine.csv'
    """
    return Path(__file__).with_name(name.replace("-", "_") + ".csv")


def of_split(name: str, options: Options, columns: Sequence[str]) -> tuple[list[dict[str, str]], str]:
    """Return the queries of a split, and a sentence on where they are from.

    Args:
        name: of the benchmark.
        options: folder and split.
        columns: that they must have beside ``split``.

    Raises:
        CatalogueError: the list can't be read, lacks a column, or has no query of the split.
    """
    own = options.data / QUERIES / f"{name}.csv"
    path = own if own.is_file() else packaged(name)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            lacking = [column for column in ("split", *columns) if column not in (table.fieldnames or ())]
            rows = [] if lacking else [row for row in table if row["split"] == options.split]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"{path} can't be read ({error}): write it with scripts/make_queries.py") from error
    if lacking:
        raise CatalogueError(f"{path} has no column {', '.join(lacking)}: write it anew with scripts/make_queries.py")
    if not rows:
        raise CatalogueError(f"{path} has no query of the split {options.split!r}: choose another --split")
    whose = "the folder's own" if path == own else "those that come with lookseek"
    return rows, f"The queries are {whose}."

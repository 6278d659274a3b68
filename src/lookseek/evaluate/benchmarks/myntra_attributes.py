"""``myntra-attributes``: "red dress" in English, Vietnamese, and Vietnamese without diacritics finds red dresses."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...catalogue.myntra import read_catalogue
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed
from .myntra import notes_on, photos_of

__all__ = ["BENCHMARK", "COLUMNS", "ask"]

COLUMNS = ("split", "articleType", "baseColour", "en", "vi", "vi_plain")
LANGUAGES = {"en": "", "vi": "vi", "vi_plain": "vi-plain"}
"""Columns of words, and what their figures are called behind the slash; the first is the headline."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    return ask(options, options.data / "queries.csv")


def ask(options: Options, queries: Path, notes: tuple[str, ...] = ()) -> Loaded:
    """Ask a split's photos for colours and types, in three ways to write.

    Args:
        options: where ``catalogue.parquet`` is, and which split is asked.
        queries: a CSV file with ``COLUMNS``; where it has a column "kind" beside, each kind has figures of its own too.
        notes: what is to be said of the queries beside the usual.

    Raises:
        CatalogueError: the catalogue or the queries can't be read, or none of the split has a right item.
    """
    items = read_catalogue(options.data, options.split)
    rows = _queries(queries, options.split)
    right: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for place, item in enumerate(items):
        right[item.article_type, item.base_colour][place] = 1
    asked = [row for row in rows if (row["articleType"], row["baseColour"]) in right]
    if not asked:
        raise CatalogueError(f"no query of {options.split} has a right item in {options.data}: check {queries}")
    gallery = tuple(item.id for item in items)
    truth = Listed(len(items), tuple(right[row["articleType"], row["baseColour"]] for row in asked))
    kinds = [row.get("kind") or "" for row in asked]
    parts = {kind: np.flatnonzero(np.array(kinds) == kind) for kind in dict.fromkeys(kinds) if kind}
    left = len(rows) - len(asked)
    few = min(len(some) for some in truth.right)
    return Loaded(
        tasks=tuple(
            Task(
                tuple(EvaluationQuery(_name(row), text=row[column]) for row in asked),
                gallery,
                truth,
                ("precision@10", "map@10", "recall@10", "r-precision"),
                name,
                parts=parts,
            )
            for column, name in LANGUAGES.items()
        ),
        photos=photos_of(items),
        labels={item.id: f"{item.base_colour} {item.article_type}" for item in items},
        notes=(
            "Bare figures are of English words; /vi of Vietnamese, /vi-plain of Vietnamese without diacritics.",
            f"Right means that type and colour agree with the catalogue, whose colours are noisy; at least {few} are "
            "right for each query.",
            *([f"{left} of {len(rows)} queries have no right item in the catalogue and are left out."] if left else []),
            *notes,
            *notes_on(items),
        ),
    )


def _name(row: Mapping[str, str]) -> str:
    pair = f"{row['articleType']} {row['baseColour']}"
    return f"{pair} ({row['kind']})" if row.get("kind") else pair


def _queries(path: Path, split: str) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            rows = [] if lacking else [row for row in table if row["split"] == split]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"{path} can't be read ({error}): give the folder that holds {path.name}") from error
    if lacking:
        raise CatalogueError(f"{path} has no column {', '.join(lacking)}: it needs {', '.join(COLUMNS)}")
    if not rows:
        raise CatalogueError(f"{path} has no query of the split {split!r}: choose another --split")
    return rows


BENCHMARK = Benchmark(
    name="myntra-attributes",
    about="words for a colour and a type find items of that colour and type; English, Vietnamese, without diacritics",
    needs="catalogue.parquet and queries.csv (the folder myntra)",
    size="143 queries, gallery 6,865",
    query_type="words",
    protocols=("colour-and-type",),
    load=load,
)

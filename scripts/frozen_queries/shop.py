"""A split of a shop's catalogue, and choices that a checksum makes."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from lookseek.catalogue.details import read_details
from lookseek.catalogue.facts import OTHER, Facts, facts_of
from lookseek.catalogue.myntra import MyntraItem, read_catalogue
from lookseek.evaluate.benchmarks import myntra_fine
from lookseek.train.words.lexicon import Language, Lexicon

MOST = 60
"""Queries of one kind and split where there could be many more."""

Row = tuple[str, ...]
"""A row of a list, without its split."""


def some_of(rows: Sequence[Row], most: int) -> list[Row]:
    """At the most so many of the rows, in their order, chosen by their checksums."""
    ranked = sorted(rows, key=lambda row: zlib.crc32("/".join(row).encode()))[:most]
    kept = set(ranked)
    return [row for row in rows if row in kept]


class Shop:
    """One split of a folder, read once."""

    def __init__(self, folder: Path, split: str, lexicon: Lexicon) -> None:
        self.folder, self.split, self.lexicon = folder, split, lexicon
        self.items: list[MyntraItem] = read_catalogue(folder, split)
        self.facts = myntra_fine.facts_of_items(self.items, read_details(folder, {item.id for item in self.items}))
        rows: dict[str, list[int]] = defaultdict(list)
        for row, item in enumerate(self.items):
            rows[item.article_type].append(row)
        self.rows = {kind: some for kind, some in sorted(rows.items()) if self.noun(kind, "en")}

    def noun(self, kind: str, language: Language) -> str:
        """The plainest word of a type, "" where it has none."""
        return next(iter(self.lexicon.words("articleType", kind, language)), "")

    def values(self, kind: str, fields: Sequence[str]) -> list[tuple[str, str]]:
        """Fields and values that items of a type have and the lexicon names, in the order of the lexicon."""
        had = {
            (field, value) for row in self.rows[kind] for field in fields for value in self.facts[row].get(field, ())
        }
        named = [(field, value) for field in fields for value in self.lexicon.values(field) if (field, value) in had]
        own = facts_of(kind, {})
        return [(field, value) for field, value in named if value != OTHER and value not in own.get(field, ())]

    def subset(self, kind: str) -> tuple[list[MyntraItem], list[Facts]]:
        """The items of a type and their facts."""
        return [self.items[row] for row in self.rows[kind]], [self.facts[row] for row in self.rows[kind]]

"""What is known of each photo: value by value right, wrong or unknown.

A shop states few attributes of an item. What it does not state is unknown and teaches nothing, with one exception: an
attribute that items of the type never have (the dial's shape of a shirt) is known to be absent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...catalogue.details import DETAILS, read_details
from ...catalogue.myntra import read_catalogue, splits_of
from ...errors import TrainError
from ...evaluate.benchmarks.anytable import SPLIT, read_table
from ...evaluate.benchmarks.columns import chosen, words
from ...types import Photo
from ..labelled import SPLITS, split_of_id
from .settings import TagsSettings

__all__ = ["COLOUR", "TYPE", "LabelledSplit", "Labels", "exclusive_groups", "read_labels"]

TYPE, COLOUR = "Type of Article", "Base Colour"
"""Attributes of a shop's catalogue beside those of its details."""

_FEWEST = 20
"""Photos of a type from which on it is known what they state."""

Stated = Mapping[str, frozenset[str]]
"""Attribute to the values that are stated of a photo."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSplit:
    """The photos of one split.

    Args:
        ids: of the photos.
        known: int8 (n, values): 1 it has the value, 0 it has not, -1 unknown.
        stated: bool (n, values): whether the value's attribute is stated of the photo; what is known without it, is
            known by the photo's type.
    """

    ids: tuple[str, ...]
    known: NDArray[np.int8]
    stated: NDArray[np.bool_]

    def rows(self, rows: NDArray[np.intp]) -> LabelledSplit:
        """Return some of the photos."""
        return LabelledSplit(tuple(self.ids[row] for row in rows), self.known[rows], self.stated[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Photos with attributes, in three splits.

    Args:
        values: attribute and value of each column, by attribute and then by value.
        splits: ``SPLITS`` to the photos.
        photos: id to photo.
        notes: what a reader of the figures must know.
    """

    values: tuple[tuple[str, str], ...]
    splits: Mapping[str, LabelledSplit]
    photos: Mapping[str, Photo]
    notes: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """Hex SHA-256 of ids and labels: with another one it is another training."""
        digest = sha256(repr(self.values).encode())
        for split in SPLITS:
            digest.update("\n".join(self.splits[split].ids).encode())
            digest.update(self.splits[split].known.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Row:
    """Id, split, type ("" unknown) and what is stated."""

    id: str
    split: str
    type: str
    stated: Stated


def read_labels(data: str, settings: TagsSettings) -> Labels:
    """Read photos with attributes.

    Args:
        data: the folder ``myntra`` (catalogue.parquet, details.parquet), or whatever ``open_catalogue`` opens: each
            column of 2 to 200 values is an attribute.
        settings: which values are taken, and when an attribute is absent.

    Raises:
        TrainError: no photos of train or val, or no value with photos enough.
        CatalogueError: the source can't be read.
    """
    folder = Path(data)
    shop = (folder / "catalogue.parquet").is_file() and (folder / DETAILS).is_file()
    rows, photos, notes = _shop(folder) if shop else _table(data)
    rows = _chosen(data, rows, settings.attributes)
    train = [row for row in rows if row.split == "train"]
    if not train or not any(row.split == "val" for row in rows):
        raise TrainError(f"{data} has {len(train):,} photos of train: it takes some of train and of val, add some")
    counts = Counter((name, value) for row in train for name, some in row.stated.items() for value in some)
    kept = sorted(pair for pair, count in counts.items() if count >= settings.least)
    alone = Counter(name for name, _ in kept)
    values = tuple(pair for pair in kept if alone[pair[0]] > 1)  # a single value tells nothing apart
    if not values:
        raise TrainError(
            f"no attribute of {data} has two values of {settings.least:,} photos of train: give a lower --least"
        )
    absent = _absent(train, settings.absent)
    splits = {split: _split([row for row in rows if row.split == split], values, absent) for split in SPLITS}
    return Labels(values, splits, photos, notes)


def exclusive_groups(values: Sequence[tuple[str, str]], train: LabelledSplit) -> tuple[int, ...]:
    """Return a number for each value: the same for values of one attribute of which no photo has two.

    Args:
        values: attribute and value of each column.
        train: the photos that are learned from.
    """
    has = train.known == 1
    columns: dict[str, list[int]] = defaultdict(list)
    for column, (name, _) in enumerate(values):
        columns[name].append(column)
    several = {name for name, some in columns.items() if (has[:, some].sum(1) > 1).any()}
    keys = [(name, value if name in several else "") for name, value in values]
    place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return tuple(place[key] for key in keys)


def _shop(folder: Path) -> tuple[list[_Row], Mapping[str, Photo], tuple[str, ...]]:
    details = read_details(folder)
    rows: list[_Row] = []
    photos: dict[str, Photo] = {}
    for split in splits_of(folder):
        for item in read_catalogue(folder, split) if split in SPLITS else ():
            own = details[item.id].attributes if item.id in details else {}
            named = {**own, TYPE: item.article_type, COLOUR: item.base_colour}
            stated = {name: frozenset([value.strip()]) for name, value in named.items() if value.strip()}
            rows.append(_Row(item.id, split, item.article_type, stated))
            photos[item.id] = item.image
    return rows, photos, ()


def _table(data: str) -> tuple[list[_Row], Mapping[str, Photo], tuple[str, ...]]:
    table = read_table(Path(data))
    names, notes = chosen(table, "")
    given = table.columns.get(SPLIT)
    rows = []
    for place, id in enumerate(table.ids):
        stated = {name: frozenset(words(table.columns[name][place])) for name in names}
        split = split_of_id(id) if given is None else str(given[place])
        rows.append(_Row(id, split, "", {name: some for name, some in stated.items() if some}))
    if given is None:
        notes = (*notes, f"{data} has no column split: a tenth of its photos are val and a tenth test, by their ids.")
    return rows, table.photos, notes


def _chosen(data: str, rows: list[_Row], attributes: str) -> list[_Row]:
    """Return what is stated of some attributes; photos that state none of them are left out.

    Raises:
        TrainError: no photo states one.
    """
    wanted = {name.strip() for name in attributes.split(",")} - {""}
    if not wanted:
        return rows
    there = {name for row in rows for name in row.stated}
    if unknown := sorted(wanted - there):
        known = ", ".join(sorted(there)[:20])
        raise TrainError(f"no photo of {data} states the attribute {unknown[0]!r}: there are {known}")
    some = (replace(row, stated={name: row.stated[name] for name in wanted & row.stated.keys()}) for row in rows)
    return [row for row in some if row.stated]


def _absent(train: Sequence[_Row], most: float) -> set[tuple[str, str]]:
    """Pairs of a type and an attribute that (nearly) no photo of the type states."""
    sizes = Counter(row.type for row in train if row.type)
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for row in train:
        states[row.type].update(row.stated.keys())
    names = {name for row in train for name in row.stated}
    large = [name for name, size in sizes.items() if size >= _FEWEST]
    return {(kind, name) for kind in large for name in names if states[kind][name] <= most * sizes[kind]}


def _split(rows: Sequence[_Row], values: Sequence[tuple[str, str]], absent: set[tuple[str, str]]) -> LabelledSplit:
    names = sorted({name for name, _ in values})
    columns = {name: np.array([at for at, (other, _) in enumerate(values) if other == name]) for name in names}
    place = {pair: at for at, pair in enumerate(values)}
    known = np.full((len(rows), len(values)), -1, np.int8)
    stated = np.zeros((len(rows), len(values)), bool)
    for at, row in enumerate(rows):
        for name in names:
            if name in row.stated:
                known[at, columns[name]] = 0
                stated[at, columns[name]] = True
            elif (row.type, name) in absent:
                known[at, columns[name]] = 0
        for name, some in row.stated.items():
            for value in some:
                if (name, value) in place:
                    known[at, place[name, value]] = 1
    return LabelledSplit(tuple(row.id for row in rows), known, stated)

"""Photos with their labels: a title, a design, and values of the lexicon's fields.

A folder may hold ``myntra/`` (a shop: titles, types, colours) and ``clothing/`` (phone photos with a kind); either may
be given alone. Drawn garments, whose sleeves, necklines and patterns are known, join them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import images
from ...catalogue.clothing import UNCLEAR, read_clothing
from ...catalogue.drawn import DrawnPhotos, split_specs
from ...catalogue.myntra import read_catalogue
from ...errors import ItemError, TrainError
from ...types import Photo
from ..words.lexicon import Lexicon
from ..words.titles import usable_title

__all__ = ["FIELDS", "SPLITS", "LabelledItem", "LabelledItems", "read_labelled_items"]

SPLITS = ("train", "val")

FIELDS = (
    "articleType", "label", "category", "baseColour", "colour", "gender", "pattern", "sleeve", "neckline", "length",
)  # fmt: skip
"""The lexicon's fields that can be seen on a photo; season and usage seldom can."""

DRAWN_SIZE, VIEWS = 224, 2


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """One photo.

    Args:
        id: unique in its split.
        photo: not decoded; None for a drawn one, which ``LabelledItems.photo`` draws.
        title: of the shop; "" without one that the text tower reads, or with a held word in it.
        design: what photos of one design share; "" where it is unknown.
        values: field to value, of ``FIELDS`` and of the lexicon's values.
    """

    id: str
    photo: Photo | None
    title: str
    design: str
    values: Mapping[str, str]


class LabelledItems:
    """The photos of one split, in order.

    Args:
        items: the photos.
        drawn: draws those that are not there as files.
    """

    def __init__(self, items: tuple[LabelledItem, ...], drawn: DrawnPhotos) -> None:
        self.items = items
        self._drawn = drawn

    def __len__(self) -> int:
        return len(self.items)

    def photo(self, row: int) -> Photo:
        """Return a photo; one of a drawn garment is drawn now."""
        item = self.items[row]
        return self._drawn[item.id] if item.photo is None else item.photo

    def encode_values(self, lexicon: Lexicon) -> NDArray[np.int64]:
        """Return the values as numbers, int64 (n, fields); -1: unknown."""
        numbers = {field: {value: row for row, value in enumerate(lexicon.values(field))} for field in FIELDS}
        found = np.full((len(self), len(FIELDS)), -1, np.int64)
        for row, item in enumerate(self.items):
            for column, field in enumerate(FIELDS):
                found[row, column] = numbers[field].get(item.values.get(field, ""), -1)
        return found

    @property
    def photos_content(self) -> str:
        """Hex SHA-256 of the photos, whatever their labels: with another one, what was computed of them is void."""
        digest = sha256()
        for item in self.items:
            digest.update(f"{item.id}\n".encode())
            if item.photo is not None:  # a drawn one follows from its id
                with suppress(ItemError):  # it is reported where the photo is decoded
                    digest.update(sha256(images.read(item.photo)).digest())
        return digest.hexdigest()

    @property
    def content(self) -> str:
        """Hex SHA-256 of ids and labels: with another one it is another training."""
        lines = (f"{i.id}\t{i.title}\t{i.design}\t{sorted(i.values.items())}" for i in self.items)
        return sha256("\n".join(lines).encode()).hexdigest()


def read_labelled_items(data: Path, drawn: int, lexicon: Lexicon) -> dict[str, LabelledItems]:
    """Read train and val.

    Args:
        data: a folder that holds ``myntra/`` or ``clothing/`` or both, or one of the two itself.
        drawn: photos of train to draw; val gets a tenth.
        lexicon: titles with one of its held words are left out, and so are values that it lacks.

    Raises:
        TrainError: the folder holds neither.
        CatalogueError: its tables can't be read.
    """
    shop = next((p for p in (data, data / "myntra") if (p / "catalogue.parquet").is_file()), None)
    phones = next((p for p in (data, data / "clothing") if (p / "items.csv").is_file()), None)
    if shop is None and phones is None:
        raise TrainError(
            f"{data} holds no photos with words: give a folder with myntra/ (catalogue.parquet) or clothing/ "
            "(items.csv, images/), or one of the two"
        )
    splits = {}
    for split in SPLITS:
        items: list[LabelledItem] = []
        if shop is not None:
            items += _of_shop(shop, split, lexicon)
        if phones is not None:
            items += _of_phones(phones, split)
        count = drawn if split == "train" else drawn // 10
        specs = split_specs(split, count // VIEWS, VIEWS)
        items += (
            LabelledItem(
                id, None, "", "", {field: spec.attributes[field] for field in FIELDS if field in spec.attributes}
            )
            for id, spec in specs.items()
        )
        splits[split] = LabelledItems(tuple(items), DrawnPhotos(specs, DRAWN_SIZE))
    return splits


def _of_shop(folder: Path, split: str, lexicon: Lexicon) -> Iterator[LabelledItem]:
    for item in read_catalogue(folder, split):
        values = {"articleType": item.article_type, "baseColour": item.base_colour, "gender": item.gender}
        title = usable_title(item.title, lexicon)
        yield LabelledItem(item.id, item.image, title, item.design, values)


def _of_phones(folder: Path, split: str) -> Iterator[LabelledItem]:
    for item in read_clothing(folder, split):
        if item.split == split and item.label not in UNCLEAR:
            yield LabelledItem(f"clothing/{item.id}", item.path, "", "", {"label": item.label})

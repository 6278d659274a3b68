"""Photos with what is known of them: a title, and values of the lexicon's fields.

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
from ...encode.words import normalise
from ...errors import ItemError, QueryError, TrainError
from ...types import Photo
from ..words.lexicon import Lexicon

__all__ = ["FIELDS", "SPLITS", "Shown", "Shows", "read_shown"]

SPLITS = ("train", "val")

FIELDS = (
    "articleType", "label", "category", "baseColour", "colour", "gender", "pattern", "sleeve", "neckline", "length",
)  # fmt: skip
"""Of the lexicon's fields those that a photo shows; season and usage it seldom does."""

DRAWN_SIZE, VIEWS = 224, 2


@dataclass(frozen=True, slots=True)
class Shown:
    """One photo.

    Args:
        id: unique in its split.
        photo: not decoded; None of a drawn one, which ``Shows.photo`` draws.
        title: what the shop says; "" where it says nothing that can be read, or says a held word.
        design: what photos of one design share; "" where nobody knows.
        values: field to value, of ``FIELDS`` and of the lexicon's values.
    """

    id: str
    photo: Photo | None
    title: str
    design: str
    values: Mapping[str, str]


class Shows:
    """The photos of one split, in order.

    Args:
        items: the photos.
        drawn: draws those that are not there as files.
    """

    def __init__(self, items: tuple[Shown, ...], drawn: DrawnPhotos) -> None:
        self.items = items
        self._drawn = drawn

    def __len__(self) -> int:
        return len(self.items)

    def photo(self, row: int) -> Photo:
        """The photo, drawn now if need be."""
        item = self.items[row]
        return self._drawn[item.id] if item.photo is None else item.photo

    def codes(self, lexicon: Lexicon) -> NDArray[np.int64]:
        """The values as numbers, int64 (n, fields): -1 where nobody knows."""
        numbers = {field: {value: row for row, value in enumerate(lexicon.values(field))} for field in FIELDS}
        found = np.full((len(self), len(FIELDS)), -1, np.int64)
        for row, item in enumerate(self.items):
            for column, field in enumerate(FIELDS):
                found[row, column] = numbers[field].get(item.values.get(field, ""), -1)
        return found

    @property
    def pictures(self) -> str:
        """Hex, of the photos alone, whatever is said of them: what was computed of others can't be used."""
        digest = sha256()
        for item in self.items:
            digest.update(f"{item.id}\n".encode())
            if item.photo is not None:  # a drawn one is what its id says
                with suppress(ItemError):  # the same error is told where it is decoded
                    digest.update(sha256(images.read(item.photo)).digest())
        return digest.hexdigest()

    @property
    def content(self) -> str:
        """Hex, of all that is known: of other photos or words another training."""
        lines = (f"{i.id}\t{i.title}\t{i.design}\t{sorted(i.values.items())}" for i in self.items)
        return sha256("\n".join(lines).encode()).hexdigest()


def read_shown(data: Path, drawn: int, lexicon: Lexicon) -> dict[str, Shows]:
    """Read train and val.

    Args:
        data: a folder that holds ``myntra/`` or ``clothing/`` or both, or one of the two itself.
        drawn: photos of train to draw; val gets a tenth.
        lexicon: a title with one of its held words is not read; a value it does not know neither.

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
    shows = {}
    for split in SPLITS:
        items: list[Shown] = []
        if shop is not None:
            items += _of_shop(shop, split, lexicon)
        if phones is not None:
            items += _of_phones(phones, split)
        count = drawn if split == "train" else drawn // 10
        specs = split_specs(split, count // VIEWS, VIEWS)
        items += (
            Shown(id, None, "", "", {field: spec.attributes[field] for field in FIELDS if field in spec.attributes})
            for id, spec in specs.items()
        )
        shows[split] = Shows(tuple(items), DrawnPhotos(specs, DRAWN_SIZE))
    return shows


def _of_shop(folder: Path, split: str, lexicon: Lexicon) -> Iterator[Shown]:
    for item in read_catalogue(folder, split):
        values = {"articleType": item.article_type, "baseColour": item.base_colour, "gender": item.gender}
        said = " ".join(item.title.split())
        title = said if _says(said) and not lexicon.held_in(said) else ""
        yield Shown(item.id, item.image, title, item.design, values)


def _says(title: str) -> bool:
    """Whether the text tower can read it: what it refuses counts as no title."""
    try:
        normalise(title)
    except QueryError:
        return False
    return True


def _of_phones(folder: Path, split: str) -> Iterator[Shown]:
    for item in read_clothing(folder, split):
        if item.split == split and item.label not in UNCLEAR:
            yield Shown(f"clothing/{item.id}", item.path, "", "", {"label": item.label})

"""The photos that a parser learns from, with the kind at each cell as far as it is known.

``ccp/`` tells the kind at each pixel. A drawn garment's outline is known.
Of a phone photo of ``clothing/`` one kind is known and no place: each cell shows that kind, or no garment.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from ... import images
from ...catalogue.ccp import read_labels, read_street
from ...catalogue.clothing import ClothingItem, read_clothing
from ...catalogue.drawn import DrawnItem, draw, garment_mask, split_specs
from ...catalogue.garment_kinds import CLOTHING_KINDS, DRAWN_KINDS, KINDS
from ...catalogue.garment_masks import UNKNOWN, kinds_of_labels, read_kinds
from ...encode.prepare import Preprocessing, resize_to_input
from ...errors import TrainError
from ...types import Box, Pixels
from ..align.maps import PREPROCESSING as SMALL
from .network import CELLS, SIZE

__all__ = ["PREPROCESSING", "ParserExample", "ParserExamples", "read_examples", "to_cells"]

PREPROCESSING = Preprocessing(SIZE, SIZE, SMALL.resize, SMALL.mean, SMALL.std, SMALL.dtype, SMALL.layout)
"""What the exported graph takes: it normalises inside."""

VIEWS = 3
"""Of each street photo of train: as it is, and two parts of it in other lights."""

_PART = 0.35, 0.9
"""Height of a part, as a share of the photo's: from a garment to nearly all."""

_INSIDE = 128
"""Cover of a drawn garment from which on a pixel shows it."""

Cells = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ParserExample:
    """One view.

    Args:
        id: unique in its split.
        photo: None for a drawn one.
        mask: of labels; None where there is none.
        kind: the one kind of a photo without a mask, from 1; 0 with one.
        view: 0 is the photo as it is.
        drawn: what is drawn; None for a photo.
    """

    id: str
    photo: Path | None
    mask: Path | None = None
    kind: int = 0
    view: int = 0
    drawn: DrawnItem | None = None


class ParserExamples:
    """The views of one split, in order.

    Args:
        items: the views.
        numbers: kind of each label's number, uint8 (256,).
    """

    def __init__(self, items: tuple[ParserExample, ...], numbers: Cells) -> None:
        self.items, self._numbers = items, numbers

    def __len__(self) -> int:
        return len(self.items)

    def load(self, row: int) -> tuple[Pixels, Cells]:
        """Return the input, uint8 (320, 320, 3), and the kind at each cell, uint8 (80, 80), ``UNKNOWN`` among them.

        Raises:
            ItemError: a photo or mask can't be decoded.
        """
        item = self.items[row]
        if item.photo is None:
            pixels, kinds = _drawn(item.drawn)
        else:
            pixels = images.decode(item.photo)
            height, width = pixels.shape[:2]
            kinds = np.full((height, width), UNKNOWN, np.uint8)
            if item.mask is not None:
                kinds = read_kinds(item.mask, self._numbers, (height, width))
        if item.view:
            pixels, kinds = _part(pixels, kinds, Random(item.id))  # noqa: S311
        return resize_to_input(np.ascontiguousarray(pixels), PREPROCESSING), to_cells(kinds)

    @property
    def content(self) -> str:
        """Hex SHA-256 of what is learned from: with another one it is another training."""
        digest = sha256(self._numbers.tobytes())
        for item in self.items:
            sizes = [file.stat().st_size if file and file.is_file() else -1 for file in (item.photo, item.mask)]
            digest.update(f"{item.id}\t{item.kind}\t{sizes}\n".encode())
        return digest.hexdigest()


def read_examples(data: Path, split: str, drawn: int, flat: int) -> ParserExamples:
    """Read a split.

    Args:
        data: a folder that holds ``ccp/`` (and may hold ``clothing/``), or is ``ccp/`` itself.
        split: train or val; val has street photos alone, each as it is.
        drawn: garments to draw.
        flat: phone photos, at the most.

    Raises:
        TrainError: the folder has no masks.
        CatalogueError: its tables can't be read.
    """
    street = next((path for path in (data, data / "ccp") if (path / "labels.txt").is_file()), None)
    if street is None:
        raise TrainError(f"{data} has no masks to learn from: give a folder with ccp/ (items.csv, labels.txt, masks/)")
    masked = [photo for photo in read_street(street, split) if photo.mask is not None]
    if not masked:
        raise TrainError(f"no photo of {split} in {street} has a mask: check its column mask")
    views = range(VIEWS if split == "train" else 1)
    items = [ParserExample(f"{photo.id}/{view}", photo.path, photo.mask, 0, view) for view in views for photo in masked]
    if split == "train":
        phones = data / "clothing"
        known = [
            item
            for item in (read_clothing(phones, split) if (phones / "items.csv").is_file() else ())
            if item.split == split and item.label in CLOTHING_KINDS and item.path.is_file()
        ]
        for item in _spread(known, flat):
            items.append(ParserExample(f"flat/{item.id}", item.path, kind=KINDS.index(CLOTHING_KINDS[item.label]) + 1))
        for id, spec in split_specs(split, drawn, 1).items():
            items.append(ParserExample(f"drawn/{id}", None, drawn=spec))
    return ParserExamples(tuple(items), kinds_of_labels(read_labels(street)))


def to_cells(kinds: Cells) -> Cells:
    """Return the kind at each cell of the input that ``PREPROCESSING`` makes of a photo; around the photo is none.

    Args:
        kinds: uint8 (height, width).

    >>> cells = to_cells(np.full((10, 5), 3, np.uint8))
    >>> cells.shape, int((cells == 3).sum())
    ((80, 80), 3200)
    """
    height, width = kinds.shape
    scale = min(CELLS / width, CELLS / height)
    w, h = (max(1, round(side * scale)) for side in (width, height))
    rows = np.minimum(((np.arange(h) + 0.5) * height / h).astype(int), height - 1)
    columns = np.minimum(((np.arange(w) + 0.5) * width / w).astype(int), width - 1)
    cells = np.zeros((CELLS, CELLS), np.uint8)
    top, left = (CELLS - h) // 2, (CELLS - w) // 2
    cells[top : top + h, left : left + w] = kinds[np.ix_(rows, columns)]
    return cells


def _drawn(spec: DrawnItem | None) -> tuple[Pixels, Cells]:
    assert spec is not None
    kind = KINDS.index(DRAWN_KINDS[spec.attributes["category"]]) + 1
    return draw(spec, SIZE), np.where(garment_mask(spec, SIZE) >= _INSIDE, kind, 0).astype(np.uint8)


def _part(pixels: Pixels, kinds: Cells, random: Random) -> tuple[Pixels, Cells]:
    """A part of a photo, in another light, mirrored half of the time."""
    height, width = kinds.shape
    share = random.uniform(*_PART)
    box_width, box_height = width * min(1, share * random.uniform(1, 1.6)), height * share
    box = Box(random.uniform(0, width - box_width), random.uniform(0, height - box_height), box_width, box_height)
    step = -1 if random.random() < 0.5 else 1
    light = (images.crop(pixels, box).astype(np.float32) / 255) ** random.uniform(0.7, 1.4)
    light *= np.array([random.uniform(0.85, 1.1) for _ in range(3)], np.float32)
    lit: Pixels = (np.clip(light, 0, 1) * 255).astype(np.uint8)
    cut = images.crop(np.repeat(kinds[..., None], 3, 2), box)[..., 0]
    return lit[:, ::step], cut[:, ::step]


def _spread(items: list[ClothingItem], count: int) -> list[ClothingItem]:
    """At the most so many items, spread over the list evenly."""
    places = np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)
    return [items[place] for place in places]

"""The photos that heads learn from, each with all that is known of it.

A folder may hold ``myntra/`` (a shop: titles, types, colours, and ``details.parquet`` with attributes and prose),
``clothing/`` (phone photos with a kind) and ``ccp/`` (street photos, of which each garment's box is a photo of its
own); any of them may be given alone. Drawn garments, of which all is known, join them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ... import images
from ...catalogue.ccp import garment_boxes, read_labels, read_street
from ...catalogue.clothing import UNCLEAR, read_clothing
from ...catalogue.descriptions import sentences
from ...catalogue.details import DETAILS, Details, read_details
from ...catalogue.drawn import DrawnPhotos, split_specs
from ...catalogue.facts import Facts
from ...catalogue.myntra import read_catalogue
from ...errors import ItemError, TrainError
from ...types import Box, Pixels
from ..words.lexicon import Lexicon
from ..words.titles import usable_title

__all__ = ["Example", "Examples", "read_examples"]

_DRAWN_SIZE, _VIEWS = 224, 2
_DRAWN_FIELDS = ("category", "colour", "pattern", "sleeve", "neckline", "length")


@dataclass(frozen=True, slots=True)
class Example:
    """One photo.

    Args:
        id: unique in its split.
        photo: not decoded; None for a drawn one, which ``Examples.pixels`` draws.
        facts: field to the values that it is known to have.
        box: the part of the photo that is meant; None for all of it.
        title: of the shop; "" without one that the text tower reads, or with a held word in it.
        prose: sentences of the shop's description that say what a photo shows.
        design: what photos of one design share; "" where it is unknown.
    """

    id: str
    photo: Path | bytes | None
    facts: Facts = field(default_factory=dict)
    box: Box | None = None
    title: str = ""
    prose: tuple[str, ...] = ()
    design: str = ""


class Examples:
    """The photos of one split, in order.

    Args:
        items: the photos.
        drawn: draws those that are not there as files.
        backgrounds: photos of places.
    """

    def __init__(self, items: tuple[Example, ...], drawn: DrawnPhotos, backgrounds: tuple[Path, ...]) -> None:
        self.items, self.backgrounds = items, backgrounds
        self._drawn = drawn

    def __len__(self) -> int:
        return len(self.items)

    def photo(self, row: int) -> Path | bytes:
        """Return a photo as a file or its content; a part of one is cut out, and kept without loss.

        Raises:
            ItemError: it can't be decoded.
        """
        item = self.items[row]
        if item.box is not None:
            return images.to_png(self.pixels(row))
        return self._drawn[item.id] if item.photo is None else item.photo

    def pixels(self, row: int) -> Pixels:
        """Decode, cut out or draw a photo.

        Raises:
            ItemError: it can't be decoded.
        """
        item = self.items[row]
        pixels = images.decode(self._drawn[item.id] if item.photo is None else item.photo)
        return pixels if item.box is None else images.crop(pixels, item.box)

    @property
    def content(self) -> str:
        """Hex SHA-256 of photos, boxes and labels: with another one it is another training."""
        digest = sha256()
        for item in self.items:
            facts = sorted((name, sorted(values)) for name, values in item.facts.items())
            digest.update(f"{item.id}\t{item.box}\t{item.title}\t{item.design}\t{facts}\t{item.prose}\n".encode())
            if isinstance(item.photo, bytes):
                digest.update(sha256(item.photo).digest())
            elif item.photo is not None:
                digest.update(str(item.photo.stat().st_size if item.photo.is_file() else -1).encode())
        return digest.hexdigest()


def read_examples(data: Path, split: str, drawn: int, lexicon: Lexicon) -> Examples:
    """Read a split.

    Args:
        data: a folder that holds ``myntra/``, ``clothing/`` or ``ccp/``, or is one of the first two itself.
        split: train or val.
        drawn: photos to draw.
        lexicon: titles with one of its held words are left out.

    Raises:
        TrainError: the folder holds none of them.
        CatalogueError: its tables can't be read.
    """
    shop = next((p for p in (data, data / "myntra") if (p / "catalogue.parquet").is_file()), None)
    street = next((p for p in (data, data / "ccp") if (p / "labels.txt").is_file()), None)
    phones = next((p for p in (data / "clothing", data) if p != street and (p / "items.csv").is_file()), None)
    if shop is None and phones is None and street is None:
        raise TrainError(
            f"{data} holds no photos to learn from: give a folder with myntra/ (catalogue.parquet, details.parquet), "
            "clothing/ (items.csv, images/) or ccp/ (items.csv, labels.txt, masks)"
        )
    items: list[Example] = []
    if shop is not None:
        items += _of_shop(shop, split, lexicon)
    if phones is not None:
        items += (
            Example(f"clothing/{item.id}", item.path, {"label": frozenset({item.label})})
            for item in read_clothing(phones, split)
            if item.split == split and item.label not in UNCLEAR
        )
    backgrounds: tuple[Path, ...] = ()
    if street is not None:
        items += _of_street(street, split)
        backgrounds = tuple(photo.path for photo in read_street(street, "train"))
    specs = split_specs(split, drawn // _VIEWS, _VIEWS)
    for id, spec in specs.items():
        facts = {name: frozenset({spec.attributes[name]}) for name in _DRAWN_FIELDS if name in spec.attributes}
        items.append(Example(id, None, facts, design=f"drawn {spec.attributes['item']}"))
    return Examples(tuple(items), DrawnPhotos(specs, _DRAWN_SIZE), backgrounds)


def _of_shop(folder: Path, split: str, lexicon: Lexicon) -> Iterator[Example]:
    items = read_catalogue(folder, split)
    details: Mapping[str, Details] = {}
    if (folder / DETAILS).is_file():
        details = read_details(folder, {item.id for item in items})
    for item in items:
        told = details.get(item.id, Details())
        labels = {"articleType": item.article_type, "baseColour": item.base_colour, "gender": item.gender}
        facts = {**told.facts(item.article_type), **{name: frozenset({v}) for name, v in labels.items() if v}}
        title = usable_title(item.title, lexicon)
        prose = sentences(told.description, told.brand)
        yield Example(item.id, item.image, facts, None, title, prose, item.design)


def _of_street(folder: Path, split: str) -> Iterator[Example]:
    labels = read_labels(folder)
    for photo in read_street(folder, split):
        try:
            boxes = garment_boxes(photo, labels)
        except ItemError:
            boxes = {}  # a mask that can't be decoded shows no garment
        for name, box in boxes.items():
            yield Example(f"ccp/{photo.id}/{name}", photo.path, {"garment": frozenset({name})}, box)

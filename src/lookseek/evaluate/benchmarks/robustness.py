"""The benchmark robustness: photos asked as they are and distorted, ever more strongly."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ... import images
from ...catalogue.clothing import read_clothing
from ...catalogue.drawn import DrawnPhotos, split_specs
from ...catalogue.drawn.chance import Dice
from ...catalogue.myntra import read_catalogue
from ...errors import CatalogueError
from ...types import Photo, Pixels
from ..distortions.distort import DISTORTIONS, distort
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed, SameLabel
from .drawn_instance import DESIGNS, SIZE, VIEWS
from .myntra import notes_on, photos_of

__all__ = ["BENCHMARK", "QUERIES", "STRENGTHS", "DistortedPhotos"]

QUERIES = 150
"""Photos that ask; each is asked 28 times, distorted another way each time."""

STRENGTHS = (0.25, 0.5, 0.75, 1.0)

ENOUGH = 512
"""Pixels of the shorter side that a photo keeps while it is distorted: more than encoders look at."""

OWN = ("recall@1", "recall@10")
CLASS = ("map@10",)


class DistortedPhotos(Mapping[str, Photo]):
    """Photos, and some of them distorted, each made when it is asked for, as PNG.

    Args:
        photos: as they are.
        asked: ids of those that are also there distorted, by the names that ``distorted`` gives.
        seed: of the chance in distortions.
    """

    def __init__(self, photos: Mapping[str, Photo], asked: Sequence[str], seed: int) -> None:
        self._photos, self._seed = photos, seed
        self._made = {
            distorted(photo, name, strength): (photo, name, strength)
            for name in DISTORTIONS
            for strength in STRENGTHS
            for photo in asked
        }
        self._drawn: dict[str, bytes] = {}

    def __getitem__(self, key: str) -> Photo:
        if key not in self._made:
            return self._photos[key]
        photo, name, strength = self._made[key]
        source: Photo = self._drawn.get(photo) or self._photos[photo]
        if isinstance(source, bytes):
            self._drawn[photo] = source  # it may have been drawn just now, and is asked for 28 times
        pixels = images.decode(source, ENOUGH)
        return _png(distort(pixels, name, strength, seed=self._seed, photo=photo))

    def __contains__(self, key: object) -> bool:
        return key in self._made or key in self._photos  # Mapping's own would make it

    def __iter__(self) -> Iterator[str]:
        yield from self._photos
        yield from self._made

    def __len__(self) -> int:
        return len(self._photos) + len(self._made)


def distorted(photo: str, name: str, strength: float) -> str:
    """Return the id of a distorted photo."""
    return f"{photo}~{name}={strength:g}"


def _png(pixels: Pixels) -> bytes:
    """Return a PNG that is compressed little: it is read once, and three times as fast to make as a small one."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", compress_level=1)
    return file.getvalue()


def load(options: Options) -> Loaded:
    """Read the photos of a split and choose those that ask; distorted ones are made when they are asked for.

    Raises:
        CatalogueError: a folder or split that can't be read, or without two photos of one category.
    """
    photos, categories, notes = _source(options)
    counts = Counter(categories.values())
    able = [photo for photo in categories if counts[categories[photo]] > 1]
    if not able:
        raise CatalogueError(
            f"{options.data} has no two photos of one category in the split {options.split}: "
            "the benchmark needs dresses, shirts or tops there"
        )
    chosen = set(Dice("robustness", options.seed).shuffled(able)[:QUERIES])
    asked = tuple(photo for photo in able if photo in chosen)
    gallery = tuple(categories)
    own = np.flatnonzero([photo in chosen for photo in gallery])
    _, shown = np.unique(list(categories.values()), return_inverse=True)
    same = SameLabel(shown[own], shown, own)
    itself = Listed(len(gallery), tuple({int(row): 1} for row in own))
    tasks = [Task(tuple(EvaluationQuery(photo, photo) for photo in asked), gallery, same, CLASS, name="clean")]
    labels = dict(categories)
    for name in DISTORTIONS:
        for strength in STRENGTHS:
            names = [distorted(photo, name, strength) for photo in asked]
            labels |= {made: categories[photo] for made, photo in zip(names, asked, strict=True)}
            stratum = f"{name}={strength:g}"
            queries = tuple(
                EvaluationQuery(made, made, source_photo=photo) for made, photo in zip(names, asked, strict=True)
            )
            tasks.append(Task(queries, gallery, itself, OWN, stratum=stratum))
            tasks.append(Task(queries, gallery, same, CLASS, stratum=stratum))
    notes = _notes(len(asked), len(gallery), len(gallery) - len(able)) + notes
    return Loaded(tuple(tasks), DistortedPhotos(photos, asked, options.seed), labels=labels, notes=notes)


def _source(options: Options) -> tuple[Mapping[str, Photo], dict[str, str], tuple[str, ...]]:
    """Return photos by id, the category of each, in order, and notes; photos without a category are left out."""
    data, split = options.data, options.split
    if data == Path("drawn"):
        specs = split_specs(split, DESIGNS, VIEWS)
        return DrawnPhotos(specs, SIZE), {photo: spec.attributes["category"] for photo, spec in specs.items()}, ()
    if (data / "items.csv").is_file():
        items = [item for item in read_clothing(data, split) if item.split == split and item.category]
        return {item.id: item.path for item in items}, {item.id: item.category for item in items}, ()
    if (data / "catalogue.parquet").is_file():
        articles = [article for article in read_catalogue(data, split) if article.category]
        notes = notes_on(articles) if articles else ()
        return photos_of(articles), {article.id: article.category for article in articles}, notes
    raise CatalogueError(
        f"{data} holds neither items.csv nor catalogue.parquet: give the folder clothing or myntra, or the word drawn"
    )


def _notes(asked: int, shown: int, alone: int) -> tuple[str, ...]:
    notes = (
        f"{asked} of {shown} photos ask, each distorted in {len(DISTORTIONS)} ways at {len(STRENGTHS)} strengths; the "
        "gallery is not distorted. The figures without a part are means over all ways and strengths.",
        "recall: the photo finds itself undistorted; map@10: it finds others of its category, itself barred; "
        "map@10/clean: the same with the photo as it is.",
    )
    if not alone:
        return notes
    return (*notes, f"Left out of those that ask, as the only photo of a category: {alone}.")


BENCHMARK = Benchmark(
    name="robustness",
    about="a photo cropped, dark, tinted, blurred, turned, compressed or among clutter: the photo itself, its category",
    needs="the folder clothing (items.csv, images/) or myntra (catalogue.parquet), or the word drawn",
    size="150 photos in 28 distortions to 344 photos (clothing), 1,910 (myntra) or 800 (drawn)",
    query_type="photo",
    protocols=("distorted-queries",),
    load=load,
)

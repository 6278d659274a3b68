"""``closeness``: does a search say rightly whether a shop has anything close to what is asked?

From the gallery some types are taken out whole (watches, sunglasses, ties ...). Asking for one of them, in words or
with its photo, is asking for what the shop does not have, as is asking for a washing machine or for "xyzzy", or with a
blank picture; asking for types that stayed is asking for what it has. ``decided@10`` is the share of queries that
are decided rightly: absent things get no close hit among the first ten, present ones get some.

The bare figure is the mean over the five kinds, each counting alike: ``absent-words``, ``present-words``,
``absent-photo``, ``present-photo``, ``blank``; the protocol ``photos-only`` has the last three alone. A coin has .5,
and saying always the same .4 or .6. Words are asked in English, and beside it in Vietnamese with and without
diacritics (``/absent-words-vi``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ... import images
from ...catalogue.myntra import MyntraItem, read_catalogue
from ...errors import CatalogueError
from ...types import Photo, Pixels
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed, SameLabel
from .frozen import LANGUAGES, of_split
from .myntra import notes_on, photos_of

__all__ = ["ABSENT_TYPE", "BENCHMARK", "COLUMNS", "KINDS", "NAME", "blanks"]

NAME = "closeness"
COLUMNS = ("kind", "id", *LANGUAGES)

ABSENT_TYPE = "absent-type"
"""Kind of the rows whose id is a type that is taken out of the gallery."""

KINDS = ("absent-words", "present-words", "absent-photo", "present-photo", "blank")
METRIC = "decided@10"

PHOTOS = "photos-only"
"""Protocol without words, for models that read none."""

SIDE = 224
"""Pixels of a blank picture."""


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    rows, whose = of_split(NAME, options, COLUMNS)
    if options.protocol == PHOTOS:
        rows = [row for row in rows if not row["kind"].endswith("words")]
    everything = read_catalogue(options.data, options.split)
    absent = {row["id"] for row in rows if row["kind"] == ABSENT_TYPE}
    items = [item for item in everything if item.article_type not in absent]
    by_id = {item.id: item for item in everything}
    pictures = blanks()
    there = [row for row in rows if row["kind"] in KINDS[:2] or row["id"] in by_id or row["id"] in pictures]
    if not absent or not items or not any(row["kind"] in KINDS[2:4] for row in there):
        raise CatalogueError(
            f"{options.data} has not the items that {NAME} asks with: write the folder's own queries with "
            "scripts/make_queries.py"
        )
    left = sum(row["kind"] != ABSENT_TYPE for row in rows) - sum(row["kind"] != ABSENT_TYPE for row in there)
    tasks = [task for kind in KINDS for task in _tasks(kind, there, items, by_id)]
    return Loaded(
        tasks=tuple(tasks),
        photos={**photos_of(everything), **pictures},
        labels={item.id: item.article_type for item in everything},
        notes=(
            f"Not in the gallery: {', '.join(sorted(absent))}.",
            "decided@10: what is absent gets no close hit among ten, what is present gets some; the bare figure is the "
            f"mean over the {3 if options.protocol == PHOTOS else 5} kinds of queries.",
            whose,
            *([f"{left} queries are of items that are not here."] if left else []),
            *notes_on(items),
        ),
    )


def _tasks(
    kind: str, rows: list[dict[str, str]], items: list[MyntraItem], by_id: Mapping[str, MyntraItem]
) -> list[Task]:
    """Return the tasks of one kind of queries; those in other languages have names of their own."""
    asked = [row for row in rows if row["kind"] == kind]
    if not asked:
        return []
    gallery = tuple(item.id for item in items)
    if not kind.endswith("words"):
        queries = tuple(EvaluationQuery(f"{kind} {row['id']}", row["id"]) for row in asked)
        if kind != "present-photo":
            truth: Listed | SameLabel = Listed(len(items), ({},) * len(asked))
        else:
            place = {id: row for row, id in enumerate(gallery)}
            own = np.array([place.get(row["id"], -1) for row in asked], np.int64)
            _, types = np.unique([item.article_type for item in items], return_inverse=True)
            truth = SameLabel(types[own].astype(np.int64), types.astype(np.int64), own)
        return [Task(queries, gallery, truth, (METRIC,), stratum=kind, answers_none=True)]
    present = kind.startswith("present")
    right = tuple(
        {place: 1 for place, item in enumerate(items) if present and _named(item, row["id"])} for row in asked
    )
    return [
        Task(
            tuple(EvaluationQuery(f"{kind} {row['id']}", text=row[column]) for row in asked),
            gallery,
            Listed(len(items), right),
            (METRIC,),
            name=f"{kind}-{name}" if name else "",
            stratum="" if name else kind,
            answers_none=True,
        )
        for column, name in LANGUAGES.items()
    ]


def _named(item: MyntraItem, id: str) -> bool:
    """Return whether an item has the type, or type and colour, that a row's id names: "Tshirts", "Tshirts/Red"."""
    kind, _, colour = id.partition("/")
    return item.article_type == kind and (not colour or item.base_colour == colour)


def blanks() -> dict[str, Photo]:
    """Pictures with nothing in them, by id."""
    made = {f"blank-{name}": np.full((SIDE, SIDE, 3), colour, np.uint8) for name, colour in _COLOURS.items()}
    ramp = np.linspace(0, 255, SIDE, dtype=np.uint8)
    made["blank-gradient"] = np.ascontiguousarray(np.broadcast_to(ramp[:, None, None], (SIDE, SIDE, 3)))
    made["blank-noise"] = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    made["blank-grain"] = np.random.default_rng(1).normal(245, 4, (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
    return {name: images.to_png(_pixels(picture)) for name, picture in made.items()}


_COLOURS: Mapping[str, tuple[int, int, int]] = {
    "white": (255, 255, 255), "black": (0, 0, 0), "grey": (128, 128, 128), "beige": (225, 205, 175),
    "red": (200, 30, 40), "blue": (40, 80, 190), "green": (40, 140, 70),
}  # fmt: skip


def _pixels(picture: Pixels) -> Pixels:
    return np.ascontiguousarray(picture)


BENCHMARK = Benchmark(
    name=NAME,
    about="whether a search says rightly that something close is there, of words, photos and blank pictures",
    needs="catalogue.parquet (the folder myntra)",
    size="237 queries, gallery 6,065",
    query_type="words",
    protocols=("types-held-out", PHOTOS),
    load=load,
)

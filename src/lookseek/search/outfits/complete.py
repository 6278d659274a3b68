"""Finds items that go with one: other parts of an outfit, in fitting colours, for the same wearer and occasion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ...errors import QueryError
from ...index.open_index import OpenIndex
from ...index.products import one_photo_each
from ...store.payload import value_to_json
from ...store.schema import COLOUR
from ...types import Attributes, Point
from .harmony import load_harmony, to_colours
from .parts import Part, part_of

__all__ = ["CompletedLook", "LookItem", "LookPart", "complete_look", "look_to_dict"]

MAX_SCANNED = 20_000
"""Items that are looked at: enough of each part, in about a second."""
_LEAST_SHARE = 0.1
"""Share of outfits beside the item's part that must have another part for it to be shown."""
_WEARER = ("gender", "gender_name", "for", "index_group_name", "department")
_OCCASION = ("usage", "occasion", "season", "style")
_ANYBODY = ("unisex", "all", "any", "")
_OCCASION_BONUS = 0.3
"""Logits that an equal occasion or season adds: less than a plain clash of colours takes."""


@dataclass(frozen=True, slots=True)
class LookItem:
    """An item that goes with another: its score is higher the better it does, without a unit."""

    id: str
    score: float
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class LookPart:
    """One part of the outfit: what it is, how often outfits have it beside the item's part, and items, best first."""

    part: Part
    share: float
    items: tuple[LookItem, ...]


@dataclass(frozen=True, slots=True)
class CompletedLook:
    """An item, the part of an outfit that it is, and the others."""

    id: str
    part: Part
    parts: tuple[LookPart, ...]


def complete_look(index: OpenIndex, id: str, k: int = 4) -> CompletedLook:
    """Return items of the same catalogue that go with an item.

    Args:
        index: that is searched.
        id: of the item.
        k: items of each part, 1 to 100.

    Raises:
        QueryError: there is no such item, its attributes don't tell what it is, or the index has no colours.
    """
    if not 1 <= k <= 100:
        raise QueryError(f"k is {k}: ask for 1 to 100 items of each part")
    if COLOUR not in index.store.layout:
        raise QueryError("this index keeps no colours, by which a look is completed: index the photos")
    points = index.store.get([id])
    if not points:
        raise QueryError(f"the index has no item {id!r}: give an id as a search shows it")
    part = part_of(points[0].attributes)
    if part is None:
        raise QueryError(
            f"the attributes of item {id!r} don't tell what it is: a look needs a type or category such as shirt, "
            "jeans or shoes"
        )
    return _complete(index, points[0], part, k)


def look_to_dict(look: CompletedLook) -> dict[str, Any]:
    """Return a look as JSON values, the same in the API and in ``search --complete --json``."""
    return {
        "id": look.id,
        "part": look.part,
        "parts": [
            {
                "part": part.part,
                "share": round(part.share, 3),
                "items": [
                    {
                        "id": item.id,
                        "score": round(item.score, 4),
                        "attributes": {name: value_to_json(value) for name, value in item.attributes.items()},
                    }
                    for item in part.items
                ],
            }
            for part in look.parts
        ],
    }


def _complete(index: OpenIndex, point: Point, part: Part, k: int) -> CompletedLook:
    harmony = load_harmony()
    wanted = {other: share for other, share in harmony.parts_beside(part) if share >= _LEAST_SHARE}
    found: dict[Part, list[Point]] = {other: [] for other in wanted}
    product = index.manifest.roles.get("product")
    for other in one_photo_each(islice(index.store.scan(), MAX_SCANNED), product):
        kind = part_of(other.attributes)
        if kind in found and _same_wearer(point.attributes, other.attributes):
            found[kind].append(other)
    (own,) = to_colours(point.vectors[COLOUR][None, :])
    parts = []
    for kind, others in found.items():
        if others:
            vectors = index.store.get([other.id for other in others])
            colours = to_colours(np.array([other.vectors[COLOUR] for other in vectors]))
            scores = harmony.score(own, colours) + _agreement(point.attributes, vectors)
            parts.append(LookPart(kind, wanted[kind], _best(vectors, scores, k)))
    return CompletedLook(point.id, part, tuple(parts))


def _best(points: Sequence[Point], scores: np.ndarray, k: int) -> tuple[LookItem, ...]:
    order = sorted(range(len(points)), key=lambda row: (-scores[row], points[row].id))[:k]
    return tuple(LookItem(points[row].id, float(scores[row]), points[row].attributes) for row in order)


def _same_wearer(one: Attributes, other: Attributes) -> bool:
    """Return whether both are for the same people, as far as the catalogue tells."""
    for name in _names(one, _WEARER):
        mine, theirs = str(one[name]).lower(), str(other.get(name, "")).lower()
        if mine not in _ANYBODY and theirs not in _ANYBODY and mine != theirs:
            return False
    return True


def _agreement(one: Attributes, others: Sequence[Point]) -> np.ndarray:
    names = _names(one, _OCCASION)
    return np.array(
        [_OCCASION_BONUS * sum(one[name] == other.attributes.get(name) for name in names) for other in others]
    )


def _names(attributes: Attributes, known: Sequence[str]) -> list[str]:
    return [name for name in attributes if name.lower() in known]

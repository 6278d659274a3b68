"""Triplets of drawn garments: all kinds of changes, where a shop's titles name colours alone.

Of each family (``catalogue/drawn/changes.py``) both photos of the design are references of each changed one, and each
changed one is a reference of both. The designs are those of the split ``train``, which no benchmark has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...catalogue.drawn import KINDS, DrawnItem, DrawnPhotos, Family, families, split_seed
from ...evaluate.benchmarks.drawn_composed import SIZE
from ..words.change_texts import make_change_texts
from ..words.lexicon import Lexicon
from .shop import GeneratedTriplets

__all__ = ["FAMILIES", "DrawnTriplets", "make_drawn_triplets"]

FAMILIES = 400
"""Some 2,700 photos and 7,500 triplets."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnTriplets:
    """Drawn triplets.

    Args:
        photos: id to photo, each drawn when it is looked up.
        group: id to what it is as good as: photos of one look, whatever their cloth, view and background.
        generated: the triplets.
    """

    photos: DrawnPhotos
    group: Mapping[str, str]
    generated: GeneratedTriplets


def make_drawn_triplets(lexicon: Lexicon, seed: int, count: int = FAMILIES) -> DrawnTriplets:
    """Return the triplets; nothing is drawn yet.

    Args:
        lexicon: the words of the changes.
        seed: of their wording.
        count: families, >= 1.
    """
    specs: dict[str, DrawnItem] = {}
    generated: list[tuple[str, str, tuple[str, ...]]] = []
    for family in families(count, split_seed("train")):
        specs |= {_id(spec): spec for spec in (family.reference, family.again, *(c.target for c in family.changes))}
        for kind, a, b in _pairs(family):
            old, new = a.attributes[kind], b.attributes[kind]
            category = a.attributes["category"]
            texts = make_change_texts(kind, old, new, len(generated), seed, lexicon, category)
            generated.append((_id(a), _id(b), texts))
    group = {id: " ".join(spec.attributes[name] for name in ("category", *KINDS)) for id, spec in specs.items()}
    return DrawnTriplets(DrawnPhotos(specs, SIZE), group, tuple(generated))


def _pairs(family: Family) -> Iterator[tuple[str, DrawnItem, DrawnItem]]:
    """Yield what changes, from which photo and to which."""
    for change in family.changes:
        for own in (family.reference, family.again):
            yield change.kind, own, change.target
            yield change.kind, change.target, own


def _id(spec: DrawnItem) -> str:
    return f"drawn-train-{spec.id}"

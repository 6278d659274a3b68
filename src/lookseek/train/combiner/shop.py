"""What a shop's catalogue adds to its triplets: which items are equally right, and triplets generated from its labels.

Two items of one design in different colours are one more triplet: "the same in blue", in English and
in Vietnamese; two items that differ in one attribute are another (``asked.py``). Only items of train are used, and
designs lie in one split only, so val and test teach nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ...catalogue.myntra import MyntraItem, read_catalogue
from ..words.change_texts import make_change_texts
from ..words.lexicon import Lexicon, read_lexicon
from .asked import make_attribute_triplets

__all__ = ["GeneratedTriplets", "Shop", "read_shop"]

MAX_PER_DESIGN = 20
"""Triplets of one design: a title such as "men striped shirt" has a hundred items, which are no one design."""

MAX_TRIPLETS = 20_000
"""Triplets in all."""

UNKNOWN_COLOURS = ("", "NA", "Multi")
"""Colours that name none."""

GeneratedTriplets: TypeAlias = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Reference, target and the change in four forms, of each triplet."""


@dataclass(frozen=True, slots=True, eq=False)
class Shop:
    """Items of a split.

    Args:
        photos: id to photo.
        group: id to what it is as good as: items of one design and colour.
        generated: triplets from colours.
        attributes: triplets from attributes and kinds.
    """

    photos: Mapping[str, bytes]
    group: Mapping[str, str]
    generated: GeneratedTriplets
    attributes: GeneratedTriplets


def read_shop(data: Path, split: str, seed: int) -> Shop:
    """Read the catalogue.

    Args:
        data: the folder of ``catalogue.parquet``.
        split: whose items.
        seed: of the choice of triplets and of their words.

    Raises:
        CatalogueError: it can't be read.
    """
    items, lexicon = read_catalogue(data, split), read_lexicon()
    return Shop(
        photos={item.id: item.image for item in items},
        group={item.id: f"{item.design}\n{item.base_colour}" for item in items if item.design and item.base_colour},
        generated=_generate(items, seed, lexicon),
        attributes=make_attribute_triplets(data, split, seed, lexicon),
    )


def _generate(items: list[MyntraItem], seed: int, lexicon: Lexicon) -> GeneratedTriplets:
    chance = np.random.default_rng(seed)
    known = frozenset(lexicon.values("baseColour")).difference(UNKNOWN_COLOURS)
    designs: dict[str, list[MyntraItem]] = defaultdict(list)
    for item in items:
        if item.design and item.base_colour in known:
            designs[item.design].append(item)
    made: list[tuple[str, str, tuple[str, ...]]] = []
    for same_design in designs.values():
        some = [same_design[place] for place in chance.permutation(len(same_design))[: MAX_PER_DESIGN // 2]]
        pairs = [(a, b) for a, b in permutations(some, 2) if a.base_colour != b.base_colour]
        for place in chance.permutation(len(pairs))[:MAX_PER_DESIGN]:
            a, b = pairs[place]
            texts = make_change_texts("baseColour", a.base_colour, b.base_colour, len(made), seed, lexicon)
            made.append((a.id, b.id, texts))
    return tuple(made[place] for place in chance.permutation(len(made))[:MAX_TRIPLETS])

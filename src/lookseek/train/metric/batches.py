"""Which training photos make up which batch: P items by K photos each, or categories, and photos of a class alone.

Every item comes as often as it has photos, in chunks of K; the order of the chunks is dealt out anew each epoch. What
lacks for a chunk is filled up with further views of the item's own photos.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..trainer.seeds import derive_seed
from .item_photo import ItemPhoto
from .settings import MetricSettings

__all__ = ["CLASS_ALONE", "GroupedOrder", "Key"]

Key: TypeAlias = tuple[int, int, int]
"""Row of a photo, the seed of its view, and its group; ``CLASS_ALONE`` for none."""

CLASS_ALONE = -1
"""The group of a photo that is like no other one of the batch: of it only the class is learned."""


class GroupedOrder:
    """See ``Order``. Groups are numbered: the items of train by name, then its categories by name.

    Args:
        photos: of train.
        settings: of the training.
    """

    def __init__(self, photos: Sequence[ItemPhoto], settings: MetricSettings) -> None:
        items, categories = (_groups([getattr(p, what) for p in photos]) for what in ("item", "category"))
        self.groups = len(items) + len(categories)
        self._settings, self._first_category = settings, len(items)
        self._items = list(items.values())
        self._categories = [rows for rows in categories.values() if len(rows) > 1]
        self._category_numbers = [number for number, rows in enumerate(categories.values()) if len(rows) > 1]
        self._classed = np.flatnonzero([bool(p.category) for p in photos])
        share = settings.category_share if self._items else 1.0
        self._share = share if len(self._categories) > 1 else 0.0
        similar = settings.items * settings.photos
        chunks = sum(-(-len(rows) // settings.photos) for rows in self._items)
        whole = chunks // settings.items if self._items else len(self._classed) // similar
        self._batches = max(1, whole)
        self._size = similar + settings.labelled * bool(len(self._classed))

    @property
    def examples(self) -> int:
        """See Order."""
        return self._batches * self._size

    def __len__(self) -> int:
        return self._batches

    def epoch(self, epoch: int, first: int = 0) -> Iterator[list[Key]]:
        """See Order."""
        chance = np.random.default_rng(derive_seed(self._settings.seed, epoch))
        chunks = self._chunks(chance)
        by_category = chance.random(self._batches) < self._share
        classed = chance.permutation(self._classed)
        for batch in range(first, self._batches):
            own = np.random.default_rng(derive_seed(self._settings.seed, epoch, batch))
            if by_category[batch]:
                keys = self._of_categories(own)
            else:
                at = batch * self._settings.items
                keys = [(row, group) for group, rows in chunks[at : at + self._settings.items] for row in rows]
            keys += [(int(row), CLASS_ALONE) for row in self._labelled(classed, batch)]
            seeds = own.integers(0, 2**62, len(keys))
            yield [(row, int(seed), group) for (row, group), seed in zip(keys, seeds, strict=True)]

    def _chunks(self, chance: np.random.Generator) -> list[tuple[int, list[int]]]:
        many, made = self._settings.photos, []
        for group, rows in enumerate(self._items):
            order = chance.permutation(rows)
            lacking = -len(order) % many
            order = np.concatenate([order, np.resize(order, lacking)]) if lacking else order
            made += [(group, order[at : at + many].tolist()) for at in range(0, len(order), many)]
        return [made[place] for place in chance.permutation(len(made))]

    def _of_categories(self, chance: np.random.Generator) -> list[tuple[int, int]]:
        """Photos of some categories, each any photo of its own: as many as a batch of items has."""
        size = self._settings.items * self._settings.photos
        count = min(len(self._categories), self._settings.items)
        chosen = chance.permutation(len(self._categories))[:count]
        return [
            (int(row), self._first_category + self._category_numbers[category])
            for place, category in enumerate(chosen)
            for row in _some(self._categories[category], size // count + (place < size % count), chance)
        ]

    def _labelled(self, classed: NDArray[np.intp], batch: int) -> NDArray[np.intp]:
        if not self._settings.labelled or not len(classed):
            return classed[:0]
        at = batch * self._settings.labelled
        return np.take(classed, range(at, at + self._settings.labelled), mode="wrap")


def _groups(names: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Name to its rows, by name; "" is no group."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        if name:
            rows[name].append(row)
    return {name: np.array(rows[name], np.intp) for name in sorted(rows)}


def _some(rows: NDArray[np.intp], count: int, chance: np.random.Generator) -> NDArray[np.intp]:
    """Return rows by chance, each once before any twice."""
    return np.resize(chance.permutation(rows), count)

"""Which triplets make up which batch, and in which words: a function of the seed and the place alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..trainer.seeds import derive_seed
from .captions import FORMS

__all__ = ["TripletOrder"]


class TripletOrder:
    """See TripletOrder of trainer/batches.py. A key is the number of a triplet, and that of the form of its words.

    Args:
        written: how many triplets were written; each is in an epoch once.
        more: of each kind of made ones, whose numbers follow: how many there are, and the share: an epoch takes as
            many as this share of the written, other ones each time.
        batch: triplets a step.
        seed: of the training.
        stage: 1 or 2: each has chances of its own.
    """

    def __init__(self, written: int, more: Sequence[tuple[int, float]], batch: int, seed: int, stage: int) -> None:
        self._written, self._batch, self._seed = written, batch, (seed, stage)
        self._drawn_per_epoch = [(made, min(made, round(share * written))) for made, share in more]
        self.examples = written + sum(taken for _, taken in self._drawn_per_epoch)
        batches = -(-self.examples // batch)
        # a triplet alone in its batch has no negatives
        self._batches = batches - 1 if batches > 1 and self.examples % batch == 1 else batches

    def __len__(self) -> int:
        return self._batches

    def epoch(self, epoch: int, first: int = 0) -> Iterator[list[tuple[int, int]]]:
        """See TripletOrder of trainer/batches.py."""
        chance = np.random.default_rng(derive_seed(*self._seed, epoch))
        parts, start = [np.arange(self._written)], self._written
        for made, taken in self._drawn_per_epoch:
            if taken:
                parts.append(start + chance.choice(made, taken, replace=False))
            start += made
        rows = chance.permutation(np.concatenate(parts).astype(np.intp))
        form = chance.integers(0, FORMS, len(rows))
        for at in range(first, self._batches):
            part = slice(at * self._batch, (at + 1) * self._batch)
            yield list(zip(rows[part].tolist(), form[part].tolist(), strict=True))

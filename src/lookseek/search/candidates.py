"""The items that a search considers: what its stages pass on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidates"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Items with their scores, best first.

    Args:
        ids: of the items, each once, by descending score, equal scores by ascending id.
        scores: float64 (n,), higher is better: cosines, or minus the distance.
        similarities: by name of a vector, what comparing that vector alone gave, float64 (n,). ``fusion.fuse`` makes
            the score of a first stage of them.
    """

    ids: tuple[str, ...]
    scores: NDArray[np.float64]
    similarities: Mapping[str, NDArray[np.float64]]

    @classmethod
    def ranked(
        cls, ids: Sequence[str], scores: NDArray[np.float64], similarities: Mapping[str, NDArray[np.float64]]
    ) -> Candidates:
        """Return the candidates in the order that all stages keep."""
        order = [row for _, _, row in sorted(zip((-scores).tolist(), ids, range(len(ids)), strict=True))]
        return cls(tuple(ids), scores, similarities)._rows(order)

    def without(self, excluded: Collection[str]) -> Candidates:
        """Return those whose ids are not excluded."""
        if not excluded:
            return self
        return self._rows([row for row, id_ in enumerate(self.ids) if id_ not in excluded])

    def only(self, ids: Sequence[str]) -> Candidates:
        """Return those of these ids, in the order of the ids; all must be there."""
        row_of = {id_: row for row, id_ in enumerate(self.ids)}
        return self._rows([row_of[id_] for id_ in ids])

    def first(self, count: int) -> Candidates:
        """Return the best, at the most ``count``."""
        return self if len(self.ids) <= count else self._rows(range(count))

    def _rows(self, rows: Sequence[int]) -> Candidates:
        taken = np.array(rows, np.intp)
        return Candidates(
            tuple(self.ids[row] for row in rows),
            self.scores[taken],
            {name: similarity[taken] for name, similarity in self.similarities.items()},
        )

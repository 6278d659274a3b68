"""Facts as columns, so that what is true of which photo is a product of matrices.

    has, lacks     of photos, bool (n, facts): what is known of them, both False where nobody knows
    states         of captions, bool (m, facts)

A caption is true of a photo that has all that it states, false of one that lacks any of it, and of the others nobody
knows: those pairs teach nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...catalogue.facts import Facts, lacks
from .captions import NAMING_RATES
from .described import Caption
from .lexicon import Lexicon
from .mentions import Fact

__all__ = ["FactTable", "Marks", "pairs"]

Marks: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FactTable:
    """The columns.

    Args:
        facts: one a column.
    """

    facts: tuple[Fact, ...]
    _place: dict[Fact, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_place", {fact: place for place, fact in enumerate(self.facts)})

    @staticmethod
    def of(lexicon: Lexicon) -> FactTable:
        """Return all facts that a caption may state."""
        return FactTable(
            tuple((name, value) for name in lexicon.fields if name in NAMING_RATES for value in lexicon.values(name))
        )

    def known(self, items: Sequence[Facts]) -> tuple[Marks, Marks]:
        """Return what items have and what they lack, bool (n, facts) each."""
        have, lack = (np.zeros((len(items), len(self.facts)), np.bool_) for _ in range(2))
        by_values: dict[tuple[str, frozenset[str]], list[int]] = {}
        by_field: dict[str, list[int]] = {}
        for place, (name, _) in enumerate(self.facts):
            by_field.setdefault(name, []).append(place)
        for row, facts in enumerate(items):
            for name, values in facts.items():
                by_values.setdefault((name, values), []).append(row)
        for (name, values), rows in by_values.items():
            for place in by_field.get(name, ()):
                value = self.facts[place][1]
                if value in values:
                    have[rows, place] = True
                elif lacks(name, values, value):
                    lack[rows, place] = True
        return have, lack

    def states(self, captions: Sequence[Caption]) -> Marks:
        """Return what captions state, bool (m, facts)."""
        stated = np.zeros((len(captions), len(self.facts)), np.bool_)
        for row, caption in enumerate(captions):
            for fact in caption.states:
                if fact in self._place:
                    stated[row, self._place[fact]] = True
        return stated


def pairs(
    have: Marks, lack: Marks, states: Marks, whole: NDArray[np.bool_], own: NDArray[np.intp]
) -> tuple[Marks, Marks]:
    """Return which captions are true of which photos, and which are false.

    Args:
        have: of n photos, bool (n, facts).
        lack: of the same.
        states: of m captions, bool (m, facts).
        whole: whether a caption says no more than it states, bool (m,).
        own: row of the photo that each caption was made for, (m,); -1 where it is not among them.

    Returns:
        true, false: bool (n, m) each; pairs that are neither are unknown. A caption is always true of its own photo.
    """
    wanted = states.astype(np.float32)
    missing = (~have).astype(np.float32) @ wanted.T
    true = (missing == 0) & (states.any(axis=1) & whole)[None, :]
    false = (lack.astype(np.float32) @ wanted.T) > 0
    there = np.flatnonzero(own >= 0)
    true[own[there], there], false[own[there], there] = True, False
    return true, false

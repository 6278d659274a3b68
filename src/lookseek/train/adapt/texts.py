"""What photos are compared with: captions of all that is known of them, sentences of the shop's prose, and titles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from ..trainer.seeds import derive_seed
from ..words.described import Caption, Describer, Written
from ..words.fact_table import FactTable, Marks
from ..words.lexicon import Lexicon
from .examples import Example

__all__ = ["TextTable", "make_texts"]

VARIANTS = 6
"""Photos of the same facts share captions: this many different sets of them."""

QUOTED = 0.35
"""Share of the photos with prose of whose prose a sentence is taken: each text costs a run of e5."""

TITLED = 0.6
"""Share of the photos with a title whose title is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class TextTable:
    """The texts of a split.

    Args:
        texts: each once.
        captions: for each photo, the rows of its captions, at least one where ``captioned``.
        captioned: bool (n,), whether a photo has a caption.
        titles: row of each photo's title, int64 (n,); -1 without one.
        states: what each text states, bool (texts, facts).
        whole: whether a text says no more than that, bool (texts,).
    """

    texts: tuple[str, ...]
    captions: tuple[tuple[int, ...], ...]
    captioned: NDArray[np.bool_]
    titles: NDArray[np.int64]
    states: Marks
    whole: NDArray[np.bool_]


def make_texts(items: Sequence[Example], lexicon: Lexicon, table: FactTable, seed: int) -> TextTable:
    """Return the texts of a split.

    Args:
        items: its photos.
        lexicon: the words of captions.
        table: whose columns say what a caption states.
        seed: of the training.
    """
    describer = Describer(lexicon)
    rows: dict[str, int] = {}
    made: list[Caption] = []
    described: dict[tuple[object, ...], tuple[Caption, ...]] = {}

    def row(caption: Caption) -> int:
        if caption.text not in rows:
            rows[caption.text] = len(made)
            made.append(caption)
        return rows[caption.text]

    captions: list[tuple[int, ...]] = []
    titles = np.full(len(items), -1, np.int64)
    for place, item in enumerate(items):
        random = Random(derive_seed(seed, place))  # noqa: S311  of words, not of secrets
        key = (*sorted((name, *sorted(values)) for name, values in item.facts.items()), random.randrange(VARIANTS))
        if key not in described:
            described[key] = _describe(item, describer, Random(f"{seed} {key}"))  # noqa: S311
        own = list(described[key])
        if item.prose and random.random() < QUOTED and (quote := describer.quote(item.facts, item.prose, random)):
            own.append(quote)
        captions.append(tuple(dict.fromkeys(row(caption) for caption in own)))
        if item.title and random.random() < TITLED:
            titles[place] = row(Caption(item.title, "en", frozenset(), whole=False))
    return TextTable(
        texts=tuple(rows),
        captions=tuple(captions),
        captioned=np.array([bool(some) for some in captions]),
        titles=titles,
        states=table.states(made),
        whole=np.array([caption.whole for caption in made], np.bool_),
    )


def _describe(item: Example, describer: Describer, random: Random) -> tuple[Caption, ...]:
    """A caption in English, and one in Vietnamese with or without its diacritics."""
    some = [describer.describe(item.facts, "en", random)]
    second: Written = random.choice(("vi", "vi-plain"))
    some.append(describer.describe(item.facts, second, random))
    return tuple(caption for caption in some if caption is not None)

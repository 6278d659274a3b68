"""All texts of a training, each embedded once by the frozen sentence model, and what each says.

A photo's title says what the shop says; its captions are made of its values. Captions come in English, in Vietnamese,
and in Vietnamese without diacritics: ``LANGUAGES``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from ...types import Vectors
from ..trainer.seeds import derive_seed
from ..words.captions import caption
from ..words.lexicon import Language, Lexicon, plain
from .shown import FIELDS, Shown, Shows

__all__ = ["LANGUAGES", "Said", "Texts", "read_texts"]

LANGUAGES = ("en", "vi", "vi-plain")

WAYS = 8
"""Captions of the same values in one language: photos with the same values share them."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the texts of a split say.

    Args:
        texts: each once.
        titles: row of each photo's title, int64 (n,); -1 without one.
        captions: rows of each photo's captions, int64 (n, languages); (n, 0) where there are none.
        facts: what a text states, int64 (texts, fields): a value's number as ``Shows.codes`` has it, -1: not stated.
            Of a title nothing is known.
    """

    texts: tuple[str, ...]
    titles: NDArray[np.int64]
    captions: NDArray[np.int64]
    facts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A split's texts and their features.

    Args:
        said: the texts.
        features: of the sentence model, float32 (texts, 384), each of length 1.
    """

    said: Said
    features: Vectors


def read_texts(shows: Shows, lexicon: Lexicon, seed: int, *, captions: bool) -> Said:
    """Make the texts of a split.

    Args:
        shows: its photos.
        lexicon: the words of the captions.
        seed: of the training.
        captions: whether there are any beside the titles; val is judged by titles and by questions of its own.
    """
    rows: dict[str, int] = {}
    facts: list[list[int]] = []
    made: dict[tuple[tuple[tuple[str, str], ...], int], tuple[tuple[str, list[int]], ...]] = {}
    titles = np.full(len(shows), -1, np.int64)
    captioned = np.empty((len(shows), len(LANGUAGES) if captions else 0), np.int64)

    def row(text: str, stated: list[int]) -> int:
        if text not in rows:
            rows[text] = len(facts)
            facts.append(stated)
        return rows[text]

    for place, item in enumerate(shows.items):
        if item.title:
            titles[place] = row(item.title, [-1] * len(FIELDS))
        if not captions:
            continue
        key = tuple(sorted(item.values.items())), derive_seed(seed, place) % WAYS
        if key not in made:
            made[key] = tuple(_captions(item, lexicon, Random(f"{seed} {key}")))  # noqa: S311  of words, not of secrets
        for column, (text, stated) in enumerate(made[key]):
            captioned[place, column] = row(text, stated)
    return Said(tuple(rows), titles, captioned, np.array(facts, np.int64).reshape(-1, len(FIELDS)))


def _captions(item: Shown, lexicon: Lexicon, random: Random) -> Sequence[tuple[str, list[int]]]:
    made = []
    spoken: tuple[Language, ...] = ("en", "vi", "vi")
    for column, language in enumerate(spoken):
        text = caption(item.values, language, random, lexicon)
        stated = [_stated(text, field, item.values.get(field, ""), language, lexicon) for field in FIELDS]
        made.append((plain(text) if LANGUAGES[column] == "vi-plain" else text, stated))
    return made


def _stated(text: str, field: str, value: str, language: Language, lexicon: Lexicon) -> int:
    """The value's number if the text says it, else -1."""
    padded = f" {text} "
    if value and any(f" {word} " in padded for word in lexicon.words(field, value, language)):
        return lexicon.values(field).index(value)
    return -1

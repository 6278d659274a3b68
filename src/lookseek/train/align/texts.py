"""The texts of a training: titles and captions, which values each states, and their features.

Titles are the shop's; captions are made of an item's values. Captions come in English, in Vietnamese, and in Vietnamese
without diacritics: ``LANGUAGES``. The frozen sentence model embeds each text once.
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
from ..words.lexicon import Language, Lexicon, strip_diacritics
from .labelled_items import FIELDS, LabelledItem, LabelledItems

__all__ = ["LANGUAGES", "EmbeddedTexts", "TextTable", "make_texts"]

LANGUAGES = ("en", "vi", "vi-plain")

CAPTION_VARIANTS = 8
"""Captions of the same values in one language: photos with the same values share them."""


@dataclass(frozen=True, slots=True, eq=False)
class TextTable:
    """The texts of a split.

    Args:
        texts: each once.
        titles: row of each photo's title, int64 (n,); -1 without one.
        captions: rows of each photo's captions, int64 (n, languages); (n, 0) where there are none.
        stated: values that a text states, int64 (texts, fields), numbered as ``LabelledItems.encode_values`` numbers
            them; -1: not stated. What a title states is unknown: all -1.
    """

    texts: tuple[str, ...]
    titles: NDArray[np.int64]
    captions: NDArray[np.int64]
    stated: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedTexts:
    """The texts of a split and their features.

    Args:
        table: the texts.
        features: of the sentence model, float32 (texts, 384), each of length 1.
    """

    table: TextTable
    features: Vectors


def make_texts(items: LabelledItems, lexicon: Lexicon, seed: int, *, captions: bool) -> TextTable:
    """Return the texts of a split.

    Args:
        items: its photos.
        lexicon: the words of the captions.
        seed: of the training.
        captions: whether there are captions beside the titles; val is measured by titles and by queries of its own.
    """
    rows: dict[str, int] = {}
    all_stated: list[list[int]] = []
    made: dict[tuple[tuple[tuple[str, str], ...], int], tuple[tuple[str, list[int]], ...]] = {}
    titles = np.full(len(items), -1, np.int64)
    captioned = np.empty((len(items), len(LANGUAGES) if captions else 0), np.int64)

    def row(text: str, stated: list[int]) -> int:
        if text not in rows:
            rows[text] = len(all_stated)
            all_stated.append(stated)
        return rows[text]

    for place, item in enumerate(items.items):
        if item.title:
            titles[place] = row(item.title, [-1] * len(FIELDS))
        if not captions:
            continue
        key = tuple(sorted(item.values.items())), derive_seed(seed, place) % CAPTION_VARIANTS
        if key not in made:
            made[key] = tuple(_captions(item, lexicon, Random(f"{seed} {key}")))  # noqa: S311  of words, not of secrets
        for column, (text, stated) in enumerate(made[key]):
            captioned[place, column] = row(text, stated)
    return TextTable(tuple(rows), titles, captioned, np.array(all_stated, np.int64).reshape(-1, len(FIELDS)))


def _captions(item: LabelledItem, lexicon: Lexicon, random: Random) -> Sequence[tuple[str, list[int]]]:
    """Return a caption and the values that it states, for each of ``LANGUAGES``."""
    made = []
    languages: tuple[Language, ...] = ("en", "vi", "vi")
    for column, language in enumerate(languages):
        text = caption(item.values, language, random, lexicon)
        stated = [_stated(text, field, item.values.get(field, ""), language, lexicon) for field in FIELDS]
        made.append((strip_diacritics(text) if LANGUAGES[column] == "vi-plain" else text, stated))
    return made


def _stated(text: str, field: str, value: str, language: Language, lexicon: Lexicon) -> int:
    """Return the value's number if one of its words stands in the text, else -1."""
    padded = f" {text} "
    if value and any(f" {word} " in padded for word in lexicon.words(field, value, language)):
        return lexicon.values(field).index(value)
    return -1

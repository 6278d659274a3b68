"""How good the joint space is on val: what chooses the weights that are kept.

Two figures, both with the whole of val as the gallery: whether a title finds its own photo among the first ten, and
how many of the first ten are right for a caption of colour and noun, each language by itself. The benchmarks of
``evaluate`` measure the exported model; these are theirs in short.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainError
from ...types import Vectors
from ..words.lexicon import Language, Lexicon, plain
from .shown import Shows
from .texts import LANGUAGES

__all__ = ["Asked", "figures", "questions"]

FIRST = 10
LEAST = 10
"""Right photos that a colour and noun must have to be asked for."""

_NOUNS_AND_COLOURS = (("articleType", "baseColour"), ("category", "colour"), ("label", ""))
_WEIGHTS = {"title": 0.4, "en": 0.25, "vi": 0.2, "vi-plain": 0.15}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of val.

    Args:
        texts: language to words, in the order of ``right``.
        right: rows of the photos that are right, for each question.
    """

    texts: Mapping[str, tuple[str, ...]]
    right: tuple[NDArray[np.intp], ...]


def questions(shows: Shows, lexicon: Lexicon) -> Asked:
    """Every colour and noun that at least ten photos have, by their plainest words."""
    texts: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    right: list[NDArray[np.intp]] = []
    for noun, colour in _NOUNS_AND_COLOURS:
        fields = [field for field in (noun, colour) if field]
        keys = [tuple(item.values.get(field, "") for field in fields) for item in shows.items]
        for key, count in sorted(Counter(keys).items()):
            words = {language: _words(fields, key, language, lexicon) for language in ("en", "vi")}
            if not all(key) or count < LEAST or not all(words.values()):
                continue
            right.append(np.array([row for row, other in enumerate(keys) if other == key], np.intp))
            texts["en"].append(words["en"])
            texts["vi"].append(words["vi"])
            texts["vi-plain"].append(plain(words["vi"]))
    return Asked({language: tuple(some) for language, some in texts.items()}, tuple(right))


def _words(fields: Sequence[str], key: Sequence[str], language: str, lexicon: Lexicon) -> str:
    spoken: Language = "en" if language == "en" else "vi"
    found = [lexicon.words(field, value, spoken)[:1] for field, value in zip(fields, key, strict=True)]
    if not all(found):
        return ""
    words = [word for (word,) in found]
    return " ".join(reversed(words) if language == "en" else words)


def figures(
    photos: Vectors, titles: tuple[NDArray[np.int64], Vectors], asked: Asked, words: Mapping[str, Vectors]
) -> tuple[float, dict[str, float]]:
    """The mean that chooses, and what it is made of, each 0 to 1.

    Args:
        photos: of val, float32 (n, dim), of length 1.
        titles: row of each photo's title among the vectors, -1 without one; and the vectors of titles, of length 1.
        asked: the questions.
        words: language to vectors of its questions, of length 1.

    Raises:
        TrainError: there is nothing to ask.
    """
    if not asked.right and (titles[0] < 0).all():
        raise TrainError(
            f"val has no title, and no colour and noun that {LEAST} photos share: add photos to val, there is nothing "
            "to choose an epoch by"
        )
    found: dict[str, float] = {}
    rows, vectors = titles
    own = np.flatnonzero(rows >= 0)
    if len(own):
        hits = 0
        for part in np.array_split(own, max(1, len(own) // 1000)):
            scores = vectors[rows[part]] @ photos.T
            # not "greater": of vectors that are no numbers nothing is, and they would look perfect
            before = ~(scores <= scores[np.arange(len(part)), part][:, None])
            hits += int((before.sum(1) < FIRST).sum())
        found["title"] = hits / len(own)
    for language, some in words.items() if asked.right else ():
        best = np.argsort(-(some @ photos.T), axis=1, kind="stable")[:, :FIRST]
        right = [np.isin(row, answers).mean() for row, answers in zip(best, asked.right, strict=True)]
        found[language] = float(np.mean(right))
    weights = {name: _WEIGHTS[name] for name in found}
    return sum(weights[n] * found[n] for n in found) / sum(weights.values()), {f"val_{n}": v for n, v in found.items()}

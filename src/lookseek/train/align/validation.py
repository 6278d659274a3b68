"""How good the joint space is on val: what chooses the weights that are kept.

Two figures, both with the whole of val as the gallery: whether a title finds its own photo among the first ten, and how
many of the first ten are relevant to a colour and noun, each language by itself. The benchmarks of ``evaluate`` measure
the exported model; these are short forms of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainError
from ...types import Vectors
from ..words.lexicon import Language, Lexicon, strip_diacritics
from .labelled_items import LabelledItems
from .texts import LANGUAGES

__all__ = ["ValidationQueries", "retrieval_figures", "validation_queries"]

TOP_K = 10
MIN_RELEVANT = 10
"""Relevant photos that a colour and noun must have to be a query."""

_NOUNS_AND_COLOURS = (("articleType", "baseColour"), ("category", "colour"), ("label", ""))
_WEIGHTS = {"title": 0.4, "en": 0.25, "vi": 0.2, "vi-plain": 0.15}


@dataclass(frozen=True, slots=True)
class ValidationQueries:
    """Queries by words, whose gallery is val.

    Args:
        texts: language to words, in the order of ``relevant``.
        relevant: rows of the photos that are relevant, for each query.
    """

    texts: Mapping[str, tuple[str, ...]]
    relevant: tuple[NDArray[np.intp], ...]


def validation_queries(items: LabelledItems, lexicon: Lexicon) -> ValidationQueries:
    """Return every colour and noun that at least ten photos have, in their plainest words."""
    texts: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    relevant: list[NDArray[np.intp]] = []
    for noun, colour in _NOUNS_AND_COLOURS:
        fields = [field for field in (noun, colour) if field]
        keys = [tuple(item.values.get(field, "") for field in fields) for item in items.items]
        for key, count in sorted(Counter(keys).items()):
            words = {language: _words(fields, key, language, lexicon) for language in ("en", "vi")}
            if not all(key) or count < MIN_RELEVANT or not all(words.values()):
                continue
            relevant.append(np.array([row for row, other in enumerate(keys) if other == key], np.intp))
            texts["en"].append(words["en"])
            texts["vi"].append(words["vi"])
            texts["vi-plain"].append(strip_diacritics(words["vi"]))
    return ValidationQueries({language: tuple(some) for language, some in texts.items()}, tuple(relevant))


def _words(fields: Sequence[str], key: Sequence[str], language: str, lexicon: Lexicon) -> str:
    known: Language = "en" if language == "en" else "vi"
    found = [lexicon.words(field, value, known)[:1] for field, value in zip(fields, key, strict=True)]
    if not all(found):
        return ""
    words = [word for (word,) in found]
    return " ".join(reversed(words) if language == "en" else words)


def retrieval_figures(
    photos: Vectors, titles: tuple[NDArray[np.int64], Vectors], queries: ValidationQueries, words: Mapping[str, Vectors]
) -> tuple[float, dict[str, float]]:
    """Return the weighted mean that chooses the epoch, and the figures that it is made of, each 0 to 1.

    Args:
        photos: of val, float32 (n, dim), of length 1.
        titles: row of each photo's title among the vectors, -1 without one; and the vectors of titles, of length 1.
        queries: by words.
        words: language to vectors of the queries, of length 1.

    Raises:
        TrainError: there is neither a title nor a query.
    """
    if not queries.relevant and (titles[0] < 0).all():
        raise TrainError(
            f"val has no title, and no colour and noun that {MIN_RELEVANT} photos share: add photos to val, there is "
            "nothing to choose an epoch by"
        )
    found: dict[str, float] = {}
    rows, vectors = titles
    own = np.flatnonzero(rows >= 0)
    if len(own):
        hits = 0
        for part in np.array_split(own, max(1, len(own) // 1000)):
            scores = vectors[rows[part]] @ photos.T
            # not "greater": NaN is greater than nothing, and would look perfect
            before = ~(scores <= scores[np.arange(len(part)), part][:, None])
            hits += int((before.sum(1) < TOP_K).sum())
        found["title"] = hits / len(own)
    for language, some in words.items() if queries.relevant else ():
        best = np.argsort(-(some @ photos.T), axis=1, kind="stable")[:, :TOP_K]
        precision = [np.isin(row, answers).mean() for row, answers in zip(best, queries.relevant, strict=True)]
        found[language] = float(np.mean(precision))
    weights = {name: _WEIGHTS[name] for name in found}
    return sum(weights[n] * found[n] for n in found) / sum(weights.values()), {f"val_{n}": v for n, v in found.items()}

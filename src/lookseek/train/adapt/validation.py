"""How good heads are on val: what chooses the weights that are kept.

Three figures, the whole of val as the gallery: whether a title finds its own photo among the first ten; how many of the
first ten are right for one attribute of a kind ("striped shirt"), by language; and the same for a colour of a kind. The
benchmarks of ``evaluate`` measure the exported model; these are short forms of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...types import Vectors
from ...vectors import unit
from ..words.fact_table import FactTable, Marks
from ..words.lexicon import Language, Lexicon, strip_diacritics
from .network import AdaptedHeads

__all__ = [
    "ValidationQueries",
    "joint_photos",
    "joint_texts",
    "precision_by_kind",
    "retrieval_figures",
    "validation_queries",
]

TOP_K = 10
MOST = 400
"""Queries of a kind and language, the most frequent first."""

_NOUNS = ("articleType", "garment", "label", "category")
_COLOURS = ("baseColour", "colour")
_LANGUAGES = ("en", "vi", "vi-plain")
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class ValidationQueries:
    """Queries by words, whose gallery is val.

    Args:
        texts: the words, languages side by side for each pair of facts.
        kinds: "attributes", "colours" or "kinds", and the language, of each text.
        right: photos that have the facts, bool (texts / languages, n).
    """

    texts: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    right: Marks


def validation_queries(table: FactTable, have: Marks, lexicon: Lexicon) -> ValidationQueries:
    """Return every noun with another fact that at least ten photos have, in their plainest words.

    Where no photos have two facts, as where boxes of ``ccp`` are all that is there, nouns are asked for alone.
    """
    nouns = [at for at, (field, _) in enumerate(table.facts) if field in _NOUNS]
    others = [at for at, (field, _) in enumerate(table.facts) if field not in _NOUNS and field != "gender"]
    counts = have[:, nouns].astype(np.float32).T @ have[:, others].astype(np.float32)
    found: dict[str, list[tuple[int, tuple[int, ...]]]] = {"attributes": [], "colours": []}
    for noun, other in zip(*np.nonzero(counts >= TOP_K), strict=True):
        kind = "colours" if table.facts[others[other]][0] in _COLOURS else "attributes"
        found[kind].append((-int(counts[noun, other]), (nouns[noun], others[other])))
    if not any(found.values()):
        found["kinds"] = [(-int(count), (noun,)) for noun in nouns if (count := have[:, noun].sum()) >= TOP_K]
    texts: list[str] = []
    kinds: list[tuple[str, str]] = []
    right: list[NDArray[np.bool_]] = []
    for kind, some in found.items():
        for _, facts in sorted(some)[:MOST]:
            words = [_words(table, facts, language, lexicon) for language in ("en", "vi")]
            if not all(words):
                continue
            texts += [*words, strip_diacritics(words[1])]
            kinds += [(kind, language) for language in _LANGUAGES]
            right.append(np.logical_and.reduce([have[:, fact] for fact in facts]))
    return ValidationQueries(tuple(texts), tuple(kinds), np.array(right, np.bool_).reshape(len(right), len(have)))


def _words(table: FactTable, places: Sequence[int], language: Language, lexicon: Lexicon) -> str:
    found = [lexicon.words(*table.facts[place], language)[:1] for place in places]
    if not all(found):
        return ""
    words = [word for (word,) in found]
    return " ".join(reversed(words) if language == "en" else words)


def joint_photos(heads: AdaptedHeads, features: NDArray[np.float16]) -> Vectors:
    """Return joint parts of photos, float32 (n, dim), of length 1."""
    with torch.no_grad():
        parts = [
            heads.joint(torch.from_numpy(features[at : at + _CHUNK].astype(np.float32)).to(heads.centre.device)).cpu()
            for at in range(0, len(features), _CHUNK)
        ]
    return unit(torch.cat(parts).numpy())


def joint_texts(heads: AdaptedHeads, features: Vectors) -> Vectors:
    """Return joint parts of texts, float32 (n, dim), of length 1."""
    with torch.no_grad():
        return unit(heads.words(torch.from_numpy(features).to(heads.centre.device)).cpu().numpy())


def retrieval_figures(
    heads: AdaptedHeads,
    features: NDArray[np.float16],
    titles: NDArray[np.int64],
    title_words: Vectors,
    queries: ValidationQueries,
    words: Vectors,
) -> tuple[float, dict[str, float]]:
    """Return the mean that chooses the epoch, and the figures that it is made of, each 0 to 1.

    Args:
        heads: that are measured.
        features: of the photos of val.
        titles: row of each photo's title among ``title_words``, -1 without one.
        title_words: features of the texts of val.
        queries: by words.
        words: features of their texts.
    """
    photos = joint_photos(heads, features)
    found: dict[str, float] = {}
    own = np.flatnonzero(titles >= 0)
    if len(own):
        vectors, hits = joint_texts(heads, title_words), 0
        for part in np.array_split(own, max(1, len(own) // 1000)):
            scores = vectors[titles[part]] @ photos.T
            # not "greater": NaN is greater than nothing, and would look perfect
            before = ~(scores <= scores[np.arange(len(part)), part][:, None])
            hits += int((before.sum(1) < TOP_K).sum())
        found["title"] = hits / len(own)
    if len(queries.texts):
        found |= precision_by_kind(photos, joint_texts(heads, words), queries)
    return float(np.mean(list(found.values()))), {f"val_{name}": value for name, value in found.items()}


def precision_by_kind(photos: Vectors, words: Vectors, queries: ValidationQueries) -> dict[str, float]:
    """Return precision@10 by kind and language of query, e.g. ``attributes_vi``.

    Args:
        photos: vectors of the gallery, float32 (n, dim).
        words: vectors of the queries' texts, float32 (m, dim).
        queries: at least one.
    """
    scores = words @ photos.T
    best = np.argpartition(-scores, min(TOP_K, scores.shape[1] - 1), axis=1)[:, :TOP_K]
    places = np.arange(len(best)) // len(_LANGUAGES)
    precision = queries.right[places[:, None], best].mean(1)
    return {
        "_".join(kind): float(precision[[one == kind for one in queries.kinds]].mean())
        for kind in dict.fromkeys(queries.kinds)
    }

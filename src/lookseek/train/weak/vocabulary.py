"""The words of a shop's texts that a photo can show.

    texts ─ segments of words ─ plurals folded ─ single words, pairs that belong together
          ─ stop words, rare and common ones left out ─ those that say nothing of a look left out

Whether a word says something of a look is counted: photos are parted into cells of similar vectors, and the photos of
a word that is about looks stand in other cells than photos at large. Words of care, of delivery or of praise stand
everywhere. No label is used, and no list of one language but the stop words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .stop_words import STOP_WORDS

__all__ = ["Vocabulary", "build_vocabulary", "segments"]

_WORD = re.compile(r"[^\W\d_]{2,}|[^\W\d_](?=[ -][^\W\d_])")
"""Letters of any script; a single one where a word follows: "v neck", "t shirt"."""

_PARTICLES = frozenset(("on", "up", "off", "over", "through", "down"))
"""Stop words that end a pair: "slip on", "lace up"."""

_BREAK = re.compile(r"[^\w\s'’&-]|\d+")
"""Where a segment ends: no pair reaches over a comma or a number."""

BOUND = 0.25
"""Normalised pointwise mutual information from which on two words are a pair. Source of the measure: Bouma, Normalized
(Pointwise) Mutual Information in Collocation Extraction, 2009; the number is ours."""


def segments(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the runs of words between commas, points and numbers, in lower case, parted at hyphens.

    >>> list(segments("Men's T-shirt, has a round-neck and 3 buttons"))
    [('men', 't', 'shirt'), ('has', 'a', 'round', 'neck', 'and'), ('buttons',)]
    """
    plain = unicodedata.normalize("NFC", text).lower().replace("’", "'").replace("'s", " ")
    for part in _BREAK.split(plain):
        if found := tuple(_WORD.findall(part.replace("-", " ").replace("'", " "))):
            yield found


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words and pairs of words.

    Args:
        words: the most frequent first; a pair has a blank between its words.
        plurals: word to the singular that it counts as.
    """

    words: tuple[str, ...]
    plurals: Mapping[str, str]

    def terms(self, text: str) -> frozenset[str]:
        """Return all single words and pairs of a text, in the vocabulary or not."""
        found: set[str] = set()
        for segment in segments(text):
            folded = [self.plurals.get(word, word) for word in segment]
            found.update(folded)
            found.update(map(" ".join, pairwise(folded)))
        return frozenset(found)

    def numbers(self, texts: Iterable[str]) -> list[NDArray[np.int64]]:
        """Return the places in ``words`` of what each text has, ascending."""
        place = {word: number for number, word in enumerate(self.words)}
        return [np.array(sorted(place[w] for w in self.terms(text) if w in place), np.int64) for text in texts]


def build_vocabulary(
    texts: Sequence[str], cells: NDArray[np.int64], *, words: int, least: int, most: float, visual: float
) -> Vocabulary:
    """Return the words of texts that a photo can show.

    Args:
        texts: of the photos of train.
        cells: number of the cell of each one's vector, int64 (n,), from 0.
        words: how many at the most, the most frequent.
        least: texts that have a word, at the least.
        most: share of the texts that have it, at the most, 0 to 1.
        visual: nats by which the cells of a word's photos differ from those of all photos, at the least: see
            ``_divergence``.
    """
    singles = Counter(word for text in texts for segment in segments(text) for word in segment)
    plurals = _plurals(singles)
    nothing = Vocabulary((), plurals)
    terms = [nothing.terms(text) for text in texts]
    counts = Counter(term for some in terms for term in some)
    highest = most * len(texts)
    kept = [
        term
        for term, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        if least <= count <= highest and _names(term) and _belongs(term, counts, len(texts))
    ]
    place = {term: number for number, term in enumerate(kept)}
    table = np.zeros((len(kept), int(cells.max()) + 1))
    for some, cell in zip(terms, cells.tolist(), strict=True):
        table[[place[term] for term in some if term in place], cell] += 1
    shown = _divergence(table, np.bincount(cells, minlength=table.shape[1])) >= visual
    return Vocabulary(tuple(term for term, shows in zip(kept, shown, strict=True) if shows)[:words], plurals)


def _plurals(counts: Mapping[str, int]) -> dict[str, str]:
    """Word to its singular, where the texts have that too."""
    found = {}
    for word in counts:
        for ending in ("s", "es"):
            stem = word.removesuffix(ending)
            if stem != word and len(stem) > 2 and not stem.endswith("s" if ending == "s" else "e") and stem in counts:
                found[word] = stem
                break
    return found


def _names(term: str) -> bool:
    """Whether it names something: no stop word, no single letter, no pair that has a stop word but for "slip on"."""
    first, _, second = term.partition(" ")
    if first in STOP_WORDS or (second in STOP_WORDS and second not in _PARTICLES):
        return False
    return bool(second) or len(first) > 1


def _belongs(term: str, counts: Mapping[str, int], texts: int) -> bool:
    """Whether the two words of a pair stand together more often than chance has it; a single word always."""
    first, _, second = term.partition(" ")
    if not second:
        return True
    if first == second:
        return False
    together = counts[term] / texts
    bound = np.log(together * texts * texts / (counts[first] * counts[second])) / -np.log(min(together, 1 - 1e-9))
    return bool(bound >= BOUND)


def _divergence(table: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Kullback-Leibler divergence of each word's cells from all cells, nats, less what chance adds.

    A sample of n differs from its source by (cells - 1) / 2n on average: Miller, Note on the Bias of Information
    Estimates, 1955.

    Args:
        table: photos of each word in each cell, (words, cells).
        cells: photos of each cell.
    """
    count = table.sum(1, keepdims=True)
    share, all_share = table / np.maximum(count, 1), cells / cells.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(share > 0, share * np.log(share / all_share), 0)
    found: NDArray[np.float64] = ratio.sum(1) - (np.count_nonzero(cells) - 1) / (2 * np.maximum(count[:, 0], 1))
    return found

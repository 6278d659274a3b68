"""Diacritics put back into Vietnamese that is typed without: "dam do tay dai" as "đầm đỏ tay dài".

Which syllable follows which is counted in the words and captions of training (``diacritics.csv``, made by
``scripts/make_diacritics.py``), so what people type of clothes is known best. A text is Vietnamese without diacritics
if it is likelier as that than as English, by the same counts; what has diacritics or other letters stays.

Source of the search: A. Viterbi, Error bounds for convolutional codes, IEEE Trans. Information Theory, 1967; of the
smoothing: F. Jelinek, R. Mercer, Interpolated estimation of Markov source parameters, 1980.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

__all__ = ["COLUMNS", "COUNTS", "Restorer", "plain", "restorer"]

COUNTS = Path(__file__).with_name("diacritics.csv")

COLUMNS = ("language", "first", "second", "count")
"""How often the first syllable is followed by the second in texts of a language; "" before the first and for all."""

SHARE = 0.7
"""Weight of the pair of syllables beside the syllable alone; chosen on val's queries among .5, .7, .9."""

UNKNOWN, FOREIGN = 1e-6, 1e-9
"""Probability of a syllable that was never counted, and in Vietnamese of what can't be a Vietnamese syllable."""

_WORD = re.compile(r"[^\W_]+", re.UNICODE)

_SYLLABLE = re.compile(
    r"(?:ngh|ch|gh|gi|kh|ng|nh|ph|qu|th|tr|[bcdghklmnprstvx])?"
    r"(?:ieu|yeu|uoi|uou|uye|oai|oay|oeo|uay|[aeiouy]{1,2})(?:ch|ng|nh|[cmnpt])?"
)
"""What a Vietnamese syllable can look like without its marks."""


def plain(text: str) -> str:
    """Return a text without diacritics; đ becomes d.

    >>> plain("đầm đỏ")
    'dam do'
    """
    marked = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return unicodedata.normalize("NFC", "".join(sign for sign in marked if not unicodedata.combining(sign)))


class Restorer:
    """Puts diacritics back.

    Args:
        counts: language, first, second and count of pairs, as ``COLUMNS`` has them.
    """

    def __init__(self, counts: Iterable[tuple[str, str, str, int]]) -> None:
        self._pairs: dict[str, dict[tuple[str, str], int]] = {"vi": defaultdict(int), "en": defaultdict(int)}
        self._singles: dict[str, dict[str, int]] = {"vi": defaultdict(int), "en": defaultdict(int)}
        for language, first, second, count in counts:
            self._pairs[language][first, second] += count
            self._singles[language][second] += count
        self._before = {language: _before(pairs) for language, pairs in self._pairs.items()}
        self._all = {language: sum(singles.values()) for language, singles in self._singles.items()}
        forms: dict[str, list[str]] = defaultdict(list)
        for syllable in self._singles["vi"]:
            forms[plain(syllable)].append(syllable)
        self._forms: Mapping[str, list[str]] = dict(forms)

    def is_plain_vietnamese(self, text: str) -> bool:
        """Return whether a text is Vietnamese without any diacritics, and not English.

        >>> [restorer().is_plain_vietnamese(text) for text in ("ao thun den", "red den dress", "đầm đỏ")]
        [True, False, False]
        """
        words = _WORD.findall(text.lower())
        return bool(words) and text.isascii() and self._best(words)[1] > self._english(words)

    def restore(self, text: str) -> str:
        """Return a text with its diacritics, where it is Vietnamese without; else the text itself.

        >>> restorer().restore("dam do tay dai"), restorer().restore("a red dress")
        ('đầm đỏ tay dài', 'a red dress')
        """
        pieces = list(_WORD.finditer(text))
        if not self.is_plain_vietnamese(text):
            return text
        syllables, _ = self._best([piece.group().lower() for piece in pieces])
        made, end = [], 0
        for piece, syllable in zip(pieces, syllables, strict=True):
            made += [text[end : piece.start()], _cased(syllable, piece.group())]
            end = piece.end()
        return "".join([*made, text[end:]])

    def _best(self, words: list[str]) -> tuple[list[str], float]:
        """Return the most probable syllables that are written so without diacritics, and their log probability."""
        paths: dict[str, tuple[float, list[str]]] = {"": (0.0, [])}
        for word in words:
            found: dict[str, tuple[float, list[str]]] = {}
            for form in self._forms.get(word, [word]):
                found[form] = max(
                    (score + self._log("vi", before, form), [*path, form]) for before, (score, path) in paths.items()
                )
            paths = found
        score, path = max(paths.values())
        return path, score

    def _english(self, words: list[str]) -> float:
        pairs = zip(["", *words], words, strict=False)
        return sum(self._log("en", first, second) for first, second in pairs)

    def _log(self, language: str, first: str, second: str) -> float:
        single = self._singles[language].get(second, 0) / max(1, self._all[language])
        pair = self._pairs[language].get((first, second), 0) / max(1, self._before[language].get(first, 0))
        counted = single or language == "en" or _SYLLABLE.fullmatch(second)
        never = UNKNOWN if counted else FOREIGN
        return math.log(SHARE * pair + (1 - SHARE) * single + never)


def _before(pairs: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """Return how often each syllable is the first of a pair."""
    found: dict[str, int] = defaultdict(int)
    for (first, _), count in pairs.items():
        found[first] += count
    return found


def _cased(syllable: str, as_typed: str) -> str:
    """Return a syllable in the letters that were typed: capitals stay."""
    if as_typed.isupper() and len(as_typed) > 1:
        return syllable.upper()
    return syllable[:1].upper() + syllable[1:] if as_typed[:1].isupper() else syllable


@cache
def restorer() -> Restorer:
    """Return the one of the shipped counts, read once."""
    with COUNTS.open(newline="", encoding="utf-8") as file:
        rows = [(row["language"], row["first"], row["second"], int(row["count"])) for row in csv.DictReader(file)]
    return Restorer(rows)

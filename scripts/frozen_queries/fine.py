"""Queries of ``myntra-fine``: a type with one value of one attribute."""

from __future__ import annotations

from collections.abc import Iterator

from frozen_queries.shop import Row, Shop
from lookseek.evaluate.benchmarks import myntra_fine
from lookseek.train.words.captions import LATE
from lookseek.train.words.lexicon import Language, strip_diacritics

SHOWN = (
    "pattern", "sleeve", "sleeve style", "neckline", "length", "fit", "material", "style", "rise", "ankle height",
    "fastening", "toe", "heel", "heel height", "sock length", "display", "dial", "strap", "frame", "lens",
    "transparency", "distress", "fade", "padding", "bottom", "dupatta", myntra_fine.KIND,
)  # fmt: skip
"""Fields that a photo shows, at least to one who looks closely."""


def fine(shop: Shop) -> Iterator[Row]:
    """Each type with each value that ten have and ten lack."""
    for kind in shop.rows:
        items, facts = shop.subset(kind)
        for field, value in shop.values(kind, SHOWN):
            one = myntra_fine.judge(items, facts, kind, field, value)
            if min(len(one.right), one.wrong) < myntra_fine.LEAST:
                continue
            said = []
            for language in ("en", "vi"):
                word = shop.lexicon.words(field, value, language)[0]
                said.append(word if field == myntra_fine.KIND else _phrase(shop.noun(kind, language), word, language))
            yield kind, field, value, *said, strip_diacritics(said[1])


def _phrase(noun: str, word: str, language: Language) -> str:
    """A noun with what is said of it: "striped shirt", "shirt with a hood", "áo sơ mi kẻ sọc"."""
    late = word.split()[0] in LATE
    return f"{noun} {word}" if language == "vi" or late else f"{word} {noun}"

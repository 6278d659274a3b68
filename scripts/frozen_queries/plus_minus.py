"""Queries of ``myntra-plus-minus``: a type with a value added, taken away, or both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from frozen_queries.shop import MOST, Row, Shop, some_of
from lookseek.catalogue.facts import Facts
from lookseek.catalogue.myntra import MyntraItem
from lookseek.evaluate.benchmarks import myntra_plus_minus
from lookseek.train.words.lexicon import Language, Lexicon, strip_diacritics

SIGNED = ("pattern", "sleeve", "neckline", "length", "sleeve style", "fastening", "heel", "toe", "material", "rise")
"""Fields whose values are added and taken away."""

PARTS = ("sleeve", "sleeve style", "neckline", "fastening", "heel", "toe")
"""Fields that are parts: they are named as such, the others as they look."""


def plus_minus(shop: Shop) -> Iterator[Row]:
    """A type with one value added, one taken away, or both."""
    made: dict[str, list[Row]] = defaultdict(list)
    for kind in shop.rows:
        items, facts = shop.subset(kind)
        values = shop.values(kind, SIGNED)
        pairs = [(plus, minus) for plus in [("", ""), *values] for minus in [("", ""), *values]]
        for plus, minus in pairs:
            if plus[0] == minus[0]:
                continue
            asked = "both" if plus[0] and minus[0] else "plus" if plus[0] else "minus"
            row = (asked, kind, *plus, *minus)
            if _has_enough_items(items, facts, row):
                nouns = {language: shop.noun(kind, language) for language in ("en", "vi")}
                terms = [
                    (nouns[language], *(_term(shop.lexicon, *one, language) if one[0] else "" for one in (plus, minus)))
                    for language in ("en", "vi")
                ]
                made[asked].append((*row, *terms[0], *terms[1], *map(strip_diacritics, terms[1])))
    for asked in ("plus", "minus", "both"):
        yield from some_of(made[asked], MOST)


def _has_enough_items(items: Sequence[MyntraItem], facts: Sequence[Facts], row: Row) -> bool:
    """Whether ten items are right, and each sign excludes ten that would be right without it."""

    def right(plus: Sequence[str], minus: Sequence[str]) -> int:
        names = ("kind", "articleType", "plus_field", "plus_value", "minus_field", "minus_value")
        return len(myntra_plus_minus.judge(items, facts, dict(zip(names, (*row[:2], *plus, *minus), strict=True)))[0])

    plus, minus, nothing = row[2:4], row[4:6], ("", "")
    if right(plus, minus) < myntra_plus_minus.LEAST:
        return False
    if plus[0] and right(nothing, plus) < myntra_plus_minus.LEAST:  # items that lack what is added
        return False
    return not minus[0] or right(minus, nothing) >= myntra_plus_minus.LEAST


def _term(lexicon: Lexicon, field: str, value: str, language: Language) -> str:
    """How people name a value after a plus or a minus: "long sleeves", "hood", "floral"."""
    words = lexicon.words(field, value, language)
    named = [word.removeprefix("with ") for word in words if word.startswith("with ")]
    if field in PARTS and named and value != "sleeveless":
        return named[0].removeprefix("a ").removeprefix("an ")
    return words[0]

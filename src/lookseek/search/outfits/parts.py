"""Which part of an outfit an item is, by the words that its catalogue has for it."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from ...types import Attributes, AttributeValue

__all__ = ["PARTS", "Part", "part_of", "part_of_words"]

Part: TypeAlias = Literal["top", "bottom", "dress", "outerwear", "shoes", "bag", "hat", "scarf", "belt"]
PARTS: tuple[Part, ...] = get_args(Part)

_FIELDS = ("articletype", "product_type_name", "type", "label", "category", "kind", "subcategory", "title", "name")
"""Attributes that say what an item is, the most exact first; lower case."""
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def part_of(attributes: Attributes) -> Part | None:
    """Return the part of an outfit that an item is; None where its attributes don't tell."""
    lower = {name.lower(): value for name, value in attributes.items()}
    for field in _FIELDS:
        if field in lower and (part := part_of_words(_text(lower[field]))):
            return part
    others = (name for name in lower if any(field in name for field in ("title", "name", "category", "type")))
    return next((part for name in others if (part := part_of_words(_text(lower[name])))), None)


def part_of_words(text: str) -> Part | None:
    """Return the part that words name: of several the last, as in "shirt dress", but Vietnamese names it first.

    >>> (
    ...     part_of_words("Denim shirt dress"),
    ...     part_of_words("Blue jeans"),
    ...     part_of_words("áo khoác dài"),
    ...     part_of_words("red"),
    ... )
    ('dress', 'bottom', 'outerwear', None)
    """
    text = text.lower()
    for phrase, part in _PHRASES:
        if phrase in text:
            return part
    known = _words()
    found = [(word, known[word]) for word in _WORD.findall(text) if word in known]
    if not found:
        return None
    return found[0][1] if not found[0][0].isascii() else found[-1][1]


_PHRASES: tuple[tuple[str, Part], ...] = (
    ("áo khoác", "outerwear"),
    ("áo vest", "outerwear"),
    ("chân váy", "bottom"),
    ("váy liền", "dress"),
    ("váy đầm", "dress"),
    ("áo dài tay", "top"),
    ("áo dài", "dress"),
    ("thắt lưng", "belt"),
)
"""Names of several words whose first word alone means another part."""


@cache
def _words() -> dict[str, Part]:
    with Path(__file__).with_name("parts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {word: part for row in rows for part in PARTS if part == row["part"] for word in row["words"].split()}


def _text(value: AttributeValue) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)

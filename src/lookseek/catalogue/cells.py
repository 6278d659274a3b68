"""Converts cells of tables to ids, lists, and attributes where they have a type of their own."""

from __future__ import annotations

import ast
import datetime
import decimal
import json
import math
import unicodedata
from collections.abc import Iterable

from ..types import AttributeValue

__all__ = ["MISSING", "normalise", "read_list", "split_list", "to_attribute", "to_id", "to_list"]

MISSING = frozenset(("", "-", "n/a", "na", "nan", "none", "null"))
"""Words that are a missing value in a column of numbers, booleans, dates or codes."""

MAX_JOINED = 1000
"""Characters of all parts of a list: enough for words, too few for the numbers of an embedding."""
MAX_PARTS = 100
"""Parts of a list."""


def to_attribute(cell: object) -> AttributeValue | None:
    """Return a cell as an attribute's value; None for a missing value and for a type that can't be one."""
    match cell:
        case bool():
            return cell
        case int():
            return cell if -(2**63) <= cell < 2**63 else str(cell)
        case float() | decimal.Decimal():
            number = float(cell)
            return number if math.isfinite(number) else None
        case str():
            return normalise(cell).strip() or None
        case datetime.date() | datetime.time():
            return cell.isoformat()
        case list() | tuple():
            return to_list(cell) or None
        case _:
            return None


def to_list(parts: Iterable[object]) -> tuple[str, ...]:
    """Return the parts of a list as texts, each once; () for one that can't be an attribute."""
    texts = [_part(part) for part in parts if not isinstance(part, list | tuple | dict)]
    found = tuple(dict.fromkeys(text for text in texts if text))
    return found if len(texts) <= MAX_PARTS and sum(map(len, found)) <= MAX_JOINED else ()


def read_list(text: str) -> tuple[str, ...] | None:
    """Return the list that a text holds in JSON or as Python writes it; None where it holds none.

    >>> read_list('["S", "M"]'), read_list("['S', 'M']"), read_list("S, M")
    (('S', 'M'), ('S', 'M'), None)
    """
    if not (text.startswith("[") and text.endswith("]")) or len(text) > 2 * MAX_JOINED:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return to_list(found) if isinstance(found, list) else None
    return None


def split_list(text: str, separators: str) -> tuple[str, ...]:
    """Return the parts of a text between any of these signs."""
    for separator in separators[1:]:
        text = text.replace(separator, separators[0])
    return to_list(text.split(separators[0]) if separators else [text])


def normalise(text: str) -> str:
    """Return text in NFC; lone surrogates, which JSON can hold and UTF-8 cannot, become U+FFFD."""
    if text.isascii():
        return text
    encodable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", encodable)


def to_id(cell: object) -> str:
    """Return a cell as an id, "" for none; 12.0 becomes "12", since a column of integers with gaps holds floats."""
    match cell:
        case str():
            return cell.strip()
        case float():
            return str(int(cell)) if cell.is_integer() else str(cell) if math.isfinite(cell) else ""
        case None | list() | dict() | bytes():
            return ""
        case _:
            return str(cell)


def _part(part: object) -> str:
    value = to_attribute(part)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

"""Converts cells of tables to attributes and ids."""

from __future__ import annotations

import datetime
import decimal
import math
import unicodedata

from ..types import Value

__all__ = ["normalise", "to_attribute", "to_id"]

MAX_JOINED = 1000
"""Characters of a joined list: enough for words, too few for the numbers of an embedding."""


def to_attribute(cell: object) -> Value | None:
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
        case list():
            parts = [to_attribute(part) for part in cell if not isinstance(part, list)]
            joined = ", ".join(str(part) for part in parts if part is not None)
            return joined if 0 < len(joined) <= MAX_JOINED else None
        case _:
            return None


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

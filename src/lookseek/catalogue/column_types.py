"""What the texts of a column stand for: numbers, booleans, dates, lists or words.

The same rules hold for text from CSV, TSV, JSON lines, Parquet and the API. ``Profile`` counts what the cells of a
column look like, ``Profile.decide`` settles on a ``ColumnType``, and that converts each cell.

- Numbers: at least ``MOSTLY`` of the cells are; see ``amounts`` for their forms. The odd others stay text.
- Codes stay text: a column with a leading zero (``007``), with more than a few integers of ``CODE_DIGITS`` digits or
  exponents without a point (``12E4``), and one whose name says so (sku, ean ...).
- Booleans: true/false, yes/no, có/không, y/n in any case; 1/0 beside them, or under a name such as ``is_new``.
- Dates: ISO 8601, or day, month and year in an order that the column's cells decide; kept as ISO 8601.
- Lists: JSON or Python lists, words split by ``|``, and by ``,`` or ``;`` in a column called tags, categories ...
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from ..types import AttributeValue
from .amounts import Decimal, Signs, read_amount, split_amount
from .cells import MISSING, normalise, read_list, split_list
from .dates import DateOrder, date_votes, read_date
from .names import name_key

__all__ = ["BOOLEANS", "Cell", "ColumnType", "Kind", "Profile"]

Kind: TypeAlias = Literal["number", "boolean", "date", "list", "text"]

MOSTLY = 0.8
"""Share of a column's cells that settle its type."""
FEW = 1 - MOSTLY
"""Share of codes from which a column of digits is one of codes."""
PIPED = 0.05
"""Share of cells with a ``|`` from which that sign splits lists."""
CODE_DIGITS = 12
"""Digits from which an integer is a code, e.g. an EAN of 13: no price or count has as many."""


def _names(keys: str) -> frozenset[str]:
    return frozenset(keys.split())


BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "có", "1"), True),
    **dict.fromkeys(("false", "no", "n", "không", "0"), False),
}
"""Words of booleans in lower case."""
_BOOLEAN_NAME = re.compile(r"(?:is|has)(?=[ _A-Z-]).*|published|visible|enabled|available|active", re.IGNORECASE)
_CODE_NAMES = _names(
    "sku variantsku ean ean13 gtin gtin13 upc isbn barcode variantbarcode mpn asin zip postcode phone tel telephone"
)
_LIST_NAMES = _names("tags tag categories keywords labels collections sizes colours colors materials")
_LEADING_ZERO = re.compile(r"-?0[0-9]+")
_EXPONENT_CODE = re.compile(r"[0-9]+[eE][+-]?[0-9]{1,2}")
_ROUNDED = re.compile(r"[0-9]\.[0-9]+[eE]\+(?:1[1-9]|[2-9][0-9])")
_SCIENTIFIC = re.compile(r"-?[0-9]+\.[0-9]+[eE][+-]?[0-9]{1,2}")
_NUMERIC = re.compile(r"[0-9+\-€$£¥₫₹₩₽฿]|[A-Za-zđĐ.]{1,3}\s*-?[0-9]")
_TEXT_MISSING = frozenset(("", "nan", "null"))
"""Words that are a missing value in a column of words too; others, such as "none" or "n/a", may be meant there."""


class Cell(NamedTuple):
    """What a cell became.

    Args:
        value: None for a missing value.
        currency: of a price, "" where none is written.
        odd: why the cell is not of its column's type, the end of a sentence; "" where it is.
    """

    value: AttributeValue | None
    currency: str = ""
    odd: str = ""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column of texts.

    Args:
        kind: what its cells stand for.
        real: of numbers: some have decimals, so all are floats.
        decimal: of numbers: the sign before decimals.
        order: of dates: of day, month and year.
        separator: of lists that are no JSON: what splits them.
        currencies: that stand in its cells, the most frequent first.
        doubt: what could be read otherwise, a sentence; "" where nothing could.
        codes: of text: its cells are codes.
    """

    kind: Kind = "text"
    real: bool = False
    decimal: Decimal = "point"
    order: DateOrder = "ymd"
    separator: str = ""
    currencies: tuple[str, ...] = ()
    doubt: str = ""
    codes: bool = False

    def to_dict(self) -> dict[str, object]:
        """Return what decides how a text is read, as JSON values; what has its default is left out."""
        told: dict[str, object] = {"kind": self.kind, "real": self.real, "decimal": self.decimal, "order": self.order}
        told |= {"separator": self.separator, "codes": self.codes}
        return {name: value for name, value in told.items() if value != getattr(_PLAIN, name)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> ColumnType:
        """Make a type of what ``to_dict`` returned; names that are unknown here are passed over."""
        names = ("kind", "real", "decimal", "order", "separator", "codes")
        return cls(**{name: told[name] for name in names if name in told})

    def read(self, text: str) -> Cell:
        """Convert a cell that holds text."""
        text = normalise(text).strip()
        low = text.lower()
        if low in (_TEXT_MISSING if self.kind == "text" and not self.codes else MISSING):
            return Cell(None)
        match self.kind:
            case "text":
                return self._code(text) if self.codes else Cell(text)
            case "number":
                return self._number(text)
            case "boolean":
                return Cell(BOOLEANS[low]) if low in BOOLEANS else Cell(text, odd="is neither yes nor no")
            case "date":
                date = read_date(text, self.order)
                return Cell(date) if date is not None else Cell(text, odd="is no date")
            case "list":
                found = read_list(text)
                parts = split_list(text, self.separator) if found is None else found
                return Cell(parts or None)

    def _number(self, text: str) -> Cell:
        if _SCIENTIFIC.fullmatch(text):
            return Cell(float(text))
        amount = read_amount(text, self.decimal)
        if amount is None or _is_code(text):
            return Cell(text, odd="is no number" if amount is None else "looks like a code")
        return Cell(float(amount.number) if self.real else amount.number, amount.currency)

    def _code(self, text: str) -> Cell:
        if _ROUNDED.fullmatch(text):
            return Cell(text, odd="is a code that a spreadsheet has rounded, its last digits are lost")
        whole = text.removesuffix(".0")
        return Cell(whole if whole.isdigit() else text)


_PLAIN = ColumnType()


@dataclass(slots=True)
class Profile:
    """Counts what the texts of one column look like. Its size does not grow with the column."""

    cells: int = 0
    numbers: int = 0
    reals: int = 0
    leading_zeros: int = 0
    long: int = 0
    exponents: int = 0
    booleans: int = 0
    bits: int = 0
    dates: int = 0
    json_lists: int = 0
    piped: int = 0
    signs: Signs = field(default_factory=Signs)
    currencies: Counter[str] = field(default_factory=Counter)
    orders: Counter[DateOrder] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Count a cell; a missing value is none."""
        text = text.strip()
        low = text.lower()
        if low in MISSING:
            return
        self.cells += 1
        if low in BOOLEANS:
            self.booleans += 1
            self.bits += low in ("0", "1")
        if text[0] == "[" and read_list(text) is not None:
            self.json_lists += 1
        elif "|" in text:
            self.piped += 1
        elif _NUMERIC.match(text):
            self._add_digits(text)

    def add_native(self, *, is_number: bool) -> None:
        """Count a cell that has the type of a number or a boolean already."""
        self.cells += 1
        self.numbers += is_number
        self.booleans += not is_number

    def _add_digits(self, text: str) -> None:
        if orders := date_votes(text):
            self.dates += 1
            self.orders.update(orders)
        if _EXPONENT_CODE.fullmatch(text):
            self.exponents += 1
        elif _SCIENTIFIC.fullmatch(text):
            self.numbers += 1
            self.reals += 1
            self.long += bool(_ROUNDED.fullmatch(text))
        elif (parts := split_amount(text)) is not None:
            self.numbers += 1
            digits, currency = parts
            self.leading_zeros += bool(_LEADING_ZERO.fullmatch(text))
            self.long += _is_code(text)
            self.signs.note(digits.removeprefix("-"))
            if currency:
                self.currencies[currency] += 1
        elif text.isdigit():
            self.long += 1  # too many digits for any number

    def decide(self, name: str, *, is_price: bool = False, decimal: Decimal | None = None) -> ColumnType:
        """Return the type of the column.

        Args:
            name: the column's.
            is_price: whether it holds prices.
            decimal: the decimal sign as a person gave it; None to take it from the cells.
        """
        most = MOSTLY * self.cells
        key = name_key(name)
        if self.cells == 0:
            return ColumnType()
        if self.json_lists >= most:
            return ColumnType("list")
        if key in _LIST_NAMES and self.numbers < most:
            return ColumnType("list", separator="|" if self.piped else ",;")
        if (
            self.piped > PIPED * self.cells
            and self.numbers < most
            and not key.startswith(("title", "name", "description", "design"))
        ):
            return ColumnType("list", separator="|")
        if self.booleans >= most and (self.bits < self.booleans or _BOOLEAN_NAME.fullmatch(name)):
            return ColumnType("boolean")
        if self.dates >= most:
            return self._dates()
        if key in _CODE_NAMES or self._are_codes(is_price):
            return ColumnType(codes=True)
        if self.numbers < most:
            return ColumnType()
        sign = decimal or self.signs.decimal(is_price=is_price or bool(self.currencies))
        doubtful = decimal is None and self.signs.is_ambiguous()
        return ColumnType(
            "number",
            real=bool(self.reals) or self.signs.has_decimals(sign),
            decimal=sign,
            currencies=tuple(currency for currency, _ in self.currencies.most_common()),
            doubt=_number_doubt(sign, bool(self.signs.either_point)) if doubtful else "",
        )

    def _are_codes(self, is_price: bool) -> bool:
        codes = self.long + self.exponents
        return (bool(self.leading_zeros) and not is_price) or codes > FEW * self.cells

    def _dates(self) -> ColumnType:
        orders = [order for order, count in self.orders.most_common() if count >= self.dates * MOSTLY]
        if len(orders) > 1:
            order = "dmy" if "dmy" in orders else orders[0]
            doubt = "day and month could be exchanged: write dates as 2026-01-31 if they are"
            return ColumnType("date", order=order, doubt=doubt)
        return ColumnType("date", order=orders[0]) if orders else ColumnType()


def _is_code(text: str) -> bool:
    return len(text.removesuffix(".0")) >= CODE_DIGITS and text.removesuffix(".0").isdigit()


def _number_doubt(sign: Decimal, point: bool) -> str:
    written, other = ("99.000", "comma" if sign == "point" else "point") if point else ("1,299", "comma")
    number = {("99.000", "point"): "99", ("99.000", "comma"): "99000", ("1,299", "point"): "1299"}.get(
        (written, sign), "1.299"
    )
    return f"{written} is read as {number}: if that is wrong, give --decimal {other}"

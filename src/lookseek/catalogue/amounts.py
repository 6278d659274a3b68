"""Numbers as people write them: decimal and grouping signs of any country, with a currency or without.

``1.299.000``, ``1,299.00``, ``1 299,00``, ``$99``, ``49,90 EUR`` and ``99.000đ`` are numbers. Which sign is the decimal
one is a matter of the whole column (``Signs``): ``99.000`` alone could be either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Amount", "Decimal", "Signs", "read_amount", "split_amount"]

Decimal: TypeAlias = Literal["point", "comma"]
"""The sign before the decimals; the other one groups thousands."""

_CODES = (
    "USD EUR GBP VND JPY CNY INR KRW THB IDR MYR SGD PHP AUD NZD CAD CHF SEK NOK DKK PLN CZK HUF RON TRY BRL MXN RUB "
    "HKD TWD ZAR AED SAR UAH ILS CLP COP ARS PEN EGP NGN KES PKR BDT LKR"
)
"""Currencies of ISO 4217 that may stand beside a number."""
_MARKS = {
    **{"€": "EUR", "£": "GBP", "₫": "VND", "đ": "VND", "vnđ": "VND", "₹": "INR", "rs": "INR", "rs.": "INR"},
    **{"us$": "USD", "$": "$", "¥": "¥", "₩": "KRW", "₽": "RUB", "zł": "PLN", "kr": "kr", "kč": "CZK", "฿": "THB"},
    **{code.lower(): code for code in _CODES.split()},
}
"""Mark to currency; $, ¥ and kr are those of several countries and stay as they are."""

_MARK = "|".join(re.escape(mark) for mark in sorted(_MARKS, key=len, reverse=True))
_AMOUNT = re.compile(rf"(-?)\s*({_MARK})?\s*(-?)([0-9][0-9.,'\u2019\u00a0\u202f ]*)(,-)?\s*({_MARK})?", re.IGNORECASE)
_SPACED = re.compile(r"[0-9]{1,3}(?:['\u2019\u00a0\u202f ][0-9]{3})+(?:[.,][0-9]+)?")
_SPACES = str.maketrans("", "", "'\u2019\u00a0\u202f ")
_GROUPED = {sign: re.compile(rf"[0-9]{{1,3}}(?:\{sign}[0-9]{{3}})+") for sign in ".,"}
MOST_DIGITS = 18
"""Digits of an integer: one of 64 bits holds them all."""


class Amount(NamedTuple):
    """A number and its currency.

    Args:
        number: an int where no decimals are written.
        currency: a code of ISO 4217, or the mark where that could mean several; "" for none.
    """

    number: int | float
    currency: str


@dataclass(slots=True)
class Signs:
    """What the cells of a column say of its decimal sign, counted.

    Args:
        point: cells that only fit a decimal point, e.g. ``1,299.00`` and ``9.5``.
        comma: cells that only fit a decimal comma, e.g. ``1.299.000`` and ``9,5``.
        either_point: cells such as ``99.000``.
        either_comma: cells such as ``1,299``.
        decimals: of the cells that only fit one sign those that have decimals.
    """

    point: int = 0
    comma: int = 0
    decimals: int = 0
    either_point: int = 0
    either_comma: int = 0

    def note(self, digits: str) -> None:
        """Count one number, as ``split_amount`` gives it."""
        points, commas = digits.count("."), digits.count(",")
        if points and commas:
            self._vote(digits.rindex(".") > digits.rindex(","))
            self.decimals += 1
        elif points > 1 or commas > 1:
            self._vote(commas > 1)
        elif points or commas:
            whole, _, rest = digits.partition("." if points else ",")
            if len(rest) != 3 or len(whole) > 3 or whole.startswith("0"):
                self._vote(bool(points))
                self.decimals += 1
            elif points:
                self.either_point += 1
            else:
                self.either_comma += 1

    def decimal(self, *, is_price: bool) -> Decimal:
        """Return the decimal sign of the column.

        Args:
            is_price: prices are hardly ever written with three decimals, so ``99.000`` is 99000.
        """
        if self.point != self.comma:
            return "point" if self.point > self.comma else "comma"
        return "comma" if is_price and self.either_point and not self.either_comma else "point"

    def has_decimals(self, decimal: Decimal) -> bool:
        """Return whether some cells have decimals, where this is the decimal sign."""
        return bool(self.decimals or (self.either_point if decimal == "point" else self.either_comma))

    def is_ambiguous(self) -> bool:
        """Return whether no cell decides which sign it is, though some would differ."""
        return self.point == self.comma and bool(self.either_point or self.either_comma)

    def _vote(self, point: bool) -> None:
        if point:
            self.point += 1
        else:
            self.comma += 1


@lru_cache(maxsize=1 << 14)  # prices and counts repeat
def split_amount(cell: str) -> tuple[str, str] | None:
    """Return the digits of a number with their signs, blanks taken out, and the currency beside them.

    Args:
        cell: text without blanks around it.

    Returns:
        None where it is no number of at most ``MOST_DIGITS`` digits with at most one currency.

    >>> split_amount("1 299,00 EUR"), split_amount("-$5"), split_amount("size 5")
    (('1299,00', 'EUR'), ('-5', '$'), None)
    """
    found = _AMOUNT.fullmatch(cell)
    if found is None:
        return None
    sign, before, inner_sign, digits, _, after = found.groups()
    digits = digits.rstrip()
    if (before and after) or (sign and inner_sign) or not digits[-1].isdigit():
        return None
    if not set(digits).isdisjoint("'\u2019\u00a0\u202f "):
        if not _SPACED.fullmatch(digits):
            return None
        digits = digits.translate(_SPACES)
    if sum(map(str.isdigit, digits)) > MOST_DIGITS:
        return None
    mark = before or after or ""
    return (sign or inner_sign) + digits, _MARKS[mark.lower()] if mark else ""


def read_amount(cell: str, decimal: Decimal) -> Amount | None:
    """Return the number that a cell holds in a column with this decimal sign; None where it holds none.

    >>> read_amount("199.000", "comma"), read_amount("199.000", "point"), read_amount("49,90 EUR", "comma")
    (Amount(number=199000, currency=''), Amount(number=199.0, currency=''), Amount(number=49.9, currency='EUR'))
    """
    parts = split_amount(cell)
    if parts is None:
        return None
    digits, currency = parts
    minus, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    sign, group = (".", ",") if decimal == "point" else (",", ".")
    whole, has_decimals, decimals = digits.partition(sign)
    if group in whole:
        if not _GROUPED[group].fullmatch(whole):
            return None
        whole = whole.replace(group, "")
    if not whole.isdigit() or (has_decimals and not decimals.isdigit()):
        return None
    number = float(f"{minus}{whole}.{decimals}") if has_decimals else int(minus + whole)
    return Amount(number, currency)

"""Dates in filters: ``since > 2026-01-31`` compares texts that are dates as ISO 8601 writes them.

A text is a date if it is ``2026-01-31``, or that with a time after ``T`` or a blank: ``09:30``, ``09:30:15``,
``09:30:15.5``; after seconds also with a zone, ``Z`` or ``+07:00``. Without a zone it is of UTC, without a time of
midnight. A literal without a time means its whole day: ``> 2026-01-31`` begins with February.
"""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import Literal, TypeAlias, cast

__all__ = ["DateLimit", "date_limit", "instant_of"]

DateLimit: TypeAlias = tuple[Literal["<", "<=", ">", ">="], datetime.datetime]
"""How an instant must compare with another."""

_DATE = re.compile(
    r"\s*\+?([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?"
)


@lru_cache(4096)
def instant_of(text: str) -> datetime.datetime | None:
    """Return the instant of a text that is a date; None of any other.

    >>> instant_of("2026-01-31T09:30:00+07:00"), instant_of("soon")
    (datetime.datetime(2026, 1, 31, 2, 30, tzinfo=datetime.timezone.utc), None)
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        instant = datetime.datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=datetime.UTC
        )
        instant += datetime.timedelta(seconds=float(fraction or 0)) - _offset(zone)
    except (ValueError, OverflowError):
        return None
    return instant


def date_limit(op: str, text: str) -> DateLimit | None:
    """Return what a comparison with a date demands; None where the text is no date.

    Args:
        op: one of ``<``, ``<=``, ``>``, ``>=``.
        text: the literal.
    """
    instant = instant_of(text)
    if instant is None:
        return None
    if ":" not in text and op in (">", "<="):
        try:
            next_day = instant + datetime.timedelta(days=1)
        except OverflowError:
            next_day = datetime.datetime.max.replace(tzinfo=datetime.UTC)
        return (">=" if op == ">" else "<"), next_day
    return cast('Literal["<", "<=", ">", ">="]', op), instant


def _offset(zone: str | None) -> datetime.timedelta:
    if zone in (None, "Z"):
        return datetime.timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return datetime.timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)

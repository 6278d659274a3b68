"""Dates as people write them, turned into ISO 8601."""

from __future__ import annotations

import datetime
import re
from typing import Literal, TypeAlias

__all__ = ["DateOrder", "date_votes", "read_date"]

DateOrder: TypeAlias = Literal["ymd", "dmy", "mdy"]

_SIGNS = frozenset("-/.")
_TIME = r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)\s*(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([0-9]{{4}}){_TIME}")


def date_votes(text: str) -> list[DateOrder]:
    """Return the orders in which a text is a date; none where it is no date.

    >>> date_votes("2026-01-31"), date_votes("31/12/2026"), date_votes("1/2/2026"), date_votes("12")
    (['ymd'], ['dmy'], ['dmy', 'mdy'], [])
    """
    if len(text) < 8 or not (_SIGNS & set(text[1:5])):
        return []
    orders: tuple[DateOrder, ...] = ("ymd", "dmy", "mdy")
    return [order for order in orders if read_date(text, order) is not None]


def read_date(text: str, order: DateOrder) -> str | None:
    """Return a date as ISO 8601, with its time where it has one; None where it is none of this order.

    >>> read_date("31.12.2026", "dmy"), read_date("2026/1/5 09:30", "ymd")
    ('2026-12-31', '2026-01-05T09:30')
    """
    if len(text) < 8:
        return None
    found = (_YEAR_FIRST if order == "ymd" else _YEAR_LAST).fullmatch(text)
    if found is None:
        return None
    first, _, second, third, time, zone = found.groups()
    year, month, day = {
        "ymd": (first, second, third),
        "dmy": (third, second, first),
        "mdy": (third, first, second),
    }[order]
    try:
        date = datetime.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
    if zone and len(time) == len("09:30"):
        time += ":00"  # filters read a zone after seconds alone
    return f"{date}T{time}{zone or ''}" if time else date

"""What an index job reports when it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..store import StoreType, capabilities
from ..types import Skipped
from .duplicates import Duplicates


@dataclass(frozen=True, slots=True)
class Summary:
    """What a job did.

    Args:
        items: how many the index holds now.
        added: how many of the catalogue's items are new.
        changed: how many have another photo or other attributes than before.
        unchanged: how many are as they were.
        removed: how many went.
        encoded: how many photos went through the model.
        skipped: how many were left out, by kind.
        duplicates: photos that the index holds more than once.
        runtime: what ran the model for the index's photos; several, joined by " + ", differ a little.
        interrupted: the job was stopped before the catalogue's end.
        seconds: how long it took.
        notes: what a person should know of the index, a line each.
        odd: column to the lines whose cells are not of its type; they are kept as text.
    """

    items: int
    added: int
    changed: int
    unchanged: int
    removed: int
    encoded: int
    skipped: Mapping[str, int]
    duplicates: Duplicates
    runtime: str
    interrupted: bool
    seconds: float
    notes: tuple[str, ...] = ()
    odd: Mapping[str, Sequence[int]] = field(default_factory=dict)


SKIPPED_COLUMNS = ("where", "kind", "reason", "line", "column", "value", "remedy")
"""The columns of ``skipped.csv``."""


def skipped_row(skipped: Skipped) -> tuple[str, ...]:
    """Return a line of ``skipped.csv``; what to do is what follows the last colon of the reason."""
    remedy = skipped.reason.rpartition(": ")[2] if ": " in skipped.reason else ""
    line = str(skipped.line) if skipped.line else ""
    cells = (skipped.where, skipped.kind, skipped.reason, line, skipped.column, skipped.value, remedy)
    return tuple(map(as_cell, cells))


DUPLICATE_COLUMNS = ("kind", "group", "id")
"""The columns of ``duplicates.csv``."""


def duplicate_rows(duplicates: Duplicates) -> Iterator[tuple[str, int, str]]:
    """Yield the lines of ``duplicates.csv``: an item each, those of one group under its number."""
    for kind, groups in (("same bytes", duplicates.same), ("near-identical", duplicates.near)):
        for number, ids in enumerate(groups, 1):
            yield from ((kind, number, as_cell(id)) for id in ids)


def store_notes(fallback: str, store: StoreType, items: int, prefix: str) -> tuple[str, ...]:
    """Return what a person should know of the store that keeps the index, a line each.

    Args:
        fallback: why it is not the default store; "" where it is.
        store: which it is.
        items: how many it has.
        prefix: of the ids of the source that was indexed; "" for none.
    """
    limit, notes = capabilities(store).most_items, [fallback] if fallback else []
    if limit is not None and items > limit:
        notes.append(
            f"the {store} store compares a query with all {items:,} items, and is meant for up to {limit:,}: a new "
            "index with --store edge is searched by a graph"
        )
    if prefix:
        notes.append(f"ids of this source begin with {prefix}, since another source has items of the same ids")
    return tuple(notes)


def as_cell(text: str) -> str:
    """Return a text for a cell of a CSV file that people open as a spreadsheet, which runs what looks like a formula.

    >>> as_cell("=cmd|' /C calc'!A0"), as_cell("dress-1")
    ("'=cmd|' /C calc'!A0", 'dress-1')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

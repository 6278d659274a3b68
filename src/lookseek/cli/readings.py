"""Prints how a table is read, and what a job would do with a source, before anything is encoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console

from ..types import AttributeValue, Item, Skipped
from .console import err, out, print_line
from .exit_codes import ALL_WELL, NOTHING_KEPT, SOME_SKIPPED

if TYPE_CHECKING:
    from ..catalogue import Catalogue
    from ..catalogue.reading import Reading

__all__ = ["dry_run", "print_source"]

_COLUMNS = 30
"""Columns of a table that are printed."""
_ROWS = 5
"""Items that a dry run shows."""
_SHOWN = 6
"""Attributes of such an item."""


def print_source(catalogue: Catalogue, console: Console) -> None:
    """Print how a source is read, and what a person should know of it."""
    from ..catalogue import notes_of, reading_of

    reading = reading_of(catalogue)
    if reading is not None:
        _print_reading(reading, console)
    _print_notes(notes_of(catalogue), console)


def _print_reading(reading: Reading, console: Console) -> None:
    """Print which column of a table is what, how its texts are read, and what could be read otherwise."""
    layout = f", known as {reading.layout}" if reading.layout else ""
    console.print(f"{reading.name}: {reading.rows:,} rows{layout}", markup=False, soft_wrap=True)
    rows = [(column.column, column.role or "attribute", column.type, column.example) for column in reading.columns]
    _print_table([("column", "used as", "read as", "e.g."), *rows[:_COLUMNS]], console)
    hidden = len(reading.columns) - _COLUMNS
    if hidden > 0:
        console.print(f"and {hidden:,} more attributes", markup=False)
    if reading.left_out:
        left = ", ".join(reading.left_out)
        console.print(f"left out, no text, number or list, or without a name: {left}", markup=False, soft_wrap=True)
    _print_notes(reading.notes, console)


def dry_run(catalogue: Catalogue) -> int:
    """Print what an index job would read and skip; nothing is encoded or written.

    Returns:
        The exit code that the job would have for what is skipped before photos are decoded.
    """
    print_source(catalogue, out)
    entries = iter(catalogue)
    items: list[Item] = []
    skipped: Counter[str] = Counter()
    odd: Counter[str] = Counter()
    examples: dict[str, Skipped] = {}
    count = 0
    for entry in entries:
        if isinstance(entry, Skipped):
            skipped[entry.kind] += 1
            examples.setdefault(entry.kind, entry)
            continue
        count += 1
        odd.update(remark.column for remark in entry.remarks)
        for remark in entry.remarks:
            examples.setdefault(remark.column, remark)
        if len(items) < _ROWS:
            items.append(entry)
    _print_items(items)
    print_line(f"{catalogue.name}: {count:,} items would be indexed, {skipped.total():,} entries skipped")
    for kind, number in skipped.most_common():
        print_line(f"skipped, {kind}: {number:,}, e.g. {examples[kind].reason}")
    for column, number in odd.most_common():
        print_line(f"kept as text, unlike the rest of {column}: {number:,}, e.g. {examples[column].reason}")
    err.print("nothing was encoded or written: --dry-run")
    return NOTHING_KEPT if not count else SOME_SKIPPED if skipped else ALL_WELL


def _print_notes(notes: Sequence[str], console: Console) -> None:
    for note in notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)


def _print_items(items: list[Item]) -> None:
    names = list(dict.fromkeys(name for item in items for name in item.attributes))[:_SHOWN]
    rows = [[item.id, *(_short(item.attributes.get(name)) for name in names)] for item in items]
    if items:
        _print_table([["id", *names], *rows], out)


def _short(value: AttributeValue | None) -> str:
    text = "" if value is None else ", ".join(islice(value, 10)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 24 else f"{text[:23]}…"


def _print_table(rows: Sequence[Sequence[str]], console: Console) -> None:
    """Print rows in columns, the first one bold. No row is broken or cut, so that names can be copied."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        line = "  ".join(cells).rstrip()
        console.print(line, markup=False, soft_wrap=True, style="bold" if number == 0 else "")

"""Photos that no column names but whose place follows from one: ``images/{id}.jpg``, ``images/{id:.3}/{id}.jpg``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..errors import CatalogueError
from .cells import to_id
from .columns import resolve_column
from .names import name_key

__all__ = ["PhotoPattern", "guess_pattern"]

_FIELD = re.compile(r"\{([^{}:]+)(?::\.([0-9]{1,2}))?\}")
_GUESSES = tuple(
    f"{folder}{{{{{{name}}}}}}.{end}"
    for folder in ("images/", "img/", "photos/", "")
    for end in ("jpg", "jpeg", "png", "webp")
)
_HM_DIGITS = 10
"""Digits of H&M's article ids, whose leading zero is lost where a program read them as numbers."""


class PhotoPattern:
    """The place of a row's photo, made of its cells.

    Args:
        text: a path with columns in braces; ``{id:.3}`` takes the first three characters.
        columns: of the table.

    Raises:
        CatalogueError: no column in braces, or one that the table lacks.
    """

    def __init__(self, text: str, columns: tuple[str, ...]) -> None:
        self.text = text
        by_key = {name_key(name): name for name in columns}
        self._parts: list[tuple[str, str, int | None]] = []
        at = 0
        for found in _FIELD.finditer(text):
            name = by_key.get(name_key(found[1])) or resolve_column(columns, found[1])
            self._parts.append((text[at : found.start()], name, int(found[2]) if found[2] else None))
            at = found.end()
        self._end = text[at:]
        if not self._parts:
            raise CatalogueError(
                f"the pattern {text!r} names no column: write one in braces, e.g. images/{{id}}.jpg. There are: "
                f"{', '.join(columns)}"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs."""
        return tuple(dict.fromkeys(name for _, name, _ in self._parts))

    def path(self, cells: Mapping[str, object]) -> str:
        """Return the path of a row's photo; "" where a cell that it needs is empty."""
        parts = []
        for before, name, length in self._parts:
            text = to_id(cells.get(name))
            if not text:
                return ""
            if name_key(name) == "articleid" and text.isdigit():
                text = text.zfill(_HM_DIGITS)
            parts.append(before + (text if length is None else text[:length]))
        return "".join(parts) + self._end


def guess_pattern(
    known: Sequence[str],
    id_column: str | None,
    columns: tuple[str, ...],
    sample: Iterable[Mapping[str, object]],
    is_there: Callable[[str], bool],
) -> PhotoPattern | None:
    """Return the pattern by which nine in ten photos of a sample of rows are there; None if there is none.

    Args:
        known: patterns of the table's layout, tried first.
        id_column: of the table; None for none.
        columns: of the table.
        sample: cells of some rows.
        is_there: whether there is a file of this path.
    """
    guesses = [*known, *(guess.format(name=id_column) for guess in _GUESSES if id_column)]
    rows = list(sample)
    for guess in guesses:
        try:
            pattern = PhotoPattern(guess, columns)
        except CatalogueError:
            continue
        if rows and sum(is_there(pattern.path(cells)) for cells in rows) >= 0.9 * len(rows):
            return pattern
    return None

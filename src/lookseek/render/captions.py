"""The words of a query in a picture of its results: in the place of the photo, or below it."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import ImageDraw

from ..query import Query, Term
from .lettering import wrapped, write_line

__all__ = ["lines_of", "write_below", "write_inside"]

_SIZES = (22, 18, 15, 12)
"""Pixels of letters, the largest that fits: a few words are read from afar, a long sentence still stands there."""

_LEADING = 1.3
"""Height of a line by the size of its letters; Vietnamese letters carry two marks."""

_PADDING = 12
"""Pixels around words that stand in a cell."""

_SMALL, _MOST = 14, 9
"""Below a photo: pixels of letters, and lines."""

Colour = tuple[int, int, int]


def lines_of(query: Query) -> list[str]:
    """What a query says beside its own photo, an entry a part: "red dress", "+ long sleeves", "- logo x 0.5"."""
    terms = (f"{sign} {_said(term)}" for sign, some in (("+", query.plus), ("-", query.minus)) for term in some)
    item = [f"as {query.item}"] if query.item else []
    examples = (f"{word} {id_}" for word, ids in (("like", query.like), ("unlike", query.unlike)) for id_ in ids)
    return [*item, *([query.text] if query.text else []), *terms, *examples]


def write_inside(
    pen: ImageDraw.ImageDraw, place: tuple[int, int], side: int, lines: Sequence[str], colour: Colour, face: str
) -> None:
    """Write words in the middle of a square, as large as they fit; what doesn't is cut with an ellipsis.

    Args:
        pen: of the picture.
        place: x and y of the square's upper left corner, pixels.
        side: of the square, pixels.
        lines: as ``lines_of`` gives them.
        colour: of the letters.
        face: as ``face_for`` gives it.
    """
    width = side - 2 * _PADDING
    for size in _SIZES:
        most = int(width / (_LEADING * size))
        rows = wrapped(lines, size, width, face)
        if len(rows) <= most:
            break
    rows = _cut(rows, most)
    top = place[1] + (side - len(rows) * _LEADING * size) / 2
    for number, row in enumerate(rows):
        write_line(pen, (place[0] + _PADDING, round(top + number * _LEADING * size)), row, size, colour, width, face)


def write_below(
    pen: ImageDraw.ImageDraw | None,
    place: tuple[int, int],
    width: int,
    lines: Sequence[str],
    colour: Colour,
    face: str,
) -> int:
    """Write words in a column.

    Args:
        pen: of the picture; None only measures.
        place: x and y of the upper left corner, pixels.
        width: of the column, pixels.
        lines: as ``lines_of`` gives them.
        colour: of the letters.
        face: as ``face_for`` gives it.

    Returns:
        The height, pixels.
    """
    rows, step = _cut(wrapped(lines, _SMALL, width, face), _MOST), round(_LEADING * _SMALL)
    for number, row in enumerate(rows if pen is not None else ()):
        assert pen is not None
        write_line(pen, (place[0], place[1] + number * step), row, _SMALL, colour, width, face)
    return len(rows) * step


def _cut(rows: list[str], most: int) -> list[str]:
    """At the most so many rows; the last one then runs on, and is cut with an ellipsis where it is written."""
    return rows if len(rows) <= most else [*rows[: most - 1], " ".join(rows[most - 1 :])]


def _said(term: Term) -> str:
    """A term, and its weight unless that is 1."""
    return term.name if term.weight == 1 else f"{term.name} x {term.weight:g}"

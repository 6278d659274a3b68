"""Draws the words of a query into a picture of its results: in place of the photo, or below it."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import ImageDraw

from ..query import Query, Term
from .lettering import draw_line, wrap_text

__all__ = ["caption_lines", "draw_caption_below", "draw_caption_inside"]

_SIZES = (22, 18, 15, 12)
"""Font sizes in pixels; the largest that fits is used, so that a long sentence is still shown."""

_LEADING = 1.3
"""Line height as a multiple of the font size; Vietnamese letters carry two marks."""

_PADDING = 12
"""Pixels around words inside a cell."""

_BELOW_SIZE, _BELOW_ROWS = 14, 9
"""Below a photo: the font size in pixels, and the number of lines at most."""

Colour = tuple[int, int, int]


def caption_lines(query: Query) -> list[str]:
    """Return the parts of a query beside its photo, an entry a part: "red dress", "+ long sleeves", "- logo x 0.5"."""
    terms = (f"{sign} {_term(term)}" for sign, terms in (("+", query.plus), ("-", query.minus)) for term in terms)
    item = [f"as {query.item}"] if query.item else []
    examples = (f"{word} {id_}" for word, ids in (("like", query.like), ("unlike", query.unlike)) for id_ in ids)
    return [*item, *([query.text] if query.text else []), *terms, *examples]


def draw_caption_inside(
    draw: ImageDraw.ImageDraw, position: tuple[int, int], side: int, lines: Sequence[str], colour: Colour, face: str
) -> None:
    """Write words in the middle of a square, as large as they fit; a longer text ends in an ellipsis.

    Args:
        draw: draws on the picture.
        position: x and y of the square's upper left corner, pixels.
        side: of the square, pixels.
        lines: as ``caption_lines`` returns them.
        colour: of the letters.
        face: as ``choose_font`` returns it.
    """
    width = side - 2 * _PADDING
    for size in _SIZES:
        max_rows = int(width / (_LEADING * size))
        rows = wrap_text(lines, size, width, face)
        if len(rows) <= max_rows:
            break
    rows = _truncate(rows, max_rows)
    top = position[1] + (side - len(rows) * _LEADING * size) / 2
    for number, row in enumerate(rows):
        draw_line(draw, (position[0] + _PADDING, round(top + number * _LEADING * size)), row, size, colour, width, face)


def draw_caption_below(
    draw: ImageDraw.ImageDraw | None,
    position: tuple[int, int],
    width: int,
    lines: Sequence[str],
    colour: Colour,
    face: str,
) -> int:
    """Write words in a column.

    Args:
        draw: draws on the picture; None only measures.
        position: x and y of the upper left corner, pixels.
        width: of the column, pixels.
        lines: as ``caption_lines`` returns them.
        colour: of the letters.
        face: as ``choose_font`` returns it.

    Returns:
        The height, pixels.
    """
    rows = _truncate(wrap_text(lines, _BELOW_SIZE, width, face), _BELOW_ROWS)
    step = round(_LEADING * _BELOW_SIZE)
    for number, row in enumerate(rows if draw is not None else ()):
        assert draw is not None
        draw_line(draw, (position[0], position[1] + number * step), row, _BELOW_SIZE, colour, width, face)
    return len(rows) * step


def _truncate(rows: list[str], limit: int) -> list[str]:
    """Return at most ``limit`` rows: the last one holds all the rest, which ``draw_line`` cuts with an ellipsis."""
    return rows if len(rows) <= limit else [*rows[: limit - 1], " ".join(rows[limit - 1 :])]


def _term(term: Term) -> str:
    """Return a term's name, and its weight unless that is 1."""
    return term.name if term.weight == 1 else f"{term.name} x {term.weight:g}"

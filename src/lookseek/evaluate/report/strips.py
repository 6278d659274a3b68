"""Pictures of queries with their answers: what was asked, what the model saw, what was found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from ... import images
from ...errors import LookseekError
from ...render.lettering import choose_font, draw_line, load_font, replace_missing_glyphs
from ...render.strip import draw_strip
from ...render.tile import CELL, MARGIN, Tile, tile_position
from ...types import Photo, Pixels
from ..outcome import Evaluation
from ..task import Loaded
from .answers import AnsweredQuery

__all__ = ["card", "strip"]

COLUMNS = 5
"""Answers in a row: ten make two rows, and what the model saw fits below the query."""

LETTERS, LEADING, PADDING = 15, 20, 12
"""Of words on cards, pixels: their size, from line to line, and around them."""

INK, CARD = (34, 36, 40), (236, 239, 245)

BELOW = 54
"""Pixels below the photos of a strip's last row."""

LONGEST = 2_000
"""Characters of a text that are looked at; a card holds some 150."""


def strip(asked: AnsweredQuery, evaluation: Evaluation) -> Pixels | None:
    """Draw a query with its answers, right ones framed green and wrong ones red.

    Photos that can't be had or read are placeholders; words that stand for a photo, and queries in words alone, are
    written on a card.

    Args:
        asked: the query and its answers.
        evaluation: that they are of.

    Returns:
        uint8 (height, width, 3), white where nothing is; None where there is nothing to show of any of them.
    """
    loaded, query = evaluation.loaded, asked.query
    if not any(id in loaded.photos or id in loaded.texts for id in (query.photo, *(a.id for a in asked.answers))):
        return None
    picture = _shown(query.photo, loaded) if query.photo else card(query.said)
    tiles = [
        Tile(_shown(answer.id, loaded), answer.rank, answer.score, _caption(answer.id, loaded), answer.right)
        for answer in asked.answers
    ]
    title = query.text[:LONGEST] if query.photo else ""
    sheet = draw_strip(picture, tiles, title, COLUMNS)
    seen = None if evaluation.seen is None else _had(query.photo, loaded, evaluation.seen)
    return sheet if seen is None else _with_seen(sheet, seen, bool(title))


def _shown(id: str, loaded: Loaded) -> Pixels | None:
    if id not in loaded.photos and id in loaded.texts:
        return card(loaded.texts[id])
    return _had(id, loaded, lambda photo: images.decode(photo, min_side=CELL))


def _had(id: str, loaded: Loaded, look: Callable[[Photo], Pixels]) -> Pixels | None:
    """Return the result of ``look`` for a photo; None where the photo is missing or can't be read."""
    try:
        photo = loaded.photos.get(id)
        return None if photo is None else look(photo)
    except (LookseekError, OSError):
        return None


def _caption(id: str, loaded: Loaded) -> str:
    label = loaded.labels.get(id)
    return f"{label} · {id}" if label else id


def _with_seen(sheet: Pixels, seen: Pixels, titled: bool) -> Pixels:
    """Put what the model saw below the query, framed as that is."""
    top = tile_position(COLUMNS, COLUMNS, titled)[1]
    sheet = np.pad(sheet, ((0, max(0, top + CELL + BELOW - len(sheet))), (0, 0), (0, 0)), constant_values=255)
    alone = draw_strip(seen, [])
    sheet[top : top + CELL, MARGIN : MARGIN + CELL] = alone[MARGIN : MARGIN + CELL, MARGIN : MARGIN + CELL]
    picture = Image.fromarray(sheet)
    draw_line(ImageDraw.Draw(picture), (MARGIN, top + CELL + 7), "what the model saw", 14, INK, CELL, "")
    return np.array(picture)


def card(text: str) -> Pixels:
    """Words as a picture, uint8 (CELL, CELL, 3): as many lines as it has room for, then an ellipsis."""
    text = text[:LONGEST]
    face = choose_font([text])
    font = load_font(face, LETTERS)
    width, most = CELL - 2 * PADDING, (CELL - 2 * PADDING) // LEADING
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(lines) < most and font.getlength(replace_missing_glyphs(font, longer)) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    picture = Image.new("RGB", (CELL, CELL), CARD)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw_line(pen, (PADDING, PADDING + number * LEADING), line, LETTERS, INK, width, face)
    return np.array(picture)

"""One picture of a query and its results: the query at the left, the results in a grid beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from .. import images
from ..catalogue import photos_at
from ..errors import ItemError
from ..results import Hit, Results
from ..types import Attributes, Photo, Pixels, Value
from .agreement import verdict_words
from .captions import caption_lines, draw_caption_below, draw_caption_inside
from .lettering import choose_font, draw_line
from .tile import (
    CAPTION,
    CELL,
    EMPTY,
    FAINT,
    GAP,
    INK,
    LINE,
    MARGIN,
    PAPER,
    TITLE,
    Tile,
    draw_photo,
    draw_tile,
    tile_position,
)

__all__ = ["agrees", "draw_results", "draw_strip", "stack_strips"]


def draw_strip(
    query: Pixels | None, tiles: Sequence[Tile], title: str = "", columns: int = 5, words: Sequence[str] = ()
) -> Pixels:
    """Draw a query and its results.

    Args:
        query: the query's photo, uint8 (height, width, 3); None draws the words in its place, or a placeholder.
        tiles: results, best first; may be empty.
        title: written above; "" for none.
        columns: results in a row, >= 1.
        words: the query's words, as ``caption_lines`` returns them; drawn below the photo if there is one.

    Returns:
        uint8 (height, width, 3), white where nothing is.

    Raises:
        ValueError: columns below 1.
    """
    if columns < 1:
        raise ValueError(f"a strip of {columns} columns can't be drawn: give 1 or more")
    used_columns = max(1, min(columns, len(tiles)))
    last_x, last_y = tile_position(max(0, len(tiles) - 1), columns, bool(title))
    width = tile_position(used_columns - 1, columns)[0] + CELL + MARGIN
    face = choose_font([title, *words, *(tile.caption for tile in tiles)])
    top = MARGIN + (TITLE if title else 0)
    below = () if query is None else words
    words_top = top + CELL + CAPTION // 2 + 7  # below the word "query"
    words_bottom = words_top + draw_caption_below(None, (MARGIN, words_top), CELL, below, INK, face) + MARGIN // 2
    height = max(last_y + CELL + CAPTION + MARGIN - GAP, words_bottom if below else 0)
    sheet = Image.new("RGB", (max(width, last_x + CELL + MARGIN), height), PAPER)
    draw = ImageDraw.Draw(sheet)
    if title:
        draw_line(draw, (MARGIN, MARGIN - 6), title, 20, INK, sheet.width - 2 * MARGIN, face)
    if query is None and words:
        draw.rectangle((MARGIN, top, MARGIN + CELL - 1, top + CELL - 1), fill=EMPTY)
        draw_caption_inside(draw, (MARGIN, top), CELL, words, INK, face)
    else:
        draw_photo(sheet, MARGIN, top, query)
    draw_caption_below(draw, (MARGIN, words_top), CELL, below, INK, face)
    draw.rectangle((MARGIN, top, MARGIN + CELL - 1, top + CELL - 1), outline=INK, width=2)
    draw_line(draw, (MARGIN, top + CELL + 7), "query", 14, INK, CELL, face)
    divide = MARGIN + CELL + GAP
    draw.line((divide, top, divide, sheet.height - MARGIN), fill=LINE)
    for number, tile in enumerate(tiles):
        draw_tile(sheet, *tile_position(number, columns, bool(title)), tile, face)
    if not tiles:
        draw_line(draw, (tile_position(0)[0], top + CELL // 2 - 8), "no results", 14, FAINT, CELL, face)
    return np.array(sheet)


def draw_results(
    results: Results,
    truth: tuple[str, Value] | None = None,
    columns: int = 5,
    photos: Callable[[Sequence[str]], list[Photo | None]] = photos_at,
) -> Pixels:
    """Draw the results of a query; photos that can't be read any more are placeholders.

    Args:
        results: the query and its hits.
        truth: the name and value of an attribute; results that have it are framed green, others red.
        columns: results in a row, >= 1.
        photos: returns the photos of sources: ``Place.photos`` of an index that keeps some itself.

    Returns:
        uint8 (height, width, 3).
    """
    tiles = [
        Tile(
            pixels=_decode(photo),
            rank=hit.rank,
            score=hit.score,
            caption=_caption(hit, truth),
            agrees=None if truth is None else agrees(hit.attributes, truth),
        )
        for hit, photo in zip(results.hits, photos([hit.source for hit in results.hits]), strict=True)
    ]
    query = _decode(results.query.image)
    if query is not None and results.query.box is not None:
        query = images.crop(images.decode(results.query.image or b""), results.query.box)
    return draw_strip(query, tiles, columns=columns, words=caption_lines(results.query))


def _caption(hit: Hit, truth: tuple[str, Value] | None) -> str:
    """Return what differs of a copy, the attribute that a truth names, and the id."""
    differs = [f"differs: {verdict_words(hit)}"] if hit.verdicts else []
    named = [] if truth is None else [str(hit.attributes.get(truth[0], "none"))]
    return " · ".join([*differs, *named, hit.id])


def agrees(attributes: Attributes, truth: tuple[str, Value]) -> bool:
    """Return whether an item has the attribute that a truth names, with its value; 3 and "3" are equal."""
    name, value = truth
    have = attributes.get(name)
    return str(value) in have if isinstance(have, tuple) else have is not None and str(have) == str(value)


def _decode(photo: Photo | None) -> Pixels | None:
    try:
        return None if photo is None else images.decode(photo, min_side=CELL)
    except ItemError:
        return None


def stack_strips(strips: Sequence[Pixels]) -> Pixels:
    """Put several strips below each other, on white.

    Args:
        strips: uint8 (height, width, 3), at least one.

    Returns:
        uint8 (sum of heights, greatest width, 3).

    Raises:
        ValueError: no strips.
    """
    if not strips:
        raise ValueError("no strips to stack: give one or more")
    width = max(strip.shape[1] for strip in strips)
    sheet = np.full((sum(strip.shape[0] for strip in strips), width, 3), 255, np.uint8)
    top = 0
    for strip in strips:
        sheet[top : top + strip.shape[0], : strip.shape[1]] = strip
        top += strip.shape[0]
    return sheet

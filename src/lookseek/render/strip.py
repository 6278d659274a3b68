"""One picture of a query and its results: what was asked at the left, what was found in a grid beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .. import images
from ..catalogue import photos_at
from ..errors import ItemError
from ..results import Results
from ..types import Attributes, Photo, Pixels, Value
from .captions import lines_of, write_below, write_inside
from .lettering import face_for, font_of, write_line

__all__ = ["CELL", "GAP", "MARGIN", "Tile", "agrees", "draw_results", "draw_strip", "stacked", "tile_place"]

CELL = 176
"""Pixels along a side of the square that a photo is fitted into."""

FRAME, GAP, MARGIN, CAPTION, TITLE = 4, 18, 28, 44, 46
"""Pixels: width of a frame, space between tiles, space around all, height of a caption and of the title."""

PAPER, EMPTY, LINE = (255, 255, 255), (243, 244, 246), (214, 217, 222)
INK, FAINT = (34, 36, 40), (118, 122, 130)
AGREES, DIFFERS = (26, 138, 74), (204, 48, 46)
"""Green and red of about equal contrast on white; the tick and the cross say the same without colour."""

LARGEST = 2.0
"""A photo is never enlarged more than this many times: beyond it one looks at blocks."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Tile:
    """One result in the picture.

    Args:
        pixels: its photo, uint8 (height, width, 3); None draws a placeholder.
        rank: 1 for the best.
        score: higher is better.
        caption: its id or a few attributes; cut with an ellipsis where it is too long.
        agrees: True frames it green, with a tick; False red, with a cross; None leaves it plain.
    """

    pixels: Pixels | None
    rank: int
    score: float
    caption: str
    agrees: bool | None = None


def tile_place(number: int, columns: int = 5, titled: bool = False) -> tuple[int, int]:
    """Return x and y of a result's photo cell in the picture, pixels.

    Args:
        number: 0 for the first result.
        columns: results in a row.
        titled: whether the picture has a title.
    """
    row, column = divmod(number, columns)
    x = MARGIN + CELL + 2 * GAP + column * (CELL + GAP)
    return x, MARGIN + (TITLE if titled else 0) + row * (CELL + CAPTION + GAP)


def draw_strip(
    query: Pixels | None, tiles: Sequence[Tile], title: str = "", columns: int = 5, words: Sequence[str] = ()
) -> Pixels:
    """Draw a query and its results.

    Args:
        query: the photo asked with, uint8 (height, width, 3); None draws the words in its place, or a placeholder.
        tiles: results, best first; may be empty.
        title: written above; "" for none.
        columns: results in a row, >= 1.
        words: what was asked in words, an entry a part; below the photo where there is one.

    Returns:
        uint8 (height, width, 3), white where nothing is.

    Raises:
        ValueError: columns below 1.
    """
    if columns < 1:
        raise ValueError(f"a strip of {columns} columns can't be drawn: give 1 or more")
    used = max(1, min(columns, len(tiles)))
    last_x, last_y = tile_place(max(0, len(tiles) - 1), columns, bool(title))
    width = tile_place(used - 1, columns)[0] + CELL + MARGIN
    face = face_for([title, *words, *(tile.caption for tile in tiles)])
    top = MARGIN + (TITLE if title else 0)
    below = () if query is None else words
    said = top + CELL + CAPTION // 2 + 7  # below the word "query"
    column = said + write_below(None, (MARGIN, said), CELL, below, INK, face) + MARGIN // 2
    height = max(last_y + CELL + CAPTION + MARGIN - GAP, column if below else 0)
    sheet = Image.new("RGB", (max(width, last_x + CELL + MARGIN), height), PAPER)
    pen = ImageDraw.Draw(sheet)
    if title:
        write_line(pen, (MARGIN, MARGIN - 6), title, 20, INK, sheet.width - 2 * MARGIN, face)
    if query is None and words:
        pen.rectangle((MARGIN, top, MARGIN + CELL - 1, top + CELL - 1), fill=EMPTY)
        write_inside(pen, (MARGIN, top), CELL, words, INK, face)
    else:
        _photo(sheet, MARGIN, top, query)
    write_below(pen, (MARGIN, said), CELL, below, INK, face)
    pen.rectangle((MARGIN, top, MARGIN + CELL - 1, top + CELL - 1), outline=INK, width=2)
    write_line(pen, (MARGIN, top + CELL + 7), "query", 14, INK, CELL, face)
    divide = MARGIN + CELL + GAP
    pen.line((divide, top, divide, sheet.height - MARGIN), fill=LINE)
    for number, tile in enumerate(tiles):
        _tile(sheet, *tile_place(number, columns, bool(title)), tile, face)
    if not tiles:
        write_line(pen, (tile_place(0)[0], top + CELL // 2 - 8), "no results", 14, FAINT, CELL, face)
    return np.array(sheet)


def draw_results(results: Results, truth: tuple[str, Value] | None = None, columns: int = 5) -> Pixels:
    """Draw the answer to a query; photos that can't be had any more are placeholders.

    Args:
        results: what was asked and found.
        truth: the name and value of an attribute; results that have it are framed green, others red.
        columns: results in a row, >= 1.

    Returns:
        uint8 (height, width, 3).
    """
    tiles = [
        Tile(
            pixels=_decoded(photo),
            rank=hit.rank,
            score=hit.score,
            caption=hit.id if truth is None else f"{hit.attributes.get(truth[0], 'none')} · {hit.id}",
            agrees=None if truth is None else agrees(hit.attributes, truth),
        )
        for hit, photo in zip(results.hits, photos_at([hit.source for hit in results.hits]), strict=True)
    ]
    query = _decoded(results.query.image)
    if query is not None and results.query.box is not None:
        query = images.crop(images.decode(results.query.image or b""), results.query.box)
    return draw_strip(query, tiles, columns=columns, words=lines_of(results.query))


def agrees(attributes: Attributes, truth: tuple[str, Value]) -> bool:
    """Whether an item has the attribute that a truth names, with its value; the number 3 and the text "3" are one."""
    name, value = truth
    return name in attributes and str(attributes[name]) == str(value)


def _decoded(photo: Photo | None) -> Pixels | None:
    try:
        return None if photo is None else images.decode(photo, min_side=CELL)
    except ItemError:
        return None


def stacked(strips: Sequence[Pixels]) -> Pixels:
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


def _tile(sheet: Image.Image, x: int, y: int, tile: Tile, face: str) -> None:
    pen = ImageDraw.Draw(sheet)
    _photo(sheet, x, y, tile.pixels)
    if tile.agrees is None:
        pen.rectangle((x, y, x + CELL - 1, y + CELL - 1), outline=LINE, width=1)
    else:
        colour = AGREES if tile.agrees else DIFFERS
        pen.rectangle((x, y, x + CELL - 1, y + CELL - 1), outline=colour, width=FRAME)
        _badge(sheet, x + CELL - 26, y, colour, tile.agrees)
    score = f"{tile.score:.3f}"
    write_line(pen, (x, y + CELL + 7), f"{tile.rank}", 14, INK, CELL, face)
    font = font_of(face, 14)
    write_line(pen, (x + CELL - math.ceil(font.getlength(score)), y + CELL + 7), score, 14, FAINT, CELL, face)
    write_line(pen, (x, y + CELL + 25), tile.caption, 12, FAINT, CELL, face)


def _photo(sheet: Image.Image, x: int, y: int, pixels: Pixels | None) -> None:
    """Fit a photo into its cell without distortion, or draw a placeholder."""
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((x, y, x + CELL - 1, y + CELL - 1), fill=EMPTY)
    if pixels is None:
        middle, size = (x + CELL / 2, y + CELL / 2 - 10), CELL / 9
        pen.rounded_rectangle(
            (middle[0] - size * 1.3, middle[1] - size, middle[0] + size * 1.3, middle[1] + size),
            4,
            None,
            LINE,
            3,
        )
        pen.line((middle[0] - size, middle[1] + size * 0.6, middle[0] + size, middle[1] - size * 0.6), LINE, 3)
        font = font_of("", 12)
        pen.text((x + CELL / 2, y + CELL * 0.66), "no photo", FAINT, font, anchor="mm")
        return
    height, width = pixels.shape[:2]
    times = min(LARGEST, CELL / width, CELL / height)
    wide, high = max(1, round(width * times)), max(1, round(height * times))
    fitted = Image.fromarray(images.resize(pixels, wide, high))
    sheet.paste(fitted, (x + (CELL - wide) // 2, y + (CELL - high) // 2))


def _badge(sheet: Image.Image, x: int, y: int, colour: Colour, agrees: bool) -> None:
    """Draw a tick or a cross, white on the frame's colour, in the upper right corner of a cell."""
    fine, side = 4, 26
    badge = Image.new("RGB", (side * fine, side * fine), colour)
    lines = [[(7, 13), (11, 18), (19, 8)]] if agrees else [[(8, 8), (18, 18)], [(18, 8), (8, 18)]]
    pen = ImageDraw.Draw(badge)
    for line in lines:
        corners = [(a * fine, b * fine) for a, b in line]
        pen.line(corners, fill=PAPER, width=3 * fine, joint="curve")
        for a, b in (corners[0], corners[-1]):
            pen.circle((a, b), 1.4 * fine, fill=PAPER)
    sheet.paste(badge.reduce(fine), (x, y))

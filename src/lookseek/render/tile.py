"""One result in a picture of results: its photo in a square cell, a frame, its rank, score and caption."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw

from .. import images
from ..types import Pixels
from .lettering import draw_line, load_font

__all__ = ["CELL", "GAP", "MARGIN", "Tile", "draw_photo", "draw_tile", "tile_position"]

CELL = 176
"""Pixels along a side of the square that a photo is fitted into."""

FRAME, GAP, MARGIN, CAPTION, TITLE = 4, 18, 28, 44, 46
"""Pixels: width of a frame, space between tiles, space around all, height of a caption and of the title."""

PAPER, EMPTY, LINE = (255, 255, 255), (243, 244, 246), (214, 217, 222)
INK, FAINT = (34, 36, 40), (118, 122, 130)
AGREES, DIFFERS = (26, 138, 74), (204, 48, 46)
"""Green and red of about equal contrast on white; the tick and the cross say the same without colour."""

MAX_ENLARGEMENT = 2.0
"""A photo is never enlarged more than this many times: beyond it single pixels show."""

Colour = tuple[int, int, int]


def tile_position(number: int, columns: int = 5, titled: bool = False) -> tuple[int, int]:
    """Return x and y of a result's photo cell in the picture, pixels.

    Args:
        number: 0 for the first result.
        columns: results in a row.
        titled: whether the picture has a title.
    """
    row, column = divmod(number, columns)
    x = MARGIN + CELL + 2 * GAP + column * (CELL + GAP)
    return x, MARGIN + (TITLE if titled else 0) + row * (CELL + CAPTION + GAP)


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


def draw_tile(sheet: Image.Image, x: int, y: int, tile: Tile, face: str) -> None:
    """Draw a result whose photo's cell has its upper left corner at x, y (pixels), in the font ``face``."""
    draw = ImageDraw.Draw(sheet)
    draw_photo(sheet, x, y, tile.pixels)
    if tile.agrees is None:
        draw.rectangle((x, y, x + CELL - 1, y + CELL - 1), outline=LINE, width=1)
    else:
        colour = AGREES if tile.agrees else DIFFERS
        draw.rectangle((x, y, x + CELL - 1, y + CELL - 1), outline=colour, width=FRAME)
        _badge(sheet, x + CELL - 26, y, colour, tile.agrees)
    score = f"{tile.score:.3f}"
    draw_line(draw, (x, y + CELL + 7), f"{tile.rank}", 14, INK, CELL, face)
    font = load_font(face, 14)
    draw_line(draw, (x + CELL - math.ceil(font.getlength(score)), y + CELL + 7), score, 14, FAINT, CELL, face)
    draw_line(draw, (x, y + CELL + 25), tile.caption, 12, FAINT, CELL, face)


def draw_photo(sheet: Image.Image, x: int, y: int, pixels: Pixels | None) -> None:
    """Draw a photo into the cell at x, y (pixels), fitted without distortion; a placeholder for None."""
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((x, y, x + CELL - 1, y + CELL - 1), fill=EMPTY)
    if pixels is None:
        middle, size = (x + CELL / 2, y + CELL / 2 - 10), CELL / 9
        draw.rounded_rectangle(
            (middle[0] - size * 1.3, middle[1] - size, middle[0] + size * 1.3, middle[1] + size),
            4,
            None,
            LINE,
            3,
        )
        draw.line((middle[0] - size, middle[1] + size * 0.6, middle[0] + size, middle[1] - size * 0.6), LINE, 3)
        font = load_font("", 12)
        draw.text((x + CELL / 2, y + CELL * 0.66), "no photo", FAINT, font, anchor="mm")
        return
    height, width = pixels.shape[:2]
    scale = min(MAX_ENLARGEMENT, CELL / width, CELL / height)
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    fitted = Image.fromarray(images.resize(pixels, width, height))
    sheet.paste(fitted, (x + (CELL - width) // 2, y + (CELL - height) // 2))


def _badge(sheet: Image.Image, x: int, y: int, colour: Colour, agrees: bool) -> None:
    """Draw a tick or a cross, white on the frame's colour, in the upper right corner of a cell."""
    oversampling, side = 4, 26
    badge = Image.new("RGB", (side * oversampling, side * oversampling), colour)
    lines = [[(7, 13), (11, 18), (19, 8)]] if agrees else [[(8, 8), (18, 18)], [(18, 8), (8, 18)]]
    draw = ImageDraw.Draw(badge)
    for line in lines:
        corners = [(a * oversampling, b * oversampling) for a, b in line]
        draw.line(corners, fill=PAPER, width=3 * oversampling, joint="curve")
        for a, b in (corners[0], corners[-1]):
            draw.circle((a, b), 1.4 * oversampling, fill=PAPER)
    sheet.paste(badge.reduce(oversampling), (x, y))

"""Draws text: finds a font that has the letters, replaces letters that no font has, breaks lines."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PIL import ImageDraw, ImageFont

__all__ = ["choose_font", "draw_line", "load_font", "replace_missing_glyphs", "wrap_text"]

BUNDLED_FONT = str(Path(__file__).parent / "fonts" / "DejaVuSans-Latin.ttf")
"""The font with the letters of Latin languages, Vietnamese among them; scripts/make_font.py makes it."""

FONTS = (
    BUNDLED_FONT,
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "Arial.ttf",
    "arial.ttf",
    "LiberationSans-Regular.ttf",
    "segoeui.ttf",
    "Helvetica.ttc",
    "Arial Unicode.ttf",
)
"""The bundled font, then fonts of Linux, macOS and Windows with more letters, which Pillow finds on the system."""

MAX_CHARACTERS = 400
"""Characters of a text that is broken into lines: more than any picture of results has room for."""

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_line(
    draw: ImageDraw.ImageDraw,
    position: tuple[int, int],
    text: str,
    size: int,
    colour: Colour,
    width: int,
    face: str,
) -> None:
    """Write one line, cut with an ellipsis where it would be too wide.

    Args:
        draw: draws on the picture.
        position: x and y of the line's upper left corner, pixels.
        text: may hold line breaks and tabs; they become spaces.
        size: of the letters, pixels.
        colour: of the letters.
        width: the widest that the line may be, pixels.
        face: as ``choose_font`` returns it.
    """
    font = load_font(face, size)
    clean = _clean(text)
    line = replace_missing_glyphs(font, clean[: width + 1])  # no letter is narrower than a pixel
    if font.getlength(line) > width:
        keep = len(line)
        while keep and font.getlength(line[:keep].rstrip() + "...") > width:
            keep -= 1
        line = line[:keep].rstrip() + "..."
    draw.text(position, line, colour, font)


def wrap_text(texts: Iterable[str], size: int, width: int, face: str) -> list[str]:
    """Break texts into lines that fit a width: at blanks, or inside a word that is longer than a line.

    Args:
        texts: each begins on a new line.
        size: of the letters, pixels.
        width: the widest that a line may be, pixels.
        face: as ``choose_font`` returns it.
    """
    font = load_font(face, size)
    rows: list[str] = []
    for text in texts:
        row = ""
        for word in replace_missing_glyphs(font, _clean(text)[:MAX_CHARACTERS]).split():
            longer = f"{row} {word}" if row else word
            if row and font.getlength(longer) > width:
                rows.append(row)
                longer = word
            while font.getlength(longer) > width and len(longer) > 1:
                places = range(1, len(longer))
                fits = max(1, bisect_right(places, width, key=partial(_length, font, longer)))
                rows.append(longer[:fits])
                longer = longer[fits:]
            row = longer
        rows.append(row)
    return rows


def choose_font(texts: Iterable[str]) -> str:
    """Return the font that lacks the fewest letters of the texts: "" for Pillow's default, else a file of ``FONTS``.

    Pillow's default font has no Vietnamese letters. ``replace_missing_glyphs`` replaces letters that the best font
    lacks, e.g. Japanese ones where the system has no font for them.
    """
    letters = "".join(set(_clean(" ".join(texts))))
    best, fewest = "", len(_missing(load_font("", 14), letters))
    for face in FONTS if fewest else ():
        try:
            lacking = len(_missing(load_font(face, 14), letters))
        except OSError:  # not installed
            continue
        if lacking < fewest:
            best, fewest = face, lacking
    return best


def _length(font: Font, text: str, letters: int) -> int:
    return math.ceil(font.getlength(text[:letters]))


def _clean(text: str) -> str:
    """Return a text in one line, in Unicode's composed form, with "?" for control characters."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(c if c.isprintable() else "?" for c in line)


def load_font(face: str, size: int) -> Font:
    """Return a font at a size in pixels.

    Raises:
        OSError: the system does not have it.
    """
    return ImageFont.truetype(face, size) if face else ImageFont.load_default(size)


def _missing(font: Font, text: str) -> set[str]:
    """Return the letters of a text that a font shows as an empty box."""
    box = bytes(font.getmask("\U0010fffe"))  # no font has a glyph for it
    return {c for c in set(text) if not c.isascii() and not c.isspace() and bytes(font.getmask(c)) == box}


def replace_missing_glyphs(font: Font, text: str) -> str:
    """Return a text in letters that a font has: "đầm" becomes "dam" where the font lacks letters, others become "?"."""
    missing = _missing(font, text)
    if not missing:
        return text
    bare = {"đ": "d", "Đ": "D"}
    bases = {c: bare.get(c) or unicodedata.normalize("NFD", c)[0] for c in missing}
    return "".join(c if c not in bases else bases[c] if bases[c].isascii() else "?" for c in text)

"""Words in pictures: a font that has the letters, or the nearest that can be written."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PIL import ImageDraw, ImageFont

__all__ = ["face_for", "font_of", "wrapped", "writable", "write_line"]

SHIPPED = str(Path(__file__).parent / "fonts" / "DejaVuSans-Latin.ttf")
"""Has the letters of Latin languages, Vietnamese among them; scripts/make_font.py makes it."""

FONTS = (
    SHIPPED,
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "Arial.ttf",
    "arial.ttf",
    "LiberationSans-Regular.ttf",
    "segoeui.ttf",
    "Helvetica.ttc",
    "Arial Unicode.ttf",
)
"""Ours, then fonts of Linux, macOS and Windows that have more letters; Pillow looks where the system does."""

MOST_LETTERS = 400
"""Of a text that is broken into lines: more than any picture of results has room for."""

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def write_line(
    pen: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    colour: Colour,
    width: int,
    face: str,
) -> None:
    """Write one line, cut with an ellipsis where it would be too wide.

    Args:
        pen: of the picture.
        place: x and y of the line's upper left corner, pixels.
        text: may hold line breaks and tabs; they become spaces.
        size: of the letters, pixels.
        colour: of the letters.
        width: the widest that the line may be, pixels.
        face: as ``face_for`` gives it.
    """
    font = font_of(face, size)
    clean = _clean(text)
    line = writable(font, clean[: width + 1])  # no letter is narrower than a pixel
    if font.getlength(line) > width:
        keep = len(line)
        while keep and font.getlength(line[:keep].rstrip() + "...") > width:
            keep -= 1
        line = line[:keep].rstrip() + "..."
    pen.text(place, line, colour, font)


def wrapped(texts: Iterable[str], size: int, width: int, face: str) -> list[str]:
    """Break texts into lines that are not too wide: at blanks, or inside a word that fills more than a line.

    Args:
        texts: each begins on a line of its own.
        size: of the letters, pixels.
        width: the widest that a line may be, pixels.
        face: as ``face_for`` gives it.
    """
    font = font_of(face, size)
    rows: list[str] = []
    for text in texts:
        row = ""
        for word in writable(font, _clean(text)[:MOST_LETTERS]).split():
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


def face_for(texts: Iterable[str]) -> str:
    """Return the font that lacks fewest letters of the texts: "" for Pillow's own, else ours or a file of the system.

    Pillow's own font has no Vietnamese letters, so it serves where texts need none, then ours. ``writable`` says
    what becomes of letters that the best font lacks, e.g. Japanese ones where the system has no font for them.
    """
    letters = "".join(set(_clean(" ".join(texts))))
    best, fewest = "", len(_missing(font_of("", 14), letters))
    for face in FONTS if fewest else ():
        try:
            lacking = len(_missing(font_of(face, 14), letters))
        except OSError:  # not installed
            continue
        if lacking < fewest:
            best, fewest = face, lacking
    return best


def _length(font: Font, text: str, letters: int) -> int:
    return math.ceil(font.getlength(text[:letters]))


def _clean(text: str) -> str:
    """Return a text in one line, composed, without characters that are no letters or signs."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(c if c.isprintable() else "?" for c in line)


def font_of(face: str, size: int) -> Font:
    """Return a face at a size in pixels; OSError if the system does not have it."""
    return ImageFont.truetype(face, size) if face else ImageFont.load_default(size)


def _missing(font: Font, text: str) -> set[str]:
    """Return the letters of a text that a font shows as an empty box."""
    box = bytes(font.getmask("\U0010fffe"))  # no font has this one
    return {c for c in set(text) if not c.isascii() and not c.isspace() and bytes(font.getmask(c)) == box}


def writable(font: Font, text: str) -> str:
    """Return a text in letters that a font has: "đầm" becomes "dam" where it must, other letters "?"."""
    missing = _missing(font, text)
    if not missing:
        return text
    bare = {"đ": "d", "Đ": "D"}
    bases = {c: bare.get(c) or unicodedata.normalize("NFD", c)[0] for c in missing}
    return "".join(c if c not in bases else bases[c] if bases[c].isascii() else "?" for c in text)

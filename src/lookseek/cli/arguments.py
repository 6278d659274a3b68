"""Parses command-line arguments: photos and words with weights, boxes, lists of classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import QueryError
from ..query import Term
from ..types import Box, Photo

__all__ = ["PHOTO_SUFFIXES", "Photos", "is_web_address", "parse_box", "parse_classes", "parse_photos", "parse_term"]

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jfif")
"""File name endings that make a term a photo instead of words."""


@dataclass(frozen=True, slots=True)
class Photos:
    """The photos of ``--image``.

    Args:
        first: the query's main photo, None where ``--image`` is not given.
        weight: of the first.
        others: photos that are added to it.
    """

    first: Photo | None = None
    weight: float = 1.0
    others: tuple[Term, ...] = ()


def parse_photos(arguments: Sequence[str]) -> Photos:
    """Parse ``a.jpg`` and ``a.jpg:0.7``: the first photo is the query's main photo, the others are added to it.

    An existing file whose name ends in ``:0.7`` is that file, without a weight.

    Raises:
        QueryError: a weight outside its range.
    """
    if not arguments:
        return Photos()
    first, *others = map(_photo, arguments)
    return Photos(first.photo, first.weight, tuple(others))


def parse_term(argument: str) -> Term:
    """Parse an argument of ``--plus`` or ``--minus``: words or a photo's path, optionally with ``:weight``.

    An argument that ends as a picture's file name does is a photo.

    Raises:
        QueryError: no words, a photo that does not exist, or a weight outside its range.
    """
    value, weight = _split_weight(argument)
    if value.lower().endswith(PHOTO_SUFFIXES):
        photo = _photo(argument)
        if not _is_file(photo.photo):
            raise QueryError(f"there is no photo {value}: give its path, or words that don't end as a picture's name")
        return photo
    if not value.strip():
        raise QueryError(
            f"{argument!r} says nothing to add or take away: give words or a photo's path, and then a weight"
        )
    return Term(value.strip(), weight=weight)


def parse_box(text: str) -> Box:
    """Parse ``x,y,width,height``.

    Raises:
        QueryError: not four numbers, or not a box.
    """
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise QueryError(f"--box {text!r} is not x,y,width,height in pixels, e.g. --box 40,60,200,300") from None
    return Box(x, y, width, height)


def parse_classes(text: str) -> tuple[str, ...]:
    """Parse names of classes separated by commas; blanks around names and empty names are dropped."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _photo(argument: str) -> Term:
    path, weight = _split_weight(argument)
    if is_web_address(argument):
        raise QueryError(f"{argument} is a web address, and nothing is fetched: download the photo, give its path")
    if _is_file(Path(argument)):
        return Term(photo=Path(argument))
    return Term(photo=Path(path), weight=weight)


def is_web_address(argument: str) -> bool:
    """Return whether an argument is an address of the web.

    >>> is_web_address("https://shop.example/a.jpg"), is_web_address("a.jpg")
    (True, False)
    """
    return argument.lower().startswith(("http://", "https://"))


def _is_file(photo: Photo | None) -> bool:
    try:
        return isinstance(photo, Path) and photo.is_file()
    except OSError:  # e.g. a name that is too long for any file
        return False


def _split_weight(argument: str) -> tuple[str, float]:
    """Return the part before the last colon and the number behind it; the whole argument and 1 without a number."""
    match = re.fullmatch(r"(.+):([+-]?(?:\d+\.?\d*|\.\d+))", argument, re.DOTALL)
    return (match[1], float(match[2])) if match else (argument, 1.0)

"""What a person types on a command line: photos and words with weights, boxes, lists of classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import QueryError
from ..query import Term
from ..types import Box, Photo

__all__ = ["Photos", "box_of", "classes_of", "photos_of", "term_of"]

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jfif")
"""Ends of the names by which a term is taken for a photo's file."""


@dataclass(frozen=True, slots=True)
class Photos:
    """The photos of ``--image``.

    Args:
        first: the query's own, None where none is given.
        weight: of the first.
        others: to be added to it.
    """

    first: Photo | None = None
    weight: float = 1.0
    others: tuple[Term, ...] = ()


def photos_of(typed: Sequence[str]) -> Photos:
    """Reads ``a.jpg`` and ``a.jpg:0.7``: the first photo is the query's own, the others are added to it.

    A file that is really named so wins over a weight.

    Raises:
        QueryError: a weight outside its range.
    """
    if not typed:
        return Photos()
    first, *others = map(_photo, typed)
    return Photos(first.photo, first.weight, tuple(others))


def term_of(typed: str) -> Term:
    """Reads what stands after ``--plus`` and ``--minus``: words or a photo's path, and perhaps ``:weight``.

    What ends as the name of a picture does is a photo.

    Raises:
        QueryError: no words, a photo that is not there, or a weight outside its range.
    """
    what, weight = _weighed(typed)
    if what.lower().endswith(_PICTURES):
        photo = _photo(typed)
        if not _is_file(photo.photo):
            raise QueryError(f"there is no photo {what}: give its path, or words that don't end as a picture's name")
        return photo
    if not what.strip():
        raise QueryError(f"{typed!r} says nothing to add or take away: give words or a photo's path, and then a weight")
    return Term(what.strip(), weight=weight)


def box_of(text: str) -> Box:
    """Reads ``x,y,width,height``.

    Raises:
        QueryError: not four numbers, or not a box.
    """
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise QueryError(f"--box {text!r} is not x,y,width,height in pixels, e.g. --box 40,60,200,300") from None
    return Box(x, y, width, height)


def classes_of(text: str) -> tuple[str, ...]:
    """Reads names of classes with commas between them; blanks around them and empty ones don't count."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _photo(typed: str) -> Term:
    what, weight = _weighed(typed)
    if _is_file(Path(typed)):
        return Term(photo=Path(typed))
    return Term(photo=Path(what), weight=weight)


def _is_file(photo: Photo | None) -> bool:
    try:
        return isinstance(photo, Path) and photo.is_file()
    except OSError:  # e.g. a name that is too long for any file
        return False


def _weighed(typed: str) -> tuple[str, float]:
    """What stands before the last colon and the number behind it, or all of it and 1."""
    found = re.fullmatch(r"(.+):([+-]?(?:\d+\.?\d*|\.\d+))", typed, re.DOTALL)
    return (found[1], float(found[2])) if found else (typed, 1.0)

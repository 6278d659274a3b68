"""A shop's title as a training reads it."""

from __future__ import annotations

from ...encode.words import normalise
from ...errors import QueryError
from .lexicon import Lexicon

__all__ = ["usable_title"]


def usable_title(title: str, lexicon: Lexicon) -> str:
    """Return a title with single blanks; "" where it has a held word, or the text tower refuses it."""
    title = " ".join(title.split())
    try:
        normalise(title)
    except QueryError:
        return ""
    return "" if lexicon.held_in(title) else title

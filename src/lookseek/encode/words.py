"""What a person or a catalogue wrote, brought into the form that every text tower takes.

Nothing behind this sees a control character, half of a surrogate pair or more than the bound: one of the towers is
C code that is handed a zero-terminated string.
"""

from __future__ import annotations

import unicodedata

from ..errors import QueryError

__all__ = ["LIMIT", "LONGEST", "normalise", "truncate", "widen"]

LIMIT = 1_000
"""Characters of a text that a tower is given, unless its model says otherwise: 200 words, far beyond a caption."""

LONGEST = 100_000
"""Characters of a text that is taken at all; what is longer is a mistake, e.g. a file in place of words."""

_SLACK = 4
"""Characters before NFC that can become one, at the most that counts: a letter with three marks. The cut before it
bounds the work, which grows with the square of a run of combining marks."""

_SAYING = ("L", "N", "S")
"""Categories of which a text needs one character to say something: letters, digits, signs (also emoji)."""

_BROKEN = "\ufffd"
"""Stands where a character could not be read."""


def normalise(text: str, limit: int = LIMIT) -> str:
    """Clean a text: NFC, no control characters, single blanks, cut at a word.

    Args:
        text: anything.
        limit: characters that are kept, >= 1.

    Returns:
        1 to ``limit`` characters, without blanks at the ends; can be written as UTF-8.

    Raises:
        QueryError: longer than ``LONGEST``, or nothing is left that says something.
    """
    if len(text) > LONGEST:
        raise QueryError(
            f"the text {_start(text)} has {len(text):,} characters, the limit is {LONGEST:,}: give a title or a "
            "sentence, not a document"
        )
    words = "".join(" " if _is_broken(sign) else sign for sign in text).split()
    clean = truncate(unicodedata.normalize("NFC", " ".join(words)[: _SLACK * limit]), limit)
    if not any(unicodedata.category(sign).startswith(_SAYING) for sign in clean):
        raise QueryError(
            f"the text {_start(text)} has no letter, digit or sign in its first {limit:,} characters: say what to "
            "look for, e.g. 'red summer dress'"
        )
    return clean


def truncate(text: str, limit: int) -> str:
    """Truncate a text to at most ``limit`` characters, at a blank where its second half has one."""
    if len(text) <= limit:
        return text
    at = text.rfind(" ", limit // 2, limit + 1)
    return text[: at if at > 0 else limit].strip()


def widen(text: str, limit: int) -> str:
    """Replace compatible signs (full width, ligatures) by what e5 was trained with, NFKC, and cuts to ``limit``."""
    return truncate(unicodedata.normalize("NFKC", text), limit)


def _is_broken(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs") or sign == _BROKEN


def _start(text: str) -> str:
    """Return the beginning of a text for a message, in ASCII without control characters."""
    return ascii(text[:40]) + ("..." if len(text) > 40 else "")

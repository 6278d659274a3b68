"""How the text of a filter is cut into words, and how words are written so that they are read back."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, NoReturn

from ..errors import FilterError
from ..types import Value

__all__ = [
    "EXAMPLE",
    "FOREIGN",
    "KEYWORDS",
    "Token",
    "fail",
    "format_field",
    "format_value",
    "read_value",
    "tokenize",
]

EXAMPLE = "category = dress and colour in (red, navy blue) and price < 50"
KEYWORDS = ("and", "or", "not", "in")
SPECIAL = frozenset("()=!<>,\"'`\\“”„")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""A number as JSON (RFC 8259, section 6) writes it; no two parts can match the same character."""

CODE = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}")
ESCAPES = {"n": "\n", "t": "\t"}
HINTS = {"“": 'write "', "”": 'write "', "„": 'write "', "!": "write != or not", "\\": "put it in quotes"}
WINDOW = 40
"""Characters shown on either side of a mistake."""

FOREIGN = {"&&": "and", "||": "or"}


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` word, text (quoted), name (in backticks), sign or end; ``at`` counts characters from 0."""

    kind: Literal["word", "text", "name", "sign", "end"]
    text: str
    at: int

    def __str__(self) -> str:
        short = self.text if len(self.text) <= WINDOW else f"{self.text[:WINDOW]}…"
        return "the end" if self.kind == "end" else repr(short)

    def is_word(self, *words: str) -> bool:
        """Return whether the token is one of these bare words, given in lower case."""
        return self.kind == "word" and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        """Return whether the token is one of these signs."""
        return self.kind == "sign" and self.text in signs


def format_field(field: str) -> str:
    """Return a field name as a filter holds it, in backticks where it must be."""
    return field if _bare(field) else _quoted(field, "`")


def format_value(value: Value) -> str:
    """Return a value as a filter holds it, in quotes where it must be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _bare(value) and read_value(value) == value else _quoted(value, '"')
    return str(value)


def _bare(text: str) -> bool:
    plain = all(map(_wordy, text)) and unicodedata.is_normalized("NFC", text)
    return bool(text) and plain and text.lower() not in (*KEYWORDS, *FOREIGN)


def _quoted(text: str, quote: str) -> str:
    """In quotes; control characters, and all but ASCII where NFC would change the text, as escapes."""
    stable = unicodedata.is_normalized("NFC", text)
    signs = []
    for sign in text:
        if sign in (quote, "\\"):
            signs.append(f"\\{sign}")
        elif sign.isprintable() and (stable or sign.isascii()):
            signs.append(sign)
        else:
            signs.append(f"\\u{{{ord(sign):x}}}")
    return f"{quote}{''.join(signs)}{quote}"


def read_value(words: str) -> Value:
    """Parse bare words as a boolean, a number (infinite if no 64-bit float holds it) or text."""
    if words.lower() in ("true", "false"):
        return words.lower() == "true"
    number = NUMBER.fullmatch(words)
    if number is None:
        return words
    near = float(words)
    return near if number[1] or number[2] or not math.isfinite(near) else int(words)


def _wordy(sign: str) -> bool:
    return not sign.isspace() and sign not in SPECIAL and unicodedata.category(sign) not in ("Cc", "Cs")


def _apostrophe(text: str, at: int) -> bool:
    return text[at] == "'" and text[at + 1 : at + 2].isalnum()


def tokenize(text: str) -> list[Token]:
    """Split a filter into tokens from left to right, the last of kind end.

    Raises:
        FilterError: a character without meaning, an unknown escape or an open quote.
    """
    found, at = [], 0
    while at < len(text):
        start, sign = at, text[at]
        if sign.isspace():
            at += 1
        elif sign in "\"'`":
            inside, at = _unquote(text, at)
            found.append(Token("name" if sign == "`" else "text", inside, start))
        elif _wordy(sign):
            while at < len(text) and (_wordy(text[at]) or _apostrophe(text, at)):
                at += 1
            found.append(Token("word", text[start:at], start))
        else:
            both = text[at : at + 2]
            at += 2 if both in ("!=", "<=", ">=", "==") else 1
            if text[start:at] not in ("(", ")", ",", "=", "==", "!=", "<", "<=", ">", ">="):
                hint = f": {HINTS[sign]}" if sign in HINTS else ""
                fail(text, start, f"{sign!r} (U+{ord(sign):04X}) has no meaning here{hint}")
            found.append(Token("sign", text[start:at], start))
    return [*found, Token("end", "", len(text))]


def _unquote(text: str, start: int) -> tuple[str, int]:
    """Return the text within the quotes that open at ``start``, and the place after them."""
    signs: list[str] = []
    at = start + 1
    while text[at : at + 1] != text[start]:
        if at >= len(text):
            fail(text, start, f"this {text[start]} is not closed: add another at the end of the text")
        sign = text[at]
        if sign == "\\":
            sign, at = _escape(text, at)
        elif unicodedata.category(sign) in ("Cc", "Cs") and not sign.isspace():
            fail(text, at, f"U+{ord(sign):04X} cannot be in a filter")
        else:
            at += 1
        signs.append(sign)
    return "".join(signs), at + 1


def _escape(text: str, at: int) -> tuple[str, int]:
    """Return the character that the backslash at ``at`` stands for, and the place after it."""
    sign = text[at + 1 : at + 2]
    if sign in ESCAPES:
        return ESCAPES[sign], at + 2
    code = CODE.match(text, at)
    if code and (number := int(code[1], 16)) <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF:
        return chr(number), code.end()
    if not sign or sign.isalnum():
        fail(text, at, r"unknown escape: write \n, \t, \u{1ea7}, or a backslash before a quote or backslash")
    return sign, at + 2


def fail(text: str, at: int, problem: str) -> NoReturn:
    """Raise a FilterError that shows the place in the text.

    Args:
        text: the whole filter.
        at: the place, characters from 0.
        problem: what is wrong and what was expected, one line.
    """
    start = max(0, at - WINDOW)
    before, after = (
        "".join(sign if sign.isprintable() else " " if sign.isspace() else "\ufffd" for sign in part)
        for part in (text[start:at], text[at : at + WINDOW])
    )
    before = f"… {before}" if start else before
    after = f"{after} …" if at + WINDOW < len(text) else after
    width = sum(_columns(c) for c in before)
    place = f"  {before}{after}\n  {' ' * width}^"
    raise FilterError(f"filter, character {at + 1}: {problem}\n{place}\na filter looks like: {EXAMPLE}")


def _columns(sign: str) -> int:
    """Columns that a character takes on a terminal."""
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1

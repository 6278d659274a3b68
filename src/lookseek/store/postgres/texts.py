"""Texts that PostgreSQL can't hold, written so that it can: NUL, and halves of surrogate pairs of odd file names."""

from __future__ import annotations

import re

__all__ = ["text_from_server", "text_to_server"]

_MARK = "\ue000"
"""A character of the private use area; a text that has it gets it marked too."""
_ODD = re.compile("[\x00\ud800-\udfff\ue000]")
_MARKED = re.compile(f"{_MARK}([0-9a-f]{{4}})")


def text_to_server(text: str) -> str:
    r"""Return a text that UTF-8 and PostgreSQL can hold: each odd character as the mark and four hexadecimal digits.

    >>> text_to_server("đầm"), text_to_server("a\x00b") == "a\ue0000000b"
    ('đầm', True)
    """
    return text if text.isascii() and "\x00" not in text else _ODD.sub(lambda odd: f"{_MARK}{ord(odd[0]):04x}", text)


def text_from_server(text: str) -> str:
    r"""The reverse of ``text_to_server``.

    >>> text_from_server(text_to_server("a\x00\ud800\ue000")) == "a\x00\ud800\ue000"
    True
    """
    return text if _MARK not in text else _MARKED.sub(lambda marked: chr(int(marked[1], 16)), text)

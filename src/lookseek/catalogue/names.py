"""Names of columns, whatever their spelling: ``Image Src``, ``image_src``, ``imageSrc`` and ``g:image_src`` are one."""

from __future__ import annotations

import unicodedata

__all__ = ["name_key", "strip_accents"]

_PREFIXES = ("g", "c", "dc", "media", "sale", "product")
"""Namespaces of product feeds and shops' exports that say nothing of the column."""


def name_key(column: str) -> str:
    """Return a column's name in lower case without namespace, accents, blanks and signs.

    >>> name_key("g:Image_Link"), name_key("Giá bán (VNĐ)"), name_key("Body (HTML)")
    ('imagelink', 'giabanvnd', 'bodyhtml')
    """
    prefix, colon, rest = column.partition(":")
    if colon and rest and prefix.strip().casefold() in _PREFIXES:
        column = rest
    return "".join(filter(str.isalnum, strip_accents(column).casefold()))


def strip_accents(text: str) -> str:
    """Return text without accents; ``đ`` becomes ``d``."""
    if text.isascii():
        return text
    plain = text.replace("đ", "d").replace("Đ", "D")
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))

"""A QR code in characters of a terminal, for phones to find a service by."""

from __future__ import annotations

import io

import segno

__all__ = ["qr_code"]

_QUIET_ZONE = 2
"""Modules around the code: four are the standard's, phones read it with two, which fit a narrow terminal."""


def qr_code(text: str) -> str:
    """Return a QR code as lines of half blocks, each two modules high.

    Args:
        text: an address.
    """
    buffer = io.StringIO()
    segno.make(text, error="m", micro=False).terminal(buffer, border=_QUIET_ZONE, compact=True)
    return buffer.getvalue().rstrip("\n")

"""Pieces of HTML that several parts of a report are made of."""

from __future__ import annotations

__all__ = ["counted", "scrolling", "section"]


def section(anchor: str, heading: str, body: str) -> str:
    """Return a section of the page; "" where there is nothing to show."""
    return f'<section id="{anchor}"><h2>{heading}</h2>{body}</section>' if body else ""


def scrolling(what: str, body: str) -> str:
    """Return a box around HTML that may be wider than a phone: it scrolls sideways, also with the keyboard."""
    return f'<div class="scroll" role="region" aria-label="{what}" tabindex="0">{body}</div>'


def counted(number: int, noun: str) -> str:
    """Return a number and its noun, in the plural but for 1.

    >>> counted(1, "query"), counted(20000, "query")
    ('1 query', '20,000 queries')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"

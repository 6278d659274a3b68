"""Pieces of HTML that several parts of a report are made of."""

from __future__ import annotations

__all__ = ["counted", "scrolling", "section"]


def section(anchor: str, heading: str, body: str) -> str:
    """A section of the page; "" where there is nothing to show."""
    return f'<section id="{anchor}"><h2>{heading}</h2>{body}</section>' if body else ""


def scrolling(what: str, body: str) -> str:
    """What may be wider than a phone: it is moved sideways by itself, also with the keyboard."""
    return f'<div class="scroll" role="region" aria-label="{what}" tabindex="0">{body}</div>'


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "question"), counted(20000, "question")
    ('1 question', '20,000 questions')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

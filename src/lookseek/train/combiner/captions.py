"""How the two captions of a triplet become one text: in four forms in training, in one in evaluation."""

from __future__ import annotations

__all__ = ["FORMS", "caption_forms", "has_words"]

FORMS = 4
"""Equally likely. Source: github.com/ABaldrati/CLIP4Cir, ``utils.generate_randomized_fiq_caption``."""


def caption_forms(captions: tuple[str, str]) -> tuple[str, ...]:
    """Return the four forms of a pair of captions; four times the same where one of them is empty.

    Args:
        captions: without the signs around them, as ``Triplet.bare`` gives them; one of them says something.

    >>> caption_forms(("is shorter", "Has a V neck"))
    ('Is shorter and Has a V neck', 'Has a v neck and is shorter', 'Is shorter', 'Has a v neck')
    >>> caption_forms(("", "has dots"))
    ('Has dots', 'Has dots', 'Has dots', 'Has dots')
    """
    first, second = captions
    if not (has_words(first) and has_words(second)):
        return (next(caption for caption in captions if has_words(caption)).capitalize(),) * FORMS
    return (
        f"{first.capitalize()} and {second}",
        f"{second.capitalize()} and {first}",
        first.capitalize(),
        second.capitalize(),
    )


def has_words(text: str) -> bool:
    """Return whether a text has a letter or digit: a tower may refuse one that has none."""
    return any(sign.isalnum() for sign in text)

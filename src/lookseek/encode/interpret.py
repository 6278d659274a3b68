"""A query's words brought into words that a model was taught: diacritics put back, then what the thesaurus knows.

Only for towers that learned from the lexicon of training: to others these words are as good as any.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .diacritics import plain, restorer
from .thesaurus import Reading, thesaurus

__all__ = ["Interpretation", "interpret"]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What a text is read as.

    Args:
        text: that is encoded.
        restored: whether diacritics were put back.
        readings: words that were read as others.
    """

    text: str
    restored: bool = False
    readings: tuple[Reading, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """What a person is told, a line each: "'burgundy' read as 'maroon'"; nothing where nothing was changed."""
        return tuple(str(reading) for reading in self.readings)


@lru_cache(maxsize=4_096)
def interpret(text: str) -> Interpretation:
    """Return what a text is read as; the same text each time the same.

    Args:
        text: as ``words.normalise`` gives it.

    >>> interpret("azure trilby").text, interpret("quan sooc den").text, interpret("red dress").text
    ('blue hat', 'quần short đen', 'red dress')
    >>> interpret("azure dress").said
    ("'azure' read as 'blue'",)
    """
    restored = restorer().restore(text)
    vietnamese = restored != text or plain(text) != text
    read, readings = thesaurus("vi" if vietnamese else "en").read(restored)
    return Interpretation(read, restored != text, readings)

"""A change of one attribute in four texts: twice in English, in Vietnamese, and in Vietnamese without diacritics."""

from __future__ import annotations

from random import Random

from ..trainer.seeds import derive_seed
from .changes import change
from .lexicon import Lexicon, strip_diacritics

__all__ = ["WAYS", "make_change_texts"]

WAYS = 4
"""Sets of texts for one change, which triplets share: each text is embedded once, and there are fewer texts so."""


def make_change_texts(
    field: str, old: str, new: str, place: int, seed: int, lexicon: Lexicon, category: str = ""
) -> tuple[str, ...]:
    """Return the texts, as many as ``captions.FORMS``.

    Args:
        field: what changes, as ``change`` takes it.
        old: its value now.
        new: the value that is asked for.
        place: of the triplet among others, which together with the seed chooses the wording.
        seed: of the training.
        lexicon: the words.
        category: of a drawn garment, else "".

    Raises:
        TrainError: the lexicon has no words for the change.

    >>> from .lexicon import read_lexicon
    >>> len(make_change_texts("sleeve", "short", "long", 0, 0, read_lexicon(), "dress"))
    4
    """
    random = Random(f"{seed} {field} {old} {new} {derive_seed(seed, place) % WAYS}")  # noqa: S311  of words
    texts = [change(field, old, new, language, random, lexicon, category) for language in ("en", "en", "vi", "vi")]
    return (*texts[:3], strip_diacritics(texts[3]))

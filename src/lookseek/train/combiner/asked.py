"""Triplets of a shop's attributes: two items that differ in one fact, or in what garment they are.

"The same with long sleeves" leads to items of the same type, colour, people and brand (``catalogue/one_change.py``);
"as shorts" to shorts of the same brand, colour and people. Only a shop with ``details.parquet`` has them.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from ...catalogue.details import DETAILS
from ...catalogue.one_change import FINER, kind_change, one_change, read_articles
from ...errors import TrainError
from ..trainer.seeds import derive_seed
from ..words.asked_changes import ask_change
from ..words.lexicon import Language, Lexicon, strip_diacritics

if TYPE_CHECKING:
    from .shop import GeneratedTriplets

__all__ = ["make_attribute_triplets"]

MAX_PER_FIELD = 3_000
"""Triplets of one field: patterns would else be half of all."""

MAX_PER_REFERENCE = 4
"""Triplets of one item and one change."""

WAYS = 2
"""Sets of texts of one change, which its triplets share."""


def make_attribute_triplets(data: Path, split: str, seed: int, lexicon: Lexicon) -> GeneratedTriplets:
    """Return the triplets, shuffled; none where the folder has no ``details.parquet``.

    Args:
        data: the folder of ``catalogue.parquet``.
        split: whose items.
        seed: of the choice of triplets and of their words.
        lexicon: the words; a change without words is left out.

    Raises:
        CatalogueError: a table can't be read.
    """
    if not (data / DETAILS).is_file():
        return ()
    chance = np.random.default_rng(seed)
    articles = read_articles(data, split)
    by_field: dict[str, list[tuple[str, str, str, str, str]]] = defaultdict(list)
    for change in (*one_change(articles), *one_change(articles, FINER), *kind_change(articles)):
        for at in chance.permutation(len(change.targets))[:MAX_PER_REFERENCE]:
            pair = (change.reference, change.targets[at], change.field, change.old, change.new)
            by_field[change.field].append(pair)
    made: dict[tuple[str, str], tuple[str, ...]] = {}
    for field in sorted(by_field):
        pairs = by_field[field]
        for at in chance.permutation(len(pairs))[:MAX_PER_FIELD]:
            reference, target, _, old, new = pairs[at]
            texts = _texts(field, old, new, len(made), seed, lexicon)
            if texts:
                made[reference, target] = texts
    rows = [(*pair, texts) for pair, texts in made.items()]
    return tuple(rows[at] for at in chance.permutation(len(rows)))


def _texts(field: str, old: str, new: str, place: int, seed: int, lexicon: Lexicon) -> tuple[str, ...]:
    """Return a change in four forms, as ``make_change_texts`` does; empty where the lexicon has no words for it."""
    random = Random(f"{seed} {field} {old} {new} {derive_seed(seed, place) % WAYS}")  # noqa: S311  of words
    languages: tuple[Language, ...] = ("en", "en", "vi", "vi")
    try:
        texts = [ask_change(field, old, new, language, random, lexicon).text for language in languages]
    except TrainError:
        return ()
    return (*texts[:3], strip_diacritics(texts[3]))

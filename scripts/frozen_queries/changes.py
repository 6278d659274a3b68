"""Queries of ``myntra-changes``: a photo and a change of one fact."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from frozen_queries.shop import MOST, Row, Shop, some_of
from lookseek.catalogue.one_change import FIELDS, one_change, read_articles
from lookseek.train.words.asked_changes import ask_change
from lookseek.train.words.lexicon import strip_diacritics


def changes(shop: Shop) -> Iterator[Row]:
    """Changes of one fact, of each field at the most so many; a checksum of each chooses its words."""
    found = one_change(read_articles(shop.folder, shop.split))
    for field in FIELDS:
        rows = []
        for change in (change for change in found if change.field == field):
            seed = f"{change.reference}/{field}/{change.new}"
            said = []
            for language in ("en", "vi"):
                random = Random(f"{seed}/{language}")
                while True:  # the value is named: of "longer" more than the targets would be right
                    asked = ask_change(field, change.old, change.new, language, random, shop.lexicon)
                    if asked.values == {change.new}:
                        break
                said.append(asked.text)
            rows.append(
                (
                    change.reference,
                    field,
                    change.old,
                    change.new,
                    " ".join(change.targets),
                    *said,
                    strip_diacritics(said[1]),
                )
            )
        yield from some_of(rows, 3 * MOST)

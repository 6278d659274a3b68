"""A benchmark's words, for a model that reads them: texts alone, texts that stand for photos, and changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..encode import Composer, Model, TextEncoder, composer_of
from ..encode.reading import interpretations
from ..errors import QueryError
from ..progress import Progress
from ..search.vector_sum import WeightedVector, weighted_sum
from ..types import Vector, Vectors
from .task import EvaluationQuery, Loaded

__all__ = ["PARTS", "Reader", "has_words", "reader_of"]

PARTS: Mapping[str, str] = {
    "photo": "the reference photo alone: the words were left out",
    "text": "the words alone: the reference photo was left out",
}
"""Values of ``--composer`` that measure what each part of a change is worth, and what a result says of them."""

_CHUNK = 256
"""Texts or changes a step: progress is told after each."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a change, as it is."""

    name: str

    @property
    def reference(self) -> None:
        """See Composer."""

    def compose(self, photos: Vectors, texts: Vectors, tokens: Vectors | None = None) -> Vectors:
        """See Composer; what comes in has length 1."""
        return photos if self.name == "photo" else texts


@dataclass(frozen=True, slots=True)
class Reader:
    """A model's words.

    Args:
        text: its text tower.
        composer: how a change is asked.
        made_by: checksum of what makes the vectors of words.
        literal: whether words are taken as they stand; else as a search reads them (``encode.interpret``).
    """

    text: TextEncoder
    composer: Composer
    made_by: str
    literal: bool = False

    def needs(self, loaded: Loaded, queries: Sequence[EvaluationQuery]) -> bool:
        """Return whether any query's vector is of words or composed with words."""
        return bool(loaded.texts) or any(q.text and not (q.photo and self.composer.name == "photo") for q in queries)

    def said(self, queries: Sequence[EvaluationQuery]) -> dict[str, str]:
        """Return the entries of a result's model that describe how the queries were encoded."""
        said = {"text": f"{self.text.name} {self.made_by[:12]}"}
        if self.literal:
            said["words"] = "as they stand"
        if any(query.photo and query.text for query in queries):
            said["composer"] = self.composer.name
            if self.composer.name in PARTS:
                said["query"] = PARTS[self.composer.name]
        return said

    def read(self, texts: Sequence[str], progress: Progress) -> tuple[Vectors, dict[str, int]]:
        """Return vectors of texts, float32 (distinct texts, dim), and the row of each; each is encoded once."""
        rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        distinct = list(rows)
        progress.phase("texts", len(distinct))
        vectors = np.empty((len(distinct), self.text.dim), np.float32)
        for start in range(0, len(distinct), _CHUNK):
            part = distinct[start : start + _CHUNK]
            read = interpretations(self.text, part, literal=self.literal)
            vectors[start : start + len(part)] = self.text.encode([one.text for one in read])
            progress.advance(len(part))
        return vectors, rows

    def sums(self, queries: Sequence[EvaluationQuery], vector_of: Callable[[str], Vector]) -> Vectors:
        """Return vectors of text + plus - minus, float32 (n, dim), summed as a search does.

        Args:
            queries: of words alone.
            vector_of: of a text, of length 1.
        """
        added = [
            weighted_sum(
                [
                    WeightedVector(sign + text, 1.0 if sign == "+" else -1.0, vector_of(text))
                    for sign, text in (("+", q.text), ("+", q.plus), ("-", q.minus))
                    if text
                ]
            )
            for q in queries
        ]
        return np.stack(added) if added else np.empty((0, self.text.dim), np.float32)

    def change(self, photos: Vectors, texts: Vectors, tokens: Vectors | None) -> Vectors:
        """Composed vectors, float32 (n, dim), of rows of length 1, and tokens where the composer sees photos."""
        given = [rows for rows in (photos, texts, tokens) if rows is not None]
        parts = [
            self.composer.compose(*(rows[start : start + _CHUNK] for rows in given))
            for start in range(0, len(photos), _CHUNK)
        ]
        return np.concatenate(parts) if parts else photos[:0]


def has_words(loaded: Loaded, queries: Sequence[EvaluationQuery]) -> bool:
    """Return whether a benchmark needs a text tower: a change does not, as its photo alone can be searched with."""
    return bool(loaded.texts) or any(not query.photo for query in queries)


def reader_of(model: Model, composer: str | None, *, literal: bool = False) -> Reader | None:
    """Return the reader of a benchmark's words.

    Args:
        model: that is measured.
        composer: ``photo``, ``text``, or as ``composer_of`` takes it.
        literal: see ``Reader``.

    Returns:
        None for a model that reads no words.

    Raises:
        QueryError: no such composer, or one for a model that reads no words.
    """
    if model.text is None:
        if composer not in (None, "photo"):
            raise QueryError(
                f"the model {model.name} reads no words, so there is nothing to compose by {composer!r}: leave "
                "--composer out, or give a model with a text tower"
            )
        return None
    chosen = _Part(composer) if composer is not None and composer in PARTS else composer_of(model, composer)
    return Reader(model.text, chosen, model.words, literal)

"""From a query to vectors: photos seen, words read, a change composed, parts added up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .. import images
from ..encode import Encoder, Model
from ..encode.model import composer_of
from ..encode.reading import encode_texts
from ..errors import QueryError
from ..query import Query, Term
from ..store import Store
from ..store.examples import average_vector
from ..store.schema import LOOK, LOOK_EUCLIDEAN
from ..types import Box, Photo, Pixels, Vector
from .vector_sum import Part, summed, told_apart

__all__ = ["DISLIKED", "LIKED", "Asked", "ask"]

LIKED, DISLIKED = 0.75, 0.15
"""Weights of the means of liked and disliked items beside a photo or words, which weigh 1. Source: C. Manning,
P. Raghavan, H. Schütze, "Introduction to Information Retrieval", 2008, section 9.1.1."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as a store takes it.

    Args:
        vectors: by the name of the vector that each is compared with.
        parts: what was added up, each with a label of its own; empty where nothing was.
    """

    vectors: Mapping[str, Vector]
    parts: tuple[Part, ...] = ()


def ask(query: Query, model: Model, encoders: Sequence[Encoder], store: Store) -> Asked:
    """Turns a query into vectors.

    Items that were liked and disliked move a photo or words by Rocchio's rule: their means are two more parts.

    Args:
        query: what is asked.
        model: that made the index's ``look``.
        encoders: of photos, those whose vectors the index keeps; used where a photo alone asks.
        store: that holds the items that are asked by.

    Raises:
        QueryError: the model reads no words or has no such composer, parts that cancel each other, an unknown id.
        ImageError: a photo can't be used.
    """
    if query.by_examples:
        return Asked({LOOK: average_vector(store, LOOK, query.like, query.unlike)})
    if query.photo_alone:
        return Asked(_kept(query.item, store) if query.item else _seen(query, encoders))
    parts = _parts(query, model, store)
    if len(parts) == 1:
        return Asked({LOOK: parts[0].vector})
    labels = told_apart([part.label for part in parts])
    apart = tuple(Part(label, part.weight, part.vector) for label, part in zip(labels, parts, strict=True))
    return Asked({LOOK: summed(apart)}, apart)


def _parts(query: Query, model: Model, store: Store) -> list[Part]:
    """What is added up: the query's own photo and words first; that alone where nothing else is said."""
    terms = [*query.plus, *query.minus]
    composer = composer_of(model, query.composer or None) if query.composed else None
    looks, words = _looks_and_words(query, terms, model, store)
    parts: list[Part] = []
    if composer is not None:
        (both,) = composer.compose(next(looks)[None], next(words)[None])
        parts.append(Part("photo+words", query.image_weight, both))
    elif query.pictured:
        parts.append(Part("photo", query.image_weight, next(looks)))
    elif query.text:
        parts.append(Part("words", 1.0, next(words)))
    for mark, sign, some in (("+", 1, query.plus), ("-", -1, query.minus)):
        for term in some:
            vector = next(words if term.photo is None else looks)
            parts.append(Part(mark + term.name, sign * term.weight, vector))
    for label, weight, ids in (("liked", LIKED, query.like), ("disliked", -DISLIKED, query.unlike)):
        if ids:
            parts.append(Part(label, weight, average_vector(store, LOOK, ids, ())))
    return parts


def _kept(item: str, store: Store) -> dict[str, Vector]:
    """The vectors that the index keeps of an item."""
    found = store.get([item])
    if not found:
        raise QueryError(f"the index has no item {item!r}: give an id as a search shows it")
    return dict(found[0].vectors)


def _seen(query: Query, encoders: Sequence[Encoder]) -> dict[str, Vector]:
    """The vectors of a query that is a photo alone."""
    pixels = _decoded(query.image or b"", query.box, max(encoder.min_side for encoder in encoders))
    vectors = {encoder.name: encoder.encode([encoder.prepare(pixels)])[0] for encoder in encoders}
    return {**vectors, LOOK_EUCLIDEAN: vectors[LOOK]} if query.metric == "euclidean" else vectors


def _looks(query: Query, terms: Sequence[Term], model: Model, store: Store) -> Iterator[Vector]:
    """What the photos look like."""
    if query.item:
        yield _kept(query.item, store)[LOOK]
    own = [] if query.image is None else [(query.image, query.box)]
    photos = [*own, *((term.photo, None) for term in terms if term.photo is not None)]
    encoder = model.image
    if photos:
        yield from encoder.encode([encoder.prepare(_decoded(photo, box, encoder.min_side)) for photo, box in photos])


def _looks_and_words(
    query: Query, terms: Sequence[Term], model: Model, store: Store
) -> tuple[Iterator[Vector], Iterator[Vector]]:
    """What the photos look like and what the words say, each the query's own first, then the terms'."""
    texts = [*([query.text] if query.text else []), *(term.text for term in terms if term.photo is None)]
    if not texts:
        return _looks(query, terms, model, store), iter(())
    with ThreadPoolExecutor(1) as beside:  # the words take one core, and the longest
        looks = beside.submit(lambda: list(_looks(query, terms, model, store)))
        words = encode_texts(model, texts)
        return iter(looks.result()), iter(words)


def _decoded(photo: Photo, box: Box | None, min_side: int) -> Pixels:
    pixels = images.decode(photo, min_side=0 if box is not None else min_side)
    return pixels if box is None else images.crop(pixels, box)

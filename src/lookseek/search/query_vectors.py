"""The encode stage: a query's photos and words become vectors, a change is composed, parts are added up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from .. import images
from ..encode import Composer, Encoder, Model
from ..encode.model import composer_of
from ..encode.reading import encode_texts
from ..errors import QueryError
from ..query import Query, Term
from ..store import Store
from ..store.examples import average_vector
from ..store.schema import GARMENTS, LOOK, LOOK_EUCLIDEAN
from ..types import Box, Photo, Pixels, Vector, Vectors
from .vector_sum import WeightedVector, unique_labels, weighted_sum

__all__ = ["DISLIKED", "LIKED", "EncodedQuery", "encode_query"]

LIKED, DISLIKED = 0.75, 0.15
"""Weights of the means of liked and disliked items beside a photo or words, which weigh 1. Source: C. Manning,
P. Raghavan, H. Schütze, "Introduction to Information Retrieval", 2008, section 9.1.1."""


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A query as vectors.

    Args:
        vectors: by the name of the stored vector that each is compared with, float32 (dim,), any length but 0.
        parts: of a sum, each with a label of its own; empty where the query is no sum.
        unchanged: of a photo with a change in words and nothing else, the photo's own vector; None else.
        blank: whether it is a photo alone that shows nothing.
    """

    vectors: Mapping[str, Vector]
    parts: tuple[WeightedVector, ...] = ()
    unchanged: Vector | None = None
    blank: bool = False


def encode_query(query: Query, model: Model, encoders: Sequence[Encoder], store: Store) -> EncodedQuery:
    """Encode a query.

    Liked and disliked items move a photo or words by Rocchio's rule: their means are two more parts of a sum.

    Args:
        query: what is looked for.
        model: that made the index's ``look``.
        encoders: of photos, those whose vectors the index keeps; used where the query is a photo alone.
        store: that holds the items that the query names.

    Raises:
        QueryError: the model reads no words or has no such composer, parts that cancel each other, an unknown id.
        ImageError: a photo can't be used.
    """
    encoded = _encoded(query, model, encoders, store)
    if GARMENTS not in store.layout or GARMENTS in encoded.vectors:
        return encoded
    return replace(encoded, vectors={**encoded.vectors, GARMENTS: encoded.vectors[LOOK]})


def _encoded(query: Query, model: Model, encoders: Sequence[Encoder], store: Store) -> EncodedQuery:
    if query.by_examples:
        return EncodedQuery({LOOK: average_vector(store, LOOK, query.like, query.unlike)})
    if query.photo_alone:
        return EncodedQuery(_stored_vectors(query.item, store)) if query.item else _photo_alone(query, encoders)
    parts, unchanged = _parts(query, model, store)
    if len(parts) == 1:
        return EncodedQuery({LOOK: parts[0].vector}, unchanged=unchanged)
    labels = unique_labels([part.label for part in parts])
    labelled = tuple(WeightedVector(label, part.weight, part.vector) for label, part in zip(labels, parts, strict=True))
    return EncodedQuery({LOOK: weighted_sum(labelled)}, labelled)


def _parts(query: Query, model: Model, store: Store) -> tuple[list[WeightedVector], Vector | None]:
    """The parts of a sum, one where the query is none, its own photo and words first; and a changed photo's vector."""
    unchanged = None
    terms = [*query.plus, *query.minus]
    composer = composer_of(model, query.composer or None) if query.composed else None
    photos, words = _embeddings(query, terms, model, store)
    parts: list[WeightedVector] = []
    if composer is not None:
        unchanged = next(photos)
        (both,) = composer.compose(unchanged[None], next(words)[None], _tokens(composer, query))
        parts.append(WeightedVector("photo+words", query.image_weight, both))
    elif query.pictured:
        parts.append(WeightedVector("photo", query.image_weight, next(photos)))
    elif query.text:
        parts.append(WeightedVector("words", 1.0, next(words)))
    for mark, sign, some in (("+", 1, query.plus), ("-", -1, query.minus)):
        for term in some:
            vector = next(words if term.photo is None else photos)
            parts.append(WeightedVector(mark + term.name, sign * term.weight, vector))
    for label, weight, ids in (("liked", LIKED, query.like), ("disliked", -DISLIKED, query.unlike)):
        if ids:
            parts.append(WeightedVector(label, weight, average_vector(store, LOOK, ids, ())))
    return parts, unchanged


def _stored_vectors(item: str, store: Store) -> dict[str, Vector]:
    """The stored vectors of an item."""
    found = store.get([item])
    if not found:
        raise QueryError(f"the index has no item {item!r}: give an id as a search shows it")
    return dict(found[0].vectors)


def _photo_alone(query: Query, encoders: Sequence[Encoder]) -> EncodedQuery:
    pixels = _decode(query.image or b"", query.box, max(encoder.min_side for encoder in encoders))
    vectors = {encoder.name: encoder.encode([encoder.prepare(pixels)])[0] for encoder in encoders}
    if query.metric == "euclidean":
        vectors[LOOK_EUCLIDEAN] = vectors[LOOK]
    return EncodedQuery(vectors, blank=images.is_blank(pixels))


def _image_embeddings(query: Query, terms: Sequence[Term], model: Model, store: Store) -> Iterator[Vector]:
    """Vectors of the photos, the query's own first."""
    if query.item:
        yield _stored_vectors(query.item, store)[LOOK]
    own = [] if query.image is None else [(query.image, query.box)]
    photos = [*own, *((term.photo, None) for term in terms if term.photo is not None)]
    encoder = model.image
    if photos:
        yield from encoder.encode([encoder.prepare(_decode(photo, box, encoder.min_side)) for photo, box in photos])


def _embeddings(
    query: Query, terms: Sequence[Term], model: Model, store: Store
) -> tuple[Iterator[Vector], Iterator[Vector]]:
    """Vectors of the photos and of the words, each the query's own first, then the terms'."""
    texts = query.words
    if not texts:
        return _image_embeddings(query, terms, model, store), iter(())
    if query.image is None and all(term.photo is None for term in terms):  # no thread for words alone
        return _image_embeddings(query, terms, model, store), iter(encode_texts(model, texts, literal=query.literal))
    with ThreadPoolExecutor(1) as beside:  # the words take one core, and the longest
        photos = beside.submit(lambda: list(_image_embeddings(query, terms, model, store)))
        words = encode_texts(model, texts, literal=query.literal)
        return iter(photos.result()), iter(words)


def _tokens(composer: Composer, query: Query) -> Vectors | None:
    """What a composer sees of the query's photo, float32 (1, numbers); None of an item, whose vector is all it gets."""
    encoder = None if query.image is None else composer.reference
    if encoder is None or query.image is None:
        return None
    return encoder.encode([encoder.prepare(_decode(query.image, query.box, encoder.min_side))])


def _decode(photo: Photo, box: Box | None, min_side: int) -> Pixels:
    pixels = images.decode(photo, min_side=0 if box is not None else min_side)
    return pixels if box is None else images.crop(pixels, box)

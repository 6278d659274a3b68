"""What a person asks: a photo, words, both, sums of them, or items that are like it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, Literal

from .errors import QueryError
from .photo import Photo, to_photo
from .query_checks import check_query, check_weight
from .types import Box, Metric, RerankMethod, RouteMode, RouterType

__all__ = ["Query", "Term", "check_is_query"]


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a sum: words or a photo, and how much it counts.

    Args:
        text: words, or "" for a photo.
        photo: a photo, or None for words.
        weight: beside the other parts' weights, above 0, at most ``MAX_WEIGHT``.

    Raises:
        QueryError: neither words nor a photo, both, or a weight outside its range.
    """

    text: str = ""
    _: KW_ONLY
    photo: Photo | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check_type(self.text, "a term's text", "words")
        if self.photo is not None:
            object.__setattr__(self, "photo", to_photo(self.photo))
        if (self.photo is None) == (not self.text.strip()):
            raise QueryError(f"a term is words or a photo, got text {self.text!r} and photo {self.photo!r}: give one")
        check_weight(self.weight, repr(self.text) if self.photo is None else self.name)

    @property
    def name(self) -> str:
        """Its words in one line, or the photo's file."""
        if self.photo is None:
            return " ".join(self.text.split())
        return self.photo.name if isinstance(self.photo, Path) else "photo"


@dataclass(frozen=True, slots=True)
class Query:
    """What a person asks.

    ``image`` alone asks for what looks like it, ``text`` alone for what the words say, both for the photo with that
    change. ``item`` stands for an item's photo. ``plus`` and ``minus`` add to that and take away from it; ``like`` and
    ``unlike`` do so with items that were looked at, and alone they are all that is asked by.

    Args:
        image: a photo to look like.
        item: the id of an item to look like, in place of ``image``; it is not among the hits.
        box: the part of ``image`` that is meant; None for all of it.
        garment: the garment in ``image`` that is meant: a kind such as "dress", its number in the list of those found,
            from 1, or "largest"; "" for none: then ``box`` or the whole photo is meant.
        text: what is looked for or, beside ``image``, how it should differ from the photo.
        plus: what is added to the photo and words: words and photos, each with its weight.
        minus: what is taken away from them.
        image_weight: how much the photo, changed by ``text`` where there is one, counts beside ``plus`` and ``minus``;
            the text counts 1.
        like: ids of items that what is looked for should be like.
        unlike: ids of items that it should not be like; they are not among the hits.
        composer: what joins ``image`` with ``text``; "" for the model's own.
        filter: an expression as ``lookseek.filters.parser`` reads it, e.g. ``"price < 50"``; "" for all.
        k: how many hits at the most, 1 to 100,000.
        metric: how photos are compared; Euclidean distance goes with a photo alone.
        exact: True compares with every item even where the index has a graph.
        colour_weight: share of the colour vector in the score, 0 to 1; None for the index's default. Only a photo alone
            has colours to compare.
        response_colour_weight: share of the colour where the model responds most (``encode.response_colour``), of an
            index that keeps it; with ``colour_weight`` at most 1. None is 0.
        hide_duplicates: True shows one of several near-identical photos, and none of ``item`` or the examples; two
            products stay two results.
        group_by: "product" makes photos of one product one result, the best photo first, where the index has products
            (``Manifest.roles``); "photo" makes each photo a result of its own.
        route: the router whose keys are searched; "none" for all items.
        route_mode: "soft" searches keys until the router is as sure as validation asked for, "hard" the likeliest one.
        literal: True takes words as they are typed; False reads words that the model was never taught as ones that it
            was, and puts diacritics back (``encode.interpret``).
        rerank: the method that scores the first candidates a second time, by cosines alone; "none" for none, which is
            best on the shops that were measured (docs/decisions/pipeline.md).
        explain: True gives each hit its ``contributions``; at most ``MAX_EXPLAINED`` hits.
        copied: finds copies of the design in the photo of which at most so many regions were changed, 0 to 4: the
            nearest photos are compared region by region, and the regions that differ most are left out of the score.
            None for a usual search.

    Raises:
        QueryError: nothing that is asked, a value of another type or outside its range, or parts that don't go
            together.
        ImageError: an image that is no photo.

    Lists are taken for tuples, and one value for a tuple of it; in ``plus`` and ``minus`` words or a photo for a
    ``Term``; four numbers for a ``Box``.
    """

    image: Photo | None = None
    _: KW_ONLY
    item: str = ""
    box: Box | None = None
    garment: str = ""
    text: str = ""
    plus: tuple[Term, ...] = ()
    minus: tuple[Term, ...] = ()
    image_weight: float = 1.0
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    composer: str = ""
    filter: str = ""
    k: int = 10
    metric: Metric = "cosine"
    exact: bool = False
    colour_weight: float | None = None
    response_colour_weight: float | None = None
    hide_duplicates: bool = False
    route: Literal["none"] | RouterType = "none"
    route_mode: RouteMode = "soft"
    rerank: Literal["none"] | RerankMethod = "none"
    literal: bool = False
    group_by: Literal["product", "photo"] = "product"
    explain: bool = False
    copied: int | None = None

    def __post_init__(self) -> None:
        _convert(self)
        check_query(self)

    @property
    def words(self) -> tuple[str, ...]:
        """All its words: the text, then the terms'."""
        terms = (term.text for term in (*self.plus, *self.minus) if term.photo is None)
        return (*((self.text,) if self.text else ()), *terms)

    @property
    def encoded(self) -> bool:
        """Whether photos or words must be encoded; False where stored vectors of items suffice.

        Copies and explanations look into photos again, also where an item's is asked by.
        """
        photos = (term.photo for term in (*self.plus, *self.minus))
        given = self.image is not None or bool(self.words) or any(photo is not None for photo in photos)
        return given or self.copied is not None or self.explain

    @property
    def photo_alone(self) -> bool:
        """Whether a photo is all that is asked by: then colours and distances take part."""
        return self.pictured and not (self.text or self.plus or self.minus or self.like or self.unlike)

    @property
    def pictured(self) -> bool:
        """Whether a photo is asked by, one's own or an item's."""
        return self.image is not None or bool(self.item)

    @property
    def composed(self) -> bool:
        """Whether a photo is asked for with a change in words."""
        return self.pictured and bool(self.text)

    @property
    def summed(self) -> bool:
        """Whether parts are added up."""
        return bool(self.plus or self.minus)

    @property
    def by_examples(self) -> bool:
        """Whether items that are liked are all that is asked by."""
        return bool(self.like) and not (self.pictured or self.text or self.plus)


def check_is_query(given: object) -> None:
    """Raise a QueryError for what is searched with in place of a query, such as words or a photo."""
    if not isinstance(given, Query):
        kind = type(given).__name__
        raise QueryError(f"a search takes a Query, not {kind}: write Query(text=...), or Query(image=...) for a photo")


def _convert(query: Query) -> None:
    """Make of what is taken for a part of a query what it is kept as."""

    def keep(name: str, value: object) -> None:
        object.__setattr__(query, name, value)

    if query.image is not None:
        keep("image", to_photo(query.image))
    keep("box", _box(query.box))
    for name, convert in (("plus", _term), ("minus", _term), ("like", _check_type), ("unlike", _check_type)):
        keep(name, _tuple(getattr(query, name), name, convert))
    for name in ("text", "item", "filter", "composer", "garment"):
        _check_type(getattr(query, name), name, "text")
    _check_type(query.k, "k", "a whole number of results", int)


def _tuple(values: Any, name: str, convert: Callable[[Any], Any]) -> tuple[Any, ...]:
    if isinstance(values, str | Term):
        values = (values,)
    if not isinstance(values, Iterable):
        raise QueryError(f"{name} is {values!r}: give a list")
    return tuple(convert(value) for value in values)


def _term(given: object) -> Term:
    if isinstance(given, Term):
        return given
    return Term(given) if isinstance(given, str) else Term(photo=given)  # type: ignore[arg-type]  # checked there


def _box(given: object) -> Box | None:
    if given is None or isinstance(given, Box):
        return given
    try:
        return Box(*map(float, given))  # type: ignore[call-overload]
    except (TypeError, ValueError) as error:
        raise QueryError(f"box {given!r} is no rectangle: give x, y, width and height in pixels") from error


def _check_type(value: object, name: str = "an example", what: str = "an item's id", kind: type = str) -> object:
    if not isinstance(value, kind) or isinstance(value, bool):  # True would be 1
        raise QueryError(f"{name} is {value!r}, of type {type(value).__name__}: give {what}")
    return value

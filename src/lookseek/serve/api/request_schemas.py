"""The JSON bodies of requests, for validation and for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from ...query_checks import MAX_CHANGED
from ..settings import MAX_ID, MAX_ITEM_FIELDS, MAX_ITEM_TEXT, MAX_K, MAX_TERMS, MAX_TEXT

__all__ = ["AttributeValue", "BatchLine", "ItemBody", "SearchBody", "TermBody"]

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]
_PLAIN_VALUE = 30
"""Characters that a number or a boolean counts as."""
Value = bool | Annotated[int, Field(ge=-(2**63), lt=2**63)] | float | str
"""The engine keeps integers of 64 bits."""
AttributeValue = Value | Annotated[list[Text], Field(max_length=100)]
"""A value, or several texts of which a filter finds each."""
Base64 = Annotated[
    str,
    Field(description="A photo's bytes in base64, as a data URL too.", json_schema_extra={"contentEncoding": "base64"}),
]


class _Strict(BaseModel):
    """A request: fields that nobody knows are errors, since a misspelt one would be ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class TermBody(_Strict):
    """Words or a photo to add or take away, with a weight."""

    text: Text = ""
    image: Base64 | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0


class SearchBody(_Strict):
    """A query. Something must be asked: a photo, an item, words, or items that are liked."""

    image: Base64 | None = None
    image_url: Annotated[
        str | None, Field(max_length=2000, description="A photo by its address; off unless the service allows it.")
    ] = None
    item: Annotated[str, Field(max_length=MAX_ID, description="An item to search with, in place of a photo.")] = ""
    box: Annotated[
        list[float] | None,
        Field(
            min_length=4,
            max_length=4,
            description="x, y, width, height in pixels: the part of the photo that is meant.",
        ),
    ] = None
    garment: Annotated[
        str,
        Field(
            max_length=50,
            description="The garment in the photo that is meant: a kind, its number from 1, or largest.",
        ),
    ] = ""
    text: Annotated[Text, Field(description="What is looked for or, beside a photo, how it should differ.")] = ""
    plus: Annotated[list[Text | TermBody], Field(max_length=MAX_TERMS, description="What is added.")] = []
    minus: Annotated[list[Text | TermBody], Field(max_length=MAX_TERMS, description="What is taken away.")] = []
    image_weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    like: Annotated[list[Id], Field(max_length=100)] = []
    unlike: Annotated[list[Id], Field(max_length=100)] = []
    composer: Annotated[str, Field(max_length=100)] = ""
    filter: Annotated[str, Field(max_length=10_000)] = ""
    k: Annotated[int, Field(ge=1, le=MAX_K)] = 10
    metric: Literal["cosine", "euclidean"] = "cosine"
    exact: bool = False
    colour_weight: Annotated[float | None, Field(ge=0, le=1)] = None
    response_colour_weight: Annotated[
        float | None,
        Field(ge=0, le=1, description="Of the colour where the model responds most, in an index that keeps it."),
    ] = None
    hide_duplicates: bool = False
    group_by: Annotated[
        Literal["product", "photo"],
        Field(description="Whether photos of one product are one result, or each photo is one."),
    ] = "product"
    route: Literal["none", "svm", "kmeans"] = "none"
    route_mode: Literal["soft", "hard"] = "soft"
    rerank: Annotated[
        Literal["none", "query-expansion", "database-augmentation", "k-reciprocal", "diffusion", "pairs"],
        Field(description="What scores the first candidates a second time; pairs where the index was made so."),
    ] = "none"
    copied: Annotated[
        int | None,
        Field(
            ge=0,
            le=MAX_CHANGED,
            description="Find copies of the photo's design of which at most so many of five regions were changed; then "
            "k is at most 60.",
        ),
    ] = None
    explain: Annotated[bool, Field(description="Whether hits have their contributions; then k is at most 20.")] = False
    cursor: Annotated[str, Field(max_length=200, description="next of the answer before, for what comes after it.")] = (
        ""
    )
    sort: Annotated[
        str,
        Field(
            max_length=100,
            description="The order of the 200 nearest: price, newest, or an attribute; with - the largest first.",
        ),
    ] = ""


class ItemBody(_Strict):
    """An item to put: a new one needs a photo, one that is there keeps its own where none is given."""

    image: Base64 | None = None
    attributes: Annotated[
        dict[Annotated[str, StringConstraints(min_length=1, max_length=100)], AttributeValue],
        Field(max_length=MAX_ITEM_FIELDS),
    ] = {}

    @field_validator("attributes")
    @classmethod
    def _short_enough(cls, attributes: dict[str, AttributeValue]) -> dict[str, AttributeValue]:
        length = sum(len(name) + _length(value) for name, value in attributes.items())
        if length > MAX_ITEM_TEXT:
            raise ValueError(f"{length:,} characters in all, {MAX_ITEM_TEXT:,} are taken: shorten its texts")
        return attributes


def _length(value: AttributeValue) -> int:
    return sum(map(len, value)) if isinstance(value, list) else len(value) if isinstance(value, str) else _PLAIN_VALUE


class BatchLine(ItemBody):
    """One line of a batch."""

    id: Id

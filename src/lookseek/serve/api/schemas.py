"""The JSON bodies of requests and responses, for validation and for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from ..settings import MAX_ID, MAX_ITEM_FIELDS, MAX_ITEM_TEXT, MAX_K, MAX_TERMS, MAX_TEXT

__all__ = [
    "PROBLEMS",
    "BatchLine",
    "CellMap",
    "Contributions",
    "Done",
    "Facet",
    "Facets",
    "Garment",
    "Garments",
    "Health",
    "Hit",
    "IndexAbout",
    "Item",
    "ItemBody",
    "Look",
    "LookItem",
    "LookPart",
    "Problem",
    "SearchAnswer",
    "SearchBody",
    "TermBody",
]

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
        Literal["none", "query-expansion", "database-augmentation", "k-reciprocal", "diffusion"],
        Field(description="What scores the first candidates a second time."),
    ] = "none"
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


class Garment(BaseModel):
    """A garment in a photo."""

    box: list[float] = Field(min_length=4, max_length=4, description="x, y, width, height in pixels of the photo.")
    kind: str
    score: float = Field(ge=0, le=1, description="How sure it is.")


class Garments(BaseModel):
    """The garments in a photo, the largest first."""

    garments: list[Garment]


class CellMap(BaseModel):
    """What each cell of a photo contributes to a score."""

    cells: list[list[float]] = Field(description="Rows from the top; negative where a cell speaks against the match.")
    rest: float = Field(description="What a blank photo would have; with all cells it sums to the share of the look.")
    window: list[float] = Field(
        min_length=4,
        max_length=4,
        description="Left, top, right and bottom of the cells, in widths and heights of the photo or of its box.",
    )
    size: list[int] = Field(
        min_length=2, max_length=2, description="Width and height of the photo; in any scale where there is no box."
    )
    box: list[float] | None = Field(None, description="The part of the photo that was compared; absent for all of it.")


class Contributions(BaseModel):
    """What gave a hit its score: ``vectors``, ``parts`` and, where there are any, ``garments`` sum to it each."""

    vectors: dict[str, float] = Field(description="By vector, and by part of it where the model has named parts.")
    parts: dict[str, float] = Field(description="By part of the query.")
    garments: dict[str, float] = Field({}, description="By kind, where a garment of the photo was compared.")
    agreement: dict[str, float] = Field({}, description="Cosines by aspect, whatever their weight in the score.")
    query: CellMap | None = Field(None, description="Cells of the query's photo.")
    photo: CellMap | None = Field(None, description="Cells of the hit's photo.")


class Hit(BaseModel):
    """One answer, as ``lookseek search --json`` has it."""

    id: str
    score: float
    rank: int
    attributes: dict[str, AttributeValue]
    shares: dict[str, float]
    copies: list[str] | None = Field(None, description="Ids of near-identical photos, where the query hides them.")
    product: str | None = Field(None, description="The product that it shows, where results are products.")
    photos: list[str] | None = Field(
        None, description="Ids of the product's other photos that meet the filter, at the most 100."
    )
    region: Garment | None = Field(None, description="The garment of its photo that was compared, where one was.")
    contributions: Contributions | None = Field(None, description="What gave the score, where that was asked for.")


class SearchAnswer(BaseModel):
    """The answer to a query, as ``lookseek search --json`` has it."""

    query: dict[str, object]
    hits: list[Hit]
    took_ms: float
    index: str
    garments: list[Garment] | None = Field(
        None, description="Those found in the query's photo, where it means one of them."
    )
    garment: int | None = Field(None, description="Which of them was searched with, from 1.")
    good: int | None = Field(None, description="How many hits stand out; null where nobody can say.")
    hints: list[str] = Field([], description="What was probably meant by a filter that no item meets.")
    next: str | None = Field(None, description="Cursor of the next page; absent where no more comes.")
    changed: bool | None = Field(
        None,
        description="True where the index has changed since the page before: an item may come twice, or not at all.",
    )
    sort: str | None = Field(None, description="The attribute that the hits are ordered by, - for the largest first.")


class LookItem(BaseModel):
    """An item that goes with another: the higher its score, the better."""

    id: str
    score: float
    attributes: dict[str, AttributeValue]


class LookPart(BaseModel):
    """One part of an outfit, and items of it, best first."""

    part: str
    share: float = Field(description="How often outfits with the item's part have this one.")
    items: list[LookItem]


class Look(BaseModel):
    """An item, the part of an outfit that it is, and items that go with it."""

    id: str
    part: str
    parts: list[LookPart]


class Item(BaseModel):
    """An item of the index."""

    id: str
    attributes: dict[str, AttributeValue]


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


class Done(BaseModel):
    """What became of an item."""

    id: str
    what: Literal["added", "changed", "unchanged", "removed", "missing", "failed"]
    reason: str = Field("", description="Why it failed, or which text is not of its attribute's type and stays text.")


class Facet(BaseModel):
    """A value of an attribute and how many items have it."""

    value: str | bool
    count: int


class Facets(BaseModel):
    """Values of attributes, most frequent first."""

    items: int = Field(description="How many items meet the filter.")
    facets: dict[str, list[Facet]]
    not_counted: list[str] = Field(
        [], description="Fields that were not counted, since one request may count so much: ask for them by name."
    )


class IndexAbout(BaseModel):
    """What the index is."""

    name: str
    items: int
    model: str
    languages: list[str] = Field(description="Of words that can be asked with; empty where the model reads none.")
    composer: str | None = Field(None, description="What joins a photo with a change; null where nothing does.")
    fields: dict[str, Literal["words", "number", "boolean"]]
    roles: Annotated[
        dict[Literal["product", "title", "price", "link", "brand"], str],
        Field(description="What attributes are to a shopper: role to attribute."),
    ] = {}
    products: Annotated[
        int | None, Field(description="How many products the items show; null where none are named.")
    ] = None
    metrics: list[Literal["cosine", "euclidean"]]
    routers: list[Literal["svm", "kmeans"]]
    updated: str


class Health(BaseModel):
    """Whether the service lives, or is ready."""

    status: Literal["ok"]


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {"application/problem+json": {}}, "description": text}
    for status, text in (
        (400, "The request can't be read"),
        (401, "A key is needed"),
        (403, "The key may not do this"),
        (408, "The request came too slowly"),
        (413, "Too large"),
        (415, "Of a kind that is not taken"),
        (422, "Something that is asked can't be used"),
        (429, "Too many requests"),
        (503, "Too busy, or the index can't be used now"),
        (507, "The disk is full"),
    )
}
"""Error responses that every route may return, for OpenAPI."""

"""The JSON bodies of responses, for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from .request_schemas import AttributeValue

__all__ = [
    "PROBLEMS",
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
    "Look",
    "LookItem",
    "LookPart",
    "Problem",
    "RegionVerdict",
    "SearchAnswer",
]


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
    """What gave a hit its score: ``vectors``, ``parts`` and, where any, ``garments`` and ``regions`` sum to it."""

    vectors: dict[str, float] = Field(description="By vector, and by part of it where the model has named parts.")
    parts: dict[str, float] = Field(description="By part of the query.")
    garments: dict[str, float] = Field({}, description="By kind, where a garment of the photo was compared.")
    regions: dict[str, float] = Field({}, description="By region of the hit's garment, and elsewhere.")
    agreement: dict[str, float] = Field({}, description="Cosines by aspect, whatever their weight in the score.")
    query: CellMap | None = Field(None, description="Cells of the query's photo.")
    photo: CellMap | None = Field(None, description="Cells of the hit's photo.")


class RegionVerdict(BaseModel):
    """Whether one region of a garment is the same as the query's."""

    region: Literal["collar", "chest", "waist", "left sleeve", "right sleeve"]
    cosine: float = Field(ge=-1, le=1)
    differs: bool | None = Field(
        description="Null for not sure: the region is not found well enough in both photos to tell."
    )


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
    verdicts: list[RegionVerdict] | None = Field(
        None, description="On each region, where copies are looked for or hits explained"
    )
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
    uncompared: int | None = Field(
        None, description="How many of the nearest photos can't be read any more, where copies are looked for."
    )
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

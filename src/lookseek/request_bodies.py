"""What the client sends: queries and items as bodies of requests, with their photos in base64."""

from __future__ import annotations

import base64
from typing import Any

from . import images
from .query import Query, Term
from .types import Item, Photo

__all__ = ["item_body", "photo_text", "query_body"]


def photo_text(photo: Photo) -> str:
    """Return a photo as base64.

    Raises:
        ItemError: it can't be read.
    """
    return base64.b64encode(images.read(photo)).decode()


def item_body(item: Item) -> dict[str, Any]:
    """Return an item as ``PUT /v1/items/{id}`` takes it."""
    photo = {} if item.image is None else {"image": photo_text(item.image)}
    return {**photo, "attributes": dict(item.attributes)}


def _term_body(term: Term) -> dict[str, Any]:
    photo = {} if term.photo is None else {"image": photo_text(term.photo)}
    return {"text": term.text, "weight": term.weight, **photo}


def query_body(query: Query) -> dict[str, Any]:
    """Return a query as ``POST /v1/search`` takes it; what stands at its default may be left out."""
    body: dict[str, Any] = {
        name: getattr(query, name)
        for name in (
            "item",
            "text",
            "image_weight",
            "composer",
            "filter",
            "k",
            "metric",
            "exact",
            "colour_weight",
            "hide_duplicates",
            "route",
            "route_mode",
            "rerank",
        )
    }
    body |= {"like": list(query.like), "unlike": list(query.unlike)}
    body |= {"plus": [_term_body(term) for term in query.plus], "minus": [_term_body(term) for term in query.minus]}
    if query.image is not None:
        body["image"] = photo_text(query.image)
    if query.response_colour_weight is not None:
        body["response_colour_weight"] = query.response_colour_weight
    if query.group_by != "product":
        body["group_by"] = query.group_by
    if query.garment:
        body["garment"] = query.garment
    if query.copied is not None:
        body["copied"] = query.copied
    if query.explain:
        body["explain"] = True
    if query.box is not None:
        body["box"] = [query.box.x, query.box.y, query.box.width, query.box.height]
    return body

"""The OpenAPI document: adds the schemas of bodies that routes parse themselves, and what leads from one to another."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from .api.request_schemas import BatchLine, ItemBody, SearchBody
from .api.response_schemas import Done

__all__ = ["add_body_schemas"]

_ITEM_ROUTES = {
    "read": "get_v1_items__id__get",
    "look": "image_v1_items__id__image_get",
    "change": "put_v1_items__id__put",
    "remove": "delete_v1_items__id__delete",
}
"""Operations on an item, by what a link to them is called."""
_IDS = {
    ("/v1/items/{id}", "put"): "$response.body#/id",
    ("/v1/items/{id}", "get"): "$response.body#/id",
    ("/v1/items:batch", "post"): "$response.body#/id",
    ("/v1/search", "post"): "$response.body#/hits/0/id",
    ("/v1/feedback", "post"): "$response.body#/hits/0/id",
}
"""Where the answers of operations name an item; a batch's does of a single line."""


def add_body_schemas(app: FastAPI) -> None:
    """Make ``app.openapi`` return a document with these schemas, and links from answers to the items they name."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document["components"]["schemas"]
        for model in (SearchBody, ItemBody, BatchLine, Done):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        for (path, method), found in _IDS.items():
            document["paths"][path][method]["responses"]["200"]["links"] = {
                name: {"operationId": operation, "parameters": {"id": found}}
                for name, operation in _ITEM_ROUTES.items()
            }
        return document

    app.openapi = openapi  # type: ignore[method-assign]

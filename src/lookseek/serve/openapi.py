"""The OpenAPI document: adds the schemas of bodies that routes parse themselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from .api.schemas import BatchLine, Done, ItemBody, SearchBody

__all__ = ["add_body_schemas"]


def add_body_schemas(app: FastAPI) -> None:
    """Make ``app.openapi`` return a document that holds these schemas too."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document["components"]["schemas"]
        for model in (SearchBody, ItemBody, BatchLine, Done):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]

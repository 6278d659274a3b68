"""The API's routes for single items: read, put, delete, and their pictures."""

from __future__ import annotations

import unicodedata
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ...errors import ItemError
from ...index.upsert import Outcome
from ...search.outfits import complete_look, look_to_dict
from ...store.payload import value_to_json
from ...types import Point
from .. import thumbnails
from ..engine import Engine
from ..problems import problem, strip_paths
from ..settings import MAX_ID
from . import response_schemas
from .bodies import RequestRefused, parse_json
from .edit_groups import EditGroups
from .request_schemas import ItemBody
from .response_schemas import PROBLEMS, Done
from .writer import Writer

__all__ = ["router", "to_response"]

router = APIRouter(tags=["items"])


@router.get("/v1/items/{id}", responses=PROBLEMS | {404: PROBLEMS[422]})
async def get(request: Request, id: str) -> response_schemas.Item:
    """Give an item's attributes."""
    point = await _point(request, id)
    return response_schemas.Item(
        id=point.id, attributes={name: value_to_json(value) for name, value in point.attributes.items()}
    )


@router.get(
    "/v1/items/{id}/image",
    response_class=Response,
    responses=PROBLEMS
    | {200: {"content": {"image/jpeg": {}}}, 304: {"description": "As you have it"}, 404: PROBLEMS[422]},
)
async def image(
    request: Request, id: str, size: Annotated[int, Query(ge=1, le=thumbnails.SIZES[-1])] = 320
) -> Response:
    """Give an item's picture, made anew: a JPEG, its longer side the next of 160, 320, 640 and 1280 pixels."""
    engine: Engine = request.app.state.engine
    cache: thumbnails.Thumbnails = request.app.state.thumbnails
    point = await _point(request, id)
    side = thumbnails.nearest_size(size)
    etag = f'"{point.hash[:24]}-{side}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")):
        return Response(None, 304, headers)
    try:
        picture = await engine.run_picture(lambda: cache.get(point, side))
    except ItemError as error:
        return problem(404, "There is no picture", strip_paths(str(error)))
    return Response(picture, media_type="image/jpeg", headers=headers)


@router.get("/v1/items/{id}/complete", responses=PROBLEMS)
async def complete(request: Request, id: str, k: Annotated[int, Query(ge=1, le=100)] = 4) -> response_schemas.Look:
    """Find items that go with one: other parts of an outfit, in colours that go together."""
    engine: Engine = request.app.state.engine
    item_id = _decode_id(id)
    look = await engine.run_search(lambda: complete_look(engine.searcher.current(), item_id, k))
    return response_schemas.Look.model_validate(look_to_dict(look))


@router.put(
    "/v1/items/{id}",
    responses=PROBLEMS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ItemBody"}}},
        }
    },
)
async def put(request: Request, id: str) -> Done:
    """Add an item or replace it. When this answers, it is lasting and searches see it."""
    engine: Engine = request.app.state.engine
    writer: Writer = request.app.state.writer
    item_id = _decode_id(id)
    content = await request.body()
    body = await engine.run_charged(lambda: parse_json(ItemBody, content))

    edits: EditGroups = request.app.state.edits
    return to_response(await edits.put(item_id, lambda: writer.to_item(item_id, body)))


@router.delete("/v1/items/{id}", responses=PROBLEMS | {404: PROBLEMS[422]})
async def delete(request: Request, id: str) -> Done:
    """Remove an item. When this answers, searches find it no more."""
    edits: EditGroups = request.app.state.edits
    item_id = _decode_id(id)
    outcome = await edits.delete(item_id)
    if outcome.what == "missing":
        raise RequestRefused(problem(404, "There is no such item", f"the index has no item {item_id!r}"))
    return to_response(outcome)


def to_response(outcome: Outcome) -> Done:
    """Return the outcome of an edit without a path of this machine."""
    return Done(id=outcome.id, what=outcome.what, reason=strip_paths(outcome.reason))


async def _point(request: Request, id: str) -> Point:
    engine: Engine = request.app.state.engine
    item_id = _decode_id(id)
    points: list[Point] = await engine.run_picture(
        lambda: engine.searcher.current().store.get([item_id], vectors=False)
    )
    if not points:
        raise RequestRefused(problem(404, "There is no such item", f"the index has no item {item_id!r}"))
    return points[0]


def _decode_id(segment: str) -> str:
    """Return the item's id of a percent-encoded segment of an address.

    Raises:
        RequestRefused: no UTF-8, or too long.
    """
    try:
        item_id = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        detail = "the id in the address is no UTF-8: percent-encode it"
        raise RequestRefused(problem(422, "The id can't be read", detail)) from None
    if len(item_id) > MAX_ID:
        detail = f"the id has {len(item_id):,} characters, {MAX_ID:,} are allowed"
        raise RequestRefused(problem(422, "The id can't be read", detail))
    return unicodedata.normalize("NFC", item_id)

"""The API's items, one by one: read, put, removed, and their pictures."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ...errors import ItemError
from ...index.editing import Done as Outcome
from ...types import Point
from .. import thumbnails
from ..engine import Engine
from ..problems import problem, without_paths
from . import schemas
from .bodies import Refused, from_json
from .schemas import Done, ItemBody
from .search import PROBLEMS
from .writer import Writer

__all__ = ["router", "told"]

router = APIRouter(tags=["items"])


@router.get("/v1/items/{id}", responses=PROBLEMS | {404: PROBLEMS[422]})
async def get(request: Request, id: str) -> schemas.Item:
    """Give an item's attributes."""
    point = await _point(request, id)
    return schemas.Item(id=point.id, attributes=dict(point.attributes))


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
    kept: thumbnails.Thumbnails = request.app.state.thumbnails
    point = await _point(request, id)
    side = thumbnails.nearest(size)
    tag = f'"{point.hash[:24]}-{side}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")):
        return Response(None, 304, headers)
    try:
        made = await engine.picture(lambda: kept.get(point, side))
    except ItemError as error:
        return problem(404, "There is no picture", without_paths(str(error)))
    return Response(made, media_type="image/jpeg", headers=headers)


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
    name = _id_of(id)
    body = await asyncio.to_thread(from_json, ItemBody, await request.body())

    def work() -> Outcome:
        item = writer.item(name, body)
        try:
            with writer.edit() as editor:
                return editor.put([item])[0]
        finally:  # of an index that another process is writing too: its photo is not wanted
            writer.tidy([name])

    async with engine.writing() as write:
        return told(await write(work))


@router.delete("/v1/items/{id}", responses=PROBLEMS | {404: PROBLEMS[422]})
async def delete(request: Request, id: str) -> Done:
    """Remove an item. When this answers, searches find it no more."""
    engine: Engine = request.app.state.engine
    writer: Writer = request.app.state.writer
    name = _id_of(id)

    def work() -> Outcome:
        with writer.edit() as editor:
            (done,) = editor.delete([name])
        writer.tidy([name])
        return done

    async with engine.writing() as write:
        done = await write(work)
    if done.what == "missing":
        raise Refused(problem(404, "There is no such item", f"the index has no item {name!r}"))
    return told(done)


def told(done: Outcome) -> Done:
    """What became of an item, without a path of this machine."""
    if done.what == "failed":
        return Done(id=done.id, what="failed", reason=without_paths(done.reason))
    return Done(id=done.id, what=done.what)


async def _point(request: Request, id: str) -> Point:
    engine: Engine = request.app.state.engine
    name = _id_of(id)
    found: list[Point] = await engine.picture(lambda: engine.searcher.current().store.get([name], vectors=False))
    if not found:
        raise Refused(problem(404, "There is no such item", f"the index has no item {name!r}"))
    return found[0]


def _id_of(segment: str) -> str:
    """An item's id from its place in an address, where it stands percent-encoded."""
    try:
        name = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Refused(
            problem(422, "The id can't be read", "the id in the address is no UTF-8: percent-encode it")
        ) from None
    if len(name) > schemas.MAX_ID:
        raise Refused(
            problem(422, "The id can't be read", f"the id has {len(name):,} characters, {schemas.MAX_ID:,} are allowed")
        )
    return unicodedata.normalize("NFC", name)

"""The API's items: read, put, removed, one by one or as a stream, and their pictures."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import unquote

from anyio import CancelScope
from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..errors import ItemError, LookseekError
from ..index.editing import Done as Outcome
from ..types import Point
from . import models, thumbnails
from .bodies import Refused, from_json
from .engine import Engine
from .models import Done, ItemBody
from .problems import problem, without_paths
from .searching import PROBLEMS
from .writing import Batch, Writer

__all__ = ["router"]

router = APIRouter(tags=["items"])

MAX_LINE = 48 * 2**20
"""Bytes of a line of a batch: a photo of 32 MB in base64, and its attributes."""

_TOGETHER = 32
"""Lines of a batch that are encoded, written and acknowledged together."""


@router.get("/v1/items/{id}", responses=PROBLEMS | {404: PROBLEMS[422]})
async def get(request: Request, id: str) -> models.Item:
    """Give an item's attributes."""
    point = await _point(request, id)
    return models.Item(id=point.id, attributes=dict(point.attributes))


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
    headers = {"ETag": tag, "Cache-Control": "private, max-age=3600"}
    if tag in (part.strip() for part in request.headers.get("if-none-match", "").split(",")):
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
    body = from_json(ItemBody, await request.body())

    def work() -> Outcome:
        item = writer.item(name, body)
        try:
            with writer.edit() as editor:
                return editor.put([item])[0]
        finally:  # of an index that another process is writing too: its photo is not wanted
            writer.tidy([name])

    async with engine.writing() as write:
        return _told(await write(work))


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
    return _told(done)


@router.post(
    "/v1/items:batch",
    response_class=Response,
    responses=PROBLEMS
    | {200: {"content": {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Done"}}}}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/BatchLine"}}},
        }
    },
)
async def batch(request: Request) -> Response:
    """Put many items: one JSON object a line, answered by one line each, as soon as it is lasting.

    Searches see the items when the answer has ended. A line that can't be used fails alone.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-ndjson", "application/jsonl", "application/json"):
        detail = f"the body is {kind or 'of no stated kind'}: send application/x-ndjson, one item a line"
        raise Refused(problem(415, "The body is of another kind", detail))
    lines = _lines(request)
    first = await anext(lines, None)
    return _Stream(_put_all(request, first, lines))


class _Stream(Response):
    """An answer that goes out while the request still comes in; Starlette's own would read the request's body away."""

    media_type = "application/x-ndjson"

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        super().__init__()
        self._parts = parts
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for part in self._parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _put_all(request: Request, first: bytes | None, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    engine: Engine = request.app.state.engine
    writer: Writer = request.app.state.writer
    names: list[str] = []
    async with engine.writing() as write:
        steps = Batch(writer)

        async def put(lines: list[bytes]) -> bytes:
            done = await write(lambda: steps.put(lines))
            names.extend(one.id for one in done)
            return b"".join(_told(one).model_dump_json().encode() + b"\n" for one in done)

        try:
            waiting = [] if first is None else [first]
            async for line in rest:
                waiting.append(line)
                if len(waiting) == _TOGETHER:
                    yield await put(waiting)
                    waiting = []
            if waiting:
                yield await put(waiting)
        except LookseekError as error:
            yield json.dumps({"id": "", "what": "failed", "reason": without_paths(str(error))}).encode() + b"\n"
        finally:
            with CancelScope(shield=True):  # a client that has gone takes nothing back
                await write(lambda: steps.end(names))


def _told(done: Outcome) -> Done:
    if done.what == "failed":
        return Done(id=done.id, what="failed", reason=without_paths(done.reason))
    return Done(id=done.id, what=done.what)


async def _lines(request: Request) -> AsyncIterator[bytes]:
    """The lines of a body, each at most ``MAX_LINE`` bytes, as they come."""
    held = b""
    async for part in request.stream():
        *whole, held = (held + part).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
        if len(held) > MAX_LINE:
            detail = f"a line is longer than {MAX_LINE:,} bytes: send smaller photos, and a line for each item"
            raise ItemError(detail)
    if held.strip():
        yield held


async def _point(request: Request, id: str) -> Point:
    engine: Engine = request.app.state.engine
    name = _id_of(id)
    found = engine.searcher.current().store.get([name], vectors=False)
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
    if len(name) > models.MAX_ID:
        raise Refused(
            problem(422, "The id can't be read", f"the id has {len(name):,} characters, {models.MAX_ID:,} are allowed")
        )
    return unicodedata.normalize("NFC", name)

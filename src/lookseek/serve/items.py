"""The API's items: read, put, removed, one by one or as a stream, and their pictures."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import unquote

from anyio import CancelScope
from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..errors import ItemError, LookseekError
from ..index.editing import Done as Outcome
from ..index.editing import Editor, editing
from ..store.schema import point_id
from ..types import Item, Point, Value
from . import models, thumbnails
from .bodies import Refused, from_json, image_bytes
from .engine import Engine
from .models import Done, ItemBody
from .problems import problem, without_paths
from .searching import PROBLEMS
from .uploads import taken_in

__all__ = ["Writer", "router"]

T = TypeVar("T")

router = APIRouter(tags=["items"])

PHOTOS = "photos"
"""The folder of an index that holds the photos that were put through the API."""

STORED_SIDE = 2048
"""Pixels of the longer side at the most of a photo that is put: enough to look at, and to index again."""

MAX_LINE = 48 * 2**20
"""Bytes of a line of a batch: a photo of 32 MB in base64, and its attributes."""

_TOGETHER = 32
"""Lines of a batch that are encoded, written and acknowledged together."""


class Writer:
    """The one place of a service that writes; all of it runs in the engine's writing thread."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder, self._engine = folder, engine

    def edit(self) -> AbstractContextManager[Editor]:
        """Edit the index; searches see it when the block has ended."""
        return editing(self._folder, self._engine.searcher.model)

    def item(self, id_: str, body: ItemBody) -> Item:
        """An item as it is put, its photo made anew and kept in the index's folder.

        Raises:
            ItemError: the photo can't be used.
        """
        attributes: Mapping[str, Value] = {_nfc(name): _nfc(value) for name, value in body.attributes.items()}
        if body.image is None:
            return Item(id_, None, attributes=attributes)
        data = taken_in(image_bytes(body.image), STORED_SIDE).data
        place = self._folder / PHOTOS / f"{point_id(id_)}-{hashlib.blake2b(data, digest_size=8).hexdigest()}.jpg"
        place.parent.mkdir(exist_ok=True)
        if not place.exists():
            beside = place.with_suffix(".writing")
            beside.write_bytes(data)
            beside.replace(place)
        return Item(id_, place, attributes=attributes, source=str(place.resolve()))

    def tidy(self, ids: list[str]) -> None:
        """Remove photos of items that are gone or have others now. Called once searches see the new index."""
        now = {point.id: point.source for point in self._engine.searcher.current().store.get(ids, vectors=False)}
        for id_ in ids:
            for path in (self._folder / PHOTOS).glob(f"{point_id(id_)}-*.jpg"):
                if str(path.resolve()) != now.get(id_):
                    path.unlink(missing_ok=True)


def _nfc(value: T) -> T:
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value  # type: ignore[return-value]


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
        with writer.edit() as editor:
            (done,) = editor.put([item])
        writer.tidy([name])
        return done

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
        steps = _Steps(writer)

        async def put(lines: list[bytes]) -> bytes:
            done = await write(lambda: steps.put(lines))
            names.extend(one.id for one in done if one.what != "failed")
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


class _Steps:
    """A batch in the writing thread: one edit from the first line to the last."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._block = writer.edit()
        self._editor: Editor | None = None

    def put(self, lines: list[bytes]) -> list[Outcome]:
        if self._editor is None:
            self._editor = self._block.__enter__()
        done: list[Outcome | None] = [None] * len(lines)
        items: dict[int, Item] = {}
        for place, line in enumerate(lines):
            id_ = ""
            try:
                body = from_json(models.BatchLine, line)
                id_ = unicodedata.normalize("NFC", body.id)
                items[place] = self._writer.item(id_, body)
            except Refused as refused:
                done[place] = Outcome(id_, "failed", str(json.loads(bytes(refused.answer.body))["detail"]))
            except LookseekError as error:
                done[place] = Outcome(id_, "failed", str(error))
        for place, outcome in zip(items, self._editor.put(list(items.values())), strict=True):
            done[place] = outcome
        return [one for one in done if one is not None]

    def end(self, names: list[str]) -> None:
        if self._editor is not None:
            self._block.__exit__(None, None, None)
            self._writer.tidy(names)


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

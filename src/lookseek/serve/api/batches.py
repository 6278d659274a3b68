"""The API's batches: many items as a stream of lines, each answered as soon as it is lasting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack

from anyio import CancelScope
from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...errors import ItemError, LookseekError
from ..engine import Engine, Write
from ..problems import problem, without_paths
from .bodies import Refused
from .items import told
from .search import PROBLEMS
from .writer import Batch

__all__ = ["BATCH", "SLOWEST", "router"]

router = APIRouter(tags=["items"])

BATCH = "/v1/items:batch"

SLOWEST = 500.0
"""Bytes a second of a batch, on average after its first 20 seconds: whoever sends less keeps other writers waiting. As
Apache's mod_reqtimeout has it, whose MinRate is 500."""

MAX_LINE = 48 * 2**20
"""Bytes of a line of a batch: a photo of 32 MB in base64, and its attributes."""

_TOGETHER, _HELD, _SOON = 32, 64 * 2**20, 0.5
"""Lines of a batch, or bytes of them, that are encoded, written and acknowledged together, at the most; fewer where no
other line has come for so many seconds."""


@router.post(
    BATCH,
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
    engine: Engine = request.app.state.engine
    lines = _lines(request)
    first = await anext(lines, None)
    async with AsyncExitStack() as until:
        write = await until.enter_async_context(engine.writing())
        steps = Batch(request.app.state.writer)
        if first is not None:
            await write(steps.open)  # what stands against it is answered with its own status
        return _Stream(_put_all(write, steps, first, lines, until.pop_all()))


class _Stream(Response):
    """An answer that goes out while the request still comes in; Starlette's own would read the request's body away."""

    media_type = "application/x-ndjson"

    def __init__(self, parts: AsyncGenerator[bytes, None]) -> None:
        super().__init__()
        self._parts = parts
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for part in self._parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            with CancelScope(shield=True):
                await self._parts.aclose()


async def _put_all(
    write: Write, steps: Batch, first: bytes | None, rest: AsyncIterator[bytes], until: AsyncExitStack
) -> AsyncGenerator[bytes, None]:
    """Answers line by line; whatever ends it, what was acknowledged is published and the next writer let in."""
    waiting = [] if first is None else [first]

    async def put() -> bytes:
        some = list(waiting)
        waiting.clear()
        done = await write(lambda: steps.put(some)) if some else []
        return b"".join(told(one).model_dump_json().encode() + b"\n" for one in done)

    async with until:
        try:
            async for _ in _together(waiting, rest):
                yield await put()
            yield await put()
        except ClientDisconnect:
            await put()
        except LookseekError as error:
            yield json.dumps({"id": "", "what": "failed", "reason": without_paths(str(error))}).encode() + b"\n"
        finally:
            with CancelScope(shield=True):  # a client that has gone takes nothing back
                await write(steps.end)


async def _together(waiting: list[bytes], lines: AsyncIterator[bytes]) -> AsyncIterator[None]:
    """Fills ``waiting`` and stops where that is enough for now: many lines, large ones, or none that follows soon."""
    coming: asyncio.Future[bytes | None] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(lines))
            await asyncio.wait({coming}, timeout=_SOON if waiting else None)
            if coming.done():
                line, coming = coming.result(), None
                if line is None:
                    return
                waiting.append(line)
            if coming is not None or len(waiting) == _TOGETHER or sum(map(len, waiting)) > _HELD:
                yield
    finally:
        if coming is not None:
            coming.cancel()


async def _next(lines: AsyncIterator[bytes]) -> bytes | None:
    return await anext(lines, None)


async def _lines(request: Request) -> AsyncIterator[bytes]:
    """The lines of a body, each at most ``MAX_LINE`` bytes, as they come."""
    held: list[bytes] = []
    size = 0
    async for part in request.stream():
        *whole, rest = part.split(b"\n")
        for line in whole:
            line = b"".join((*held, line))
            held, size = [], 0
            if line.strip():
                yield line
        held.append(rest)
        size += len(rest)
        if size > MAX_LINE:
            detail = f"a line is longer than {MAX_LINE:,} bytes: send smaller photos, and a line for each item"
            raise ItemError(detail)
    if (line := b"".join(held)).strip():
        yield line

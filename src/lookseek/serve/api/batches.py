"""The API's route for batches: a stream of items as JSON lines, each acknowledged as soon as it is durable."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack

from anyio import CancelScope
from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...errors import LookseekError
from ..engine import Engine, RunWrite
from ..problems import problem, strip_paths
from .bodies import RequestRefused, media_type
from .items import to_response
from .ndjson import fill_groups, read_lines
from .response_schemas import PROBLEMS
from .writer import Batch

__all__ = ["BATCH_PATH", "MIN_BYTES_PER_SECOND", "router"]

router = APIRouter(tags=["items"])

BATCH_PATH = "/v1/items:batch"

MIN_BYTES_PER_SECOND = 500.0
"""Bytes a second of a batch, on average after its first 20 seconds: a slower client would block other writers. Source:
the MinRate of Apache's mod_reqtimeout."""


@router.post(
    BATCH_PATH,
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
    body_type = media_type(request)
    if body_type not in ("application/x-ndjson", "application/jsonl", "application/json"):
        detail = f"the body is {body_type or 'of no stated kind'}: send application/x-ndjson, one item a line"
        raise RequestRefused(problem(415, "The body is of another kind", detail))
    engine: Engine = request.app.state.engine
    lines = read_lines(request)
    first = await anext(lines, None)
    async with AsyncExitStack() as stack:
        write = await stack.enter_async_context(engine.writing())
        batch = Batch(request.app.state.writer)
        if first is not None:
            await write(batch.open)  # its errors still have a status of their own
        return _DuplexResponse(_put_all(write, batch, first, lines, stack.pop_all()))


class _DuplexResponse(Response):
    """A response that is sent while the request's body is read. Starlette's own would consume the rest of the body."""

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
    write: RunWrite, batch: Batch, first: bytes | None, rest: AsyncIterator[bytes], stack: AsyncExitStack
) -> AsyncGenerator[bytes, None]:
    """Put all lines and yield the outcomes; however it ends, acknowledged items are published and the lock released."""
    group = [] if first is None else [first]

    async def put_group() -> bytes:
        lines = list(group)
        group.clear()
        outcomes = await write(lambda: batch.put(lines)) if lines else []
        return b"".join(to_response(outcome).model_dump_json().encode() + b"\n" for outcome in outcomes)

    async with stack:
        try:
            async for _ in fill_groups(group, rest):
                yield await put_group()
            yield await put_group()
        except ClientDisconnect:
            await put_group()
        except LookseekError as error:
            yield json.dumps({"id": "", "what": "failed", "reason": strip_paths(str(error))}).encode() + b"\n"
        finally:
            with CancelScope(shield=True):  # also where the client has gone
                await write(batch.close)

"""The service put together: its routes, and what every request goes through, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import __version__
from ..errors import LookseekError
from .api import batches, health, items, search
from .api.batches import BATCH, SLOWEST
from .api.bodies import Refused
from .api.schemas import BatchLine, Done, ItemBody, SearchBody
from .api.writer import Writer
from .engine import Busy, Engine
from .guards.access import Access, Journal, RawIds
from .guards.api_keys import Keys, read_keys
from .guards.body_deadline import BodyDeadline
from .guards.rate_limit import Rate
from .guards.security_headers import Hosts, SafeHeaders, host_names
from .page import routes as page_routes
from .problems import problem, problem_of
from .settings import Settings
from .thumbnails import Thumbnails
from .uploads import Uploads

__all__ = ["api", "create_app"]

log = logging.getLogger("lookseek.serve")


def create_app(settings: Settings) -> ASGIApp:
    """A service over an index.

    Raises:
        LookseekError: the index, its model or the keys can't be used.
    """
    keys = Keys() if settings.keys is None else read_keys(settings.keys)
    app, engine = api(), Engine(settings)
    app.state.engine, app.state.settings = engine, settings
    app.state.thumbnails, app.state.uploads = Thumbnails(), Uploads()
    app.state.writer = Writer(settings.index, engine)
    served: ASGIApp = RawIds(app)
    served = _BodyLimits(served, settings)
    served = BodyDeadline(served, streams={BATCH: SLOWEST})
    served = Access(served, keys, Rate(settings.rate) if settings.rate else None, engine.measures)
    served = Hosts(served, host_names(settings.host, settings.hosts))
    served = Journal(served, engine.measures)
    return SafeHeaders(served)


def api() -> FastAPI:
    """The routes alone: what OpenAPI tells. They work once ``create_app`` has given them a state."""
    app = FastAPI(title="lookseek", version=__version__, docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.include_router(search.router)
    app.include_router(items.router)
    app.include_router(batches.router)
    app.include_router(health.router)
    page_routes.mount(app)
    _errors(app)
    _schemas(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine: Engine = app.state.engine
    await asyncio.to_thread(engine.warm)
    await asyncio.to_thread(app.state.facets.sample, engine.searcher.current())  # what the first page would wait for
    try:
        yield
    finally:
        engine.ready = False
        await asyncio.to_thread(engine.close)


class _BodyLimits:
    """Refuses bodies that are too large before anything reads them: a batch may be larger than what brings a photo."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        in_base64 = settings.photo_bytes * 4 // 3 + 2**16  # and the other fields
        self._one = RequestBodyLimitMiddleware(app, in_base64)
        self._batch = RequestBodyLimitMiddleware(app, settings.batch_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = self._batch if scope.get("path") == BATCH else self._one
        length = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if length.isdecimal() and int(length) > limited.max_body_size:
            said = f"the body has {int(length):,} bytes, {limited.max_body_size:,} are taken: send a smaller photo"
            await problem(413, _TITLES[413], said, headers={"Connection": "close"})(scope, receive, send)
            return
        await limited(scope, receive, send)


def _errors(app: FastAPI) -> None:
    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return error.answer

    @app.exception_handler(Busy)
    async def busy(request: Request, error: Busy) -> Response:
        return problem(503, "Too busy", str(error), headers={"Retry-After": str(error.seconds)})

    @app.exception_handler(LookseekError)
    async def ours(request: Request, error: LookseekError) -> Response:
        answer = problem_of(error)
        if answer.status_code >= 500:  # whose words are not told
            log.error("%s %s", request.scope.get("state", {}).get("request_id", ""), error)
        return answer

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        told = {
            404: "there is nothing at this address",
            405: "this address takes other methods",
            413: "the body is larger than this service takes: send a smaller photo",
        }
        detail = told.get(error.status_code, str(error.detail))
        return problem(
            error.status_code, _TITLES.get(error.status_code, "The request failed"), detail, headers=error.headers
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        told = [{"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()[:20]]
        detail = "; ".join(f"{one['where']}: {one['what']}" for one in told[:3])
        return problem(422, "The request has fields that can't be used", detail, errors=told)


_TITLES = {400: "The request can't be read", 404: "Not found", 405: "Method not allowed", 413: "Too large"}


def _schemas(app: FastAPI) -> None:
    """Adds the shapes of bodies that routes read themselves to OpenAPI."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        told = made()
        schemas = told["components"]["schemas"]
        for model in (SearchBody, ItemBody, BatchLine, Done):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        return told

    app.openapi = openapi  # type: ignore[method-assign]

"""The service put together: its routes, and the list of what every request goes through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from .. import __version__
from .api import batches, health, index, items, owner, search
from .api.batches import BATCH_PATH, MIN_BYTES_PER_SECOND
from .api.edit_groups import EditGroups
from .api.writer import Writer
from .engine import Engine
from .error_handlers import add_error_handlers
from .guards.access import AccessControl
from .guards.body_budget import BodyBudget
from .guards.body_deadline import BodyDeadline
from .guards.body_limits import BodyLimits
from .guards.cross_origin import CrossOrigin
from .guards.hosts import AllowedHosts, host_names
from .guards.idle_connections import TrackResponses
from .guards.keys_file import KeysFile
from .guards.rate_limit import RateLimiter
from .guards.raw_item_ids import RawItemIds
from .guards.request_log import RequestLog
from .guards.security_headers import SecurityHeaders
from .guards.unreadable_requests import OneLength
from .openapi import add_body_schemas
from .page import routes as page_routes
from .page.problem_pages import ProblemPages
from .path_prefix import PathPrefix
from .settings import MAX_BODY_SECONDS, Settings
from .thumbnails import Thumbnails
from .uploads import Uploads

__all__ = ["create_app", "create_routes"]

_SWEEP_SECONDS = 30.0
"""Seconds between two looks for uploads that have expired."""


def create_app(settings: Settings, keys: KeysFile | None = None) -> ASGIApp:
    """Create a service over an index.

    Args:
        settings: of the service.
        keys: the file of keys that ``settings`` name, where the caller opened it.

    Raises:
        LookseekError: the index, its model or the keys can't be used.
    """
    keys = keys or KeysFile(settings.keys)
    limiter = RateLimiter(settings.rate) if settings.rate else None
    routes, engine = create_routes(), Engine(settings)
    routes.state.engine, routes.state.settings = engine, settings
    routes.state.thumbnails, routes.state.uploads = Thumbnails(engine.searcher.index.place.photos), Uploads()
    writer = Writer(engine)
    routes.state.writer, routes.state.edits, routes.state.keys = writer, EditGroups(engine, writer), keys
    # A request goes through these from the last to the first.
    app: ASGIApp = RawItemIds(routes)
    app = BodyLimits(app, settings, BATCH_PATH)
    app = BodyBudget(app, settings.max_body_bytes, engine.metrics, (BATCH_PATH,))
    app = BodyDeadline(app, total=MAX_BODY_SECONDS, streams={BATCH_PATH: MIN_BYTES_PER_SECOND})
    app = AccessControl(app, keys, limiter, engine.budget, engine.metrics)
    app = CrossOrigin(app, settings.allow_origins)
    app = AllowedHosts(app, host_names(settings.host, settings.hosts))
    app = OneLength(app)
    app = RequestLog(app, engine.metrics)
    app = ProblemPages(app)
    app = SecurityHeaders(app, settings.allow_origins)
    app = PathPrefix(app, settings.path_prefix)
    return TrackResponses(app)


def create_routes() -> FastAPI:
    """Create the routes alone, as OpenAPI describes them. They work once ``create_app`` has given them a state."""
    app = FastAPI(title="lookseek", version=__version__, docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.include_router(search.router)
    app.include_router(index.router)
    app.include_router(items.router)
    app.include_router(batches.router)
    app.include_router(health.router)
    app.include_router(owner.router)
    page_routes.mount(app)
    add_error_handlers(app)
    add_body_schemas(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load what the first request would wait for, before the service listens; release it at the end."""
    engine: Engine = app.state.engine
    await asyncio.to_thread(engine.warm_up)
    await asyncio.to_thread(app.state.facets.sample, engine.searcher.current())
    sweeping = asyncio.create_task(_sweep(app.state.uploads))
    try:
        yield
    finally:
        sweeping.cancel()
        engine.ready = False
        await asyncio.to_thread(engine.close)


async def _sweep(uploads: Uploads) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        uploads.sweep()

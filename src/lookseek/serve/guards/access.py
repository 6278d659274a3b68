"""Who may do what, how often, and what is written down of it."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..metrics import Measures
from ..problems import problem
from .addresses import client_of
from .api_keys import Key, Keys, presented
from .rate_limit import Rate

__all__ = ["Access", "Journal", "RawIds"]

log = logging.getLogger("lookseek.serve")

_OPEN = ("/healthz", "/readyz", "/static/")
"""What needs no key: nothing of the index is told there."""

_READS = ("GET", "HEAD", "OPTIONS")
_ASKS = ("/v1/search", "/v1/feedback", "/photos", "/language")
"""Addresses that are posted to and change nothing of the index."""


class Access:
    """Lets a request through that has the key that it needs, and not too many of them."""

    def __init__(self, app: ASGIApp, keys: Keys, rate: Rate | None, measures: Measures) -> None:
        self._app, self._keys, self._rate, self._measures = app, keys, rate, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        key = self._keys.find(presented(headers))
        refusal = self._refused(scope, headers, key)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        self._measures.refused.labels(refusal[0]).inc()
        await problem(*refusal[1:4], headers=refusal[4])(scope, receive, send)

    def _refused(
        self, scope: Scope, headers: Headers, key: Key | None
    ) -> tuple[str, int, str, str, Mapping[str, str]] | None:
        """Why a request is refused, as a word, a status, a title, a detail and headers."""
        if self._rate is not None:
            client = scope.get("client")
            wait = self._rate.take(f"key {key.name}" if key else client_of(client[0] if client else ""))
            if wait:
                seconds = math.ceil(wait)
                said = f"ask again in {seconds} s, or more slowly"
                return "rate", 429, "Too many requests", said, {"Retry-After": str(seconds)}
        reads = scope["method"] in _READS or scope["path"] in _ASKS
        if not reads and not self._keys.writes_possible:
            said = "this service was started without keys that may write: make one with --new-key write"
            return "writes off", 403, "Writing is off", said, {}
        if (not reads or not self._keys.reads_open) and key is None:
            said = "send a key as Authorization: Bearer KEY or X-API-Key: KEY"
            return "key", 401, "A key is needed", said, {"WWW-Authenticate": 'Basic realm="lookseek", charset="UTF-8"'}
        if not reads and key is not None and key.scope != "write":
            return "scope", 403, "The key may not do this", "this key may read: writing needs one with scope write", {}
        if scope["method"] not in _READS and headers.get("sec-fetch-site") == "cross-site":
            return "cross-site", 403, "Asked from another page", "send this from a page of this service", {}
        return None


class Journal:
    """Writes one line of JSON a request: what was asked for by its route, never words, ids, addresses or names."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "") or "none"
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "PUT", "DELETE") else "other"
            self._measures.requests.labels(route, method, str(status)).inc()
            self._measures.request_seconds.labels(route).observe(seconds)
            name = scope.get("state", {}).get("request_id", "")
            line = {"id": name, "method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
            log.info(json.dumps(line))


class RawIds:
    """Lets an item's id stand in an address whatever it holds.

    Slashes that were percent-encoded stay so until the address has been taken apart.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if scope["type"] == "http" and raw.startswith(b"/v1/items/"):
            scope["path"] = raw.partition(b"?")[0].decode("latin-1")
        await self._app(scope, receive, send)

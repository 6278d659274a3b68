"""Checks that a request has the API key that it needs, and that its client has not sent too many."""

from __future__ import annotations

import math
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..metrics import Metrics
from ..problems import problem
from .api_keys import Key, Keys, key_from_headers
from .cpu_budget import CpuBudget, current_client
from .cross_origin import is_allowed_origin
from .keys_file import KeysFile
from .rate_limit import RateLimiter, client_key

__all__ = ["AccessControl"]

_PUBLIC = ("/healthz", "/readyz", "/static/")
"""Addresses that need no key: they return nothing of the index."""

_READ_METHODS = ("GET", "HEAD", "OPTIONS")
_READ_POSTS = ("/v1/search", "/v1/feedback", "/v1/garments", "/photos", "/language")
"""Addresses that take POST and change nothing of the index."""


_OWNER = ("/admin", "/v1/status", "/v1/reload")
"""Addresses for who runs the service: reading them needs a key that may write."""


class AccessControl:
    """Refuses requests without the key that they need, and those of clients that exceed the rate or their share.

    Args:
        app: answers the accepted requests.
        keys: the service's keys, as their file has them.
        limiter: the rate; None for no limit.
        budget: the clients' shares of the processor.
        metrics: counts refusals.
    """

    def __init__(
        self, app: ASGIApp, keys: KeysFile, limiter: RateLimiter | None, budget: CpuBudget, metrics: Metrics
    ) -> None:
        self._app, self._keys, self._limiter, self._budget, self._metrics = app, keys, limiter, budget, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_PUBLIC):
            await self._app(scope, receive, send)
            return
        headers, keys = Headers(scope=scope), self._keys.current()
        key, address = keys.find(key_from_headers(headers)), scope.get("client")
        client = f"key {key.name}" if key else client_key(address[0] if address else "")
        current_client.set(client)
        refusal = self._refusal(scope, headers, keys, key, client)
        if refusal is None:
            try:
                await self._app(scope, receive, send)
            finally:
                self._budget.release(client)
            return
        reason, status, title, detail, more_headers = refusal
        self._metrics.refused.labels(reason).inc()
        await problem(status, title, detail, headers=more_headers)(scope, receive, send)

    def _refusal(
        self, scope: Scope, headers: Headers, keys: Keys, key: Key | None, client: str
    ) -> tuple[str, int, str, str, Mapping[str, str]] | None:
        """Return why a request is refused, as reason, status, title, detail and headers; None if it is accepted."""
        if self._limiter is not None:
            wait = self._limiter.acquire(client)
            if wait:
                seconds = math.ceil(wait)
                detail = f"ask again in {seconds} s, or more slowly"
                return "rate", 429, "Too many requests", detail, {"Retry-After": str(seconds)}
        owner = scope["path"] in _OWNER
        reads = not owner and (scope["method"] in _READ_METHODS or scope["path"] in _READ_POSTS)
        if not reads and not keys.writes_possible:
            detail = "this service was started without keys that may write: make one with --new-key write"
            return "writes off", 403, "Writing is off", detail, {}
        if (not reads or not self._keys.reads_open) and key is None:
            detail = "send a key as Authorization: Bearer KEY or X-API-Key: KEY"
            challenge = {"WWW-Authenticate": 'Basic realm="lookseek", charset="UTF-8"'}
            return "key", 401, "A key is needed", detail, challenge
        if not reads and key is not None and key.scope != "write":
            return "scope", 403, "The key may not do this", "this key may read: writing needs one with scope write", {}
        if key is not None and key.origins and headers.get("origin") not in key.origins:
            detail = "this key is for pages of a shop alone: send it from one of them"
            return "origin", 403, "The key may not do this", detail, {}
        elsewhere = headers.get("sec-fetch-site") == "cross-site" and not is_allowed_origin(scope)
        if scope["method"] not in _READ_METHODS and elsewhere:
            return "cross-site", 403, "Asked from another page", "send this from a page of this service", {}
        if wait := self._budget.acquire(client):
            seconds = math.ceil(wait)
            detail = f"you asked for much while others wait: ask again in {seconds} s"
            return "share", 429, "Too many requests", detail, {"Retry-After": str(seconds)}
        return None

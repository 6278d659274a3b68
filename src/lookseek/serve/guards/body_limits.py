"""Refuses request bodies that are too large, before anything reads them."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from ..problems import problem
from ..settings import Settings

__all__ = ["BodyLimits"]


class BodyLimits:
    """Limits the bytes of a body.

    Args:
        app: answers the accepted requests.
        settings: the limits.
        batch_path: the address of batches, which may be larger than a request that holds one photo.
    """

    def __init__(self, app: ASGIApp, settings: Settings, batch_path: str) -> None:
        base64_bytes = settings.max_photo_bytes * 4 // 3 + 2**16  # and the other fields
        self._single = RequestBodyLimitMiddleware(app, base64_bytes)
        self._batch = RequestBodyLimitMiddleware(app, settings.max_batch_bytes)
        self._batch_path = batch_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = self._batch if scope.get("path") == self._batch_path else self._single
        length = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if length.isdecimal() and int(length) > limited.max_body_size:
            detail = f"the body has {int(length):,} bytes, {limited.max_body_size:,} are taken: send a smaller photo"
            await problem(413, "Too large", detail, headers={"Connection": "close"})(scope, receive, send)
            return
        await limited(scope, receive, send)

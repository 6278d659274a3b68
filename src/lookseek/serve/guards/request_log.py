"""Logs and counts every request."""

from __future__ import annotations

import json
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..metrics import Metrics

__all__ = ["RequestLog", "ShortLines", "is_for_a_person"]

_QUIET = ("/v1/items/{id}/image", "/photos/{token}", "/static", "/healthz", "/readyz", "/metrics", "none")

log = logging.getLogger("lookseek.serve")


class RequestLog:
    """Logs a line for each request: its route, never words, ids, addresses or names."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note_status)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "") or "none"
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "PUT", "DELETE") else "other"
            self._metrics.requests.labels(route, method, str(status)).inc()
            self._metrics.request_seconds.labels(route).observe(seconds)
            request_id = scope.get("state", {}).get("request_id", "")
            line = {
                "id": request_id,
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
            }
            log.info(json.dumps(line), extra={"request": line})


class ShortLines(logging.Formatter):
    """Formats requests as a person reads them: the time, the status, the route and how long it took."""

    def format(self, record: logging.LogRecord) -> str:
        request = getattr(record, "request", None)
        if request is None:
            return super().format(record)
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{clock}  {request['status']}  {request['method']:<6} {request['route']:<24} {request['ms']:>7.0f} ms"


def is_for_a_person(record: logging.LogRecord) -> bool:
    """Return whether a record is worth a line on a terminal: pictures, files and probes that went well are not."""
    request = getattr(record, "request", None)
    return request is None or request["status"] >= 400 or not request["route"].startswith(_QUIET)

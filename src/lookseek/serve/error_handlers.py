"""Turns exceptions of routes into responses: problem details of RFC 9457."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from ..errors import LookseekError
from .api.bodies import RequestRefused
from .pool import Busy
from .problems import internal_error, problem, problem_from_error, problem_from_os_error

__all__ = ["add_error_handlers"]

log = logging.getLogger("lookseek.serve")

_TITLES = {400: "The request can't be read", 404: "Not found", 405: "Method not allowed", 413: "Too large"}
_DETAILS = {
    404: "there is nothing at this address",
    405: "this address takes other methods",
    413: "the body is larger than this service takes: send a smaller photo",
}


def add_error_handlers(app: FastAPI) -> None:
    """Register a handler for each kind of exception that a route raises."""

    @app.exception_handler(RequestRefused)
    async def refused(request: Request, error: RequestRefused) -> Response:
        return error.response

    @app.exception_handler(Busy)
    async def busy(request: Request, error: Busy) -> Response:
        return problem(503, "Too busy", str(error), headers={"Retry-After": str(error.seconds)})

    @app.exception_handler(LookseekError)
    async def lookseek_error(request: Request, error: LookseekError) -> Response:
        response = problem_from_error(error)
        if response.status_code >= 500:  # the response does not repeat the message
            log.error("%s %s", request.scope.get("state", {}).get("request_id", ""), error)
        return response

    @app.exception_handler(OSError)
    async def os_error(request: Request, error: OSError) -> Response:
        log.error("%s %s", request.scope.get("state", {}).get("request_id", ""), error)
        return problem_from_os_error(error)

    @app.exception_handler(HTTPException)
    async def http_exception(request: Request, error: HTTPException) -> Response:
        status, headers = error.status_code, dict(error.headers or {})
        if status == 405:
            headers["Allow"] = ", ".join(_methods_at(app, request.scope))
        title = _TITLES.get(status, "The request failed")
        return problem(status, title, _DETAILS.get(status, str(error.detail)), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        fields = [{"where": ".".join(map(str, field["loc"])), "what": field["msg"]} for field in error.errors()[:20]]
        detail = "; ".join(f"{field['where']}: {field['what']}" for field in fields[:3])
        return problem(422, "The request has fields that can't be used", detail, errors=fields)

    @app.exception_handler(Exception)  # Starlette raises it again afterwards; SecurityHeaders logs it then
    async def uncaught(request: Request, error: Exception) -> Response:
        return internal_error(request.scope.get("state", {}).get("request_id", ""))


def _methods_at(app: FastAPI, scope: Scope) -> list[str]:
    """Return the methods that an address takes; Starlette names those of the first route alone."""
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "POST", "PUT")
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.router.routes)
    ]

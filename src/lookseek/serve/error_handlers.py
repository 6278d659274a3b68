"""Turns exceptions of routes into responses: problem details of RFC 9457."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..errors import LookseekError
from .api.bodies import RequestRefused
from .pool import Busy
from .problems import problem, problem_from_error

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

    @app.exception_handler(HTTPException)
    async def http_exception(request: Request, error: HTTPException) -> Response:
        status = error.status_code
        title = _TITLES.get(status, "The request failed")
        return problem(status, title, _DETAILS.get(status, str(error.detail)), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        fields = [{"where": ".".join(map(str, field["loc"])), "what": field["msg"]} for field in error.errors()[:20]]
        detail = "; ".join(f"{field['where']}: {field['what']}" for field in fields[:3])
        return problem(422, "The request has fields that can't be used", detail, errors=fields)

"""The API's routes for operation: liveness, readiness, metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..engine import Engine
from ..problems import problem
from .bodies import RequestRefused
from .response_schemas import PROBLEMS, Health

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the process lives."""
    return Health(status="ok")


@router.get("/readyz", responses={503: PROBLEMS[503]})
async def readyz(request: Request) -> Health:
    """Say whether searches are answered."""
    engine: Engine = request.app.state.engine
    if not engine.ready:
        raise RequestRefused(problem(503, "Not ready", "the service is starting or stopping"))
    await engine.run_search(engine.searcher.current)  # raises where the index is gone
    return Health(status="ok")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Tell Prometheus what was counted."""
    engine: Engine = request.app.state.engine
    return Response(engine.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

"""The API's questions: search, feedback, facets, and what the index is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from ...errors import QueryError
from ...filters import Condition, check_fields, parse
from ...render.as_json import results_to_dict
from ...results import Results
from ...store import Restriction
from ..engine import Engine
from ..guards import fetch
from ..problems import problem
from ..settings import Settings
from . import bodies
from .schemas import MAX_K, Facet, Facets, IndexAbout, Problem, SearchAnswer, SearchBody

__all__ = ["about", "facets_of", "router", "shown"]

router = APIRouter(tags=["search"])

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {"application/problem+json": {}}, "description": text}
    for status, text in (
        (400, "The request can't be read"),
        (401, "A key is needed"),
        (403, "The key may not do this"),
        (408, "The request came too slowly"),
        (413, "Too large"),
        (415, "Of a kind that is not taken"),
        (422, "Something that is asked can't be used"),
        (429, "Too many requests"),
        (503, "Too busy, or the index can't be used now"),
    )
}

_FORM = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "format": "binary"},
        "box": {"type": "string", "description": "x,y,width,height"},
        "text": {"type": "string"},
        "item": {"type": "string"},
        "plus": {"type": "array", "items": {"type": "string"}, "description": "words, perhaps words:weight"},
        "minus": {"type": "array", "items": {"type": "string"}},
        "like": {"type": "array", "items": {"type": "string"}},
        "unlike": {"type": "array", "items": {"type": "string"}},
        "filter": {"type": "string"},
        "k": {"type": "integer", "minimum": 1, "maximum": MAX_K},
    },
}

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/SearchBody"}},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}
"""Two forms of one body, which no signature can say: the app adds SearchBody to the schemas."""


@router.post(
    "/v1/search", response_model=SearchAnswer, response_model_exclude_none=True, responses=PROBLEMS, openapi_extra=_BODY
)
async def search(request: Request) -> Response:
    """Find what looks like a photo, matches words, or looks like a photo with a change."""
    return await _answered(request, judged=False)


@router.post(
    "/v1/feedback",
    response_model=SearchAnswer,
    response_model_exclude_none=True,
    responses=PROBLEMS,
    openapi_extra=_BODY,
)
async def feedback(request: Request) -> Response:
    """Ask again with items that were liked or not: the results move towards the first and away from the others."""
    return await _answered(request, judged=True)


@router.get("/v1/facets", responses=PROBLEMS)
async def facets(
    request: Request,
    filter: Annotated[str, Query(max_length=10_000)] = "",
    field: Annotated[Sequence[str], Query(max_length=32)] = (),
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Facets:
    """Count the values of attributes among the items that meet a filter."""
    engine: Engine = request.app.state.engine
    return await engine.work(lambda: facets_of(engine, filter, field, limit))


@router.get("/v1/index", responses=PROBLEMS)
async def index(request: Request) -> IndexAbout:
    """Say what the index holds and what can be asked of it."""
    engine: Engine = request.app.state.engine
    await engine.work(engine.searcher.current)
    return about(engine)


async def _answered(request: Request, *, judged: bool) -> Response:
    engine: Engine = request.app.state.engine
    settings: Settings = request.app.state.settings
    engine.refuse_if_full()
    body, photo = await bodies.read_search(request)
    if judged and not (body.like or body.unlike):
        raise QueryError("feedback needs items that were liked or not: name their ids as like and unlike")
    fetched = await _fetched(body, engine, settings)
    query = await asyncio.to_thread(bodies.query_of, body, photo, fetched)
    return await engine.search_for(query, lambda results: JSONResponse(shown(results)))


async def _fetched(body: SearchBody, engine: Engine, settings: Settings) -> bytes | None:
    url = body.image_url
    if url is None:
        return None
    if not settings.image_urls:
        detail = "this service fetches no photos by address: send the photo itself, or start it with --image-urls"
        raise bodies.Refused(problem(403, "Addresses of photos are off", detail))
    return await engine.fetched(lambda: fetch.fetch(url, most=settings.photo_bytes))


def shown(results: Results) -> dict[str, Any]:
    """An answer for those who are not at this machine: no photo's bytes, no path."""
    told = results_to_dict(results)
    query = told["query"]
    if "image" in query:
        query["image"] = "uploaded"
    for name in {"plus", "minus"} & query.keys():
        query[name] = [{**term, **({"photo": "uploaded"} if "photo" in term else {})} for term in query[name]]
    return {**told, "good": results.good, "index": results.index.replace("\\", "/").rstrip("/").rpartition("/")[2]}


def facets_of(engine: Engine, filter: str, fields: Sequence[str], limit: int) -> Facets:
    """Counts of values, of the fields that are named or of all that can be counted.

    Raises:
        QueryError: a field that is not there or holds numbers.
        FilterError: a filter that can't be read.
    """
    opened = engine.searcher.current()
    condition: Condition | None = parse(filter) if filter.strip() else None
    if condition is not None:
        check_fields(condition, opened.manifest.fields)
    names = fields or [name for name, kind in opened.manifest.fields.items() if kind != "number"]
    counted = {}
    for name in names:
        if name not in opened.manifest.fields:
            raise QueryError(f"no item has {name!r}: the index knows {', '.join(opened.manifest.fields)}")
        try:
            values = opened.store.facet(name, Restriction(condition), limit=limit)
        except QueryError:
            if fields:
                raise
            continue  # one of the many that are not declared
        counted[name] = [Facet(value=value, count=count) for value, count in values if isinstance(value, str | bool)]
    return Facets(items=opened.store.count(Restriction(condition)), facets=counted)


def about(engine: Engine) -> IndexAbout:
    """What the index is."""
    opened, model = engine.searcher.index, engine.searcher.model
    manifest = opened.manifest
    return IndexAbout(
        name=opened.folder.resolve().name,
        items=manifest.items,
        model=model.name,
        languages=list(model.languages),
        composer=None if model.text is None else (model.composer.name if model.composer else "sum"),
        fields=dict(manifest.fields),
        metrics=["cosine", "euclidean"] if "look_euclidean" in manifest.recipe.layout else ["cosine"],
        routers=[kind for kind, note in manifest.routers.items() if note.current],
        updated=manifest.updated,
    )

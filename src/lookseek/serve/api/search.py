"""The API's routes that search: search and feedback."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ...errors import QueryError
from ...query_checks import MAX_CHANGED
from ...remote import fetch
from ...render.as_json import region_to_dict, results_to_dict
from ...results import Results
from ...types import AttributeValue
from ..engine import Engine
from ..paging import index_version
from ..problems import problem
from ..settings import MAX_ANSWER_TEXT, MAX_K, Settings
from .bodies import RequestRefused, read_search
from .pages import Page
from .queries import to_query
from .response_schemas import PROBLEMS, Garments, SearchAnswer

__all__ = ["router", "to_response"]

router = APIRouter(tags=["search"])

_FORM = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "format": "binary"},
        "box": {"type": "string", "description": "x,y,width,height"},
        "garment": {"type": "string", "description": "a kind, a number from 1, or largest"},
        "text": {"type": "string"},
        "item": {"type": "string"},
        "plus": {"type": "array", "items": {"type": "string"}, "description": "words, perhaps words:weight"},
        "minus": {"type": "array", "items": {"type": "string"}},
        "like": {"type": "array", "items": {"type": "string"}},
        "unlike": {"type": "array", "items": {"type": "string"}},
        "filter": {"type": "string"},
        "k": {"type": "integer", "minimum": 1, "maximum": MAX_K},
        "copied": {"type": "integer", "minimum": 0, "maximum": MAX_CHANGED, "description": "regions that may differ"},
        "explain": {"type": "boolean", "description": "whether hits have their contributions"},
        "cursor": {"type": "string", "description": "next of the answer before"},
        "sort": {"type": "string", "description": "price, -price, newest, or an attribute"},
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
"""Two media types of one body, which no signature can express; ``openapi.py`` adds SearchBody to the schemas."""


@router.post(
    "/v1/search", response_model=SearchAnswer, response_model_exclude_none=True, responses=PROBLEMS, openapi_extra=_BODY
)
async def search(request: Request) -> Response:
    """Find what looks like a photo, matches words, or looks like a photo with a change."""
    return await _search(request)


@router.post(
    "/v1/feedback",
    response_model=SearchAnswer,
    response_model_exclude_none=True,
    responses=PROBLEMS,
    openapi_extra=_BODY,
)
async def feedback(request: Request) -> Response:
    """Ask again with items that were liked or not: the results move towards the first and away from the others."""
    return await _search(request, feedback=True)


@router.post(
    "/v1/garments", response_model=Garments, responses=PROBLEMS, openapi_extra=_BODY, summary="List a photo's garments"
)
async def garments(request: Request) -> Response:
    """List the garments in the body's photo, the largest first; a search takes one of them as ``garment``."""
    engine: Engine = request.app.state.engine
    engine.refuse_if_full()
    body, uploaded = await read_search(request)
    fetched = await _fetch_image(body.image_url, engine, request.app.state.settings)
    image = (await engine.run_charged(lambda: to_query(body, uploaded, fetched))).image
    if image is None:
        raise QueryError("garments are looked for in a photo, and there is none: send one as image")
    found = await engine.run_search(lambda: engine.searcher.garments(image), encodes=True)
    return JSONResponse({"garments": [region_to_dict(each) for each in found]})


async def _search(request: Request, *, feedback: bool = False) -> Response:
    engine: Engine = request.app.state.engine
    settings: Settings = request.app.state.settings
    engine.refuse_if_full()
    body, uploaded = await read_search(request)
    if feedback and not (body.like or body.unlike):
        raise QueryError("feedback needs items that were liked or not: name their ids as like and unlike")
    fetched = await _fetch_image(body.image_url, engine, settings)
    query = await engine.run_charged(lambda: to_query(body, uploaded, fetched))
    page = Page(query, body.cursor, body.sort, engine.searcher.index.manifest)
    return await engine.search_and_convert(
        page.query, lambda results: JSONResponse(page.of(to_response(results), index_version(engine.searcher.index)))
    )


async def _fetch_image(url: str | None, engine: Engine, settings: Settings) -> bytes | None:
    if url is None:
        return None
    if not settings.image_urls:
        detail = "this service fetches no photos by address: send the photo itself, or start it with --image-urls"
        raise RequestRefused(problem(403, "Addresses of photos are off", detail))
    return await engine.run_fetch(lambda: fetch.fetch(url, max_bytes=settings.max_photo_bytes))


def to_response(results: Results) -> dict[str, Any]:
    """Return results as JSON values without the bytes or paths of photos.

    Raises:
        QueryError: they have more text than one answer may.
    """
    length = sum(len(hit.id) + sum(map(_length, hit.attributes.items())) for hit in results.hits)
    if length > MAX_ANSWER_TEXT:
        raise QueryError(
            f"the attributes of {len(results.hits):,} results have {length:,} characters, {MAX_ANSWER_TEXT:,} are "
            f"given at a time: ask for about {len(results.hits) * MAX_ANSWER_TEXT // length:,} results"
        )
    answer = results_to_dict(results)
    query = answer["query"]
    if "image" in query:
        query["image"] = "uploaded"
    for name in {"plus", "minus"} & query.keys():
        query[name] = [{**term, **({"photo": "uploaded"} if "photo" in term else {})} for term in query[name]]
    return {**answer, "good": results.good, "index": results.index.replace("\\", "/").rstrip("/").rpartition("/")[2]}


def _length(attribute: tuple[str, AttributeValue]) -> int:
    name, value = attribute
    return len(name) + (
        len(value) if isinstance(value, str) else sum(map(len, value)) if isinstance(value, tuple) else 8
    )

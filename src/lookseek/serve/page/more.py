"""The routes of what a page adds to its results: more of them, and one item large with all of its photos."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ...filters import In
from ...index.open_index import OpenIndex
from ...index.products import product_of
from ...query_checks import MAX_DISTINCT
from ...search.outfits import complete_look
from ...search.outfits.parts import part_of
from ...search.region_contributions import REGION_PARTS
from ...store import Restriction
from ...types import Point
from ..engine import Engine
from ..problems import problem
from ..settings import MAX_ID
from .cards import image_url, look_url, to_cards, view_url
from .content import resolve_page
from .description import attribute_rows
from .language import load_texts
from .parameters import parse_state
from .rendering import base_context, more_url, reader_language, results_context
from .state import DEFAULT_K, MAX_K
from .templating import render_template
from .why import why_url

__all__ = ["MAX_SHOWN", "router"]

router = APIRouter(include_in_schema=False)

MAX_SHOWN = 2_000
"""Results that a page shows at the most: each further step finds all before it again."""
_LOOK_ITEMS = 6
"""Items of each part of a completed look."""
_MAX_PHOTOS = 24
"""Photos of a product in its view."""


@router.get("/more")
async def more(
    request: Request, shown: int = Query(ge=0, le=MAX_SHOWN), version: str = Query("", max_length=40)
) -> Response:
    """Return the cards after those that a page shows."""
    services = request.app.state
    state = parse_state(request.query_params.multi_items())
    most = MAX_DISTINCT if state.dup and state.has_query else MAX_SHOWN
    state = replace(state, k=min(shown + DEFAULT_K, most))
    texts = load_texts(reader_language(request, state))
    upload = services.uploads.get(state.upload) if state.upload else None
    if state.upload and upload is None:
        return problem(404, "The photo is gone", "this photo is no longer kept: choose it again")
    content = await resolve_page(services.engine, services.facets, state, upload)
    if content.error is not None:
        detail = content.error.detail or texts.format(f"trouble.{content.error.key}")
        return problem(content.error.status, "The search failed", detail)
    context = base_context(request, state, texts)
    context |= results_context(state, texts, content, services.engine.searcher.index.manifest.roles)
    there = len(context["cards"])
    context |= {
        "cards": context["cards"][shown:],
        "first": shown,
        "has_more": context["has_more"] and there < most,
        "changed": bool(version) and version != content.version,
        "more_url": more_url(state, there, content.version),
        "shown": there,
    }
    html = await services.engine.run_search(lambda: render_template(context, "more.html"))
    url = replace(state, k=min(max(there, 1), MAX_K)).url()
    headers = {"Cache-Control": "private, no-cache", "HX-Replace-Url": url, "Content-Language": texts.language}
    return Response(html, 200, headers, media_type="text/html")


@router.api_route("/look", methods=["GET", "HEAD"])
async def look(request: Request, item: str = Query(max_length=MAX_ID)) -> Response:
    """Show items that go with one: other parts of an outfit."""
    engine: Engine = request.app.state.engine
    state = parse_state([pair for pair in request.query_params.multi_items() if pair[0] != "item"])
    texts = load_texts(reader_language(request, state))
    found = await engine.run_search(lambda: complete_look(engine.searcher.current(), item, _LOOK_ITEMS))
    roles, parts, first = engine.searcher.index.manifest.roles, [], 0
    for part in found.parts:
        cards = to_cards([Point(one.id, {}, one.attributes) for one in part.items], state, texts, roles)
        parts.append((part.part, first, cards))
        first += len(cards)
    context = base_context(request, state, texts) | {
        "item": item,
        "parts": parts,
        "results": None,
        "few_good": False,
        "good": None,
        "has_more": False,
        "eager_pictures": _LOOK_ITEMS,
    }
    html = await engine.run_charged(lambda: render_template(context, "look.html"))
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Cookie",
        "Content-Language": texts.language,
    }
    if request.headers.get("hx-request"):
        headers["HX-Push-Url"] = look_url(item, state)
    return Response(html, 200, headers, media_type="text/html")


@dataclass(frozen=True, slots=True)
class _Shown:
    """An item and the photos of its product, its own first."""

    point: Point
    photos: tuple[str, ...]


@router.api_route("/view", methods=["GET", "HEAD"])
async def view(request: Request, item: str = Query(max_length=MAX_ID)) -> Response:
    """Show an item large: as a part of the page that is open, or as a page of its own."""
    engine: Engine = request.app.state.engine
    state = parse_state([pair for pair in request.query_params.multi_items() if pair[0] != "item"])
    texts = load_texts(reader_language(request, state))
    shown = await engine.run_search(lambda: _find(engine.searcher.current(), item))
    if shown is None:
        raise HTTPException(404)
    roles = engine.searcher.index.manifest.roles
    (card,) = to_cards([shown.point], state, texts, roles)
    part = part_of(shown.point.attributes)
    context = base_context(request, state, texts) | {
        "card": card,
        "why_url": why_url(item, state) if state.has_query else "",
        "copies_url": state.with_photo(f"i:{item}").with_copies().url() if part is None or part in REGION_PARTS else "",
        "look_url": look_url(item, state) if part else "",
        "rows": attribute_rows(shown.point.attributes, roles, texts),
        "photos": [(image_url(id_), view_url(id_, state)) for id_ in shown.photos],
    }
    within_page = "hx-request" in request.headers
    context["part"] = "product.html"
    context["heading"], template = ("h2", "product.html") if within_page else ("h1", "view.html")
    html = await engine.run_charged(lambda: render_template(context, template))
    headers = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Cookie, HX-Request",
        "Content-Language": texts.language,
    }
    return Response(html, 200, headers, media_type="text/html")


def _find(index: OpenIndex, id_: str) -> _Shown | None:
    points = index.store.get([id_], vectors=False)
    if not points:
        return None
    product = index.manifest.roles.get("product")
    name = product_of(points[0], product)
    photos = [id_]
    if product is not None and name is not None:
        for point in index.store.scan(Restriction(In(product, (name,)))):
            if point.id != id_:
                photos.append(point.id)
            if len(photos) == _MAX_PHOTOS:
                break
    return _Shown(points[0], (id_, *sorted(photos[1:])))

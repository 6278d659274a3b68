"""Renders a state as an HTML response in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from ...types import Role
from ..api.index import describe_index
from ..engine import Engine
from ..path_prefix import address
from ..pool import Busy
from ..settings import MAX_PAGE_BYTES
from ..uploads import Upload
from .assets import static_url
from .cards import image_url, to_cards, upload_url
from .content import PageContent, PageError, resolve_page
from .error_texts import translate
from .facet_filters import number_range
from .language import LANGUAGES, Language, Texts, choose_language, load_texts
from .search_history import history_steps
from .state import DEFAULT_K, MAX_K, State
from .templating import render_template

__all__ = ["base_context", "more_url", "reader_language", "render_page", "results_context", "results_that_fit"]

_RESULT_COUNTS = (12, 24, 48, 96, 200)
_MAX_QUERY_STRING = 8_000
"""Characters of a state's query string."""
_RESULT_BYTES, _RESULT_LINKS = 2_000, 5
"""Bytes of one result on a page, about, and links in it that hold the state."""
_EAGER_PICTURES = 8
"""Pictures of the first screen, which the browser loads before the others."""


async def render_page(request: Request, state: State, error: PageError | None = None) -> Response:
    """Return the page of a state, or of an error that occurred before the state was resolved."""
    language = reader_language(request, state)
    services = request.app.state
    upload: Upload | None = services.uploads.get(state.upload) if state.upload else None
    if len(state.query_string()) > _MAX_QUERY_STRING:  # every link of the page would be as long
        state, error = State(), PageError("query", "the address is too long: search again, with fewer words", 414)
    elif state.k > (most := results_that_fit(state)):
        state = replace(state, k=most)
    if error is None and state.upload and upload is None:
        error = PageError("gone", "", 200)
    if error is None:
        content = await resolve_page(services.engine, services.facets, state, upload)
    else:
        content = PageContent(error=error)
    texts = load_texts(language)
    html, content = await _render(
        services.engine,
        content,
        lambda shown: render_template(_context(request, state, texts, upload, shown)),
    )
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Cookie", "Content-Language": language}
    if content.error and content.error.retry_seconds:
        headers["Retry-After"] = str(content.error.retry_seconds)
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        headers["HX-Push-Url"] = state.url()
    return Response(html, content.error.status if content.error else 200, headers, media_type="text/html")


async def _render(
    engine: Engine, content: PageContent, render: Callable[[PageContent], str]
) -> tuple[str, PageContent]:
    """Return the HTML of a page's content, and what it shows: results wait for their turn, errors for nothing."""
    if content.error is None:
        try:
            return await engine.run_search(lambda: render(content)), content
        except Busy as busy:
            content = PageContent(error=PageError("busy", "", 503, busy.seconds))
    return await engine.run_charged(lambda: render(content)), content


def reader_language(request: Request, state: State) -> Language:
    """Return the language of a page: the state's, else the reader's choice, else the browser's."""
    return choose_language(
        state.lang, request.cookies.get("lang", ""), accept_language=request.headers.get("accept-language", "")
    )


def results_that_fit(state: State) -> int:
    """Return how many results a page may show: each has some links that hold the whole state."""
    return max(DEFAULT_K, MAX_PAGE_BYTES // (_RESULT_BYTES + _RESULT_LINKS * len(state.query_string())))


def base_context(request: Request, state: State, texts: Texts) -> dict[str, Any]:
    """Return what every page of the service needs."""
    engine: Engine = request.app.state.engine
    index = describe_index(engine)
    return {
        "t": texts.format,
        "texts": texts,
        "lang": texts.language,
        "languages": [(language, load_texts(language).format("language")) for language in LANGUAGES],
        "state": state,
        "query_string": state.query_string(),
        "index": index,
        "products": "product" in index.roles,
        "reads_words": bool(index.languages),
        "max_photo_bytes": request.app.state.settings.max_photo_bytes,
        "static_url": static_url,
        "image_url": image_url,
        "error": None,
    }


def results_context(state: State, texts: Texts, content: PageContent, roles: Mapping[Role, str]) -> dict[str, Any]:
    """Return what the results of a state need."""
    results = content.results
    cards = to_cards(content.browsed if results is None else content.hits, state, texts, roles)
    good = None if results is None or state.sort else results.good
    return {
        "garments": content.garments if len(content.garments) > 1 else (),
        "results": results,
        "cards": cards,
        "first": 0,
        "total": max(content.total, len(cards)),
        "version": content.version,
        "has_more": len(cards) < content.total and len(cards) >= state.k,
        "more_url": more_url(state, len(cards), content.version),
        "next_url": replace(state, k=min(len(cards) + DEFAULT_K, MAX_K)).url(),
        "shape": content.shape,
        "good": good,
        "few_good": good is not None and good < len(cards),
        "eager_pictures": _EAGER_PICTURES,
    }


def more_url(state: State, shown: int, version: str) -> str:
    """Return the URL of the results after those that are shown."""
    parameters = [pair for pair in state.parameters() if pair[0] != "k"]
    return address(f"/more?{urlencode([('shown', str(shown)), ('version', version), *parameters])}")


def _context(
    request: Request, state: State, texts: Texts, upload: Upload | None, content: PageContent
) -> dict[str, Any]:
    roles = request.app.state.engine.searcher.index.manifest.roles
    context = base_context(request, state, texts)
    return {
        **context,
        **results_context(state, texts, content, roles),
        "reads_other_language": bool(context["index"].languages) and texts.language not in context["index"].languages,
        "photo": _photo_url(state, upload),
        "upload": upload,
        "facets": content.facets,
        "sorts": content.sorts,
        "error": content.error,
        "error_detail": translate(content.error.detail, texts.language) if content.error else ("", texts.language),
        "steps": history_steps(state, request.app.state.uploads),
        "result_counts": sorted({*_RESULT_COUNTS, state.k}),
        "number_range": number_range,
        "example_url": lambda name: replace(state, text=texts.format(f"example.{name}")).url(),
    }


def _photo_url(state: State, upload: Upload | None) -> str:
    if state.item:
        return image_url(state.item)
    return upload_url(state.upload) if upload else ""

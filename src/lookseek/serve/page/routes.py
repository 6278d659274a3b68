"""The web page: an address says what is asked, and the answer is made here, in the reader's language."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Query, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from ... import images
from ...catalogue.photos import photos_at
from ...errors import ItemError, LookseekError
from ..api.index import describe_index
from ..engine import Engine
from ..pool import Busy
from ..problems import problem
from ..thumbnails import SIZES, nearest_size, scale_to_fit
from ..uploads import Upload, Uploads, check_pixel_limit, normalise_upload
from .answers import Found, Trouble, answered, trouble_of
from .assets import Static, address_of
from .cards import cards_of, image_address, steps_of
from .facets import Facets, number_range
from .language import LANGUAGES, Language, Texts, chosen_language, texts_of
from .parameters import parse, parse_query
from .state import State
from .templating import render

__all__ = ["mount"]

router = APIRouter(include_in_schema=False)

_YEAR = 365 * 24 * 3600
_QUALITY = 85
_COUNTS = (12, 24, 48, 96, 200)
_MAX_ADDRESS = 8_000
"""Characters of a state's address."""
_SAID_AT_ONCE = 8
"""Pictures of the first screen, which are fetched before the others."""


def mount(app: FastAPI) -> None:
    """Add the page to a service."""
    app.state.facets = Facets()
    app.include_router(router)
    app.mount("/static", Static())


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """Show a state."""
    return await shown(request, parse(request.query_params.multi_items()))


@router.post("/photos")
async def photos(request: Request) -> Response:
    """Take a photo in, and go where it is asked with."""
    engine: Engine = request.app.state.engine
    uploads: Uploads = request.app.state.uploads
    state = State()
    try:
        async with request.form(max_files=2, max_fields=8, max_part_size=1 << 17) as form:
            state = parse_query(str(form.get("state", "")))
            if not state.photo and isinstance(words := form.get("text"), str):
                state = replace(state, text=parse([("text", words)]).text)
            files = [one for one in form.getlist("image") if isinstance(one, UploadFile) and one.size]
            data = await files[0].read() if files else b""
            item = str(form.get("item", ""))
        if not data and not item:
            return RedirectResponse(state.address(), 303)
        upload = await engine.run_picture(lambda: _received(data) if data else _photo_of(engine, item))
    except Busy as error:
        return await shown(request, state, Trouble("busy", "", 503, error.seconds))
    except LookseekError as error:
        return await shown(request, state, trouble_of(error))
    except HTTPException as error:
        key = "too_large" if error.status_code == 413 else "unread"
        return await shown(request, state, Trouble(key, "", error.status_code))
    gone = not data or (bool(state.upload) and uploads.get(state.upload) is None)
    state = state.with_upload(uploads.add(upload), gone=gone)
    if request.headers.get("hx-request"):
        return await shown(request, state)  # with its address: going there would be a request more
    return RedirectResponse(state.address(), 303)


@router.get("/photos/{token}")
async def photo(request: Request, token: str, size: int = Query(640, ge=1, le=SIZES[-1])) -> Response:
    """Give an upload back to who sent it: nobody else knows its name."""
    engine: Engine = request.app.state.engine
    upload = request.app.state.uploads.get(token)
    if upload is None:
        return problem(404, "The photo is gone", "this photo is no longer kept: choose it again")
    made = await engine.run_picture(lambda: _sized(upload, nearest_size(size)))
    return Response(made, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600, immutable"})


@router.post("/language")
async def language(request: Request) -> Response:
    """Speak another language from now on, on the same page."""
    async with request.form(max_files=0, max_fields=4, max_part_size=1 << 17) as form:
        wish = chosen_language(str(form.get("lang", "")))
        state = replace(parse_query(str(form.get("state", ""))), lang="")
    answer = RedirectResponse(state.address(), 303)
    answer.set_cookie("lang", wish, max_age=_YEAR, httponly=True, samesite="lax")
    return answer


async def shown(request: Request, state: State, trouble: Trouble | None = None) -> Response:
    """The page of a state, or of what keeps it from being answered."""
    spoken = chosen_language(
        state.lang, request.cookies.get("lang", ""), accepted=request.headers.get("accept-language", "")
    )
    texts = texts_of(spoken)
    app = request.app.state
    upload: Upload | None = app.uploads.get(state.upload) if state.upload else None
    if len(state.query_string()) > _MAX_ADDRESS:  # every link of the page would be as long
        state, trouble = State(), Trouble("query", "the address is too long: ask anew, with fewer words", 414)
    if trouble is None and state.upload and upload is None:
        trouble = Trouble("gone", "", 200)
    found = Found(trouble=trouble) if trouble else await answered(app.engine, app.facets, state, upload)
    status = found.trouble.status if found.trouble else 200
    html = await asyncio.to_thread(render, _context(request, state, texts, upload, found))
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Cookie", "Content-Language": spoken}
    if found.trouble and found.trouble.seconds:
        headers["Retry-After"] = str(found.trouble.seconds)
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        headers["HX-Push-Url"] = state.address()
    return Response(html, status, headers, media_type="text/html")


def _context(request: Request, state: State, texts: Texts, upload: Upload | None, found: Found) -> dict[str, Any]:
    engine: Engine = request.app.state.engine
    index = describe_index(engine)
    results = found.results
    hits = results.hits if results else found.browsed
    cards = cards_of(hits, state, texts)
    good = results.good if results else None
    return {
        "t": texts.say,
        "texts": texts,
        "lang": texts.language,
        "languages": _languages(),
        "state": state,
        "asked": state.query_string(),
        "index": index,
        "reads": bool(index.languages),
        "foreign": bool(index.languages) and texts.language not in index.languages,
        "photo": _photo_address(state, upload),
        "upload": upload,
        "results": results,
        "cards": cards,
        "shape": found.shape,
        "good": good,
        "few": good is not None and good < len(cards),
        "facets": found.facets,
        "trouble": found.trouble,
        "steps": steps_of(state, request.app.state.uploads),
        "counts": sorted({*_COUNTS, state.k}),
        "eager": _SAID_AT_ONCE,
        "image_address": image_address,
        "number_range": number_range,
        "say_example": lambda name: replace(state, text=texts.say(f"example.{name}")).address(),
        "static": address_of,
    }


def _received(data: bytes) -> Upload:
    check_pixel_limit(data)
    return normalise_upload(data)


def _photo_of(engine: Engine, id_: str) -> Upload:
    """An item's photo as an upload, of which a part can be meant."""
    found = engine.searcher.current().store.get([id_], vectors=False)
    (photo,) = photos_at([point.source for point in found] or [""])
    if photo is None:
        raise ItemError(f"the photo of item {id_!r} can't be had any more: index its catalogue again")
    return normalise_upload(photo)


def _photo_address(state: State, upload: Upload | None) -> str:
    if state.item:
        return image_address(state.item)
    return f"/photos/{quote(state.upload, safe='')}" if upload else ""


def _languages() -> list[tuple[Language, str]]:
    return [(language, texts_of(language).say("language")) for language in LANGUAGES]


def _sized(upload: Upload, side: int) -> bytes:
    if max(upload.width, upload.height) <= side:
        return upload.data
    return images.to_jpeg(scale_to_fit(images.decode(upload.data, min_side=side), side), _QUALITY)

"""The page's routes: a state by its URL, uploads of photos, and the choice of a language."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, FastAPI, Query, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from ... import images
from ...errors import ItemError, LookseekError
from ..engine import Engine
from ..pool import Busy
from ..problems import problem
from ..thumbnails import SIZES, nearest_size, scale_to_fit
from ..uploads import Upload, Uploads, check_pixel_limit, normalise_upload
from . import admin, more, why
from .assets import StaticAssets
from .content import PageError, page_error
from .facets import Facets
from .language import choose_language
from .parameters import parse_query_string, parse_state
from .rendering import render_page
from .state import State

__all__ = ["mount"]

router = APIRouter(include_in_schema=False)

_YEAR = 365 * 24 * 3600
"""Seconds."""
_QUALITY = 85


def mount(app: FastAPI) -> None:
    """Add the page to a service."""
    app.state.facets = Facets()
    app.include_router(router)
    app.include_router(more.router)
    app.include_router(why.router)
    app.include_router(admin.router)
    app.mount("/static", StaticAssets())


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """Show a state."""
    return await render_page(request, parse_state(request.query_params.multi_items()))


@router.post("/photos")
async def photos(request: Request) -> Response:
    """Upload a photo, and show the state that searches with it."""
    engine: Engine = request.app.state.engine
    uploads: Uploads = request.app.state.uploads
    state, scripted = State(), "hx-request" in request.headers  # whose results stay, with the problem beside them
    try:
        async with request.form(max_files=2, max_fields=8, max_part_size=1 << 17) as form:
            state = parse_query_string(str(form.get("state", "")))
            if not state.photo and isinstance(words := form.get("text"), str):
                state = replace(state, text=parse_state([("text", words)]).text)
            files = [file for file in form.getlist("image") if isinstance(file, UploadFile) and file.size]
            data = await files[0].read() if files else b""
            item = str(form.get("item", ""))
        if not data and not item:
            return RedirectResponse(state.url(), 303)
        upload = await engine.run_picture(lambda: _normalise(data) if data else _upload_of_item(engine, item))
    except (Busy, LookseekError, HTTPException) as error:
        if scripted:
            raise
        return await render_page(request, state, _page_error(error))
    same_photo = not data or (bool(state.upload) and uploads.get(state.upload) is None)
    state = state.with_upload(uploads.add(upload), same_photo=same_photo)
    if scripted:
        return await render_page(request, state)  # the response pushes the state's URL: a redirect costs a request more
    return RedirectResponse(state.url(), 303)


@router.get("/photos/{token}")
async def photo(request: Request, token: str, size: int = Query(640, ge=1, le=SIZES[-1])) -> Response:
    """Return an upload to the browser that sent it: nobody else has its token."""
    engine: Engine = request.app.state.engine
    upload = request.app.state.uploads.get(token)
    if upload is None:
        return problem(404, "The photo is gone", "this photo is no longer kept: choose it again")
    picture = await engine.run_picture(lambda: _scaled(upload, nearest_size(size)))
    headers = {"Cache-Control": "private, max-age=3600, immutable"}
    return Response(picture, media_type="image/jpeg", headers=headers)


@router.post("/language")
async def language(request: Request) -> Response:
    """Set the reader's language, and show the same state."""
    async with request.form(max_files=0, max_fields=4, max_part_size=1 << 17) as form:
        code = choose_language(str(form.get("lang", "")))
        state = replace(parse_query_string(str(form.get("state", ""))), lang="")
    response = RedirectResponse(state.url(), 303)
    response.set_cookie("lang", code, max_age=_YEAR, httponly=True, samesite="lax")
    return response


def _page_error(error: Busy | LookseekError | HTTPException) -> PageError:
    if isinstance(error, Busy):
        return PageError("busy", "", 503, error.seconds)
    if isinstance(error, LookseekError):
        return page_error(error)
    return PageError("too_large" if error.status_code == 413 else "unread", "", error.status_code)


def _normalise(data: bytes) -> Upload:
    check_pixel_limit(data)
    return normalise_upload(data)


def _upload_of_item(engine: Engine, id_: str) -> Upload:
    """Return an item's photo as an upload, which can be cropped."""
    index = engine.searcher.current()
    points = index.store.get([id_], vectors=False)
    (photo,) = index.place.photos([point.source for point in points] or [""])
    if photo is None:
        raise ItemError(f"the photo of item {id_!r} can't be had any more: index its catalogue again")
    return normalise_upload(photo)


def _scaled(upload: Upload, side: int) -> bytes:
    if max(upload.width, upload.height) <= side:
        return upload.data
    return images.to_jpeg(scale_to_fit(images.decode(upload.data, min_side=side), side), _QUALITY)

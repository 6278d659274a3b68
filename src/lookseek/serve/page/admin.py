"""The route of the owner's page: its script does everything by the public API."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from .language import load_texts
from .rendering import base_context, reader_language
from .state import State
from .templating import render_template

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.api_route("/admin", methods=["GET", "HEAD"])
async def admin(request: Request) -> Response:
    """Show how the index is, and what its owner can do with it."""
    state = State()
    texts = load_texts(reader_language(request, state))
    html = await asyncio.to_thread(render_template, base_context(request, state, texts), "admin.html")
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie", "Content-Language": texts.language}
    return Response(html, 200, headers, media_type="text/html")

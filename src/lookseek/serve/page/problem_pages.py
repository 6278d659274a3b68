"""Problems as pages: a browser that opens an address gets a page in its reader's language, a program the problem."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..problems import MEDIA_TYPE
from .assets import static_url
from .error_texts import translate
from .language import Language, choose_language, load_texts
from .templating import render_template

__all__ = ["ProblemPages", "problem_page"]

_KEYS = {401: "key", 403: "refused", 404: "missing", 413: "too_large", 421: "host", 429: "busy", 503: "busy"}
"""Texts of the page by status; others have those of a search that can't be answered, or of an error."""


class ProblemPages:
    """Rewrites responses of problem details for browsers.

    A page that is opened gets HTML; what the page's script requests (HX-Request) gets the same problem with its detail
    in the reader's language. All other clients get the problem as it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scripted = "hx-request" in headers
        if not scripted and not _opens_a_page(headers):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def send_rewritten(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if message.get("more_body", False):
                    return
                told, media_type, language = await asyncio.to_thread(_rewritten, bytes(body), headers, scripted)
                response = MutableHeaders(scope=start)
                response["Content-Type"], response["Content-Length"] = media_type, str(len(told))
                response["Content-Language"] = language
                response.add_vary_header("Accept, Accept-Language, Cookie")
                await send(start)
                await send({"type": "http.response.body", "body": told if scope["method"] != "HEAD" else b""})

        await self.app(scope, receive, send_rewritten)


def problem_page(problem: dict[str, Any], language: Language) -> str:
    """Return a problem as a page.

    Args:
        problem: its members; ``status``, ``detail`` and ``id`` are used.
        language: of the reader.
    """
    status = int(problem.get("status", 500))
    detail, detail_language = translate(str(problem.get("detail", "")), language)
    texts = load_texts(language)
    context = {
        "t": texts.format,
        "lang": language,
        "key": _KEYS.get(status, "wrong" if status >= 500 else "query"),
        "status": status,
        "detail": detail,
        "detail_language": detail_language,
        "static_url": static_url,
    }
    return render_template(context, "problem.html")


def _opens_a_page(headers: Headers) -> bool:
    return "text/html" in headers.get("accept", "") and headers.get("sec-fetch-dest", "document") == "document"


def _is_problem(start: Message) -> bool:
    return MutableHeaders(scope=start).get("content-type", "").startswith(MEDIA_TYPE)


def _rewritten(body: bytes, headers: Headers, scripted: bool) -> tuple[bytes, str, Language]:
    """Return the body for a browser, its media type and its language."""
    problem = json.loads(body or b"{}")
    language = choose_language(_cookie(headers), accept_language=headers.get("accept-language", ""))
    if not scripted:
        return problem_page(problem, language).encode(), "text/html; charset=utf-8", language
    detail, told_in = translate(str(problem.get("detail", "")), language)
    if told_in != language:  # a headline that is understood, rather than a detail that is not
        key = _KEYS.get(int(problem.get("status", 500)), "query")
        detail = f"{load_texts(language).format(f'trouble.{key}')} ({detail})"
    return json.dumps({**problem, "detail": detail}, ensure_ascii=False).encode(), MEDIA_TYPE, language


def _cookie(headers: Headers) -> str:
    return cookie_parser(headers.get("cookie", "")).get("lang", "")

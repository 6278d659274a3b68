"""What the page needs beside its text: files whose addresses change with what they hold."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["FOLDER", "Static", "address_of"]

FOLDER = Path(__file__).with_name("static")


class Static(StaticFiles):
    """The files, to be kept by browsers: another content has another address."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if answer.status_code in (200, 304):
            kept = b"v=" in scope.get("query_string", b"")
            answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return answer


@cache
def address_of(name: str) -> str:
    """The address of a file of the folder."""
    return f"/static/{name}?v={hashlib.blake2b((FOLDER / name).read_bytes(), digest_size=6).hexdigest()}"

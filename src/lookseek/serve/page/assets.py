"""Static files of the page, whose URLs change with their content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ..path_prefix import address

__all__ = ["FOLDER", "StaticAssets", "static_url"]

FOLDER = Path(__file__).with_name("static")


class StaticAssets(StaticFiles):
    """Serves the files; a browser caches a URL with a version for ever."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code in (200, 304):
            versioned = b"v=" in scope.get("query_string", b"")
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return response


def static_url(name: str) -> str:
    """Return the URL of a file of the folder, with a hash of its content."""
    return address(f"/static/{name}?v={_hash(name)}")


@cache
def _hash(name: str) -> str:
    return hashlib.blake2b((FOLDER / name).read_bytes(), digest_size=6).hexdigest()

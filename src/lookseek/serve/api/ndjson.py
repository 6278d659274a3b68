"""Bodies of JSON lines: read line by line, and grouped while they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from ...errors import ItemError

__all__ = ["MAX_LINE", "fill_groups", "read_lines"]

MAX_LINE = 48 * 2**20
"""Bytes of a line: a photo of 32 MB in base64, and the attributes of its item."""

_GROUP_LINES, _GROUP_BYTES, _GROUP_SECONDS = 32, 64 * 2**20, 0.5
"""The most lines or bytes of a group; a smaller group is complete where no further line arrives for so many seconds."""


async def read_lines(request: Request) -> AsyncIterator[bytes]:
    """Yield the lines of a body as they arrive, without empty ones.

    Raises:
        ItemError: a line of more than ``MAX_LINE`` bytes.
    """
    pieces: list[bytes] = []
    size = 0
    async for part in request.stream():
        *complete, rest = part.split(b"\n")
        for line in complete:
            line = b"".join((*pieces, line))
            pieces, size = [], 0
            if line.strip():
                yield line
        pieces.append(rest)
        size += len(rest)
        if size > MAX_LINE:
            detail = f"a line is longer than {MAX_LINE:,} bytes: send smaller photos, and a line for each item"
            raise ItemError(detail)
    if (line := b"".join(pieces)).strip():
        yield line


async def fill_groups(group: list[bytes], lines: AsyncIterator[bytes]) -> AsyncIterator[None]:
    """Append lines to ``group`` and yield whenever it is complete; the caller then takes its lines and empties it.

    After the last line it ends without yielding: the rest is in ``group``.
    """
    upcoming: asyncio.Future[bytes | None] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(_next(lines))
            await asyncio.wait({upcoming}, timeout=_GROUP_SECONDS if group else None)
            if upcoming.done():
                line, upcoming = upcoming.result(), None
                if line is None:
                    return
                group.append(line)
            if upcoming is not None or len(group) == _GROUP_LINES or sum(map(len, group)) > _GROUP_BYTES:
                yield
    finally:
        if upcoming is not None:
            upcoming.cancel()


async def _next(lines: AsyncIterator[bytes]) -> bytes | None:
    return await anext(lines, None)

"""Requests to a Qdrant server: a reader's, repeated once; a writer's, made while it has the right to write.

Each request stands alone, so a server that was restarted, or a node that took the place of another behind the same
address, is found by the next one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeVar

import httpx
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from ...errors import IndexDamaged, IndexFolderError, IndexFull, IndexUnreachable

__all__ = ["PATIENCE", "CollectionMissing", "Runner", "Server", "Session", "api_key", "server_at", "translated"]

T = TypeVar("T")

KEY, KEY_FILE = "QDRANT_API_KEY", "QDRANT_API_KEY_FILE"
"""Environment variables: the API key, or the path of a file that holds it alone."""
_SECONDS = 15
"""How long a reader waits for an answer."""
PATIENCE = 600
"""Seconds for a request that changes a whole collection, e.g. indexes an attribute of all its points."""
_LATER = (408, 429, 502, 503, 504)
"""Statuses of a server, or a proxy before it, that may answer the same request later."""
_NO_ROOM = ("no space left", "out of disk", "insufficient disk", "disk quota", "not enough space")
_BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError)
"""A connection that was open and is gone, e.g. since the server was restarted."""


class CollectionMissing(IndexDamaged):
    """A collection that should be there is not."""


class Runner(Protocol):
    """Makes requests."""

    def run(self, work: Callable[[QdrantClient], T]) -> T:
        """Return what ``work`` returns. It may run twice, so it must come to the same both times.

        Raises:
            IndexUnreachable: the server can't be reached, or takes no requests now.
            IndexFolderError: what else the server refuses, see ``translated``.
        """


class Server(Runner):
    """A server as readers see it.

    Args:
        client: that makes the requests, for any number of threads.
        where: the address in messages.
    """

    def __init__(self, client: QdrantClient, where: str) -> None:
        self.client, self.where = client, where

    def run(self, work: Callable[[QdrantClient], T]) -> T:
        with translated(self.where):
            try:
                return work(self.client)
            except ResponseHandlingException as error:
                if not isinstance(error.source, _BROKEN):
                    raise
            return work(self.client)


class Session(Runner):
    """A server as the one writer of an index sees it.

    Args:
        server: that is written.
        require_right: raises where this process has lost the right to write.
    """

    def __init__(self, server: Server, require_right: Callable[[], None]) -> None:
        self._server, self._require_right = server, require_right

    def run(self, work: Callable[[QdrantClient], T]) -> T:
        self._require_right()
        with translated(self._server.where):
            return work(self._server.client)


def server_at(url: str, where: str) -> Server:
    """Return the server of a URL; one in a process for all its indexes.

    Args:
        url: ``http://host:6333`` or ``https://host:6333``.
        where: the address in messages.

    Raises:
        IndexFolderError: the file of the API key can't be read.
    """
    return _server(url, where, api_key(where))


def api_key(where: str) -> str:
    """Return the API key that the environment gives; "" for none.

    Raises:
        IndexFolderError: its file can't be read.
    """
    if (named := os.environ.get(KEY_FILE)) and not os.environ.get(KEY):
        try:
            return Path(named).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise IndexFolderError(
                f"{where}: the API key's file {named} ({KEY_FILE}) can't be read ({error}): give this user the right"
            ) from error
    return os.environ.get(KEY, "")


@lru_cache(maxsize=64)
def _server(url: str, where: str, key: str) -> Server:
    return Server(open_client(url, key), where)


def open_client(url: str, key: str) -> QdrantClient:
    """Return a client over HTTP; nothing is asked yet.

    The key goes as a header, since the client warns of any other over http, which a private network may use. The
    server's version is compared when an index is written (``index/qdrant/place.py``), not by a thread of the client.
    """
    headers = {"api-key": key} if key else None
    return QdrantClient(url=url, headers=headers, timeout=_SECONDS, check_compatibility=False)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise errors of the client as those of an index.

    Raises:
        IndexUnreachable: there is no answer, or the server asks to come later.
        CollectionMissing: a collection that should be there is not.
        IndexFull: the server's disk is full.
        IndexFolderError: the API key is wrong or may not do this, or anything else that the server refuses.
    """
    try:
        yield
    except ResponseHandlingException as error:
        raise _unreachable(where, _short(error.source)) from error
    except ResourceExhaustedResponse as error:
        raise _unreachable(where, f"it asks to wait: {_short(error)}") from error
    except UnexpectedResponse as error:
        said = f"{error.status_code} {error.reason_phrase}: {_told(error)}".rstrip(": ")
        if error.status_code in (401, 403):
            raise IndexFolderError(
                f"{where}: the server wants another API key for this ({said}): set {KEY} to one that may do it, or "
                f"{KEY_FILE} to its file"
            ) from error
        if error.status_code == 507 or any(sign in said.lower() for sign in _NO_ROOM):
            raise IndexFull(f"{where}: the server has no room ({said}): make room, run it again") from error
        if error.status_code in _LATER:
            raise _unreachable(where, said) from error
        if error.status_code == 404:
            raise _missing(where, said) from error
        raise IndexFolderError(f"{where}: the server refused this ({said})") from error
    except ValueError as error:  # the client's local mode, on which the tests run, answers so in place of a 404
        if not str(error).endswith("not found"):
            raise
        raise _missing(where, str(error)) from error


def _unreachable(where: str, why: str) -> IndexUnreachable:
    return IndexUnreachable(
        f"the server of {where} can't be reached ({why}): see that it runs and takes connections; what was "
        "acknowledged is kept"
    )


def _missing(where: str, why: str) -> CollectionMissing:
    return CollectionMissing(
        f"{where} lacks what its manifest names ({why}): open it anew, or run lookseek index again"
    )


def _told(error: UnexpectedResponse) -> str:
    """Return what the server says of an error, in a line."""
    try:
        return _short(error.structured()["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return _short(error.content.decode("utf-8", "replace"))


def _short(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

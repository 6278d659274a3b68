"""Reads the address of an index on a Qdrant server: ``qdrant://host:6333/shop?replicas=2&shards=3``."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from ...errors import IndexFolderError
from ...store.qdrant import Placement

__all__ = ["QdrantAddress"]

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_OPTIONS = tuple(Placement._fields)
_PORT = 6333
_FORM = "qdrant://HOST:6333/NAME, or qdrants:// for TLS"


class QdrantAddress(NamedTuple):
    """An address, taken apart.

    Args:
        url: of the server, as the client takes it.
        name: of the index.
        placement: how new collections are spread over a cluster.
        shown: the whole address.
        where: the server's part of it.
    """

    url: str
    name: str
    placement: Placement
    shown: str
    where: str

    @classmethod
    def parse(cls, address: str) -> QdrantAddress:
        """Read an address.

        Raises:
            IndexFolderError: no host, no name of an index or one that can't be used, an unknown option, or a secret.

        >>> QdrantAddress.parse("qdrants://db/shop?replicas=2").url
        'https://db:6333'
        >>> QdrantAddress.parse("qdrant://[::1]:6400/shop?replicas=2").placement
        Placement(replicas=2, shards=None)
        """
        try:
            parts = urlsplit(address)
            port = parts.port or _PORT
        except ValueError as error:
            raise IndexFolderError(f"this address can't be read ({error}): write {_FORM}") from None
        if "@" in parts.netloc or parts.fragment:
            raise IndexFolderError(
                f"an address such as {_FORM} has no user, key or #: give the API key by QDRANT_API_KEY, or its file by "
                "QDRANT_API_KEY_FILE"
            )
        where = f"{parts.scheme.lower()}://{parts.netloc}"
        name = unquote(parts.path).strip("/")
        if not parts.hostname or not _NAME.fullmatch(name):
            raise IndexFolderError(
                f"{where}: the host or the name of the index is missing or can't be used: write {_FORM}, the name "
                "of up to 40 letters, digits, dots, underscores or hyphens"
            )
        placement = _placement(parts.query, f"{where}/{name}")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        scheme = "https" if parts.scheme.lower() == "qdrants" else "http"
        shown = f"{where}/{name}" + (f"?{parts.query}" if parts.query else "")
        return cls(f"{scheme}://{host}:{port}", name, placement, shown, where)


def _placement(query: str, where: str) -> Placement:
    given: dict[str, int] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:  # the value may be a secret
            raise IndexFolderError(
                f"{where}: there is no option {name!r}: {' and '.join(_OPTIONS)} can be given, and the API key by "
                "QDRANT_API_KEY"
            )
        if not re.fullmatch("[1-9][0-9]{0,3}", value):
            raise IndexFolderError(f"{where}: {name}={value[:20]!r} is no number from 1 to 9,999: give e.g. {name}=2")
        given[name] = int(value)
    return Placement(**given)

"""Finds the place of an index by its address: the path of a folder, or a URL whose scheme names a kind of place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from ..errors import IndexFolderError, IndexMismatch
from .folder import FolderPlace
from .place import Place

__all__ = ["Address", "place_of"]

Address: TypeAlias = str | Path | Place
"""How an index is named: the path of a folder, an address with a scheme, or a place that was found before."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
"""How an address with a scheme begins. One letter alone is a drive of Windows."""


def place_of(address: Address) -> Place:
    """Find the place of an index.

    Raises:
        IndexFolderError: no place is known for the address's scheme.
    """
    if not isinstance(address, str | Path):
        return address
    scheme = _SCHEME.match(address) if isinstance(address, str) else None
    if scheme is None:
        return FolderPlace(Path(address))
    make = _PLACES.get(scheme[1].lower())
    if make is None:
        known = ", ".join(f"{name}://" for name in _PLACES)
        raise IndexFolderError(
            f"{address}: no index can be kept at an address that begins with {scheme[0]}. Give the path of a folder, "
            f"or an address that begins with {known}"
        )
    return make(str(address))


def _folder_of_url(address: str) -> Place:
    parts = urlsplit(address)
    path = unquote(parts.path)
    if re.match("/[A-Za-z]:", path):  # a drive of Windows
        path = path[1:]
    return FolderPlace(Path(path if parts.netloc in ("", "localhost") else f"//{parts.netloc}{path}"))


def _on_postgres(address: str) -> Place:
    try:
        from .postgres import PostgresPlace
    except ImportError as error:
        raise IndexMismatch(
            f"an index on PostgreSQL needs {error.name or 'psycopg'} ({error}): pip install 'lookseek[cluster]'"
        ) from error
    return PostgresPlace.at(address)


def _on_qdrant(address: str) -> Place:
    try:
        from .qdrant import QdrantPlace
    except ImportError as error:
        raise IndexMismatch(
            f"an index on Qdrant needs {error.name or 'qdrant-client'} ({error}): pip install 'lookseek[cluster]'"
        ) from error
    return QdrantPlace.at(address)


_PLACES: Mapping[str, Callable[[str], Place]] = {
    "file": _folder_of_url,
    "postgresql": _on_postgres,
    "postgres": _on_postgres,
    "qdrant": _on_qdrant,
    "qdrants": _on_qdrant,
}
"""Scheme to what makes a place of an address. A new place is a module that keeps both protocols, and a line here."""

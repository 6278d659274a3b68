"""Points on a Qdrant server: the requests to it, the collections, conditions as its objects, and the store over them.

Nothing here is imported before an address begins with ``qdrant://`` or ``qdrants://``; it needs the extra ``cluster``.
"""

from __future__ import annotations

from .collections import Placement, create_points, create_records
from .server import CollectionMissing, Runner, Server, Session, server_at
from .store import QdrantStore

__all__ = [
    "CollectionMissing",
    "Placement",
    "QdrantStore",
    "Runner",
    "Server",
    "Session",
    "create_points",
    "create_records",
    "server_at",
]

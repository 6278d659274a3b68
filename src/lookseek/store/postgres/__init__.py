"""Points in PostgreSQL with pgvector: the connections, the tables, conditions as SQL, and the store over them.

Nothing here is imported before an address begins with ``postgresql://``; it needs the extra ``cluster``.
"""

from __future__ import annotations

from .connections import Connections, Session, connections_to
from .store import PostgresStore

__all__ = ["Connections", "PostgresStore", "Session", "connections_to"]

"""An index in a PostgreSQL database: its address, its place for readers, and its writer."""

from __future__ import annotations

from .place import PostgresPlace

__all__ = ["PostgresPlace"]

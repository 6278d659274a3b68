"""An index on a Qdrant server: its address, its place for readers, its writer, and the right to write."""

from __future__ import annotations

from .place import QdrantPlace

__all__ = ["QdrantPlace"]

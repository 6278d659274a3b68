"""The stores by name: what each can do, whether it can be used here, and how it is made and opened."""

from __future__ import annotations

from pathlib import Path

from ..types import StoreKind
from .base import Store
from .schema import Layout

__all__ = ["create_store", "open_store"]


def create_store(kind: StoreKind, folder: Path, layout: Layout) -> Store:
    """Make an empty store in a folder that does not exist yet."""
    if kind == "numpy":
        from .plain import PlainStore

        return PlainStore.create(folder, layout)
    from .edge import EdgeStore

    return EdgeStore.create(folder, layout)


def open_store(kind: StoreKind, folder: Path, layout: Layout) -> Store:
    """Open a store that is there.

    Raises:
        IndexDamaged: its files can't be read.
    """
    if kind == "numpy":
        from .plain import PlainStore

        return PlainStore(folder, layout)
    from .edge import EdgeStore

    return EdgeStore(folder, layout)

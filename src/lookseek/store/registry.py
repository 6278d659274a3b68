"""The stores by name: what each can do, whether it can be used here, and how it is made and opened.

A new store is a module that keeps the protocol ``Store``, an entry here and its name in ``types``: one of a folder is
made and opened here, one on a server by the place of its address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from ..errors import IndexMismatch
from ..types import FolderStore, StoreType
from .base import Store
from .schema import Layout

__all__ = ["Capabilities", "capabilities", "create_store", "default_store", "open_store"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do beyond what every store promises.

    Args:
        graphs: ``optimise(graph=True)`` builds HNSW graphs, which large indexes are searched by.
        most_items: up to how many items it is recommended for; None for any number.
        remote: whether another process answers, so that several searches run at once; the stores of a folder hold
            Python's lock while they search.
    """

    graphs: bool
    most_items: int | None = None
    remote: bool = False


class _StoreClass(Protocol):
    """How a store's class makes and opens stores."""

    def __call__(self, folder: Path, layout: Layout, *, read_only: bool = False) -> Store: ...

    def create(self, folder: Path, layout: Layout) -> Store: ...


class _WriterClass(Protocol):
    """How a store that another process writes is made and opened."""

    def __call__(self, folder: Path, layout: Layout, *, lock: int | None = None) -> Store: ...

    def create(self, folder: Path, layout: Layout, *, lock: int | None = None) -> Store: ...


@dataclass(frozen=True, slots=True)
class _Entry:
    """A store that can be named. ``load`` imports its class; ``package`` is what the import needs, "" for nothing.

    ``load_writer`` returns the class that writes in a process of its own, None where there is none.
    """

    load: Callable[[], _StoreClass]
    capabilities: Capabilities
    package: str = ""
    load_writer: Callable[[], _WriterClass | None] = lambda: None


def capabilities(kind: StoreType) -> Capabilities:
    """Return what a store can do; imports nothing."""
    return _SERVERS[kind] if kind in _SERVERS else _STORES[kind].capabilities


def default_store() -> tuple[FolderStore, str]:
    """Return the store for a new index in a folder: the first of the registry that can be used here.

    Returns:
        Its name, and one line that says why it is not the first; "" if it is.
    """
    first, *others = cast("list[FolderStore]", list(_STORES))
    try:
        _STORES[first].load()
    except ImportError as error:
        kind = others[0]
        limit = _STORES[kind].capabilities.most_items
        enough = "" if limit is None else f", which is enough for some {limit:,} items"
        return kind, f"{_STORES[first].package} can't be imported here ({error}): the {kind} store keeps it{enough}"
    return first, ""


def create_store(kind: StoreType, folder: Path, layout: Layout, *, lock: int | None = None) -> Store:
    """Make an empty store in a folder that does not exist yet.

    Args:
        kind: which store.
        folder: its files.
        layout: the named vectors.
        lock: as for ``open_store``.

    Raises:
        IndexMismatch: the package that it needs can't be imported here.
    """
    store = _load_class(kind, folder)
    writer = _STORES[kind].load_writer()
    return store.create(folder, layout) if writer is None else writer.create(folder, layout, lock=lock)


def open_store(
    kind: StoreType, folder: Path, layout: Layout, *, read_only: bool = False, lock: int | None = None
) -> Store:
    """Open a store that is there.

    Args:
        kind: which store.
        folder: its files.
        layout: the named vectors.
        read_only: whatever is done with it, nothing in the folder changes.
        lock: a descriptor of a lock that is held until the store is closed, also by another process that writes for
            this one, should this one be killed.

    Raises:
        IndexDamaged: its files can't be read.
        IndexMismatch: the package that it needs can't be imported here.
    """
    store = _load_class(kind, folder)
    writer = None if read_only else _STORES[kind].load_writer()
    return store(folder, layout, read_only=read_only) if writer is None else writer(folder, layout, lock=lock)


def _load_class(kind: StoreType, folder: Path) -> _StoreClass:
    if kind in _SERVERS:
        raise IndexMismatch(f"{folder} is said to be of {kind}, which keeps no folders: give the address of its server")
    entry = _STORES[kind]
    try:
        return entry.load()
    except ImportError as error:
        raise IndexMismatch(
            f"{folder} is of the {kind} store, which needs the package {entry.package}, and that can't be imported "
            f"here ({error}): install it, or index the catalogue into a new folder with --store numpy"
        ) from error


def _edge() -> _StoreClass:
    from .edge import EdgeStore

    return EdgeStore


def _edge_writer() -> _WriterClass | None:
    from .engine_process import CAN_SHARE

    if not CAN_SHARE:
        return None
    from .edge_writer import EdgeWriter

    return EdgeWriter


def _plain() -> _StoreClass:
    from .plain import PlainStore

    return PlainStore


_STORES: Mapping[StoreType, _Entry] = {
    "edge": _Entry(_edge, Capabilities(graphs=True), "qdrant-edge-py", _edge_writer),
    "numpy": _Entry(_plain, Capabilities(graphs=False, most_items=50_000)),
}
"""In the order of preference for a new index; the last needs no package."""

_SERVERS: Mapping[StoreType, Capabilities] = {
    "postgresql": Capabilities(graphs=True, remote=True),
    "qdrant": Capabilities(graphs=True, remote=True),
}
"""Stores on servers; an address that begins with the name finds them."""

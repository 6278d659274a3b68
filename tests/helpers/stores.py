"""The stores that the contract tests run over: how each makes a store at a path of a test, and opens it again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lookseek.store import Layout, Store, create_store, open_store

KINDS = ("edge", "numpy", "postgresql", "three shards", "qdrant in memory", "qdrant server")


@dataclass(frozen=True)
class StoreKind:
    """A kind of store: its name, and two functions of a path and a layout."""

    name: str
    create: Callable[[Path, Layout], Store]
    open: Callable[[Path, Layout], Store]


def store_kind(name: str, request: pytest.FixtureRequest) -> StoreKind:
    """Return a kind by name; of one on a server, with the server of this run."""
    if name in ("postgresql", "three shards"):
        return _postgres(name, request)
    if name.startswith("qdrant"):
        return _qdrant(name, request)
    return StoreKind(
        name,
        lambda path, layout: create_store(name, path, layout),  # type: ignore[arg-type]
        lambda path, layout: open_store(name, path, layout),  # type: ignore[arg-type]
    )


def _postgres(name: str, request: pytest.FixtureRequest) -> StoreKind:
    from lookseek.store.postgres import PostgresStore, Session, connections_to
    from lookseek.store.postgres.tables import create_schema

    address = (
        request.getfixturevalue("postgres").address() if name == "postgresql" else request.getfixturevalue("sharded")
    )
    session = Session(connections_to(address, "the test's server"))
    request.addfinalizer(session.close)

    def schema(path: Path) -> str:
        return f'"test_{hashlib.blake2b(str(path).encode(), digest_size=8).hexdigest()}"'

    def create(path: Path, layout: Layout) -> Store:
        def work(connection) -> None:  # type: ignore[no-untyped-def]
            for statement in create_schema(schema(path)):
                connection.execute(statement)

        session.run(work)
        return PostgresStore.create(session, schema(path), "points_1", layout)

    def reopen(path: Path, layout: Layout) -> Store:
        return PostgresStore(session, schema(path), "points_1", layout)

    return StoreKind(name, create, reopen)


def _qdrant(name: str, request: pytest.FixtureRequest) -> StoreKind:
    from lookseek.store.qdrant import QdrantStore, Session

    place = request.getfixturevalue("qdrant_server" if name == "qdrant server" else "local_qdrant")
    session = Session(place.server, lambda: None)

    def collection(path: Path) -> str:
        return f"lookseek_test_{hashlib.blake2b(str(path).encode(), digest_size=8).hexdigest()}@points_1"

    return StoreKind(
        name,
        lambda path, layout: QdrantStore.create(session, collection(path), layout),
        lambda path, layout: QdrantStore(session, collection(path), layout),
    )

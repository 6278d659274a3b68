"""Fixtures that many tests need: a small drawn catalogue as files, an index of it, and the real data where it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers import bf16
from helpers.catalogues import indexed, write_photos
from helpers.postgres import Server, Servers, set_up_shards
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from helpers.qdrant import Qdrant

# How long an example takes is a matter of the machine: none fails for that.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


LOCAL_QDRANT = (
    "ignore:Payload indexes have no effect in the local Qdrant:UserWarning",
    "ignore:Local mode performs exact .brute-force. search:UserWarning",
)
"""What the local mode of Qdrant's client warns of, once each: why a server is asked too, see helpers/qdrant.py."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bf16", action="store_true", help="emulate a processor that multiplies bf16 in hardware: helpers/bf16.py"
    )


def pytest_configure(config: pytest.Config) -> None:
    for warning in LOCAL_QDRANT:
        config.addinivalue_line("filterwarnings", warning)
    if config.getoption("--bf16"):
        bf16.emulate()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_photos(tmp_path / "photos")
    return tmp_path / "photos"


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(photos, index) that no test changes."""
    top = tmp_path_factory.mktemp("ready")
    write_photos(top / "photos", items=12, views=3)
    indexed(top / "photos", top / "index", metric="euclidean", model="efficientnet-lite2")
    return top / "photos", top / "index"


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[Servers]:
    """Starts servers of PostgreSQL with pgvector; all are stopped at the end."""
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def postgres(postgres_servers: Servers) -> Server:
    """One server for all tests that leave it running."""
    server = postgres_servers.start()
    server.query("CREATE EXTENSION vector")
    return server


@pytest.fixture(scope="session")
def shards(postgres_servers: Servers) -> list[Server]:
    """The three servers of ``sharded``; a test that stops one starts it again."""
    return [postgres_servers.start() for _ in range(3)]


@pytest.fixture(scope="session")
def sharded(postgres: Server, shards: list[Server]) -> str:
    """The address of a database whose points lie on three other servers."""
    postgres.query("CREATE DATABASE sharded")
    set_up_shards(postgres, "sharded", shards)
    return postgres.address("sharded")


@pytest.fixture(scope="session")
def local_qdrant() -> Iterator[Qdrant]:
    """Qdrant in memory: the local mode of its client."""
    from helpers.qdrant import found_by_address, local_qdrant

    place = local_qdrant()
    with found_by_address(place):
        yield place


@pytest.fixture(scope="session")
def qdrant_over_http() -> Iterator[Qdrant]:
    """Qdrant in memory behind HTTP, so that requests go the way that they go to a server."""
    from helpers.qdrant import OneAtATime, Qdrant
    from helpers.qdrant_http import QdrantHttp

    client = OneAtATime()
    listening = QdrantHttp(client)
    yield Qdrant(client, f"qdrant://127.0.0.1:{listening.port}", False)
    listening.stop()


@pytest.fixture(scope="session")
def qdrant_server() -> Iterator[Qdrant]:
    """The Qdrant server that QDRANT_URL names, or a skip."""
    from helpers.qdrant import remove_test_collections, server_qdrant

    place = server_qdrant()
    yield place
    remove_test_collections(place)


@pytest.fixture(scope="session")
def data() -> Path:
    """The real photos, or a skip that says where they were looked for."""
    folder = Path(os.environ.get("LOOKSEEK_DATA") or Path(__file__).parents[1] / ".." / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real photos in {folder}: set LOOKSEEK_DATA to their folder")
    return folder

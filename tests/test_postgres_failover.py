"""A primary with a synchronous standby: kill -9 while rows are written, the standby is promoted, writing goes on."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from helpers.postgres import Servers
from helpers.waiting import until

from lookseek.errors import IndexUnreachable
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.index.place import Place
from lookseek.store import VectorSpec
from lookseek.types import Point

SPEC = IndexSpec("model", "", "0" * 64, "", {"look": VectorSpec(16, "cosine")}, "postgresql")
BATCH = 16

CHILD = """
import sys
sys.path.insert(0, sys.argv[2])
from test_postgres_failover import write
from lookseek.index.address import place_of
write(place_of(sys.argv[1]), 0, 100_000, lambda n: print(n, flush=True))
"""


def write(place: Place, first: int, last: int, acknowledge) -> None:  # type: ignore[no-untyped-def]
    """Write points in batches, and name the last one of each batch once it is acknowledged."""
    with place.writing() as writer:
        base = place.unfinished() or place.published()
        target = writer.start(Manifest("", SPEC, "runtime"), base)
        writer.announce(target)
        store = writer.open(target)
        for n in range(first, last, BATCH):
            batch = range(n, min(n + BATCH, last))
            store.add([Point(f"{i:06d}", {"look": np.random.default_rng(i).random(16, np.float32)}) for i in batch])
            acknowledge(batch[-1])
        writer.publish(target)


def test_every_acknowledged_row_is_there_once_after_a_failover(postgres_servers: Servers) -> None:
    primary = postgres_servers.start()
    primary.query("CREATE EXTENSION vector")
    standby = postgres_servers.start(standby_of=primary)
    primary.query(f"ALTER SYSTEM SET synchronous_standby_names = '{standby.top.name}'")
    primary.query("SELECT pg_reload_conf()")
    until(lambda: ("sync",) in primary.query("SELECT sync_state FROM pg_stat_replication"), "the standby")
    both = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    address = f"postgresql://lookseek@{both}/postgres?target_session_attrs=read-write#shop"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, address, str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged = -1
    with child.stdout:
        for line in child.stdout:
            acknowledged = int(line) if line.endswith("\n") else acknowledged
            if acknowledged == 20 * BATCH - 1:
                primary.kill()
    assert child.wait() != 0  # its connection is gone, and with it the right to write
    assert acknowledged >= 20 * BATCH - 1
    place = place_of(address)
    with pytest.raises(IndexUnreachable):  # no server takes writes before the standby is promoted
        place.published()
    reading = place_of(f"postgresql://lookseek@{both}/postgres#shop")
    unfinished = reading.unfinished()
    assert unfinished is not None  # the standby answers readers meanwhile
    assert reading.open(unfinished).count() >= acknowledged + 1
    with pytest.raises(IndexUnreachable, match="takes no writes"), reading.writing():
        raise AssertionError("a standby was written")
    standby.query("ALTER SYSTEM SET synchronous_standby_names = ''")
    standby.promote()
    seen: list[int] = []
    write(place, acknowledged + 1, acknowledged + 1 + 10 * BATCH, seen.append)
    manifest = place.published()
    assert manifest is not None
    ids = Counter(point.id for point in place.open(manifest).scan())
    expected = {f"{n:06d}" for n in range(acknowledged + 1 + 10 * BATCH)}
    assert expected <= set(ids)
    assert set(ids.values()) == {1}

"""The right to write an index on Qdrant: a lease, that of a killed process too, and of one that lost it."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.qdrant import Qdrant
from qdrant_client import models

from lookseek.errors import IndexBusy, IndexUnreachable
from lookseek.index.address import place_of
from lookseek.index.qdrant import lease as lease_module
from lookseek.index.qdrant import records as records_module
from lookseek.types import Point


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that another process takes over after a fifth of a second without a renewal."""
    monkeypatch.setattr(lease_module, "SECONDS", 0.2)


def test_the_lease_of_a_killed_writer_is_taken_over(local_qdrant: Qdrant, quick: None) -> None:
    place = place_of(local_qdrant.address("test_killed"))
    with place.writing() as first:
        pass
    stuck = lease_module.Lease(local_qdrant.server, "lookseek_test_killed@records", "here")
    stuck._end.set()  # it is never renewed, as that of a killed process
    stuck.acquire()
    with place.writing() as second:  # after as long as a lease stands
        second.note_edited(["a"], [])
        with pytest.raises(IndexUnreachable, match="lost the right to write"):
            stuck.renew()
            stuck.require()
        assert place.being_written()
    assert first is not second
    assert not place.being_written()


WRITING = """
import itertools, sys
import numpy as np
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.store import VectorSpec
from lookseek.types import Point
layout = {name: VectorSpec(4, metric) for name, metric in (("look", "cosine"), ("raw", "euclidean"))}
with place_of(sys.argv[1]).writing() as writer:
    target = writer.start(Manifest("", IndexSpec("m", "", "0", "", layout, "qdrant"), "r"), None)
    writer.announce(target)
    store = writer.open(target)
    for n in itertools.count():
        store.add([Point(f"p{n}", dict.fromkeys(layout, np.full(4, n + 1.0, np.float32)))])
        print(n, flush=True)
"""


def test_what_a_killed_process_wrote_is_there_and_the_next_one_goes_on(qdrant_over_http: Qdrant, quick: None) -> None:
    address = qdrant_over_http.address("test_kill_9")
    place = place_of(address)
    with subprocess.Popen([sys.executable, "-c", WRITING, address], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(20)]
        assert place.being_written()
        process.kill()
        acknowledged += map(int, process.stdout)
    with place.writing() as writer:
        unfinished = place.unfinished()
        assert unfinished is not None
        target = writer.start(unfinished, unfinished)
        store = writer.open(target)
        there = {point.id for point in store.scan()}
        assert {f"p{n}" for n in acknowledged} <= there
        vector = np.ones(4, np.float32)
        store.add([Point("another", {"look": vector, "raw": vector})])
        done = writer.publish(target)
    assert place.published() == done
    assert place.open(done).count() == len(there) + 1


def test_a_writer_that_lost_its_lease_writes_no_more(local_qdrant: Qdrant) -> None:
    place = place_of(local_qdrant.address("test_cut"))
    with place.writing() as writer:
        records = "lookseek_test_cut@records"
        local_qdrant.client.delete(records, models.FilterSelector(filter=records_module.of_kind("lease")))
        with place.writing() as other:
            other.note_edited(["a"], [])
            until_lost(writer)
    with place.writing(), pytest.raises(IndexBusy), place.writing():
        raise AssertionError("two hold the right to write")


def until_lost(writer: Any) -> None:
    """Renew until the writer knows; the lease's thread does it every two seconds."""
    lease = writer._session._require_right.__self__
    lease.renew()
    with pytest.raises(IndexUnreachable, match="lost the right to write"):
        writer.note_edited(["b"], [])


def test_a_renewal_that_does_not_reach_the_server_ends_the_trust_in_time(
    local_qdrant: Qdrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = lease_module.Lease(local_qdrant.server, "lookseek_test_trust@records", "here")
    with place_of(local_qdrant.address("test_trust")).writing():
        pass
    lease.acquire()
    lease.require()
    monkeypatch.setattr(lease, "_trusted_until", 0.0)  # as if that many seconds had passed
    with pytest.raises(IndexUnreachable):
        lease.require()
    lease.renew()
    lease.require()
    lease.release()


def test_the_engine_s_own_core_keeps_the_conditions_of_the_lease(tmp_path: Path) -> None:
    """A server is made of the embedded engine's core, which is here where no server is."""
    import qdrant_edge as engine

    config = engine.EdgeConfig(vectors={"none": engine.EdgeVectorParams(size=1, distance=engine.Distance.Dot)})
    engine.EdgeShard.create(str(tmp_path), config).close()
    shard = engine.EdgeShard.load(str(tmp_path), config)
    id = uuid.uuid4()

    def put(stamp: str, **conditions: Any) -> str | None:
        shard.update(engine.UpdateOperation.upsert_points([engine.Point(id, {}, {"stamp": stamp})], **conditions))
        found = shard.retrieve([id], True, False)
        return found[0].payload["stamp"] if found else None

    def at(stamp: str) -> Any:
        return engine.Filter(must=[engine.FieldCondition("stamp", match=engine.MatchValue(stamp))])

    insert, update = engine.UpdateMode.InsertOnly, engine.UpdateMode.UpdateOnly
    assert put("a", update_mode=update, condition=at("a")) is None
    assert put("a", update_mode=insert) == "a"
    assert put("b", update_mode=insert) == "a"
    assert put("b", update_mode=update, condition=at("other")) == "a"
    assert put("b", update_mode=update, condition=at("a")) == "b"
    shard.close()

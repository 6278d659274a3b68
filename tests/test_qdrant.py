"""An index on Qdrant from end to end: jobs, edits, copies, the service, the store.

All of it runs on the local mode of Qdrant's client, in memory, most of it behind HTTP; what is marked ``everywhere``
also on the server that QDRANT_URL names.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, write_photos
from helpers.qdrant import OneAtATime, Qdrant
from helpers.qdrant_http import QdrantHttp
from helpers.remote_services import check_a_lost_server_heals, check_edits_are_seen

from lookseek import Query, Searcher
from lookseek.cli import main
from lookseek.errors import IndexMismatch, QueryError
from lookseek.index.address import place_of
from lookseek.index.check import check_index
from lookseek.index.copying import copy_index
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.index.open_index import open_index
from lookseek.index.qdrant import records as records_module
from lookseek.index.routing import route_index
from lookseek.progress import NoProgress
from lookseek.store import VectorSpec
from lookseek.store.qdrant import QdrantStore, Session
from lookseek.types import Point

MODEL = "efficientnet-lite2"
LAYOUT = {"look": VectorSpec(4, "cosine"), "raw": VectorSpec(4, "euclidean")}


@pytest.fixture(scope="module", params=["qdrant_over_http", "qdrant_server"])
def everywhere(request: pytest.FixtureRequest) -> Qdrant:
    place: Qdrant = request.getfixturevalue(request.param)
    return place


@pytest.fixture(scope="module")
def shop(everywhere: Qdrant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Path], str, Path]]:
    """(photos, address, folder): the same photos indexed on Qdrant and in a folder."""
    top = tmp_path_factory.mktemp("shop")
    photos = write_photos(top / "photos", items=8, views=2)
    address = everywhere.address("test_shop")
    indexed(top / "photos", address, model=MODEL, metric="euclidean")  # type: ignore[arg-type]
    indexed(top / "photos", top / "index", model=MODEL, metric="euclidean")
    yield photos, address, top / "index"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    """The exit status of a command."""
    monkeypatch.setattr(sys, "argv", ["lookseek", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def statuses(address: str | Path) -> dict[str, bool]:
    return {finding.what: finding.good for finding in check_index(address)}


def queries(photos: list[Path]) -> list[Query]:
    return [
        Query(image=photos[0], k=20),
        Query(image=photos[3], k=5, filter=f"folder = {photos[0].parent.name}"),
        Query(image=photos[5], k=7, colour_weight=0.6),
        Query(image=photos[7], k=7, metric="euclidean"),
        Query(like=(photos[1].relative_to(photos[1].parents[1]).as_posix(),), k=6),
    ]


def assert_same_answers(photos: list[Path], one: str | Path, other: str | Path) -> None:
    with Searcher(one) as first, Searcher(other) as second:
        for query in queries(photos):
            ours, theirs = first.search(query).hits, second.search(query).hits
            assert [hit.id for hit in theirs] == [hit.id for hit in ours]
            close = 2e-3 if query.metric == "cosine" else 2e-2  # distances of vectors some 17 long, kept as float16
            assert [hit.score for hit in theirs] == pytest.approx([hit.score for hit in ours], abs=close)
    counted = []
    for address in (one, other):
        opened = open_index(address)
        counted.append(opened.store.facet("folder"))
        opened.store.close()
    assert counted[0] == counted[1] != []


def test_it_answers_as_a_folder_does_and_so_does_a_copy_there_and_back(
    shop: tuple[list[Path], str, Path], everywhere: Qdrant, tmp_path: Path
) -> None:
    photos, address, folder = shop
    assert_same_answers(photos, folder, address)
    there = everywhere.address("test_copied")
    for source, target in ((folder, there), (there, tmp_path / "back")):
        done = copy_index(source, target, Heard())
        assert done.items == done.copied == len(photos)
    assert_same_answers(photos, folder, there)
    assert_same_answers(photos, folder, tmp_path / "back")
    with pytest.raises(IndexMismatch, match="holds an index"):
        copy_index(folder, there, Heard())


def test_a_job_goes_on_and_another_model_is_put_in_its_place_by_the_alias(
    everywhere: Qdrant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, address = write_photos(tmp_path / "photos", items=3), everywhere.address("test_job")

    def leads_to() -> dict[str, str]:
        aliases = everywhere.client.get_aliases().aliases
        return {one.alias_name: one.collection_name for one in aliases if one.alias_name == "lookseek_test_job"}

    assert run(monkeypatch, "index", tmp_path / "photos", address, "--model", MODEL) == 0
    assert leads_to() == {"lookseek_test_job": "lookseek_test_job@points_1"}
    photos[0].unlink()
    assert run(monkeypatch, "index", tmp_path / "photos", address, "--prune") == 0
    assert "5 unchanged, 1 removed" in capsys.readouterr().out
    assert leads_to() == {"lookseek_test_job": "lookseek_test_job@points_1"}
    with Searcher(address) as searcher:
        query = Query(image=photos[1], k=3)
        before = searcher.search(query).hits
        assert run(monkeypatch, "index", tmp_path / "photos", address, "--metric", "euclidean") == 0
        assert leads_to() == {"lookseek_test_job": "lookseek_test_job@points_2"}
        assert [hit.id for hit in searcher.search(query).hits] == [hit.id for hit in before]
        assert searcher.search(Query(image=photos[1], k=3, metric="euclidean")).hits[0].score == pytest.approx(
            0, abs=0.1
        )
    assert everywhere.client.collection_exists("lookseek_test_job@points_1")  # searches may have been on it
    assert run(monkeypatch, "index", tmp_path / "photos", address) == 0
    assert not everywhere.client.collection_exists("lookseek_test_job@points_1")
    assert run(monkeypatch, "check", address) == 0
    assert "qdrant watches over the rest" in capsys.readouterr().out
    assert run(monkeypatch, "index", tmp_path / "photos", address, "--store", "numpy") == 1
    assert "leave it out" in capsys.readouterr().err


def test_a_router_keys_the_points_and_its_files_are_checked(everywhere: Qdrant, tmp_path: Path) -> None:
    photos, address = write_photos(tmp_path / "photos", items=6), everywhere.address("test_routed")
    indexed(tmp_path / "photos", address, model=MODEL)  # type: ignore[arg-type]
    route_index(address, "kmeans", cells=2, progress=NoProgress())
    with Searcher(address) as searcher:
        routed = searcher.search(Query(image=photos[0], k=5, route="kmeans"))
        assert routed.hits[0].score == pytest.approx(1, abs=1e-3)
        assert routed.routed is not None
    assert all(statuses(address).values())
    wrong = {"data": base64.b64encode(b"x").decode()}
    everywhere.client.set_payload("lookseek_test_routed@records", wrong, records_module.of_kind("file"))
    found = statuses(address)
    assert not found["checksums"]
    assert not found["router kmeans"]


# the service


def test_edits_through_one_service_are_seen_by_another(shop: tuple[list[Path], str, Path], tmp_path: Path) -> None:
    check_edits_are_seen(shop[1], tmp_path / "keys")


def test_a_lost_server_is_503_and_healed_when_it_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "s3cret")
    client = OneAtATime()
    servers = [QdrantHttp(client)]
    port = servers[0].port
    check_a_lost_server_heals(
        f"qdrant://127.0.0.1:{port}/test_lost",
        tmp_path,
        MODEL,
        stop=servers[0].stop,
        start=lambda: servers.append(QdrantHttp(client, port)),
        secret="s3cret",
    )
    servers[-1].stop()


# the store


@pytest.fixture
def store(everywhere: Qdrant, request: pytest.FixtureRequest) -> Iterator[QdrantStore]:
    collection = f"lookseek_test_{abs(hash(request.node.nodeid))}@points_1"
    yield QdrantStore.create(Session(everywhere.server, lambda: None), collection, LAYOUT)
    everywhere.client.delete_collection(collection)


def point(n: int, **attributes: Any) -> Point:
    vector = np.random.default_rng(n).standard_normal(4).astype(np.float32)
    return Point(f"p{n:04d}", {"look": vector, "raw": vector}, attributes)


def test_what_it_can_t_hold_is_refused_by_name(store: QdrantStore) -> None:
    far = Point("far", {**point(1).vectors, "raw": np.full(4, 1e6, np.float32)})
    with pytest.raises(QueryError, match=r"'far': vector 'raw' holds 1,000,000; Qdrant"):
        store.add([point(2), far])
    for odd in (float("inf"), "half \ud800"):
        with pytest.raises(QueryError, match="'p0003' holds what JSON can't"):
            store.add([point(2), point(3, odd=odd)])
    assert store.count() == 0


def test_large_points_go_in_several_requests(store: QdrantStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookseek.store.qdrant import form

    monkeypatch.setattr(form, "_MOST_NUMBERS", 20)
    points = [point(n) for n in range(7)]
    assert [len(batch) for batch in form.batches(points, LAYOUT)] == [2, 2, 2, 1]
    store.add(points)
    assert store.count() == 7


def test_a_reader_s_store_writes_nothing(shop: tuple[list[Path], str, Path]) -> None:
    place = place_of(shop[1])
    manifest = place.published()
    assert manifest is not None
    reader = place.open(manifest)
    (one,) = reader.get([next(iter(reader.scan())).id])
    for write in (lambda: reader.add([one]), lambda: reader.delete([one.id])):
        with pytest.raises(RuntimeError, match="for reading alone"):
            write()


def test_bytes_of_any_length_come_back(everywhere: Qdrant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "_PART", 10)
    place = place_of(everywhere.address("test_bytes"))
    with place.writing() as writer:
        target = writer.start(Manifest("", IndexSpec("m", "", "0", "", LAYOUT, "qdrant"), "r"), None)
        contents = {"empty": b"", "short": b"ab", "exact": b"0123456789", "long": bytes(range(95))}
        for name, data in contents.items():
            writer.write_file(target, name, data)
        done = writer.publish(target)
    assert {name: place.read_file(done, name) for name in contents} == contents
    assert place.damage(done, contents=True) == {}

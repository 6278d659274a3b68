"""An index in PostgreSQL from end to end: jobs, searches, the service, the command line, roles, backups."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed, write_photos
from helpers.postgres import Server, Servers
from helpers.remote_services import check_a_lost_server_heals, check_edits_are_seen
from helpers.serving import serving

from lookseek import Query, Searcher, images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.cli import main
from lookseek.encode import load_model
from lookseek.errors import IndexBusy, IndexDamaged, IndexFolderError, IndexMismatch, IndexUnreachable, QueryError
from lookseek.filters import parse
from lookseek.index.address import place_of
from lookseek.index.check import check_index
from lookseek.index.editing import editing
from lookseek.index.job import build_index
from lookseek.index.next_generation import NextGeneration
from lookseek.index.place import latest
from lookseek.index.routing import route_index
from lookseek.progress import NoProgress
from lookseek.store import Restriction, VectorSpec
from lookseek.types import Point

MODEL = "efficientnet-lite2"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    """The exit status of a command."""
    monkeypatch.setattr(sys, "argv", ["lookseek", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def statuses(address: str) -> dict[str, bool]:
    return {finding.what: finding.good for finding in check_index(address)}


@pytest.fixture(scope="module")
def shop(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], str, Path]:
    """(photos, address, folder): the same photos indexed on the server and in a folder."""
    top = tmp_path_factory.mktemp("shop")
    photos = write_photos(top / "photos", items=10, views=2)
    address = f"{postgres.address()}#shop"
    indexed(top / "photos", address, model=MODEL, metric="euclidean")  # type: ignore[arg-type]
    indexed(top / "photos", top / "index", model=MODEL, metric="euclidean")
    return photos, address, top / "index"


def test_it_answers_as_a_folder_does(shop: tuple[list[Path], str, Path]) -> None:
    photos, address, folder = shop
    with Searcher(address) as there, Searcher(folder) as here:
        category = photos[0].parent.name
        for query in (
            Query(image=photos[0], k=20),
            Query(image=photos[3], k=5, filter=f"folder = {category}"),
            Query(image=photos[5], k=7, colour_weight=0.6),
            Query(image=photos[7], k=7, metric="euclidean"),
            Query(like=(photos[1].relative_to(photos[1].parents[1]).as_posix(),), k=6),
        ):
            theirs, ours = there.search(query).hits, here.search(query).hits
            assert [hit.id for hit in theirs] == [hit.id for hit in ours]
            assert [hit.score for hit in theirs] == pytest.approx([hit.score for hit in ours], abs=2e-3, rel=2e-3)


def test_a_job_goes_on_from_what_is_there(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, address = write_photos(tmp_path / "photos", items=4), f"{postgres.address()}#job"
    assert run(monkeypatch, "index", tmp_path / "photos", address, "--model", MODEL) == 0
    first = place_of(address).published()
    assert first is not None
    assert run(monkeypatch, "index", tmp_path / "photos", address) == 0
    assert "0 added, 0 changed, 8 unchanged" in capsys.readouterr().out
    photos[0].unlink()
    assert run(monkeypatch, "index", tmp_path / "photos", address, "--prune") == 0
    assert "7 unchanged, 1 removed" in capsys.readouterr().out
    second = place_of(address).published()
    assert second is not None
    assert (second.items, second.generation) == (7, first.generation)
    assert run(monkeypatch, "index", tmp_path / "photos", address, "--metric", "euclidean") == 0
    third = place_of(address).published()
    assert third is not None
    assert third.generation != first.generation  # other vectors, another table
    assert run(monkeypatch, "search", address, "--image", photos[1], "-k", "3", "--strip", tmp_path / "s.png") == 0
    assert (tmp_path / "s.png").exists()
    assert run(monkeypatch, "check", address) == 0
    said = capsys.readouterr().out
    assert "postgresql watches over the rest" in said
    assert "7 of 7 sampled photos encode as stored" in said
    assert run(monkeypatch, "index", tmp_path / "photos", address, "--store", "numpy") == 1
    assert "leave it out" in capsys.readouterr().err


def test_a_writer_that_published_nothing_forgets_no_source(postgres: Server, tmp_path: Path) -> None:
    photos, address = write_photos(tmp_path / "photos", items=3), f"{postgres.address()}#sources"
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text(f"id,image\na,{photos[0]}\nb,{photos[1]}\n")
    other.write_text(f"id,image\nx,{photos[2]}\n")
    for source in (one, other):
        build_index(source, address, model=MODEL)
    model = load_model(MODEL)
    with pytest.raises(RuntimeError, match="killed"), place_of(address).writing() as writer:
        found = latest(writer.place)
        assert found is not None
        draft = NextGeneration(writer, found.spec, found.runtime, "")
        draft.writable()
        draft.announce(found.fields)
        raise RuntimeError("killed")
    with editing(address, model) as editor:
        editor.delete(["b"])
    one.write_text(f"id,image\nb,{photos[1]}\n")
    assert build_index(one, address, prune=True).removed == 1  # a; x is the other table's, wherever its photo lies
    published = place_of(address).published()
    assert published is not None and published.items == 2


def test_a_router_keys_the_rows(postgres: Server, tmp_path: Path) -> None:
    photos, address = write_photos(tmp_path / "photos", items=12), f"{postgres.address()}#routed"
    indexed(tmp_path / "photos", address, model=MODEL)  # type: ignore[arg-type]
    route_index(address, "kmeans", cells=3, progress=NoProgress())
    with Searcher(address) as searcher:
        routed = searcher.search(Query(image=photos[0], k=5, route="kmeans"))
        assert routed.hits[0].score == pytest.approx(1, abs=1e-3)
        assert routed.routed is not None
        assert routed.routed.visited <= routed.routed.items
    assert statuses(address) == dict.fromkeys(
        ("index job", "checksums", "count", "search", "photos", "router kmeans"), True
    )
    postgres.query("UPDATE lookseek_routed.files SET data = 'x'")
    assert not statuses(address)["checksums"]
    assert not statuses(address)["router kmeans"]


# the service


def base(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def drawn(seed: int) -> bytes:
    return images.to_jpeg(draw(drawn_specs(1, 1, seed)[0], 128))


def test_two_services_see_each_other_s_edits(shop: tuple[list[Path], str, Path], tmp_path: Path) -> None:
    check_edits_are_seen(shop[1], tmp_path / "keys")
    assert place_of(shop[1]).photos([f"kept-photo:{n}" for n in range(2)]) == [None, None]


def test_a_lost_server_is_503_and_healed_when_it_is_back(postgres_servers: Servers, tmp_path: Path) -> None:
    server = postgres_servers.start()
    address = f"{server.address()}#shop"
    check_a_lost_server_heals(address, tmp_path, MODEL, stop=server.stop, start=server.start)
    server.stop()
    with pytest.raises(IndexUnreachable, match="can't be reached"):
        Searcher(address)


def test_a_writer_that_lost_its_connection_writes_no_more(postgres: Server) -> None:
    place = place_of(f"{postgres.address()}#lost")
    with pytest.raises(IndexUnreachable), place.writing() as writer:
        postgres.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        with place.writing():  # another one has the right now
            writer.note_edited(["a"], [])
    assert not place.being_written()
    with place.writing(), pytest.raises(IndexBusy), place.writing():
        raise AssertionError("two hold the right to write")


# roles and addresses


def test_a_role_that_only_reads_searches_and_can_t_write(
    shop: tuple[list[Path], str, Path], postgres: Server, tmp_path: Path
) -> None:
    photos, address, _ = shop
    page = (Path(__file__).parents[1] / "docs/scale.md").read_text("utf-8")
    rights = page.split("\n## Least rights\n")[1].split("\n## ")[0]
    for statement in re.findall(r"^((?:CREATE|GRANT|ALTER).*);$", rights, re.MULTILINE):
        postgres.query(statement)
    reading = address.replace("lookseek@", "lookseek_reader@")
    with Searcher(reading) as searcher:
        assert len(searcher.search(Query(image=photos[0], k=3)).hits) == 3
    assert all(statuses(reading).values())
    with pytest.raises(IndexFolderError, match="this role may not"):
        indexed(photos[0].parent, reading)  # type: ignore[arg-type]
    with serving(reading, tmp_path / "keys") as service:  # type: ignore[arg-type]
        assert service.ask.get("/readyz").status_code == 200
        refused = service.ask.put("/v1/items/a", json={"image": base(drawn(1))}, headers=service.may_write)
        assert refused.status_code == 503


@pytest.mark.parametrize("address", ["postgresql://db/shop", "postgresql://me:secret@db/shop#", "postgres://db/x#a/b"])
def test_an_address_without_a_usable_name_is_refused(address: str) -> None:
    with pytest.raises(IndexFolderError, match="the name of the index") as refused:
        place_of(address)
    assert "secret" not in str(refused.value)


def test_a_password_is_shown_nowhere() -> None:
    place = place_of("postgresql://me:s3cret@127.0.0.1:1/db?connect_timeout=2&password=s3cret#shop")
    assert place.address == "postgresql://me@127.0.0.1:1/db?connect_timeout=2#shop"
    with pytest.raises(IndexUnreachable) as lost:
        place.published()
    assert "s3cret" not in str(lost.value)


def test_without_its_packages_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("lookseek.index.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for name in [name for name in sys.modules if name.startswith("lookseek.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(IndexMismatch, match=r"lookseek\[cluster\]"):
        place_of("postgresql://db/shop#shop")


# the store


LAYOUT = {"look": VectorSpec(8, "cosine"), "raw": VectorSpec(8, "euclidean")}


@pytest.fixture
def store(postgres: Server, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[object]:
    from helpers.stores import store_kind

    made = store_kind("postgresql", request).create(tmp_path / "s", LAYOUT)
    yield made
    made.close()


def point(n: int, **attributes: object) -> Point:
    vector = np.random.default_rng(n).standard_normal(8).astype(np.float32)
    return Point(f"p{n:05d}", {"look": vector, "raw": vector}, attributes)  # type: ignore[arg-type]


def test_a_filter_that_keeps_little_is_answered_whole_beside_a_graph(store: object) -> None:
    points = [point(n, shelf=n % 200, kind="rare" if n % 400 == 7 else "usual") for n in range(1200)]
    store.add(points)  # type: ignore[attr-defined]
    store.optimise(graph=True)  # type: ignore[attr-defined]
    query = np.random.default_rng(99_999).standard_normal(8).astype(np.float32)
    for declared in (False, True):
        if declared:
            store.declare({"kind": "words", "shelf": "number"})  # type: ignore[attr-defined]
        for text, count in (("kind = rare", 3), ("shelf < 1", 6), ("shelf = 3 and kind = rare", 0)):
            some = Restriction(parse(text))
            found = store.search("look", query, 10, some)  # type: ignore[attr-defined]
            assert len(found) == count
            exact = store.search("look", query, 10, Restriction(parse(text), exact=True))  # type: ignore[attr-defined]
            assert found == exact
    plain = store.search("look", query, 10)  # type: ignore[attr-defined]
    exact = store.search("look", query, 10, Restriction(exact=True))  # type: ignore[attr-defined]
    assert len({hit.id for hit in plain} & {hit.id for hit in exact}) >= 9


def test_odd_texts_come_back_and_are_found(store: object) -> None:
    long, odd = "đ" * 4000, "nul \x00, half \ud800, mark \ue000"
    points = [point(1, text=long, size=("S", long)), point(2, text=odd), point(3, text="short", size=("S", "M"))]
    points.append(Point(f"id {odd}", points[0].vectors, {odd: odd}, source=odd))
    store.add(points)  # type: ignore[attr-defined]
    for _ in range(2):
        there = {p.id: p for p in store.scan()}  # type: ignore[attr-defined]
        assert {id_: dict(p.attributes) for id_, p in there.items()} == {p.id: dict(p.attributes) for p in points}
        assert there[f"id {odd}"].source == odd
        assert store.count(Restriction(parse(f'text = "{long}"'))) == 1  # type: ignore[attr-defined]
        assert store.count(Restriction(parse("text != short"))) == 3  # type: ignore[attr-defined]
        assert store.count(Restriction(parse("size = S"))) == 2  # type: ignore[attr-defined]
        store.declare({"text": "words", "size": "words"})  # type: ignore[attr-defined]
    assert dict(store.facet("text")) == {long: 1, odd: 1, "short": 1}  # type: ignore[attr-defined]
    assert dict(store.facet("size")) == {"S": 2, "M": 1, long: 1}  # type: ignore[attr-defined]


def test_what_it_can_t_hold_is_refused_by_name(store: object) -> None:
    far = Point("far", {**point(1).vectors, "raw": np.full(8, 1e6, np.float32)})
    with pytest.raises(QueryError, match=r"'far': vector 'raw' holds 1,000,000"):
        store.add([point(2), far])  # type: ignore[attr-defined]
    with pytest.raises(QueryError, match="price = inf"):
        store.add([point(2, price=float("inf"))])  # type: ignore[attr-defined]
    assert store.count() == 0  # type: ignore[attr-defined]


def test_a_reader_s_store_writes_nothing(shop: tuple[list[Path], str, Path]) -> None:
    place = place_of(shop[1])
    manifest = place.published()
    assert manifest is not None
    reader = place.open(manifest)
    (one,) = reader.get([next(iter(reader.scan())).id])
    for write in (lambda: reader.add([one]), lambda: reader.delete([one.id])):
        with pytest.raises(RuntimeError, match="for reading alone"):
            write()


# backups


def test_a_backup_by_the_server_s_own_means_is_a_whole_index(
    shop: tuple[list[Path], str, Path], postgres: Server
) -> None:
    photos, address, _ = shop
    connection = ["-h", "127.0.0.1", "-p", str(postgres.port), "-U", "lookseek"]
    dump = postgres.top / "shop.dump"
    postgres.run("pg_dump", *connection, "-Fc", "-n", "lookseek_shop", "-f", str(dump), "postgres")
    postgres.query("CREATE DATABASE restored")
    postgres.query("CREATE EXTENSION vector", "restored")
    postgres.run("pg_restore", *connection, "-d", "restored", "--no-owner", "--no-acl", str(dump))
    restored = f"{postgres.address('restored')}#shop"
    assert all(statuses(restored).values())
    with Searcher(address) as before, Searcher(restored) as after:
        query = Query(image=photos[2], k=20)
        assert after.search(query).hits == before.search(query).hits
    postgres.query("DROP SCHEMA lookseek_shop CASCADE", "restored")
    with pytest.raises(IndexFolderError):
        Searcher(restored)


def test_a_table_that_is_gone_is_damage(postgres: Server) -> None:
    place = place_of(f"{postgres.address()}#gone")
    with place.writing():
        pass
    postgres.query("DROP TABLE lookseek_gone.fields")
    from lookseek.index.manifest import IndexSpec, Manifest

    with pytest.raises(IndexDamaged, match="lacks what its manifest names"):
        place.open(Manifest("points_1", IndexSpec("m", "", "0", "", LAYOUT, "postgresql"), "r"))

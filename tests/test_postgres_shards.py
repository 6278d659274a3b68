"""An index whose points are divided among three servers: what each is asked, edits, lost servers, incomplete setups.

What every store promises runs over three shards too: see ``helpers/stores.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed, write_photos
from helpers.postgres import Server, shard_statements
from helpers.stores import store_kind

from lookseek import Query, Searcher, images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.errors import IndexMismatch, IndexUnreachable
from lookseek.filters import parse
from lookseek.index.address import place_of
from lookseek.index.check import check_index
from lookseek.index.editing import editing
from lookseek.store import Restriction, RoutingFilter, Store, VectorSpec
from lookseek.types import Item, Point

MODEL = "efficientnet-lite2"
LAYOUT = {"look": VectorSpec(8, "cosine")}
QUERY = np.random.default_rng(99_999).standard_normal(8).astype(np.float32)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = store_kind("three shards", request).create(tmp_path / "s", LAYOUT)
    yield made
    made.close()


def points(count: int) -> list[Point]:
    rows = np.random.default_rng(0).standard_normal((count, 8)).astype(np.float32)
    kinds = ("red", "blue", "green")
    return [
        Point(f"p{n:04d}", {"look": row}, {"shelf": n % 50, "kind": kinds[n % 3]}, f"h{n}")
        for n, row in enumerate(rows)
    ]


def rows_on(shard: Server, table: str) -> int:
    return int(shard.query(f"SELECT count(*) FROM {table}")[0][0])


def plan_of(store: Store, call: Callable[[], object]) -> list[str]:
    """The lines of the plans of a call's statements."""
    real, lines = store._fetch, []  # type: ignore[attr-defined]

    def fetch(statement: str, parameters: dict[str, object]) -> list[tuple[object, ...]]:
        lines.extend(line for (line,) in real(f"EXPLAIN (VERBOSE) {statement}", parameters))
        return real(statement, parameters)

    store._fetch = fetch  # type: ignore[attr-defined]
    try:
        call()
    finally:
        store._fetch = real  # type: ignore[attr-defined]
    return lines


def test_it_is_indexed_searched_and_edited_as_a_folder_is(
    sharded: str, shards: list[Server], postgres: Server, tmp_path: Path
) -> None:
    photos = write_photos(tmp_path / "photos", items=6, views=2)
    address, folder = f"{sharded}#shop", tmp_path / "index"
    for place in (address, folder):
        indexed(tmp_path / "photos", place, model=MODEL, metric="euclidean")  # type: ignore[arg-type]
    assert min(rows_on(shard, "lookseek_shop.points_1") for shard in shards) > 0
    assert postgres.query("SELECT count(*) FROM ONLY lookseek_shop.points_1", "sharded") == [(0,)]
    category, model = photos[0].parent.name, load_model(MODEL)
    new, other = (images.to_jpeg(draw(drawn_specs(1, 1, seed)[0], 128)) for seed in (77, 78))
    gone = photos[2].relative_to(tmp_path / "photos").as_posix()
    for edits in (False, True):
        if edits:
            for place in (address, folder):
                with editing(place, model) as editor:  # type: ignore[arg-type]
                    done = editor.put([Item("new", new, attributes={"folder": category})])
                    assert [outcome.what for outcome in done] == ["added"]
                    done = editor.put([Item("new", other, attributes={"folder": category})])
                    assert [outcome.what for outcome in done] == ["changed"]
                    assert [outcome.what for outcome in editor.delete([gone])] == ["removed"]
        with Searcher(address) as there, Searcher(folder) as here:
            for query in (
                Query(image=photos[0], k=10),
                Query(image=photos[2], k=10),
                Query(image=photos[3], k=10, filter=f"folder = {category}"),
                Query(image=photos[5], k=10, filter=f"folder != {category}"),
                Query(image=photos[7], k=10, colour_weight=0.6),
                Query(image=photos[9], k=10, metric="euclidean"),
            ):
                theirs, ours = there.search(query).hits, here.search(query).hits
                assert [hit.id for hit in theirs] == [hit.id for hit in ours]
                alike = pytest.approx([hit.score for hit in ours], abs=2e-3, rel=2e-3)
                assert [hit.score for hit in theirs] == alike
                assert (gone in [hit.id for hit in theirs]) <= (not edits)
    assert all(finding.good for finding in check_index(address))
    with place_of(address).writing() as writer:  # another model begins a table, and is killed
        base = place_of(address).published()
        assert base is not None
        writer.start(replace(base, spec=replace(base.spec, checksum="other")), base)
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'lookseek_shop' AND tablename ~ '^points' ORDER BY 1"
    made = [("points_1",), ("points_1_keys",), ("points_2",), ("points_2_keys",)]
    assert [shard.query(tables) for shard in shards] == [made] * 3
    assert postgres.query(tables, "sharded") == made
    with place_of(address).writing():  # the next one removes what no manifest names
        pass
    kept = made[:2]
    assert [shard.query(tables) for shard in shards] == [kept] * 3
    assert postgres.query(tables, "sharded") == kept


def test_each_shard_orders_filters_and_counts_what_it_has(store: Store, shards: list[Server]) -> None:
    store.add(points(900))
    store.set_keys("svm", {f"p{n:04d}": "a" for n in range(0, 900, 2)})
    store.declare({"kind": "words", "shelf": "number"})
    store.optimise(graph=True)
    for shard in shards:  # as its autovacuum does within a minute
        shard.query(f'ANALYZE {store._there[:-1]}_keys"')  # type: ignore[attr-defined]
    restrictions = [
        Restriction(),
        Restriction(exact=True),
        Restriction(parse("kind in (red, blue) and shelf < 20")),
        Restriction(parse("kind != red and not (shelf = 3)")),
        Restriction(parse("undeclared != red")),
        Restriction(within=RoutingFilter("svm", ["a"])),
    ]
    for restriction in restrictions:
        plan = plan_of(store, lambda restriction=restriction: store.search("look", QUERY, 5, restriction))  # type: ignore[misc]
        sent = [line for line in plan if "Remote SQL" in line]
        assert len(sent) == 3
        assert all("ORDER BY" in line and "LIMIT 6" in line for line in sent)
        assert not any(" Filter:" in line for line in plan)  # nothing that a shard left undone
    sent = [line for line in plan_of(store, lambda: store.count(restrictions[2])) if "Remote SQL" in line]
    assert len(sent) == 3
    assert all("count(*)" in line and "t0" in line for line in sent)
    deletion = store._deletion().replace("%s", "%(ids)s")  # type: ignore[attr-defined]
    deleting = store._fetch(f"EXPLAIN (VERBOSE) {deletion}", {"ids": ["p0001"]})  # type: ignore[attr-defined]
    assert any("Remote SQL: DELETE" in line for (line,) in deleting)


def test_a_shard_whose_walk_ends_early_is_asked_one_by_one(store: Store) -> None:
    store.add(points(1200))
    store.optimise(graph=True)
    few = parse("shelf = 7")  # 24 of 1,200, some 8 on each
    assert store.search("look", QUERY, 10, Restriction(few)) == store.search(
        "look", QUERY, 10, Restriction(few, exact=True)
    )


def test_a_lost_shard_ends_searches_and_writes_until_it_is_back(
    store: Store, sharded: str, shards: list[Server], tmp_path: Path
) -> None:
    many = points(60)
    store.add(many[:30])
    shards[1].stop()
    try:
        with pytest.raises(IndexUnreachable, match="lookseek_shard_2"):
            store.search("look", QUERY, 5)
        with pytest.raises(IndexUnreachable, match="lookseek_shard_2"):
            store.add(many[30:])
    finally:
        shards[1].start()
    store.add(many[20:])
    assert sorted(point.id for point in store.scan()) == [point.id for point in many]
    assert len(store.search("look", QUERY, 60)) == 60


def test_a_declaration_that_was_stopped_halfway_is_made_anew(store: Store, shards: list[Server]) -> None:
    store.add(points(30))
    there = store._there  # type: ignore[attr-defined]
    schema = there.partition(".")[0]
    for shard in shards[:2]:  # the columns of another attribute, and nothing in the database that knows of them
        shard.query(
            f"ALTER TABLE {there} ADD t0 text GENERATED ALWAYS AS ({schema}.token_of(attributes -> 'x')) STORED"
        )
    store.declare({"kind": "words"})
    assert store.facet("kind") == [("blue", 10), ("green", 10), ("red", 10)]


def test_a_role_that_only_reads_searches_shards(
    sharded: str, shards: list[Server], postgres: Server, tmp_path: Path
) -> None:
    photos = write_photos(tmp_path / "photos", items=3)
    indexed(tmp_path / "photos", f"{sharded}#read", model=MODEL)  # type: ignore[arg-type]
    rights = (
        "GRANT USAGE ON SCHEMA lookseek_read TO shard_reader; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA lookseek_read TO shard_reader"
    )
    for server, database in [*((shard, "postgres") for shard in shards), (postgres, "sharded")]:
        server.query("CREATE ROLE shard_reader LOGIN", database)
        server.query(rights, database)
    for number in range(1, 4):
        options = "user 'shard_reader', password_required 'false'"  # the servers of tests ask for none
        postgres.query(
            f"CREATE USER MAPPING FOR shard_reader SERVER lookseek_shard_{number} OPTIONS ({options})", "sharded"
        )
    with Searcher(f"{sharded.replace('lookseek@', 'shard_reader@')}#read") as searcher:
        assert searcher.search(Query(image=photos[0], k=3)).hits[0].score == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("lacks", "message"),
    [
        ("extensions 'vector', ", "no option extensions 'vector'"),
        ("-c hnsw.iterative_scan=relaxed_order ", "hnsw.iterative_scan"),
        ("CREATE EXTENSION dblink;", "no extension dblink"),
    ],
)
def test_a_setup_that_lacks_something_is_refused_by_name(postgres: Server, lacks: str, message: str) -> None:
    _, here = shard_statements()
    assert lacks in here
    postgres.query("CREATE DATABASE lacking")
    try:
        postgres.query(here.replace(lacks, ""), "lacking")
        place = place_of(f"{postgres.address('lacking')}#shop")
        with pytest.raises(IndexMismatch, match=message):
            from test_postgres_failover import write

            write(place, 0, 1, print)
    finally:
        postgres.query("DROP DATABASE lacking WITH (FORCE)")

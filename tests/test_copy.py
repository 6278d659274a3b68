"""lookseek copy: between folders, servers and exports; stopped and resumed; compared before it is published."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.dataset
import pytest
from helpers.catalogues import Heard
from helpers.postgres import Server

from lookseek.cli import main
from lookseek.errors import IndexDamaged, IndexMismatch
from lookseek.index.address import place_of
from lookseek.index.copying import copy_index
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.index.open_index import open_index
from lookseek.store import Restriction, VectorSpec
from lookseek.types import Box, Point, Region

LAYOUT = {
    "look": VectorSpec(8, "cosine"),
    "look_euclidean": VectorSpec(8, "euclidean"),
    "parts": VectorSpec(4, "cosine", multi=True),
}
SPEC = IndexSpec("model", "", "0" * 64, "", LAYOUT, "edge", regions="by hand 1")
FIELDS = {"colour": "words", "price": "number", "sizes": "words"}
ITEMS = 700


def point(n: int, source: str = "") -> Point:
    random = np.random.default_rng(n)
    look = random.standard_normal(8).astype(np.float32)
    vectors = {"look": look, "look_euclidean": look, "parts": random.standard_normal((n % 3, 4)).astype(np.float32)}
    attributes = {"colour": ("red", "đỏ")[n % 2], "price": n / 4, "sizes": ("S", "M") if n % 5 else ("L",)}
    regions = (Region(Box(0, 1, 2, 3), "áo", 0.5),) if n % 7 == 0 else ()
    return Point(f"item/{n:04d}", vectors, attributes, f"h{n}", source, f"{n:016x}", regions)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copied") / "shop"
    fill(folder, ITEMS, "now")
    return folder


def fill(folder: Path, items: int, updated: str) -> None:
    with place_of(folder).writing() as writer:
        target = writer.start(Manifest("", SPEC, "rt fp32", sources=("a.csv", "b.csv"), roles={"price": "price"}), None)
        store = writer.open(target)
        kept = writer.keep_photo("item/0003", b"a photo that only the index has")
        store.add([point(n, kept if n == 3 else f"/photos/{n}.jpg") for n in range(items)])
        store.declare(FIELDS)  # type: ignore[arg-type]
        store.close()
        writer.publish(replace(target, items=items, fields=FIELDS, updated=updated))  # type: ignore[arg-type]


@pytest.fixture
def address(postgres: Server, tmp_path: Path) -> str:
    return f"{postgres.address()}#{hashlib.blake2b(str(tmp_path).encode(), digest_size=8).hexdigest()}"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    monkeypatch.setattr(sys, "argv", ["lookseek", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def assert_same(one: str | Path, other: str | Path) -> None:
    first, second = open_index(one), open_index(other)
    assert second.note == ""
    a = {p.id: p for p in first.store.scan(vectors=True)}
    b = {p.id: p for p in second.store.scan(vectors=True)}
    assert a.keys() == b.keys()
    for id_, mine in a.items():
        theirs = b[id_]
        assert (mine.attributes, mine.hash, mine.fingerprint, mine.regions) == (
            theirs.attributes,
            theirs.hash,
            theirs.fingerprint,
            theirs.regions,
        )
        assert mine.source == theirs.source or first.place.keeps(mine.source)
        for name in LAYOUT:
            np.testing.assert_allclose(mine.vectors[name], theirs.vectors[name], atol=4e-3)
    for name in ("fields", "sources", "roles", "items", "runtime"):
        assert getattr(first.manifest, name) == getattr(second.manifest, name)
    assert second.manifest.spec == replace(first.manifest.spec, store=second.manifest.spec.store)
    query = np.random.default_rng(5).standard_normal(8).astype(np.float32)
    exact = Restriction(exact=True)
    found = [[hit.id for hit in opened.store.search("look", query, 5, exact)] for opened in (first, second)]
    assert found[0] == found[1]
    assert first.store.facet("sizes") == second.store.facet("sizes")
    first.store.close()
    second.store.close()


def test_a_round_trip_through_a_database_and_an_export_loses_nothing(
    shop: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "copy", shop, address) == 0
    assert f"{ITEMS} items ({ITEMS} copied now), " in capsys.readouterr().out
    assert_same(shop, address)
    (kept,) = open_index(address).store.get(["item/0003"], vectors=False)
    assert place_of(address).keeps(kept.source)
    assert place_of(address).photos([kept.source]) == [b"a photo that only the index has"]
    assert run(monkeypatch, "copy", address, tmp_path / "shop.parquet") == 0
    assert run(monkeypatch, "copy", tmp_path / "shop.parquet", tmp_path / "again") == 0
    assert_same(shop, tmp_path / "again")
    (kept,) = open_index(tmp_path / "again").store.get(["item/0003"], vectors=False)
    assert Path(kept.source).read_bytes() == b"a photo that only the index has"
    assert tmp_path / "again" in Path(kept.source).parents
    assert run(monkeypatch, "copy", address, tmp_path / "back") == 0
    (kept,) = open_index(tmp_path / "back").store.get(["item/0003"], vectors=False)
    assert Path(kept.source).read_bytes() == b"a photo that only the index has"


def test_an_export_is_plain_parquet(shop: Path, tmp_path: Path) -> None:
    copy_index(shop, tmp_path / "shop.parquet", Heard())
    table = pyarrow.dataset.dataset(tmp_path / "shop.parquet").to_table()
    assert table.num_rows == ITEMS
    row = next(row for row in table.to_pylist() if row["id"] == "item/0005")
    assert row["attributes"] == '{"colour": "đỏ", "price": 1.25, "sizes": ["L"]}'
    assert len(row["vector.look"]) == 8
    assert np.shape(row["vector.parts"]) == (2, 4)


class Stopping(Heard):
    """Ctrl-C after some items."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def advance(self, entries: int) -> None:
        super().advance(entries)
        if self.done >= self.after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["folder", "postgresql", "qdrant"])
def test_a_copy_that_was_stopped_goes_on(shop: Path, tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    target: str | Path = tmp_path / "copy"
    if kind == "postgresql":
        target = request.getfixturevalue("address")
    if kind == "qdrant":
        target = request.getfixturevalue("local_qdrant").address("test_stopped")
    with pytest.raises(KeyboardInterrupt):
        copy_index(shop, target, Stopping(300))
    assert place_of(target).published() is None
    done = copy_index(shop, target, Heard())
    assert (done.items, done.copied) == (ITEMS, ITEMS - 512)  # two batches were there
    assert_same(shop, target)
    with pytest.raises(IndexMismatch, match="holds an index"):
        copy_index(shop, target, Heard())


def test_an_export_that_was_stopped_goes_on_and_is_no_source_before(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookseek.index import copying

    monkeypatch.setattr(copying, "_PART", 256)
    export = tmp_path / "x.parquet"
    with pytest.raises(KeyboardInterrupt):
        copy_index(shop, export, Stopping(300))
    with pytest.raises(IndexDamaged, match="no whole export"):
        copy_index(export, tmp_path / "copy", Heard())
    done = copy_index(shop, export, Heard())
    assert (done.items, done.copied) == (ITEMS, ITEMS - 512)
    copy_index(export, tmp_path / "copy", Heard())
    assert_same(shop, tmp_path / "copy")
    with pytest.raises(IndexMismatch, match="holds an export"):
        copy_index(shop, export, Heard())
    part = sorted(export.glob("part-*"))[1]
    part.write_bytes(part.read_bytes()[:-50])
    with pytest.raises(IndexDamaged, match="can't be read"):
        copy_index(export, tmp_path / "other", Heard())


def test_an_export_begins_anew_where_the_index_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookseek.index import copying

    monkeypatch.setattr(copying, "_PART", 256)
    changing, export = tmp_path / "shop", tmp_path / "x.parquet"
    fill(changing, ITEMS, "now")
    with pytest.raises(KeyboardInterrupt):
        copy_index(changing, export, Stopping(300))
    fill(changing, ITEMS - 1, "later")
    done = copy_index(changing, export, Heard())
    assert (done.items, done.copied) == (ITEMS - 1, ITEMS - 1)
    copy_index(export, tmp_path / "again", Heard())
    assert_same(changing, tmp_path / "again")


def test_a_copy_that_differs_is_not_published(shop: Path, address: str, postgres: Server) -> None:
    schema = f'"lookseek_{address.rpartition("#")[2]}"'

    class Losing(Heard):
        """Takes a row out of the target meanwhile, or changes one."""

        def __init__(self, statement: str) -> None:
            super().__init__()
            self.statement = statement

        def advance(self, entries: int) -> None:
            super().advance(entries)
            if self.done == ITEMS:
                postgres.query(self.statement)

    with pytest.raises(IndexDamaged, match="holds 699 items and the source 700"):
        copy_index(shop, address, Losing(f"DELETE FROM {schema}.points_1 WHERE item = 'item/0100'"))
    changed = f"UPDATE {schema}.points_1 SET attributes = '{{}}'"
    with pytest.raises(IndexDamaged, match="is not what was copied"):
        copy_index(shop, address, Losing(changed))
    assert place_of(address).published() is None
    postgres.query(
        f"INSERT INTO {schema}.points_1 SELECT 'odd', v0, v1, v2, '{{}}', '', '', '' FROM {schema}.points_1 LIMIT 1"
    )
    copy_index(shop, address, Heard())
    assert_same(shop, address)


def test_folders_of_other_things_are_left_alone(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").mkdir()
    (tmp_path / "mine.parquet/file").write_text("mine")
    with pytest.raises(IndexMismatch, match="holds other things"):
        copy_index(shop, tmp_path / "mine.parquet", Heard())
    with pytest.raises(IndexDamaged):
        copy_index(tmp_path / "mine.parquet", tmp_path / "copy", Heard())
    assert [path.name for path in (tmp_path / "mine.parquet").iterdir()] == ["file"]

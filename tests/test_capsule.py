"""The recipe ``capsule``: routing, lengths, masks, and a model that is indexed and searched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard, indexed
from test_cli import Said, say

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.evaluate.result import read_result
from lookseek.train.capsule.export import export_capsule
from lookseek.train.capsule.job import TEST_GIVEN, TrainedCapsules, train_capsule
from lookseek.train.capsule.network import CapsuleNetwork, masked
from lookseek.train.capsule.routing import route, squash
from lookseek.train.capsule.settings import settings_of
from lookseek.train.capsule.training import FallingRate, length_loss
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.run_folder import TEST

__all__ = ["say"]


def plain_routing(votes: np.ndarray, rounds: int) -> np.ndarray:
    """Procedure 1 of Sabour et al., 2017, capsule by capsule, for one photo: votes (below, classes, dim)."""
    below, classes, dim = votes.shape
    logits = np.zeros((below, classes))
    for _ in range(rounds):
        found = np.zeros((classes, dim))
        for j in range(classes):
            for i in range(below):
                share = np.exp(logits[i, j]) / sum(np.exp(logits[i, k]) for k in range(classes))
                found[j] += share * votes[i, j]
            length = float(np.sqrt((found[j] ** 2).sum()))
            found[j] *= length**2 / (1 + length**2) / length
        for i in range(below):
            for j in range(classes):
                logits[i, j] += float(votes[i, j] @ found[j])
    return found


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_routing_is_that_of_the_paper(rounds: int) -> None:
    votes = np.random.default_rng(0).standard_normal((3, 12, 4, 5))
    found = route(torch.from_numpy(votes), rounds).numpy()
    assert found == pytest.approx(np.stack([plain_routing(photo, rounds) for photo in votes]), abs=1e-6)


def test_logits_are_accumulated_over_the_rounds() -> None:
    votes = torch.from_numpy(np.random.default_rng(1).standard_normal((1, 12, 4, 5)))
    last = torch.einsum("nbcd,ncd->nbc", votes, route(votes, 2))
    overwritten = squash(torch.einsum("nbc,nbcd->ncd", last.softmax(2), votes))
    assert not torch.allclose(route(votes, 3), overwritten, atol=1e-3)


def test_capsules_are_shorter_than_1_and_point_the_same_way() -> None:
    vectors = torch.tensor([[3.0, 4.0], [0.03, 0.04], [0.0, 0.0]])
    found = squash(vectors)
    assert found.norm(dim=1).tolist() == pytest.approx([25 / 26, 0.0025 / 1.0025, 0.0], abs=1e-5)
    assert torch.allclose(found[0] / found[0].norm(), vectors[0] / 5)


def test_masked_capsules_have_length_1_in_the_place_of_their_class() -> None:
    capsules = torch.rand((3, 4, 5))
    found = masked(capsules, torch.tensor([2, 0, 3]))
    assert found.norm(dim=1).tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert found.unflatten(1, (4, 5)).norm(dim=2).argmax(1).tolist() == [2, 0, 3]
    assert float(((found[0] - found[1]) ** 2).sum()) == pytest.approx(2.0)  # of two classes: orthogonal


def test_lengths_are_trained_towards_the_class() -> None:
    good = torch.tensor([[0.95, 0.05]])
    assert float(length_loss(good, torch.tensor([0]))) == 0.0
    assert float(length_loss(good, torch.tensor([1]))) == pytest.approx(0.85**2 + 0.5 * 0.85**2)


def test_the_rate_falls_after_each_epoch() -> None:
    schedule = FallingRate(fall=0.5, epoch=10)
    assert [schedule.factor(step, 100) for step in (0, 9, 10, 25)] == [1.0, 1.0, 0.5, 0.25]


@pytest.mark.parametrize("stem", ["sc", "rc"])
def test_presets_are_the_original_s(stem: str) -> None:
    s = settings_of(stem, {})
    assert (s.width, s.primary, s.dim, s.rounds, s.margin, s.rate, s.fall, s.size) == (
        64, 32, 16, 3, 2.0, 1e-3, 0.995, 256,
    )  # fmt: skip
    network = CapsuleNetwork(settings_of(stem, {"size": 64}), 23).eval()
    with torch.no_grad():
        maps = network.below(torch.zeros(1, 3, 64, 64))
        assert maps.shape == (1, 32 * 16, 4, 4)  # three times halved after the first
        assert network(torch.zeros((1, 3, 64, 64), dtype=torch.uint8)).shape == (1, 23, 16)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training on drawn designs."""
    folder = tmp_path_factory.mktemp("capsule")
    done = train(folder)
    assert train(folder).tests == done.tests  # measured once
    assert sum("on test" in line for line in done.lines()) == 2
    return folder


def train(folder: Path) -> TrainedCapsules:
    changes = {"epochs": 2, "size": 32, "width": 4, "primary": 2, "dim": 4, "items": 6, "photos": 2, "average": 0.0}
    return train_capsule("drawn:12", folder / "run", changes=changes, devices=Devices("cpu"), progress=Heard())


def test_both_ways_of_masking_are_measured_and_labelled(run: Path) -> None:
    own, given = (read_result(run / "run" / name) for name in (TEST, TEST_GIVEN))
    assert own.gallery_hash == given.gallery_hash
    assert (own.model["masked"], given.model["masked"]) == ("class predicted", "class given")
    lines = [json.loads(line) for line in (run / "run" / "log.jsonl").read_text().splitlines()]
    figures = [line for line in lines if "val_recall@1" in line]
    assert all({"val_recall@1_class_given", "val_accuracy"} <= set(line) for line in figures)


def test_the_model_is_indexed_and_searched(run: Path, tmp_path: Path, say: Callable[..., Said]) -> None:
    export_capsule(run / "run", tmp_path / "capsules", progress=Heard())
    model = load_model(tmp_path / "capsules", single=True)
    assert model.dim % 4 == 0
    (vector,) = model.image.encode([model.image.prepare(draw(drawn_specs(1, 1)[0], 32))])
    shown = np.linalg.norm(vector.reshape(-1, 4), axis=1)
    assert np.count_nonzero(shown > 1e-6) == 1  # all but one are masked
    assert shown.max() == pytest.approx(1.0, abs=1e-3)
    assert "by its true class, which no search has" in (tmp_path / "capsules" / "README.md").read_text()
    (tmp_path / "photo.png").write_bytes(images.to_png(draw(drawn_specs(3, 1)[2], 64)))
    indexed("drawn:3", tmp_path / "index", model=str(tmp_path / "capsules"))
    said = say("search", tmp_path / "index", "--image", tmp_path / "photo.png", "-k", 2, "--json")
    assert said.code == 0, said.err
    assert len(json.loads(said.out)["hits"]) == 2

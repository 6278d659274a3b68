"""The recipe ``regions``: a training in small, its export, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.catalogues import Heard

from lookseek.encode.regions import load_regions
from lookseek.errors import TrainError
from lookseek.train.recipes import find_recipe, recipe_of_run
from lookseek.train.regions.examples import PHOTOS, read_examples
from lookseek.train.regions.training import _placed, _triplets
from lookseek.train.trainer.devices import Devices

SMALL = {"designs": 3, "judged": 2, "epochs": 1, "batch": 2, "width": 16, "dim": 8}


def test_examples_know_where_regions_are_and_which_have_the_same_cloth() -> None:
    examples = read_examples("val", 3)
    assert len(examples) == 3 * PHOTOS and examples.there.all()
    assert ((examples.points > -0.2) & (examples.points < 1.2)).all()
    for row, one in enumerate(examples.designs):
        first = row * PHOTOS
        for place, copy in enumerate(one.copies, 1):
            same = sorted(examples.cloths[first + place]) == sorted(examples.cloths[first])
            assert same == (not copy.changed)


def test_a_triplet_is_of_one_region_and_nothing_is_lost_beyond_the_margin() -> None:
    near, far = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    vectors = torch.stack([near, near, far])[:, None].repeat(1, 5, 1)
    cloths = torch.tensor([0, 0, 1])[:, None].repeat(1, 5)
    there = torch.ones((3, 5), dtype=torch.bool)
    assert float(_triplets(vectors, there, cloths, 0.3)) == 0
    assert float(_triplets(vectors, there, cloths, 1.25)) == pytest.approx(5 * 0.25)
    there[:, 1:] = False
    assert float(_triplets(vectors, there, cloths, 1.25)) == pytest.approx(0.25)


def test_landmarks_where_they_are_cost_less_than_elsewhere() -> None:
    places = torch.full((1, 11, 2), 0.5)
    known = torch.ones((1, 11), dtype=torch.bool)
    right, wrong = torch.full((1, 11, 40, 40), -6.0), torch.full((1, 11, 40, 40), -6.0)
    right[:, :, 19:21, 19:21] = 6.0
    wrong[:, :, 3, 3] = 6.0
    assert float(_placed(right, places, known)) < 0.1 * float(_placed(wrong, places, known))


def test_it_trains_and_exports_a_model_that_loads(tmp_path: Path) -> None:
    recipe = find_recipe("regions")
    trained = recipe.run("drawn", tmp_path / "run", preset="modern", changes=SMALL, devices=Devices(), progress=Heard())
    assert "of verdicts on regions are right" in trained.lines()[1]
    again = recipe.run("drawn", tmp_path / "run", preset="modern", changes=SMALL, devices=Devices(), progress=Heard())
    assert again.lines() == trained.lines()
    exported = recipe_of_run(tmp_path / "run").export(
        tmp_path / "run", tmp_path / "small", int8=False, progress=Heard()
    )
    assert "regions.onnx" in exported.lines()[0]
    found = load_regions(tmp_path / "small", single=True).encode(np.full((60, 40, 3), 255, np.uint8))
    assert found.vectors.shape == (5, 8)
    with pytest.raises(TrainError, match="leave --int8 out"):
        recipe.export(tmp_path / "run", tmp_path / "other", int8=True, progress=Heard())


def test_other_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="give the word drawn"):
        find_recipe("regions").run(
            "photos", tmp_path / "run", preset="modern", changes={}, devices=Devices(), progress=Heard()
        )

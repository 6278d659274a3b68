"""What the run.json of an attribute head holds, and the head that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ..trainer.run_folder import RunFolder, best_weights
from .network import Calibrated, TagsNetwork
from .settings import TagsSettings

__all__ = ["CALIBRATION", "TagsRun", "calibrated", "read_run", "run_folder"]

CALIBRATION = "calibration.json"
"""Slope, offset and threshold of each value, and the figures on val and test."""


@dataclass(frozen=True, slots=True)
class TagsRun:
    """What makes a training the same training.

    Args:
        recipe: ``tags``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the source of the photos, as it was given, absolute.
        model: whose vectors are learned from: a shipped model's name, or a model folder, absolute.
        checksum: of that model.
        width: of its vectors.
        attributes: of each column.
        values: of each column.
        photos: split to how many were used.
        content: hex, of ids and labels.
        groups: of each column, as ``labels.exclusive_groups`` returns them; () of a run that knew none.
    """

    recipe: str
    preset: str
    settings: TagsSettings
    data: str
    model: str
    checksum: str
    width: int
    attributes: tuple[str, ...]
    values: tuple[str, ...]
    photos: Mapping[str, int]
    content: str
    groups: tuple[int, ...] = ()

    def network(self, folder: Path) -> TagsNetwork:
        """Return the network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = best_weights(folder)
        network = TagsNetwork(self.width, self.groups or range(len(self.values)), self.settings)
        network.load_state_dict(weights)
        return network.eval()


def calibrated(network: nn.Module, slope: list[float], offset: list[float]) -> Calibrated:
    """Return the network with its calibration."""
    return Calibrated(network, torch.tensor(slope, dtype=torch.float32), torch.tensor(offset, dtype=torch.float32))


def run_folder(path: Path) -> RunFolder[TagsRun]:
    """Return a folder as the run folder of an attribute head."""
    return RunFolder(path, "tags", TagsRun)


def read_run(path: Path) -> TagsRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of an attribute head, or another version of lookseek wrote it.
    """
    return run_folder(path).read()

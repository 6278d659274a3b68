"""A trained joint space as a model folder."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ...progress import Progress
from ..export.folder import check_target
from ..export.space import ExportedSpace, Space, export_space
from .card import model_card
from .maps import PREPROCESSING
from .network import SIZE, SMALL, JointNetwork, Trunk
from .run import read_run

__all__ = ["export_align"]


class _Photos(nn.Module):
    """uint8 (n, 224, 224, 3) to float32 (n, dim)."""

    def __init__(self, trunk: Trunk, joint: JointNetwork) -> None:
        super().__init__()
        self.trunk, self.joint = trunk, joint

    def forward(self, photos: Tensor) -> Tensor:
        small = avg_pool2d(photos.permute(0, 3, 1, 2).float(), SIZE // SMALL)
        return self.joint.photos(self.trunk(photos), small)


class _Texts(nn.Module):
    """float32 (n, 384) to float32 (n, dim)."""

    def __init__(self, joint: JointNetwork) -> None:
        super().__init__()
        self.joint = joint

    def forward(self, features: Tensor) -> Tensor:
        return self.joint.texts(features)


def export_align(folder: Path, target: Path, *, progress: Progress) -> ExportedSpace:
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
    trunk, joint = run.network(folder)
    space = Space(_Photos(trunk, joint), _Texts(joint), run.settings.dim, PREPROCESSING)
    return export_space(space, target, lambda name, worst, size: model_card(name, run, folder, worst, size), progress)

"""The tower that the last stages begin with: ImageNet's and a trained model's, averaged weight by weight.

    photo ─ trunk ─ map ─ last stages, averaged ─ pooled (1280)
      │       └ where the garment is
      └ palette: shares of colours, there (128)

A model that a catalogue has trained knows that catalogue better and others worse than ImageNet's weights, which it was
made from. Between the two lies a tower that is better than either on photos of elsewhere (docs/decisions/adapt.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ... import models
from ...errors import TrainError
from ..align.network import SIZE, SMALL, JointNetwork, Trunk, build_networks
from ..align.settings import PRESETS

__all__ = ["FEATURES", "POOLED", "START", "FeatureTower", "build_tower"]

START = "lookseek-base"
"""The model whose last stages, palette and places are taken."""

POOLED, SHARES = 1280, 128
FEATURES = POOLED + SHARES


class FeatureTower(nn.Module):
    """uint8 (n, 224, 224, 3) to float32 (n, 1408): pooled features, all >= 0, and shares of colours.

    Args:
        trunk: the frozen first stages.
        joint: the last stages, and the palette.
    """

    def __init__(self, trunk: Trunk, joint: JointNetwork) -> None:
        super().__init__()
        self.trunk, self.joint = trunk, joint
        self.requires_grad_(False)
        self.eval()

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        small = avg_pool2d(photos.permute(0, 3, 1, 2).float(), SIZE // SMALL)
        return torch.cat(self.joint.features(self.trunk(photos), small), 1)


def build_tower(share: float) -> tuple[FeatureTower, str]:
    """Return the tower, and where its weights come from.

    Args:
        share: of the trained model's weights in the last stages, 0 to 1; the rest is ImageNet's.

    Raises:
        TrainError: a package with weights is not installed, or the model's graph has other weights.
    """
    trunk, joint, source = build_networks(PRESETS["modern"])
    trained = _weights(Path(models.__file__).parent / START / "image.onnx")
    joint.eval()
    with torch.no_grad():
        for name, kernel, norm in _convolutions(joint):
            factor = cast(Tensor, norm.weight) / (cast(Tensor, norm.running_var) + cast(float, norm.eps)).sqrt()
            bias = cast(Tensor, norm.bias) - cast(Tensor, norm.running_mean) * factor
            own = kernel.weight * factor[:, None, None, None]
            kernel.weight.copy_((1 - share) * own + share * _taken(trained, f"{name}.weight"))
            _replace_norm(norm, (1 - share) * bias + share * _taken(trained, f"{name}.weight_bias"))
        for name, parameter in joint.named_parameters():
            if name.split(".")[0] in ("palette", "where"):
                parameter.copy_(_taken(trained, name).reshape(parameter.shape))
    return FeatureTower(trunk, joint), f"{source}; {START}, share {share:g} of the last stages"


def _weights(file: Path) -> dict[str, Tensor]:
    """The initial values of a graph by name, float32, without the names that fp16 added."""
    tensors = onnx.load(file).graph.initializer
    arrays = {tensor.name: numpy_helper.to_array(tensor).astype(np.float32) for tensor in tensors}
    return {name.removesuffix("_fp16"): torch.from_numpy(array) for name, array in arrays.items()}


def _taken(trained: dict[str, Tensor], name: str) -> Tensor:
    found = trained.get(f"joint.{name}")
    if found is None:
        raise TrainError(f"image.onnx of {START} has no weights {name!r}: install lookseek again")
    return found


def _convolutions(joint: JointNetwork) -> Iterator[tuple[str, nn.Conv2d, nn.Module]]:
    """Name, convolution and the batch norm behind it, which an exported graph has folded into it."""
    for place, block in joint.last.named_modules():
        for kernel, norm in (("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3")):
            if hasattr(block, kernel):
                yield f"last.{place}.{kernel}", getattr(block, kernel), getattr(block, norm)
    yield "end.0", cast(nn.Conv2d, joint.end[0]), joint.end[1]


def _replace_norm(norm: nn.Module, bias: Tensor) -> None:
    """Make a batch norm add a bias and do nothing else; an activation within it stays."""
    cast(Tensor, norm.running_mean).zero_()
    cast(Tensor, norm.running_var).fill_(1 - cast(float, norm.eps))
    cast(Tensor, norm.weight).fill_(1)
    cast(Tensor, norm.bias).copy_(bias)

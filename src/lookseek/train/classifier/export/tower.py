"""The network without its last layer, as a graph of ONNX."""

from __future__ import annotations

import copy
from typing import cast

import onnx
import torch
from torch import Tensor, nn

from ...export.graph import INPUT, export_onnx
from ..network import ClassifierNetwork

__all__ = ["Tower", "to_onnx"]


class Tower(nn.Module):
    """uint8 (n, height, width, 3) to float32 (n, dim): normalise, and all of the network but its last layer."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: ClassifierNetwork) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.register_buffer("mean", network.mean)
        self.register_buffer("std", network.std)
        self.eval()

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        normal = (photos.permute(0, 3, 1, 2).contiguous().float() - self.mean) / self.std
        return cast(Tensor, self.backbone(normal)).flatten(1)


def to_onnx(network: ClassifierNetwork, height: int, width: int) -> onnx.ModelProto:
    """Return the network without its last layer as a graph of fp32, for any number of photos of one size.

    Args:
        network: trained. Its mode does not matter: the graph is of evaluation.
        height: of the photos, in pixels.
        width: of the photos, in pixels.

    Returns:
        A checked graph, ``photos`` uint8 (n, height, width, 3) to ``vectors`` float32 (n, dim), with nothing in it
        that names files or code of the machine.

    Raises:
        TrainError: torch can't write this network as ONNX.
    """
    photos = torch.zeros((2, height, width, 3), dtype=torch.uint8)
    remedy = "train one of efficientnet-lite2, resnet50, densenet121, or another backbone of convolutions"
    # All contiguous: with channels last, as it is trained, the graph would end in steps that undo that order in memory.
    tower = Tower(copy.deepcopy(network).to(memory_format=torch.contiguous_format))
    return export_onnx(tower, {INPUT: photos}, remedy)

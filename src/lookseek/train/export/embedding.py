"""The network as a graph of ONNX: of a backbone, or of a frozen model's own graph with the embedding behind it."""

from __future__ import annotations

import copy
from typing import Protocol, cast

import onnx
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...errors import TrainError
from .graph import INPUT, OPSET, export_onnx
from .parity import INSTALL

__all__ = ["EmbeddingTower", "PhotoTower", "behind_model", "photo_graph"]

FEATURES = "features"


class PhotoNetwork(Protocol):
    """A module whose ``embed`` takes photos, uint8 (n, 3, height, width), and returns vectors, float (n, dim)."""

    def embed(self, photos: Tensor, /) -> Tensor: ...


class PhotoTower(nn.Module):
    """uint8 (n, height, width, 3) to float32 (n, dim)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.eval()

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        return cast(PhotoNetwork, self.network).embed(photos.permute(0, 3, 1, 2).contiguous())


class EmbeddingTower(nn.Module):
    """A frozen model's vectors, float32 (n, width) of any length, to float32 (n, dim)."""

    def __init__(self, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.eval()

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return cast(Tensor, self.embedding(normalize(features, dim=1)))


def photo_graph(network: nn.Module, size: int) -> onnx.ModelProto:
    """Return a ``PhotoNetwork`` as a graph of fp32, for any number of photos of one size.

    Raises:
        TrainError: torch can't write this network as ONNX.
    """
    photos = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    remedy = "train one of efficientnet-lite2, resnet50, densenet121, or another backbone of convolutions"
    tower = PhotoTower(copy.deepcopy(network).to(memory_format=torch.contiguous_format))
    return export_onnx(tower, {INPUT: photos}, remedy)


def behind_model(embedding: nn.Module, model: bytes, width: int) -> onnx.ModelProto:
    """Return a frozen model's graph with the embedding behind it.

    Args:
        embedding: what was trained on the model's vectors at length 1.
        model: content of the frozen model's image.onnx.
        width: of its vectors.

    Raises:
        TrainError: the two can't be joined.
    """
    rows = torch.rand((2, width), generator=torch.Generator().manual_seed(0))
    head = onnx.compose.add_prefix(export_onnx(EmbeddingTower(embedding), {FEATURES: rows}, INSTALL), "embedding_")
    base = onnx.load_from_string(model)
    try:
        if any(used.domain in ("", "ai.onnx") and used.version != OPSET for used in base.opset_import):
            base = onnx.version_converter.convert_version(base, OPSET)
        base.ir_version = head.ir_version = max(base.ir_version, head.ir_version)
        (output,) = base.graph.output
        joined = onnx.compose.merge_models(base, head, io_map=[(output.name, f"embedding_{FEATURES}")])
        onnx.checker.check_model(joined, full_check=True)
    except Exception as error:  # each of onnx's tools raises classes of its own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise TrainError(
            f"the embedding can't be joined to the model's graph ({lines[0][:200]}): train on another model"
        ) from error
    return joined

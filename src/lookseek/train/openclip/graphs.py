"""The towers of a CLIP as ONNX graphs, checked against torch."""

from __future__ import annotations

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from ...encode.runtime import open_session
from ..export.graph import INPUT, export_onnx, to_fp16
from ..export.parity import check_difference
from .clip import Clip

__all__ = ["image_graph", "text_graph"]

ROWS = 16
"""Photos and texts by chance that go through torch and through each graph."""

REMEDY = "export another CLIP, e.g. RN50 or ViT-B-32"


class _Photos(nn.Module):
    """uint8 (n, side, side, 3) to features float32 (n, dim)."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.model, self._clip = clip.model, clip

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        return self._clip.photos(photos.permute(0, 3, 1, 2))


class _Words(nn.Module):
    """Tokens int64 (n, length) to features float32 (n, dim)."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.model, self._clip = clip.model, clip

    def forward(self, tokens: Tensor) -> Tensor:
        """See the class."""
        return self._clip.words(tokens)


def image_graph(clip: Clip) -> bytes:
    """Return the image tower: ``photos`` uint8 (n, height, width, 3) to ``vectors``, weights stored as fp16.

    Raises:
        TrainError: torch can't write it, or the graph is not the tower.
    """
    shape = (ROWS, clip.how.height, clip.how.width, 3)
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    return _graph(_Photos(clip), INPUT, pixels)


def text_graph(clip: Clip) -> bytes:
    """Return the text tower: ``input_ids`` int64 (n, length) to ``vectors``, weights stored as fp16.

    Raises:
        TrainError: torch can't write it, or the graph is not the tower.
    """
    tokens = clip.tokenizer([f"a photo of {number} red dresses" for number in range(ROWS)])
    return _graph(_Words(clip), "input_ids", tokens)


def _graph(module: nn.Module, name: str, rows: Tensor) -> bytes:
    """Export the module as a graph at fp16, and check its outputs against the module's."""
    half = to_fp16(export_onnx(module, {name: rows[:2]}, REMEDY))
    content: bytes = half.SerializeToString(deterministic=True)
    session, _, _ = open_session(content, threads=1, where=name)
    ours = session.run(["vectors"], {name: rows.numpy()})[0]
    with torch.no_grad():
        theirs = module.eval()(rows).numpy()
    check_difference(ours, theirs, f"the graph that takes {name} is not the CLIP's", remedy=REMEDY)
    onnx.checker.check_model(half, full_check=True)
    return content

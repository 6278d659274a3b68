"""A model of open_clip whose file of weights has a projection of the photos' vectors beside both towers.

HopitAI's MODA-Fashion-Distilled-512d is one: ``proj.weight`` (512, 768), learned for photos alone, maps what the image
tower returns. Words have no such map, so the exported model reads none.
Source: github.com/hopit-ai/Moda, how it packs its models for the hub, and how it validates them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ...errors import TrainError
from ..backbones import read_weights

__all__ = ["PROJECTION", "has_projection", "load_projected"]

PROJECTION = "proj.weight"
"""The name of the projection among the weights: (numbers of a vector, numbers of the image tower)."""


class _Projected(nn.Module):
    """An image tower and a linear map behind it, without bias; what open_clip reads of a tower stays readable."""

    def __init__(self, tower: Any, weight: Tensor) -> None:
        super().__init__()
        self.tower = tower
        self.projection = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        self.projection.weight.data.copy_(weight)
        self.image_size, self.preprocess_cfg = tower.image_size, tower.preprocess_cfg

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        projected: Tensor = self.projection(self.tower(photos))
        return projected


def has_projection(file: Path) -> bool:
    """Return whether a file of weights has one; only .safetensors can, whose names are read without the weights."""
    if file.suffix != ".safetensors":
        return False
    from safetensors import safe_open

    with safe_open(file, "pt") as weights:
        return PROJECTION in weights.keys()  # noqa: SIM118  # it is no mapping


def load_projected(folder: str, file: Path, dim: int, what: str) -> tuple[Any, int]:
    """Load a model whose image tower ends in the projection.

    Args:
        folder: as ``open_clip.create_model`` takes it.
        file: of weights.
        dim: of the towers' vectors.
        what: the model's name, for messages.

    Returns:
        A model of open_clip at fp32, and the length of a photo's vector.

    Raises:
        TrainError: the projection is of another tower.
    """
    import open_clip

    weights = read_weights(file)
    projection = weights.pop(PROJECTION)
    if projection.ndim != 2 or projection.shape[1] != dim:
        raise TrainError(
            f"{PROJECTION} of {what} has the shape {tuple(projection.shape)}, and its image tower returns {dim:,} "
            "numbers: the weights are another model's"
        )
    model = open_clip.create_model(folder, precision="fp32", load_weights=False)
    model.load_state_dict(weights)
    model.visual = _Projected(model.visual, projection.float())
    return model, int(projection.shape[0])

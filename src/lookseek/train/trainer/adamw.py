"""The optimiser of most recipes."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

__all__ = ["adamw"]


def adamw(parameters: Iterable[nn.Parameter], rate: float, weight_decay: float) -> torch.optim.AdamW:
    """Return AdamW over what learns; matrices and kernels decay, biases and the scales of norms do not.

    Args:
        parameters: those that need no gradient are left out.
        rate: the highest learning rate, > 0.
        weight_decay: >= 0.
    """
    learning = [parameter for parameter in parameters if parameter.requires_grad]
    groups = [
        {"params": [one for one in learning if one.ndim > 1], "lr": rate, "weight_decay": weight_decay},
        {"params": [one for one in learning if one.ndim <= 1], "lr": rate, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups)

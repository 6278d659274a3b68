"""In-batch contrast: each query must find its own target among those of its batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

__all__ = ["in_batch_contrastive_loss"]


def in_batch_contrastive_loss(queries: Tensor, targets: Tensor, groups: Tensor, scale: Tensor | float) -> Tensor:
    """Return the cross-entropy from query to target, over the targets of the batch that are no other right answer.

    A target of the query's own group (the same photo, or one that is as right) is no negative, and targets that come
    several times count once: a batch with repeated targets asks the same of a query as one of its distinct targets.
    In a batch without repeats it is CLIP4Cir's loss.

    Args:
        queries: float (n, dim), of length 1.
        targets: float (n, dim), of length 1: row i is what query i must find.
        groups: int64 (n, 2): what a target is (rows of one number are the same photo), and what it is as good as
            (photos of one number are equally right).
        scale: what cosines are multiplied by.

    Returns:
        The mean over queries, a scalar, float32.
    """
    logits = scale * (queries.float() @ targets.float().T)
    own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    photo, kind = groups[:, 0], groups[:, 1]
    equal = (kind[:, None] == kind[None, :]) | (photo[:, None] == photo[None, :])
    again = ((photo[:, None] == photo[None, :]) & own.logical_not()).triu().any(0)  # a photo that an earlier row has
    logits = logits.masked_fill((equal | again[None, :]) & ~own, float("-inf"))
    return cross_entropy(logits, torch.arange(len(logits), device=logits.device))

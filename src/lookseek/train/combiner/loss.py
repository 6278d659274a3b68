"""Contrast: each query must find its own target among the photos that it is told from."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

__all__ = ["contrast"]


def contrast(queries: Tensor, targets: Tensor, groups: Tensor, own: Tensor, scale: Tensor | float) -> Tensor:
    """Cross-entropy from query to target, over the photos that are no other right answer.

    A photo of the query's own group (the same photo, or one that is as right) is no negative, and photos that come
    several times count once: a batch with repeated targets asks the same of a query as one of its distinct targets.
    Of a batch without repeats, whose targets are the photos, it is CLIP4Cir's loss.

    Args:
        queries: float (n, dim), of length 1.
        targets: float (m, dim), of length 1: the photos that queries are told from.
        groups: int64 (m, 2): what a photo is (rows of one number are the same photo), and what it is as good as
            (photos of one number answer alike).
        own: int64 (n,): the row of the photo that each query must find.
        scale: what cosines are multiplied by.

    Returns:
        The mean over queries, a scalar, float32.
    """
    logits = scale * (queries.float() @ targets.float().T)
    photo, kind = groups[:, 0], groups[:, 1]
    alike = (kind[own, None] == kind[None, :]) | (photo[own, None] == photo[None, :])
    places = torch.arange(len(targets), device=targets.device)
    numbers = photo.unique(return_inverse=True)[1]
    first = torch.full_like(photo, len(photo)).scatter_reduce(0, numbers, places, "amin")
    again = first[numbers] != places  # a photo that an earlier row has
    gone = (alike | again[None, :]).scatter(1, own[:, None], False)
    return cross_entropy(logits.masked_fill(gone, float("-inf")), own)

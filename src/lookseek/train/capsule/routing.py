"""Dynamic routing between capsules. Source: Sabour et al., Dynamic Routing Between Capsules, NIPS 2017, procedure 1."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["route", "squash"]

TINY = 1e-8


def squash(vectors: Tensor) -> Tensor:
    """Return vectors of the same direction, float (..., dim), whose lengths l became l² / (1 + l²), below 1."""
    square = (vectors**2).sum(-1, keepdim=True)
    return square / (1 + square) * vectors / torch.sqrt(square + TINY)


def route(votes: Tensor, rounds: int) -> Tensor:
    """Return the capsules that votes agree on, float (n, classes, dim).

    The logits of who belongs to whom are accumulated over the rounds; the original of the retrieval network overwrites
    them in each.

    Args:
        votes: what each capsule below says of each class, float (n, below, classes, dim).
        rounds: >= 1.
    """
    logits = torch.zeros(votes.shape[:3], dtype=votes.dtype, device=votes.device)
    found = squash(torch.einsum("nbc,nbcd->ncd", logits.softmax(2), votes))
    for _ in range(rounds - 1):
        logits = logits + torch.einsum("nbcd,ncd->nbc", votes.detach(), found.detach())
        found = squash(torch.einsum("nbc,nbcd->ncd", logits.softmax(2), votes))
    return found

"""Losses of similarity by name, as pytorch-metric-learning has them. All compare vectors of length 1."""

from __future__ import annotations

from pytorch_metric_learning import distances, losses, miners
from torch import Tensor, nn

from .settings import MetricSettings

__all__ = ["SimilarityLoss"]

TEMPERATURE = 0.1
"""Of SupCon. Source: Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, section 4."""

ARCFACE_SCALE = 16.0
"""Ours: the paper's 64 is for a hundred thousand faces; with few items it leaves no gradient."""

MULTI_SIMILARITY = 2.0, 40.0, 0.5
"""alpha, beta, base. Source: Wang et al., Multi-Similarity Loss, CVPR 2019, section 5.1 (beta 40 in the authors' code,
50 in the text)."""


class SimilarityLoss(nn.Module):
    """A loss over vectors and the groups that they belong to; what it learns beside (proxies) are its parameters.

    Args:
        settings: which loss, and its margin.
        groups: how many there are: items, and categories behind them; of proxies one each.
    """

    def __init__(self, settings: MetricSettings, groups: int) -> None:
        super().__init__()
        euclid = distances.LpDistance(normalize_embeddings=True, p=2)
        triplet = losses.TripletMarginLoss(margin=settings.margin, distance=euclid)
        alpha, beta, base = MULTI_SIMILARITY
        dim = settings.dim
        self.miner = None
        if settings.loss == "triplet":
            self.loss = triplet
        elif settings.loss == "triplet-semi-hard":
            self.loss = triplet
            self.miner = miners.TripletMarginMiner(settings.margin, type_of_triplets="semihard", distance=euclid)
        elif settings.loss == "triplet-hard":
            self.loss = triplet
            self.miner = miners.BatchHardMiner(distance=euclid)
        elif settings.loss == "contrastive":
            self.loss = losses.ContrastiveLoss(pos_margin=0.0, neg_margin=settings.margin, distance=euclid)
        elif settings.loss == "multi-similarity":
            self.loss = losses.MultiSimilarityLoss(alpha=alpha, beta=beta, base=base)
            self.miner = miners.MultiSimilarityMiner(epsilon=0.1)
        elif settings.loss == "proxy-anchor":
            self.loss = losses.ProxyAnchorLoss(groups, dim)
        elif settings.loss == "arcface":
            self.loss = losses.ArcFaceLoss(groups, dim, scale=ARCFACE_SCALE)
        else:
            self.loss = losses.SupConLoss(temperature=TEMPERATURE)

    def forward(self, vectors: Tensor, groups: Tensor) -> Tensor:
        """Return the loss, a scalar.

        Args:
            vectors: float32 (n, dim).
            groups: int64 (n,).
        """
        pairs = None if self.miner is None else self.miner(vectors, groups)
        found: Tensor = self.loss(vectors, groups, pairs)
        return found if found.requires_grad else found + 0 * vectors.sum()  # no pair of the batch teaches

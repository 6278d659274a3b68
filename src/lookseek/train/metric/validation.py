"""How well an embedding finds on val: photos of one item find each other, and classes are named rightly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from ...vectors import unit
from .item_photo import ItemPhoto

__all__ = ["ValPhotos", "category_numbers", "embed", "needs_views", "recall_figures", "val_figures"]

_CHUNK = 1024
"""Questions that are ranked together."""

Inputs = Callable[[], Iterator[Tensor]]


@dataclass(frozen=True, slots=True)
class ValPhotos:
    """What is measured.

    Args:
        inputs: yields all photos of val, in batches as the network takes them.
        views: yields a view of each where no two photos of val are of one item: then the views ask; else None.
        items: what should be found, int64 (n,); -1 for a photo that neither asks nor is right.
        categories: number of each photo's class among those of train, int64 (n,); -1: unknown.
    """

    inputs: Inputs
    views: Inputs | None
    items: NDArray[np.int64]
    categories: NDArray[np.int64]

    @classmethod
    def of(cls, shown: Sequence[ItemPhoto], categories: Sequence[str], inputs: Inputs, views: Inputs) -> ValPhotos:
        """Return photos of val; without any item, those of one category should find each other.

        Args:
            shown: the photos.
            categories: of train.
            inputs: of the photos.
            views: of a view of each.
        """
        names = [photo.item for photo in shown]
        names = names if any(names) else [photo.category for photo in shown]
        numbers = {name: number for number, name in enumerate(sorted(set(names) - {""}))}
        items = np.array([numbers.get(name, -1) for name in names], np.int64)
        return cls(inputs, views if needs_views(shown) else None, items, category_numbers(shown, categories))


def needs_views(shown: Sequence[ItemPhoto]) -> bool:
    """Return whether no two photos are of one item, so that only their views can find them."""
    named = any(photo.item for photo in shown)
    counts = Counter(photo.item if named else photo.category for photo in shown)
    return not any(count > 1 for name, count in counts.items() if name)


def category_numbers(shown: Sequence[ItemPhoto], categories: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each photo's class, int64 (n,); -1 where it is unknown."""
    place = {name: number for number, name in enumerate(categories)}
    return np.array([place.get(photo.category, -1) for photo in shown], np.int64)


def embed(
    fabric: Fabric, network: nn.Module, inputs: Iterator[Tensor]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return embeddings of length 1, float32 (n, dim), and the class named first, int64 (n,), -1 without a class layer.

    Args:
        fabric: launched.
        network: in any mode; it is in evaluation mode after that.
        inputs: batches, as ``MetricNetwork.embed`` takes them.
    """
    network.eval()
    vectors, classes = [], []
    with torch.no_grad(), fabric.autocast():
        for batch in inputs:
            some, logits = network(fabric.to_device(batch))
            vectors.append(some.float().cpu())
            classes.append(logits.argmax(1).cpu() if logits.shape[1] else torch.full((len(some),), -1))
    return unit(torch.cat(vectors).numpy()), torch.cat(classes).numpy()


def val_figures(fabric: Fabric, network: nn.Module, val: ValPhotos) -> dict[str, float]:
    """Return recall@1 and recall@10 of items, and the accuracy of classes over all photos that have one."""
    gallery, named = embed(fabric, network, val.inputs())
    asking = None if val.views is None else embed(fabric, network, val.views())[0]
    figures = recall_figures(gallery, val.items, asking)
    known = val.categories >= 0
    if known.any() and (named >= 0).any():
        figures["val_accuracy"] = float((named == val.categories)[known].mean())
    return figures


def recall_figures(
    gallery: NDArray[np.float32], items: NDArray[np.int64], asking: NDArray[np.float32] | None = None
) -> dict[str, float]:
    """Return the shares of photos that find another one of their item among the 1 and the 10 nearest.

    Args:
        gallery: float32 (n, dim), of length 1. A photo never finds itself.
        items: int64 (n,); -1 of no item.
        asking: views that ask in place of the photos, each for its own photo, float32 (n, dim).
    """
    counts = np.bincount(items[items >= 0], minlength=1)
    can_ask = items >= 0 if asking is not None else (items >= 0) & (counts[np.maximum(items, 0)] > 1)
    rows = np.flatnonzero(can_ask)
    if not len(rows):
        return {"val_recall@1": float("nan"), "val_recall@10": float("nan")}
    found = np.zeros((len(rows), 2))
    depth = min(10, len(gallery))
    for at in range(0, len(rows), _CHUNK):
        own = rows[at : at + _CHUNK]
        scores = (gallery if asking is None else asking)[own] @ gallery.T
        if asking is None:
            scores[np.arange(len(own)), own] = -np.inf
        best = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
        order = np.take_along_axis(-scores, best, 1).argsort(1, kind="stable")
        right = items[np.take_along_axis(best, order, 1)] == items[own, None]
        found[at : at + len(own)] = np.stack([right[:, 0], right.any(1)], axis=1)
    return {"val_recall@1": float(found[:, 0].mean()), "val_recall@10": float(found[:, 1].mean())}

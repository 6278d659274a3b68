"""Average precision of boxes: the found boxes in order of confidence, each right if it covers a true one that is free.

Source: Everingham et al., The PASCAL Visual Object Classes Challenge, IJCV 2010; the area below the precision-recall
curve as of 2010, precision made monotone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import Box, Region

__all__ = ["BoxMatches", "average_precision", "box_iou", "match_boxes"]


@dataclass(frozen=True, slots=True)
class BoxMatches:
    """The boxes of one kind in one photo.

    Args:
        scores: of the found boxes.
        right: whether each is right.
        true: how many true boxes there are.
    """

    scores: tuple[float, ...]
    right: tuple[bool, ...]
    true: int


def box_iou(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, 0 to 1.

    >>> box_iou(Box(0, 0, 2, 2), Box(1, 0, 2, 2))
    0.3333333333333333
    """
    across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    both = max(0.0, across) * max(0.0, down)
    return both / (a.width * a.height + b.width * b.height - both)


def match_boxes(found: Sequence[Region], true: Sequence[Region], least: float = 0.5) -> BoxMatches:
    """Return which found boxes of a photo are right; a true box counts once, for the surest that covers it.

    Args:
        found: of one kind.
        true: of the same kind.
        least: intersection over union from which on a box covers another.
    """
    free = list(true)
    scores, right = [], []
    for region in sorted(found, key=lambda each: -each.score):
        covered = [box_iou(region.box, other.box) for other in free]
        best = int(np.argmax(covered)) if covered else -1
        hit = best >= 0 and covered[best] >= least
        if hit:
            del free[best]
        scores.append(region.score)
        right.append(hit)
    return BoxMatches(tuple(scores), tuple(right), len(true))


def average_precision(photos: Sequence[BoxMatches]) -> float:
    """Return the area below the precision-recall curve of all photos; not a number where nothing is true.

    >>> round(average_precision([BoxMatches((0.9, 0.8), (True, False), 2), BoxMatches((0.7,), (True,), 1)]), 4)
    0.5556
    """
    true = sum(photo.true for photo in photos)
    if not true:
        return float("nan")
    scores: NDArray[np.float64] = np.array([score for photo in photos for score in photo.scores], np.float64)
    right = np.array([hit for photo in photos for hit in photo.right], bool)[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    monotone = np.maximum.accumulate(precision[::-1])[::-1]
    return float((monotone * right).sum() / true)

"""The shape of an index's photos, which decides the shape of the boxes that a page shows them in."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from .. import images
from ..errors import ItemError
from ..types import Photo, Point

__all__ = ["Shape", "most_common_shape"]

Shape: TypeAlias = Literal["tall", "square", "wide"]

_RATIOS: Mapping[Shape, float] = {"tall": 3 / 4, "square": 1.0, "wide": 4 / 3}
"""Width by height."""


def most_common_shape(points: Sequence[Point], photos: Callable[[Sequence[str]], list[Photo | None]]) -> Shape:
    """Return the shape nearest to most of some items' photos; tall where none can be read.

    Args:
        points: the items.
        photos: returns the photos of sources, as ``Place.photos`` does.
    """
    counts: Counter[Shape] = Counter()
    for photo in photos([point.source for point in points]):
        with contextlib.suppress(ItemError):
            if photo is not None:
                width, height = images.size(photo)
                counts[min(_RATIOS, key=lambda shape: abs(math.log(_RATIOS[shape] * height / width)))] += 1
    return counts.most_common(1)[0][0] if counts else "tall"

"""Compares two garments region by region: which differ, and how alike they are without the regions that differ most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .geometry import REGIONS
from .model import GarmentRegions

__all__ = ["FOUND", "NOTHING", "RegionMatch", "compare_regions"]

NOTHING = -1.0
"""Cosine of a region that one garment has and the other has not."""

FOUND = 0.5
"""How likely a region is found in both photos from which on a verdict on it is claimed. Source: val of drawn-copied and
of myntra-copied (docs/decisions/copies.md)."""

_LEFT, _RIGHT = REGIONS.index("left sleeve"), REGIONS.index("right sleeve")


@dataclass(frozen=True, slots=True)
class RegionMatch:
    """Two garments, compared.

    Args:
        cosines: by region of the query's garment, -1 to 1; regions that neither has are left out.
        mirrored: whether each sleeve was compared with the other garment's opposite one, since that fits better: photos
            may be mirrored.
        differing: regions below their thresholds.
        likely: by region, how likely it is found in the photo where it is less likely, 0 to 1.
    """

    cosines: Mapping[str, float]
    mirrored: bool
    differing: tuple[str, ...]
    likely: Mapping[str, float]

    def verdict(self, region: str) -> bool | None:
        """Return whether a region differs; None for "not sure", where it is not found well enough.

        >>> match = RegionMatch(
        ...     {"collar": 0.1, "waist": 0.1}, False, ("collar", "waist"), {"collar": 0.8, "waist": 0.2}
        ... )
        >>> match.verdict("collar"), match.verdict("waist")
        (True, None)
        """
        return region in self.differing if self.likely[region] >= FOUND else None

    def kept(self, without: int) -> tuple[str, ...]:
        """Return the regions that a score counts, the likest first: all but so many, and one at the least."""
        order = sorted(self.cosines, key=lambda name: -self.cosines[name])
        return tuple(order[: max(1, len(order) - without)])

    def score(self, without: int) -> float:
        """Return the mean cosine without the regions that differ most.

        So a region that was changed, however much, doesn't hide that the others are the same.

        Args:
            without: how many regions are left out, >= 0; one is always kept.

        >>> RegionMatch({"collar": 1.0, "chest": -0.5, "waist": 0.8}, False, (), {}).score(1)
        0.9
        """
        kept = self.kept(without)
        return sum(self.cosines[name] for name in kept) / len(kept)


def compare_regions(query: GarmentRegions, other: GarmentRegions, thresholds: Mapping[str, float]) -> RegionMatch:
    """Compare two garments.

    Args:
        query: whose regions are named.
        other: that it is compared with.
        thresholds: region to the cosine below which it differs.
    """
    products = np.clip(query.vectors @ other.vectors.T, -1, 1).tolist()
    mine, theirs = query.there.tolist(), other.there.tolist()

    def cosine(row: int, column: int) -> float | None:
        if mine[row] and theirs[column]:
            return float(products[row][column])
        return NOTHING if mine[row] or theirs[column] else None

    straight = [cosine(row, row) for row in range(len(REGIONS))]
    crossed = [*straight[:_LEFT], cosine(_LEFT, _RIGHT), cosine(_RIGHT, _LEFT)]
    mirrored = sum(map(_known, crossed[_LEFT:])) > sum(map(_known, straight[_LEFT:]))
    found = zip(REGIONS, crossed if mirrored else straight, strict=True)
    cosines = {name: each for name, each in found if each is not None}
    differing = tuple(name for name, each in cosines.items() if each < thresholds[name])
    order = [*range(_LEFT), _RIGHT, _LEFT] if mirrored else list(range(len(REGIONS)))
    likely = dict(zip(REGIONS, np.minimum(query.likely, other.likely[order]).tolist(), strict=True))
    return RegionMatch(cosines, mirrored, differing, likely)


def _known(cosine: float | None) -> float:
    return 0.0 if cosine is None else cosine

"""The five regions of a drawn garment whose cloth can be another than the garment's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .chance import Dice
from .fabric import Cloth, choose_cloth
from .garment import Cut
from .tailor import UPRIGHT, Garment, Panel

__all__ = ["REGIONS", "region_cloths", "region_key", "with_patches"]

REGIONS = ("collar", "chest", "waist", "left sleeve", "right sleeve")
"""Left and right as the picture shows a garment that lies upright and is not mirrored."""


def region_key(region: str) -> str:
    """Return the attribute that holds the cloth of a region, such as "red striped"; absent, it is the garment's own."""
    return f"cloth of {region}"


def region_cloths(attributes: Mapping[str, str], seed: int) -> dict[str, Cloth]:
    """Return the cloths of regions that have another than the garment.

    Args:
        attributes: of the item.
        seed: of the catalogue.
    """
    cloths = {}
    for region in REGIONS:
        if cloth := attributes.get(region_key(region)):
            colour, pattern = cloth.split()
            wanted = {"category": attributes["category"], "colour": colour, "pattern": pattern}
            cloths[region] = choose_cloth(wanted, Dice("region", seed, attributes["item"], region, cloth))
    return cloths


def with_patches(garment: Garment, cut: Cut, attributes: Mapping[str, str]) -> Garment:
    """Return a garment with a patch on the chest and a belt, where those have a cloth of their own.

    Args:
        garment: without them.
        cut: its measures.
        attributes: of the item.
    """
    (wx, wy), y = cut.waist, max(cut.neck[1] + 0.06, 0.50)
    outlines = {
        "chest": [(-0.42, y), (0.42, y), (0.42, 1.10), (-0.42, 1.10)],
        "waist": [(-wx * 0.97, wy - 0.15), (wx * 0.97, wy - 0.15), (wx * 0.98, wy + 0.13), (-wx * 0.98, wy + 0.13)],
    }
    patches = [
        Panel("patch", np.array(outline), np.zeros(2), UPRIGHT, region)
        for region, outline in outlines.items()
        if region_key(region) in attributes
    ]
    place = 1 + max(row for row, panel in enumerate(garment.panels) if panel.name == "torso")
    panels = (*garment.panels[:place], *patches, *garment.panels[place:])
    return replace(garment, panels=panels) if patches else garment

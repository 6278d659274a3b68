"""The ground truth of each drawn photo, computed without drawing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...errors import CatalogueError
from ...types import Box
from .background import BACKGROUNDS
from .chance import Dice, deck
from .designs import designs
from .garment import Points, choose_cut
from .regions import with_patches
from .tailor import Garment, sew
from .view import VIEWS, View, fit_view, make_view

__all__ = ["SIDE", "DrawnItem", "drawn_specs", "lay_out", "make_item"]

SIDE = 320
"""Pixels along a side of the picture that boxes and landmarks are given for."""


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """One drawn photo and its ground truth.

    Args:
        id: unique in the catalogue.
        item_id: the design; all its views share it.
        view: how the design is photographed, one of ``VIEWS``.
        attributes: category, colour, pattern, sleeve, neckline, length, item, view, background.
        box: the garment, hanger and shadow not counted, in pixels of a picture of ``SIDE``.
        landmarks: name to x, y in the same pixels: collar_left, collar_right, collar_centre, shoulder_left,
            shoulder_right, sleeve_left, sleeve_right (middle of the sleeve's end), waist_left, waist_right,
            hem_left, hem_right. Left is the left in the picture with the garment upright. A point that the
            garment does not have, such as the sleeves of a sleeveless one, is absent.
        seed: of the catalogue.
    """

    id: str
    item_id: str
    view: str
    attributes: Mapping[str, str]
    box: Box
    landmarks: Mapping[str, tuple[float, float]]
    seed: int

    def scaled_to(self, size: int) -> DrawnItem:
        """Return the same item with box and landmarks in pixels of a picture of ``size``, not ``SIDE``."""
        factor = size / SIDE
        box = Box(*(factor * n for n in (self.box.x, self.box.y, self.box.width, self.box.height)))
        return replace(self, box=box, landmarks={k: (x * factor, y * factor) for k, (x, y) in self.landmarks.items()})


def lay_out(photo: str, attributes: Mapping[str, str], seed: int) -> tuple[Garment, View]:
    """Return the garment of a photo and how it lies.

    Args:
        photo: its id.
        attributes: its attributes.
        seed: of the catalogue.
    """
    lay = Dice("lay", seed, photo)
    cut = choose_cut(attributes, Dice("cut", seed, attributes["item"]), lay)
    garment = with_patches(sew(cut, lay), cut, attributes)
    view = make_view(attributes["view"], cut.hem[1], lay)
    return garment, fit_view(view, [panel.outline for panel in garment.panels], lay)


def drawn_specs(items: int = 60, views: int = 3, seed: int = 0) -> list[DrawnItem]:
    """Return the truth of a whole catalogue, without drawing it.

    Args:
        items: how many designs, >= 0.
        views: photos of each design, >= 1; above six the kinds of view repeat, laid out differently.
        seed: any integer; another seed gives another catalogue.

    Returns:
        ``items * views`` photos, all views of a design side by side.

    Raises:
        CatalogueError: a number outside its range.
    """
    if items < 0 or views < 1:
        raise CatalogueError(
            f"a drawn catalogue can't have {items} items in {views} views: give items >= 0 and views >= 1"
        )
    specs = []
    for design in designs(items, seed):
        dice = Dice("views", seed, design["item"])
        kinds, grounds = deck(dice, VIEWS), deck(dice, BACKGROUNDS)
        for number in range(views):
            kind = next(kinds)
            ground = dice.pick(("wall", "studio")) if kind == "hanger" else next(grounds)
            attributes = design | {"view": kind, "background": ground}
            specs.append(make_item(f"{design['item']}-{number + 1}", attributes, seed))
    return specs


def make_item(photo: str, attributes: Mapping[str, str], seed: int) -> DrawnItem:
    """Return one photo with given attributes, as ``drawn_specs`` makes many.

    Args:
        photo: its id; another id lies otherwise.
        attributes: all that ``DrawnItem`` names.
        seed: any integer.
    """
    garment, view = lay_out(photo, attributes, seed)
    corners = np.concatenate([view.project(panel.outline) for panel in garment.panels]) * SIDE
    points = {_seen(name, view): _pixel(view.project(point[None])[0]) for name, point in garment.landmarks.items()}
    corners = np.concatenate([corners, np.array(list(points.values()))])  # a curve's tip may lie between its corners
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    box = Box(float(left), float(top), float(right - left), float(bottom - top))
    return DrawnItem(photo, attributes["item"], attributes["view"], attributes, box, points, seed)


def _seen(name: str, view: View) -> str:
    """Return the name of a landmark as the picture shows it: a mirror swaps left and right."""
    if view.name != "mirrored":
        return name
    swap = {"left": "right", "right": "left"}
    part, side = name.split("_")
    return f"{part}_{swap.get(side, side)}"


def _pixel(point: Points) -> tuple[float, float]:
    return float(point[0]) * SIDE, float(point[1]) * SIDE

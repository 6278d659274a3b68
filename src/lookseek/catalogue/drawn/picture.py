"""A drawn photo: the garment, lit and put on its background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ...errors import CatalogueError
from ...types import Pixels
from .background import background
from .canvas import FINE, GarmentCanvas
from .chance import Dice
from .fabric import choose_cloth
from .light import apply_light, cast_shadow, falloff, shading
from .regions import region_cloths
from .truth import SIDE, DrawnItem, lay_out

__all__ = ["check_size", "draw", "garment_mask"]


def draw(spec: DrawnItem, size: int = SIDE) -> Pixels:
    """Draw one photo.

    Args:
        spec: what to draw, from ``drawn_specs``.
        size: pixels along a side, 32 to 2,048; ``spec.scaled_to(size)`` has box and landmarks for it.

    Returns:
        uint8 (size, size, 3), the same for the same spec every time.

    Raises:
        CatalogueError: a size outside its range.
    """
    check_size(size)
    garment, view = lay_out(spec.id, spec.attributes, spec.seed)
    dice = Dice("light", spec.seed, spec.id)
    canvas = GarmentCanvas(view, choose_cloth(spec.attributes, Dice("cloth", spec.seed, spec.item_id)), size)
    cloths = region_cloths(spec.attributes, spec.seed)
    for place, panel in enumerate(garment.panels):
        if place == garment.behind and spec.view == "hanger":
            canvas.draw_hanger(float(garment.landmarks["collar_right"][0]))
        canvas.draw_panel(panel, Dice("pattern", spec.seed, spec.item_id, panel.name), cloths.get(panel.region))
    for seam in garment.seams:
        canvas.draw_seam(seam)
    for stitch in garment.stitches:
        canvas.draw_stitches(stitch)
    canvas.draw_buttons(garment.buttons)
    cover, tone = canvas.finish()
    cloth = apply_light(tone, shading(garment.folds, view, cover, dice))
    scene = background(spec.attributes["background"], Dice("ground", spec.seed, spec.id), size)
    scene = cast_shadow(scene, cover)
    scene += (cloth - scene) * (np.asarray(cover, np.float32) / 255)[..., None]
    scene *= falloff(size, view, dice)
    return np.asarray(np.clip(scene + 0.5, 0, 255), np.uint8)


def garment_mask(spec: DrawnItem, size: int = SIDE) -> NDArray[np.uint8]:
    """Return where the garment is, without its hanger.

    Args:
        spec: from ``drawn_specs``.
        size: pixels along a side, 32 to 2,048.

    Returns:
        uint8 (size, size): 0 outside, 255 inside, values between along the edge.

    Raises:
        CatalogueError: a size outside its range.
    """
    check_size(size)
    garment, view = lay_out(spec.id, spec.attributes, spec.seed)
    cover = Image.new("L", (size * FINE, size * FINE))
    pen = ImageDraw.Draw(cover)
    for panel in garment.panels:
        pen.polygon(np.rint(view.project(panel.outline) * size * FINE - 0.5).ravel().tolist(), fill=255)
    return np.asarray(cover.reduce(FINE))


def check_size(size: int) -> None:
    """Raise a CatalogueError if a picture can't be drawn at a size."""
    if not 32 <= size <= 2048:
        raise CatalogueError(f"a drawn photo of {size} pixels a side is out of range: choose 32 to 2,048")

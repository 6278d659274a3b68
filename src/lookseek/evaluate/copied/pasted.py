"""A shop's photos and copies of them, synthetic: regions are pasted from other photos of the shop.

A copy is the photo itself in another view: cut closer, lighter or darker, every second one mirrored. In one with
changed regions each of them shows the same region of a garment of its type in another colour, warped to its place and
cut by the masks of both garments. Where a region lies is told by the model that is measured, since no photo of the shop
has landmarks: so its figures hold where it finds the regions at all. Distractors are of the same type, and of the same
colour where the shop has enough. Masks: the parser that ships.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from ... import images
from ...catalogue.drawn.chance import Dice, deck
from ...catalogue.myntra import MyntraItem, read_catalogue
from ...encode.garments.parser import GarmentParser, load_parser
from ...encode.regions import REGIONS, GarmentRegions, RegionEncoder
from ...errors import ItemError, QueryError
from ...types import Pixels
from .asked import AskedDesign, CopyPhoto, DesignPhoto

__all__ = ["pasted_designs"]

_SIDE = 320
"""Pixels of the longer side: what the model of regions takes. Photos of 60 x 80 are enlarged."""
_CHANGES = (0, 1, 2)
_REGIONS = 3
"""Regions that are prepared: the copy with one change and the one with two share at most one."""
_DONORS = 12
"""Photos that are tried for a region."""
_COVERED = 0.5
"""Least share of a region in which both garments are."""
_SEEN = 30.0
"""Least mean difference, of 255 levels, that a change makes in the part it covers: less is hardly seen."""

Mask = NDArray[np.bool_]
T = TypeVar("T")


class _Garment(NamedTuple):
    """A photo with what is needed to paste from and to."""

    pixels: Pixels
    mask: Mask
    regions: GarmentRegions

    def places(self, region: str) -> NDArray[np.float64]:
        """Places of a region in pixels, float64 (n, 2)."""
        height, width = self.mask.shape
        return np.asarray(self.regions.points[REGIONS.index(region)] * (width, height))


class _Shop:
    """The garments of the upper body of a split, by type and colour, decoded and parsed when they are needed."""

    def __init__(self, items: Sequence[MyntraItem], encoder: RegionEncoder, parser: GarmentParser) -> None:
        self.items = [item for item in items if item.category]
        self.of_type: dict[str, list[MyntraItem]] = defaultdict(list)
        for item in self.items:
            self.of_type[item.article_type].append(item)
        self._encoder, self._parser = encoder, parser
        self._seen: dict[str, _Garment | None] = {}

    def garment(self, item: MyntraItem) -> _Garment | None:
        """None where the photo is broken or the parser finds no garment of the upper body."""
        if item.id not in self._seen:
            self._seen[item.id] = self._look(item)
        return self._seen[item.id]

    def _look(self, item: MyntraItem) -> _Garment | None:
        try:
            pixels = decoded(item)
        except ItemError:
            return None
        parsed = self._parser.parse(pixels)
        worn = [row for row, name in enumerate(parsed.names, 1) if name in ("top", "outer", "dress")]
        mask = np.isin(parsed.at_photo_size(), worn)
        return _Garment(pixels, mask, self._encoder.encode(pixels)) if mask.any() else None


def pasted_designs(
    folder: Path, split: str, encoder: RegionEncoder, designs: int, others: int
) -> Iterator[AskedDesign]:
    """Yield designs of a shop with copies of 0, 1 and 2 changed regions.

    Args:
        folder: laid out like ``myntra``.
        split: e.g. val or test.
        encoder: tells where regions lie.
        designs: how many at the most, each of a design of its own; photos on which no two regions can be changed are
            passed over.
        others: distractors of each, >= 1.

    Raises:
        CatalogueError: the folder can't be read.
        QueryError: not one photo can be used.
    """
    shop = _Shop(read_catalogue(folder, split), encoder, load_parser())
    dice, used, made = Dice("pasted", split), set[str](), 0
    for item in deck_once(dice, shop.items):
        if made == designs:
            return
        if item.design in used or (one := _design(shop, item, others)) is None:
            continue
        used.add(item.design)
        made += 1
        yield one
    if not made:
        raise QueryError(
            f"{folder} has no photo in its split {split} on which two regions of a garment of the upper body can be "
            "changed: it needs items of the categories dress, shirt or toptee in several colours"
        )


def decoded(item: MyntraItem) -> Pixels:
    """Return an item's photo, its longer side 320 pixels.

    Raises:
        ItemError: it is broken.
    """
    photo = Image.fromarray(images.decode(item.image))
    times = _SIDE / max(photo.size)
    size = max(1, round(photo.width * times)), max(1, round(photo.height * times))
    return np.asarray(photo.resize(size, Image.Resampling.BICUBIC))


def deck_once(dice: Dice, items: Sequence[T]) -> Iterator[T]:
    """Yield every one once, in an order of chance."""
    dealt = deck(dice, items)
    return (next(dealt) for _ in items)


def _design(shop: _Shop, item: MyntraItem, others: int) -> AskedDesign | None:
    dice, garment = Dice("pasted", item.id), shop.garment(item)
    alike = [other for other in shop.of_type[item.article_type] if other.design != item.design]
    if garment is None or len(alike) < others:
        return None
    patches = _patches(shop, item, garment, alike, dice)
    if len(patches) < max(_CHANGES):
        return None
    copies = []
    for number, count in enumerate(_CHANGES):
        changed = dict(list(patches.items())[-count:] if count else [])
        pixels = _view(
            _changed(garment.pixels, list(changed.values())), Dice("pasted", item.id, number), number % 2 == 1
        )
        copies.append(
            CopyPhoto(DesignPhoto(f"{item.id}-copy-{number}", partial(np.asarray, pixels)), frozenset(changed))
        )
    dealt = list(deck_once(dice, alike))
    near = sorted(dealt, key=lambda other: other.base_colour != item.base_colour)[:others]
    strangers = tuple(DesignPhoto(f"{item.id}-other-{n}", partial(decoded, o)) for n, o in enumerate(near))
    return AskedDesign(DesignPhoto(item.id, partial(decoded, item)), tuple(copies), strangers)


class _Patch(NamedTuple):
    """What is pasted: pixels, and how much of each counts, float32 0 to 1."""

    pixels: Pixels
    share: NDArray[np.float32]


def _patches(
    shop: _Shop, item: MyntraItem, garment: _Garment, alike: Sequence[MyntraItem], dice: Dice
) -> Mapping[str, _Patch]:
    """Return what changes a region, of up to three of those that can be changed, in an order of chance."""
    found: dict[str, _Patch] = {}
    for region in deck_once(dice, REGIONS):
        if len(found) == _REGIONS:
            break
        if not garment.regions.there[REGIONS.index(region)]:
            continue
        donors = deck(dice, [other for other in alike if other.base_colour != item.base_colour] or list(alike))
        for donor in (next(donors) for _ in range(_DONORS)):
            patch = _patch(garment, shop.garment(donor), region)
            if patch is not None:
                found[region] = patch
                break
    return found


def _patch(garment: _Garment, donor: _Garment | None, region: str) -> _Patch | None:
    """Return a donor's region where the garment's is; None where that is mostly beside one of them or hardly seen."""
    if donor is None or not donor.regions.there[REGIONS.index(region)]:
        return None
    here, there = garment.places(region), donor.places(region)
    solved = np.linalg.lstsq(np.c_[here, np.ones(len(here))], there, rcond=None)[0]
    moved = (*solved[:, 0].tolist(), *solved[:, 1].tolist())
    size = garment.mask.shape[1], garment.mask.shape[0]
    warp = Image.Transform.AFFINE
    pixels = np.asarray(Image.fromarray(donor.pixels).transform(size, warp, moved, Image.Resampling.BICUBIC))
    worn = np.asarray(Image.fromarray(donor.mask).transform(size, warp, moved, Image.Resampling.NEAREST), bool)
    area = _area(here, size)
    covered = area & garment.mask & worn
    if covered.sum() < _COVERED * max(1, area.sum()):
        return None
    if np.abs(pixels.astype(np.float64) - garment.pixels)[covered].mean() < _SEEN:
        return None
    soft = Image.fromarray(np.where(covered, 255, 0).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.5))
    return _Patch(pixels, np.asarray(soft, np.float32) / np.float32(255))


def _area(points: NDArray[np.float64], size: tuple[int, int]) -> Mask:
    """Return the pixels of a region: its grid, half a step further at each side."""
    side = int(len(points) ** 0.5)
    grid = points.reshape(side, side, 2)
    down, across = (grid[1, 0] - grid[0, 0]) / 2, (grid[0, 1] - grid[0, 0]) / 2
    corners = (
        grid[0, 0] - down - across,
        grid[0, -1] - down + across,
        grid[-1, -1] + down + across,
        grid[-1, 0] + down - across,
    )
    drawn = Image.new("1", size)
    ImageDraw.Draw(drawn).polygon([(float(x), float(y)) for x, y in corners], fill=1)
    return np.asarray(drawn, bool)


def _changed(pixels: Pixels, patches: Sequence[_Patch]) -> Pixels:
    made = pixels.astype(np.float32)
    for patch in patches:
        made += (patch.pixels - made) * patch.share[..., None]
    return np.asarray(np.clip(made + 0.5, 0, 255), np.uint8)


def _view(pixels: Pixels, dice: Dice, mirrored: bool) -> Pixels:
    """Return another view of a photo: a window of 88 to 96 % of its sides, 15 % lighter to 15 % darker."""
    height, width = pixels.shape[:2]
    share = dice.between(0.88, 0.96)
    rows, columns = round(height * share), round(width * share)
    top, left = int(dice.unit() * (height - rows + 1)), int(dice.unit() * (width - columns + 1))
    window = pixels[top : top + rows, left : left + columns]
    lit = np.clip(window.astype(np.float32) * dice.between(0.85, 1.15) + 0.5, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(lit[:, ::-1] if mirrored else lit)

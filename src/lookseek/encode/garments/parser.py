"""From a photo to the kind of garment at each pixel, and to garments with a box each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import images
from ...types import Box, Pixels, Region
from ..map_model import MapModel
from .boxes import garment_regions
from .folder import DEFAULT_PARSER, PARSERS, ParserConfig, read_parser

__all__ = ["SURE", "GarmentParser", "ParsedPhoto", "load_parser"]

SURE = 0.4
"""Confidence from which on a garment is listed. Source: val of ccp (docs/decisions/garments.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class ParsedPhoto:
    """What a parser found.

    Args:
        kinds: uint8 (height, width) of the parser's input without its margins: 0 for no garment, else a kind's row + 1.
        sure: probability of that kind, float32, of the same shape.
        size: width and height of the photo.
        names: of the kinds.
    """

    kinds: NDArray[np.uint8]
    sure: NDArray[np.float32]
    size: tuple[int, int]
    names: tuple[str, ...]

    def regions(self, sure: float = SURE) -> tuple[Region, ...]:
        """Return the garments, the largest first, with boxes in pixels of the photo.

        Args:
            sure: least confidence, 0 to 1.
        """
        across, down = self.size[0] / self.kinds.shape[1], self.size[1] / self.kinds.shape[0]
        return tuple(
            Region(
                Box(one.box.x * across, one.box.y * down, one.box.width * across, one.box.height * down),
                one.label,
                one.score,
            )
            for one in garment_regions(self.kinds, self.names, self.sure)
            if one.score >= sure
        )

    def at_photo_size(self) -> NDArray[np.uint8]:
        """Return the kinds, uint8 (height, width) of the photo."""
        (width, height), (rows, columns) = self.size, self.kinds.shape
        down = ((np.arange(height) + 0.5) * rows / height).astype(np.intp)
        across = ((np.arange(width) + 0.5) * columns / width).astype(np.intp)
        return self.kinds[np.ix_(down, across)]


class GarmentParser:
    """A parser that is ready to run. Any thread may call.

    Args:
        config: what it says of itself.
        maps: its graph.
    """

    def __init__(self, config: ParserConfig, maps: MapModel) -> None:
        self.config, self._maps = config, maps

    @property
    def min_side(self) -> int:
        """See ``MapModel``."""
        return self._maps.min_side

    def parse(self, pixels: Pixels) -> ParsedPhoto:
        """Return the kind at each pixel.

        Args:
            pixels: uint8 (height, width, 3).

        Raises:
            ModelError: the graph fails, or gives another shape.
        """
        side, maps = self.config.side, self._maps.run(pixels)
        height, width = pixels.shape[:2]
        scale = min(side / width, side / height)
        w, h = (min(side, max(1, round(length * scale))) for length in (width, height))
        left, top = (side - w) // 2, (side - h) // 2
        cells = maps.shape[2] / side, maps.shape[1] / side
        part = (left * cells[0], top * cells[1], (left + w) * cells[0], (top + h) * cells[1])
        likely = images.resize_planes(maps, w, h, part)
        kinds = likely.argmax(0).astype(np.uint8)
        return ParsedPhoto(kinds, likely.max(0), (width, height), self.config.kinds)


def load_parser(
    name_or_path: str | Path = DEFAULT_PARSER, *, threads: int | None = None, single: bool = False
) -> GarmentParser:
    """Load a parser.

    Args:
        name_or_path: the shipped parser's name, or a folder that lookseek export made.
        threads: that parse at once, >= 1; None for as many as there are cores.
        single: True for a photo or two.

    Raises:
        ModelError: no such parser, a damaged folder, or a graph that can't be loaded.
    """
    config, found = read_parser(name_or_path)
    channels = len(config.kinds) + 1
    return GarmentParser(config, MapModel(PARSERS, found, config.side, channels, threads=threads, single=single))

"""A vector for each garment of a photo, beside the photo's own: trousers are found in a photo of a whole outfit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import images
from ..encode import Encoder
from ..encode.encoder import Prepared
from ..encode.garments import GarmentParser, load_parser
from ..types import Pixels, Region, Vector, Vectors

__all__ = ["MOST_GARMENTS", "GarmentEncoder", "PreparedGarments", "parser_version"]

MOST_GARMENTS = 12
"""Garments of one photo that are kept, the largest ones."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedGarments:
    """The garments of a photo, ready to be encoded.

    Args:
        fingerprint: of the photo.
        regions: where they are.
        inputs: of the model's tower, one a garment.
    """

    fingerprint: str
    regions: tuple[Region, ...]
    inputs: tuple[Prepared, ...]


class GarmentEncoder:
    """Finds the garments of photos and encodes each by itself.

    Args:
        image: the model's encoder of photos.
        parser: that finds them; None for the one that ships.
    """

    def __init__(self, image: Encoder, parser: GarmentParser | None = None) -> None:
        self._image, self._parser = image, load_parser() if parser is None else parser

    @property
    def version(self) -> str:
        """What finds the garments: an index keeps those of one version."""
        return parser_version(self._parser)

    def prepare(self, pixels: Pixels) -> PreparedGarments:
        """Find a photo's garments. Called from several threads at once.

        Args:
            pixels: of the whole photo, at its own size, uint8 (height, width, 3).
        """
        regions = self._parser.parse(pixels).regions()[:MOST_GARMENTS]
        inputs = tuple(self._image.prepare(images.crop(pixels, region.box)) for region in regions)
        return PreparedGarments(images.fingerprint(pixels), regions, inputs)

    def encode(self, garments: PreparedGarments, look: Vector) -> Vectors:
        """Return a vector for each garment, float32 (n, dim); that of the photo where it shows none.

        Args:
            garments: of the photo.
            look: the photo's own vector, float32 (dim,).
        """
        return self._image.encode(garments.inputs) if garments.inputs else np.ascontiguousarray(look[None])


def parser_version(parser: GarmentParser) -> str:
    """Return a parser's name with its checksum, as an index keeps it."""
    return f"{parser.config.name} {parser.config.checksum}"

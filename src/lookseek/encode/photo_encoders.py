"""The encoders of photos that an index needs, by the names of its vectors."""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from pathlib import Path

from .colour import ColourEncoder
from .encoder import Encoder
from .folder import read_folder
from .model import Model
from .response_colour import ResponseColourEncoder

__all__ = ["photo_encoders"]


def photo_encoders(model: Model, names: Container[str]) -> list[Encoder]:
    """Return the encoders whose vectors have one of these names, the model's first.

    Args:
        model: of the index.
        names: of its vectors.

    Raises:
        ModelError: the colour of the strongest cells is wanted, and the model's tower pools no map.
    """
    encoders: list[Encoder] = [encoder for encoder in (model.image, ColourEncoder()) if encoder.name in names]
    if ResponseColourEncoder.name in names:
        encoders.append(_response_colour(model.folder, model.checksum))
    return encoders


@lru_cache(maxsize=4)  # a loaded tower, which every query needs again
def _response_colour(folder: Path, checksum: str) -> ResponseColourEncoder:
    return ResponseColourEncoder(read_folder(folder))

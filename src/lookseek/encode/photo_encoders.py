"""The encoders of photos that an index needs, by the names of its vectors."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from .colour import ColourEncoder
from .encoder import Encoder
from .folder import read_folder
from .model import Model
from .pairs.encoder import is_pair_vector
from .pairs.load import load_pair_encoder
from .response_colour import ResponseColourEncoder

__all__ = ["photo_encoders"]


def photo_encoders(model: Model, names: Collection[str]) -> list[Encoder]:
    """Return the encoders whose vectors have one of these names, the model's first.

    Args:
        model: of the index.
        names: of its vectors.

    Raises:
        ModelError: cells or the colour of the strongest ones are wanted, and the model's tower pools no map, or the
            model has no matcher of pairs.
    """
    encoders: list[Encoder] = [encoder for encoder in (model.image, ColourEncoder()) if encoder.name in names]
    if ResponseColourEncoder.name in names:
        encoders.append(_response_colour(model.folder, model.checksum))
    if any(is_pair_vector(name) for name in names):
        encoders.append(load_pair_encoder(model))
    return encoders


@lru_cache(maxsize=4)  # a loaded tower, which every query needs again
def _response_colour(folder: Path, checksum: str) -> ResponseColourEncoder:
    return ResponseColourEncoder(read_folder(folder))

"""Encodes photos and texts into vectors.

    Photo ──decode──> Pixels ──prepare──> an encoder's input ──encode──> Vectors

``encode_photos`` runs these steps for a whole catalogue; a single query calls ``prepare`` and ``encode`` itself.
Runtimes are imported when a model is loaded, not before.
"""

from __future__ import annotations

from .colour import ColourEncoder
from .encoder import Composer, Encoder, Prepared, TextEncoder, TokenEncoder
from .model import Model, composer_of, load_model
from .photo_encoders import photo_encoders
from .pipeline import Encoded, encode_photos

__all__ = [
    "ColourEncoder",
    "Composer",
    "Encoded",
    "Encoder",
    "Model",
    "Prepared",
    "TextEncoder",
    "TokenEncoder",
    "composer_of",
    "encode_photos",
    "load_model",
    "photo_encoders",
]

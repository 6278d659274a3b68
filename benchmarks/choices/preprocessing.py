"""Which input size and which fitting: same-class figures on val for each model folder and each way to fit.

    for s in 224 260 288; do python scripts/make_default_model.py MODELS/$s --width $s --height $s --photos ...; done
    python -m benchmarks.choices.preprocessing MODELS/*

Prints a Markdown table; docs/decisions/encoder.md holds the one that the choice was made by.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks.choices.val import Photos, clothing, measure, myntra, similarities
from lookseek import images
from lookseek.encode.folder import read_folder
from lookseek.encode.prepare import Preprocessing, Resize, min_side, prepare
from lookseek.encode.runtime import Tower, cores, open_tower

CHUNK = 8


def embed(photos: Photos, tower: Tower, how: Preprocessing) -> tuple[np.ndarray, float]:
    """Vectors of all photos, and the milliseconds a photo that the tower alone took."""
    vectors, busy = [], 0.0
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(photos.photos), 64):
            inputs = list(
                pool.map(lambda p: prepare(images.decode(p, min_side(how)), how), photos.photos[start : start + 64])
            )
            began = time.perf_counter()
            vectors += [tower.run(np.stack(inputs[i : i + CHUNK])) for i in range(0, len(inputs), CHUNK)]
            busy += time.perf_counter() - began
    return np.concatenate(vectors), busy / len(photos.photos) * 1e3


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--runtime", choices=("onnxruntime", "openvino"))
    arguments = parser.parse_args()
    sets = [(clothing(), "category"), (myntra(1000, 5000), "type+colour")]
    for photos, rule in sets:
        print(f"{photos.name}: {photos.val.sum()} queries (val), gallery {(~photos.val).sum()} (train), {rule}")
    print(f"{date.today()}, seed 0\n\n| input | fit | clothing mAP@10 | P@10 | myntra mAP@10 | P@10 | ms a photo |")
    print("|---|---|---|---|---|---|---|")
    for model in arguments.models:
        folder = read_folder(model)
        tower = open_tower(folder.onnx, threads=None, single=False, runtime=arguments.runtime)
        for resize in get_args(Resize):
            how = replace(folder.config.preprocessing, resize=resize, crop=0.89 if resize == "crop" else 1.0)
            figures: list[str] = []
            for photos, rule in sets:
                vectors, milliseconds = embed(photos, tower, how)
                average, precision, _ = measure(similarities(vectors, photos.val), photos.labels[rule], photos.val)
                figures += [f"{average:.3f}", f"{precision:.3f}"]
            print(f"| {how.width} x {how.height} | {resize} | {' | '.join(figures)} | {milliseconds:.1f} |", flush=True)
    print(f"\n{tower.runtime} {tower.precision}, crop keeps .89 of the largest centred window")


if __name__ == "__main__":
    main()

"""8 bits against fp16: photos a second of both graphs, in turn, on both runtimes; how far their vectors are apart.

    python -m benchmarks.speed.quantise [--backbone efficientnet-lite2] [--photos DIR] [--rounds 9] [--write]

Needs ``pip install 'lookseek[fast,train]'``. DIR is the folder ``clothing`` of LOOKSEEK_DATA: 200 photos of train
calibrate, others of val ask, and train is the gallery, as ``lookseek export --int8`` has it.
"""

from __future__ import annotations

import argparse
import os
import platform
from datetime import date
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

from benchmarks.paths import DATA, PAGES
from benchmarks.progress import Stages
from lookseek.encode.prepare import Preprocessing
from lookseek.encode.runtime import cores
from lookseek.evaluate.result import short_commit, source_commit
from lookseek.train.classifier.export.map_change import measure_map_change
from lookseek.train.classifier.export.photos import shuffled
from lookseek.train.classifier.export.tower import to_onnx
from lookseek.train.classifier.network import build_network
from lookseek.train.export.graph import to_fp16
from lookseek.train.export.parity import PARITY_ROWS, installed_runtimes, open_graph, run_graph
from lookseek.train.export.photos import prepare_photos
from lookseek.train.export.quantise import CALIBRATION_PHOTOS, FP32_LAYERS, quantise_int8
from lookseek.train.export.speed import BATCH, CHUNK, measure_speed
from lookseek.train.labelled import read_labelled


def main() -> None:
    """Measures, prints and perhaps writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="efficientnet-lite2")
    parser.add_argument("--photos", type=Path, default=DATA / "clothing")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="also to docs/benchmarks/quantise.md")
    arguments = parser.parse_args()
    torch.set_num_threads(cores())
    how = Preprocessing(224, 224, "pad", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
    labelled = read_labelled(str(arguments.photos), "", Stages())
    train, val = (shuffled(labelled.splits[split], 0) for split in ("train", "val"))
    start = build_network(arguments.backbone, 2)
    graph = to_onnx(start.network, how.height, how.width)
    photos = prepare_photos((example.photo for example in train), how, CALIBRATION_PHOTOS, Stages())
    half, eight = to_fp16(graph), quantise_int8(graph, photos)
    load = os.getloadavg()[0]
    speed = measure_speed(
        {"fp16": half.SerializeToString(), "int8": eight.SerializeToString()}, photos[0], arguments.rounds
    )
    rows = []
    exact = run_graph(open_graph(graph), photos[:PARITY_ROWS])
    for runtime in installed_runtimes():
        before, after = speed.rates[runtime]["fp16"], speed.rates[runtime]["int8"]
        vectors = run_graph(open_graph(eight, runtime), photos[:PARITY_ROWS])
        lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(vectors, axis=1)
        apart = 1 - (exact * vectors).sum(1) / lengths
        rows.append(
            f"| {runtime} {metadata.version(runtime)} | {before[0]:.0f} ({before[1]:.0f} to {before[2]:.0f}) | "
            f"{after[0]:.0f} ({after[1]:.0f} to {after[2]:.0f}) | {after[0] / before[0]:.2f} | {apart.mean():.4f} | "
            f"{apart.max():.4f} |"
        )
    cost = measure_map_change((half, eight), how, val, train, 0, Stages())
    assert cost is not None
    d = cost.difference
    lines = [
        "# 8 bits against fp16",
        "",
        f"{date.today()}, {speed.processor}, {speed.cores} cores, Python {platform.python_version()}, lookseek commit "
        f"{short_commit(source_commit())}. {arguments.backbone} ({start.weights}), 224 x 224. Load of the machine "
        f"(average of the last minute) as the race began: {load:.1f}; other work ran beside it.",
        "",
        f"Photos a second, tower alone, batches of {BATCH} in chunks of {CHUNK}, {arguments.rounds} rounds in turn; "
        f"median (slowest to fastest). 1 - cosine to the fp32 graph in ONNX Runtime on {PARITY_ROWS} photos of train.",
        "",
        "| runtime | fp16 file (runs at fp32 or bf16) | int8 file | times | 1 - cosine, mean | worst |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        f"Same-class mAP@10 on clothing (val asks, {cost.queries} photos; train is the gallery, {cost.gallery:,}; ONNX "
        f"Runtime; seed 0): {cost.before.value:.4f} at fp16, {cost.after.value:.4f} at int8, difference {d.value:+.4f} "
        f"(95 % {d.low:+.4f} to {d.high:+.4f}, p = {cost.p:.2g}, paired bootstrap over photos).",
        "",
        f"Calibrated on {len(photos)} photos of train. The first {FP32_LAYERS} layers stay fp32: "
        "docs/decisions/encoder.md.",
        "",
        "Made by `python -m benchmarks.speed.quantise --write`.",
    ]
    print("\n".join(lines))
    if arguments.write:
        (PAGES / "quantise.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

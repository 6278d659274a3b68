"""The 8-bit graph of a network, and what it costs and gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from ....encode.head import Head
from ....encode.runtime import Runtime
from ....errors import TrainError
from ....progress import Progress
from ...export.parity import installed_runtimes, open_graph
from ...export.photos import prepare_photos
from ...export.quantise import CALIBRATION_PHOTOS, FP32_LAYERS, quantise_int8
from ...export.speed import Speed, measure_speed
from ...labelled import Example
from ..network import ClassifierNetwork
from ..run import ClassifierRun
from .map_change import MapChange, measure_map_change
from .parity import Parity, check_int8, measure_parity
from .photos import shuffled

__all__ = ["MIN_CALIBRATION", "Int8Graph", "int8_lines", "make_int8"]

MIN_CALIBRATION = 16
"""Training photos. The ranges of fewer say little of those to come."""


@dataclass(frozen=True, slots=True)
class Int8Graph:
    """An 8-bit graph with its figures.

    Args:
        graph: of the same input and output.
        calibrated: training photos whose ranges it has.
        kept: how many layers stay fp32.
        parity: with the network at fp32, by runtime.
        change: of mAP@10 from the graph stored as fp16; None where there are no photos of val to ask with.
        speed: of both graphs, ``fp16`` and ``int8``.
    """

    graph: onnx.ModelProto
    calibrated: int
    kept: int
    parity: Mapping[Runtime, Parity]
    change: MapChange | None
    speed: Speed


def int8_lines(made: Int8Graph) -> list[str]:
    """Return the figures for a person, a line each."""
    lines = [
        f"8 bits in {runtime}: 1 - cosine {same.mean:.1e} on average, {same.worst:.1e} at worst"
        for runtime, same in made.parity.items()
    ]
    if made.change:
        c, d = made.change, made.change.difference
        lines.append(
            f"same-class mAP@10, {c.queries:,} photos of val, gallery {c.gallery:,} of train: {c.before.value:.4f} at "
            f"fp16, {c.after.value:.4f} at int8, difference {d.value:+.4f} (95 % {d.low:+.4f} to {d.high:+.4f})"
        )
    for runtime, rates in made.speed.rates.items():
        before, after = rates["fp16"][0], rates["int8"][0]
        lines.append(f"{runtime}: {before:.0f} photos/s at fp16, {after:.0f} at int8 ({after / before:.1f} times)")
    return lines


def make_int8(
    run: ClassifierRun,
    network: ClassifierNetwork,
    head: Head,
    graphs: tuple[onnx.ModelProto, onnx.ModelProto],
    train: Sequence[Example],
    val: Sequence[Example],
    pixels: NDArray[np.uint8],
    progress: Progress,
) -> Int8Graph:
    """Make and measure an 8-bit graph.

    Args:
        run: the training.
        network: its best epoch.
        head: the network's last layer.
        graphs: of fp32, and stored as fp16.
        train: the training's photos in an order of chance.
        val: those of val.
        pixels: photos for the parity, as ``measure_parity`` takes them.
        progress: notified of every stage.

    Raises:
        TrainError: too few photos to calibrate with, or a graph that rounding has spoilt.
    """
    plain, half = graphs
    how = run.preprocessing
    progress.phase("reading photos to calibrate with", None)
    photos = prepare_photos((example.photo for example in train), how, CALIBRATION_PHOTOS, progress)
    if len(photos) < MIN_CALIBRATION:
        raise TrainError(
            f"8 bits are calibrated on training photos, of which {len(photos)} can be read and {MIN_CALIBRATION} are "
            f"needed: bring the data back to {run.data}, or export without --int8"
        )
    progress.phase("calibrating 8 bits", None)
    made = quantise_int8(plain, photos)
    same = {
        runtime: check_int8(measure_parity(network, open_graph(made, runtime), head, pixels), runtime)
        for runtime in installed_runtimes()
    }
    cost = measure_map_change((half, made), how, shuffled(val, run.settings.seed), train, run.settings.seed, progress)
    progress.phase("measuring the speed", None)
    speed = measure_speed({"fp16": half.SerializeToString(), "int8": made.SerializeToString()}, photos[0])
    return Int8Graph(made, len(photos), FP32_LAYERS, same, cost, speed)

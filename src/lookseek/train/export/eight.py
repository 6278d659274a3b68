"""The 8-bit graph of a network, and what it costs and gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from ...encode.head import Head
from ...encode.runtime import Runtime
from ...errors import TrainError
from ...progress import Progress
from ..classifier.network import Network
from ..classifier.run import ClassifierRun
from ..labelled import Example
from .change import Change, change
from .parity import Parity, checked_int8, opened, parity, runtimes
from .photos import shuffled, some
from .quantise import CALIBRATION, KEPT, quantised
from .speed import Speed, race

__all__ = ["LEAST", "Eight", "eight", "eight_lines"]

LEAST = 16
"""Training photos. The ranges of fewer say little of those to come."""


@dataclass(frozen=True, slots=True)
class Eight:
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
    change: Change | None
    speed: Speed


def eight_lines(made: Eight) -> list[str]:
    """Its figures for a person, a line each."""
    lines = [
        f"8 bits in {runtime}: 1 - cosine {same.mean:.1e} on average, {same.worst:.1e} at worst"
        for runtime, same in made.parity.items()
    ]
    if made.change:
        c, d = made.change, made.change.difference
        lines.append(
            f"same-class mAP@10, {c.asked:,} photos of val, gallery {c.shown:,} of train: {c.before.value:.4f} at "
            f"fp16, {c.after.value:.4f} at int8, difference {d.value:+.4f} (95 % {d.low:+.4f} to {d.high:+.4f})"
        )
    for runtime, rates in made.speed.rates.items():
        before, after = rates["fp16"][0], rates["int8"][0]
        lines.append(f"{runtime}: {before:.0f} photos/s at fp16, {after:.0f} at int8 ({after / before:.1f} times)")
    return lines


def eight(
    run: ClassifierRun,
    network: Network,
    head: Head,
    graphs: tuple[onnx.ModelProto, onnx.ModelProto],
    train: Sequence[Example],
    val: Sequence[Example],
    looked: NDArray[np.uint8],
    progress: Progress,
) -> Eight:
    """Makes and measures it.

    Args:
        run: the training.
        network: its best epoch.
        head: the network's last layer.
        graphs: of fp32, and stored as fp16.
        train: the training's photos in an order of chance.
        val: those of val.
        looked: photos for the parity, as ``parity`` takes them.
        progress: told of every stage.

    Raises:
        TrainError: too few photos to calibrate with, or a graph that rounding has spoilt.
    """
    plain, half = graphs
    how = run.preprocessing
    progress.phase("reading photos to calibrate with", None)
    photos = some((example.photo for example in train), how, CALIBRATION, progress)
    if len(photos) < LEAST:
        raise TrainError(
            f"8 bits are calibrated on training photos, of which {len(photos)} can be read and {LEAST} are needed: "
            f"bring the data back to {run.data}, or export without --int8"
        )
    progress.phase("calibrating 8 bits", None)
    made = quantised(plain, photos)
    same = {
        runtime: checked_int8(parity(network, opened(made, runtime), head, looked), runtime) for runtime in runtimes()
    }
    cost = change((half, made), how, shuffled(val, run.settings.seed), train, run.settings.seed, progress)
    progress.phase("measuring the speed", None)
    speed = race({"fp16": half.SerializeToString(), "int8": made.SerializeToString()}, photos[0])
    return Eight(made, len(photos), KEPT, same, cost, speed)

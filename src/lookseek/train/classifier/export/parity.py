"""Whether a graph gives what the classifier gives: the same photos through both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ....encode.head import Head
from ....encode.runtime import Runtime, Tower
from ....errors import TrainError
from ...export.parity import FP16_LIMIT, INSTALL, cosine_difference, run_graph
from ..network import ClassifierNetwork

__all__ = ["INT8_LIMIT", "Parity", "check_fp16", "check_int8", "measure_parity"]

INT8_LIMIT = 0.1
"""Of 1 - cosine on average, of an 8-bit graph. Beyond it rounding has lost the network, and its figures would only
say so at length; below it the change of mAP on the card is what decides whether it is good enough."""

_CHUNK = 8
"""Photos a run."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far a graph is from the network.

    Args:
        photos: that went through both.
        mean: of 1 - cosine of a photo's two vectors.
        worst: of the same.
        same_class: for how many photos both name the same class first.
    """

    photos: int
    mean: float
    worst: float
    same_class: int


def measure_parity(network: ClassifierNetwork, graph: Tower, head: Head, photos: NDArray[np.uint8]) -> Parity:
    """Run photos through the network in torch at fp32, and through the graph that was made of it.

    Args:
        network: trained.
        graph: in a runtime.
        head: the network's last layer, as the model folder has it.
        photos: uint8 (n, height, width, 3), at least one; both take the same.
    """
    ours = run_graph(graph, photos)
    with torch.no_grad():
        network.eval()
        batches = [
            network.features(torch.from_numpy(photos[at : at + _CHUNK]).permute(0, 3, 1, 2))
            for at in range(0, len(photos), _CHUNK)
        ]
        features = torch.cat(batches)
        classes = network.classifier(features).argmax(1).numpy()
    apart = cosine_difference(ours, features.numpy())
    same = int((head.classify(ours).argmax(1) == classes).sum())
    return Parity(len(photos), float(apart.mean()), float(apart.max()), same)


def check_fp16(found: Parity) -> Parity:
    """Return the parity of a graph stored as fp16.

    Raises:
        TrainError: the graph is not the network, or gives numbers that are not finite.
    """
    if not found.worst < FP16_LIMIT:  # not a number is no parity either
        raise TrainError(
            f"the exported graph is not the network: 1 - cosine of their vectors is {found.worst:.2g} at worst on "
            f"{found.photos} photos, the limit is {FP16_LIMIT:g}. Nothing was written: {INSTALL}, or train another "
            "backbone"
        )
    return found


def check_int8(found: Parity, runtime: Runtime) -> Parity:
    """Return the parity of an 8-bit graph.

    Raises:
        TrainError: rounding has lost the network.
    """
    if not found.mean < INT8_LIMIT:
        raise TrainError(
            f"8 bits lose this network in {runtime}: 1 - cosine of its vectors is {found.mean:.2g} on average on "
            f"{found.photos} photos, the limit is {INT8_LIMIT:g}. Nothing was written: export it without --int8"
        )
    return found

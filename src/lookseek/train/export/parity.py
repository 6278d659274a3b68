"""Whether a graph gives what the network gives: the same photos through both."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from ...encode.head import Head
from ...encode.runtime import Runtime, open_tower
from ...encode.runtime import Tower as Session
from ...errors import TrainError
from ...vectors import cosine
from ..classifier.network import Network

__all__ = [
    "LIMIT", "LIMIT_INT8", "PHOTOS", "Parity", "checked", "checked_int8", "cosine_difference", "opened", "parity",
    "runtimes", "through",
]  # fmt: skip

PHOTOS = 64

LIMIT = 1e-3
"""Of 1 - cosine at worst, of a graph stored as fp16."""

LIMIT_INT8 = 0.1
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


def parity(network: Network, session: Session, head: Head, photos: NDArray[np.uint8]) -> Parity:
    """Runs photos through the network in torch at fp32, and through the graph that was made of it.

    Args:
        network: trained.
        session: the graph, in a runtime.
        head: the network's last layer, as the model folder has it.
        photos: uint8 (n, height, width, 3), at least one; both take the same.
    """
    ours = through(session, photos)
    with torch.no_grad():
        network.eval()
        batches = [
            network.features(torch.from_numpy(photos[at : at + _CHUNK]).permute(0, 3, 1, 2))
            for at in range(0, len(photos), _CHUNK)
        ]
        features = torch.cat(batches)
        classes = network.classifier(features).argmax(1).numpy()
    apart = cosine_difference(ours, features.numpy())
    alike = int((head.classify(ours).argmax(1) == classes).sum())
    return Parity(len(photos), float(apart.mean()), float(apart.max()), alike)


def checked(found: Parity) -> Parity:
    """The parity of a graph stored as fp16, if it is one.

    Raises:
        TrainError: the graph is not the network, or gives numbers that are not finite.
    """
    if not found.worst < LIMIT:  # not a number is no parity either
        raise TrainError(
            f"the exported graph is not the network: 1 - cosine of their vectors is {found.worst:.2g} at worst on "
            f"{found.photos} photos, the limit is {LIMIT:g}. Nothing was written: install the versions that "
            "lookseek[train] names, or train another backbone"
        )
    return found


def checked_int8(found: Parity, runtime: Runtime) -> Parity:
    """The parity of an 8-bit graph, if rounding has left the network recognisable.

    Raises:
        TrainError: it has not.
    """
    if not found.mean < LIMIT_INT8:
        raise TrainError(
            f"8 bits lose this network in {runtime}: 1 - cosine of its vectors is {found.mean:.2g} on average on "
            f"{found.photos} photos, the limit is {LIMIT_INT8:g}. Nothing was written: export it without --int8"
        )
    return found


def opened(model: onnx.ModelProto, runtime: Runtime = "onnxruntime") -> Session:
    """The graph in a runtime, all cores on a batch."""
    return open_tower(model.SerializeToString(), threads=None, single=True, runtime=runtime)


def runtimes() -> tuple[Runtime, ...]:
    """Those that are installed."""
    return ("onnxruntime", "openvino") if find_spec("openvino") else ("onnxruntime",)


def through(session: Session, photos: NDArray[Any]) -> NDArray[np.float32]:
    """Vectors of photos, or of what else a graph of one input takes, float32 (n, dim)."""
    return np.concatenate([session.run(photos[at : at + _CHUNK]) for at in range(0, len(photos), _CHUNK)])


def cosine_difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """1 - cosine of rows that belong together, float64 (n,); of two rows of zeros 0, of one 1."""
    return 1 - np.where(a.any(axis=1) | b.any(axis=1), cosine(a, b), 1.0)

"""How far an exported graph is from the network that it was made of."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ...encode.runtime import Runtime, Tower, open_tower
from ...errors import TrainError
from ...vectors import cosine

__all__ = [
    "FP16_LIMIT", "INSTALL", "PARITY_ROWS", "check_difference", "cosine_difference", "installed_runtimes", "open_graph",
    "run_graph",
]  # fmt: skip

PARITY_ROWS = 64
"""Photos, texts or pairs that go through both."""

FP16_LIMIT = 1e-3
"""Of 1 - cosine at worst, of a graph stored as fp16."""

INSTALL = "install the versions that lookseek[train] names"
"""The remedy where a graph can't be written, or is not the network."""

_CHUNK = 8
"""Rows a run."""


def open_graph(model: onnx.ModelProto, runtime: Runtime = "onnxruntime") -> Tower:
    """Open a graph of one input and one output in a runtime, all cores on a batch."""
    return open_tower(model.SerializeToString(), threads=None, single=True, runtime=runtime)


def installed_runtimes() -> tuple[Runtime, ...]:
    """Return the runtimes that are installed."""
    return ("onnxruntime", "openvino") if find_spec("openvino") else ("onnxruntime",)


def run_graph(graph: Tower, rows: NDArray[Any]) -> NDArray[np.float32]:
    """Return vectors of photos, or of what else a graph of one input takes, float32 (n, dim)."""
    return np.concatenate([graph.run(rows[at : at + _CHUNK]) for at in range(0, len(rows), _CHUNK)])


def cosine_difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return 1 - cosine of rows that belong together, float64 (n,); 0 for two rows of zeros, 1 for one."""
    return 1 - np.where(a.any(axis=1) | b.any(axis=1), cosine(a, b), 1.0)


def check_difference(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], what: str, limit: float = FP16_LIMIT, remedy: str = INSTALL
) -> float:
    """Return 1 - cosine of rows that belong together, at worst.

    Args:
        ours: vectors of the graph, float32 (n, dim).
        theirs: vectors of the network, float32 (n, dim).
        what: what should be alike, for the message, e.g. "the exported graph is not the network".
        limit: of 1 - cosine.
        remedy: for the message.

    Raises:
        TrainError: beyond the limit.
    """
    worst = float(cosine_difference(ours, theirs).max())
    if not worst < limit:  # not a number is no parity either
        raise TrainError(
            f"{what}: 1 - cosine is {worst:.2g} at worst on {len(ours)} rows, the limit is {limit:g}. Nothing was "
            f"written: {remedy}"
        )
    return worst

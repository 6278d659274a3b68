"""Runs an ONNX tower: OpenVINO where it is installed and faster, ONNX Runtime everywhere else.

OpenVINO is the faster one where the processor multiplies bfloat16 in hardware (AMX, AVX512-BF16):
2.3 times ONNX Runtime on the default model. At fp32 the two are level, so ONNX Runtime, which loads
faster and is always there, does it. Graphs in 8 bits run in OpenVINO where it is installed, at int8 whatever else
the processor can: docs/benchmarks/quantise.md. Source of the rest: docs/decisions/encoder.md. ``LOOKSEEK_RUNTIME``
chooses otherwise.
"""

from __future__ import annotations

import os
from typing import cast, get_args

from ..errors import ModelError
from .onnx_file import is_quantised
from .onnxruntime_tower import open_onnxruntime, open_session
from .openvino_tower import has_openvino, open_openvino, openvino_core
from .tower import Port, Precision, Runtime, Tower

__all__ = ["PAIR", "Port", "Precision", "Runtime", "Tower", "cores", "open_session", "open_tower"]

PAIR = 2
"""Threads for each single photo of a query: half the time, and the same throughput under load
(docs/decisions/encoder.md)."""


def open_tower(
    onnx: bytes, *, threads: int | None, single: bool, queries: bool = False, runtime: Runtime | None = None
) -> Tower:
    """Load a graph into the runtime that suits.

    Args:
        onnx: the file's content, checked: no weights outside it.
        threads: that may run at once, >= 1; None for as many as there are cores.
        single: True for one photo: take the runtime that loads fastest, and put all threads on one call
            instead of one thread on each.
        queries: True for photos that somebody waits for, one by one: two threads on each call.
        runtime: one by name; None for the one that ``LOOKSEEK_RUNTIME`` names, else the one that suits.

    Returns:
        The tower.

    Raises:
        ModelError: the graph can't be loaded, the runtime named is not installed, or ``LOOKSEEK_RUNTIME`` names none.
    """
    runtime = _named_runtime() if runtime is None else runtime
    threads = cores() if threads is None else threads
    if threads < 1:
        raise ModelError(f"threads is {threads}: give 1 or more, or None for all cores")
    if runtime == "openvino" and not has_openvino():
        raise ModelError("OpenVINO is not installed: pip install 'lookseek[fast]', or use onnxruntime")
    eight, streams = is_quantised(onnx), max(1, threads // PAIR) if queries else threads
    if runtime == "openvino" or (runtime is None and not single and has_openvino()):
        core, precision = openvino_core()
        precision = "int8" if eight else precision
        if runtime == "openvino" or precision != "fp32":
            return open_openvino(core, precision, onnx, threads, streams)
    return open_onnxruntime(onnx, "int8" if eight else "fp32", threads, 1 if single else streams)


def _named_runtime() -> Runtime | None:
    """Return the runtime that ``LOOKSEEK_RUNTIME`` names; None where it is unset or empty."""
    name = os.environ.get("LOOKSEEK_RUNTIME", "")
    if not name or name in get_args(Runtime):
        return cast(Runtime, name) if name else None
    raise ModelError(f"LOOKSEEK_RUNTIME is {name!r}: set it to {' or '.join(get_args(Runtime))}, or unset it")


def cores() -> int:
    """Return how many cores this process may use, by the operating system or container."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1

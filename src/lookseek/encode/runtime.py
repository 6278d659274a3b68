"""Runs an ONNX tower: OpenVINO where it is installed and faster, ONNX Runtime everywhere else.

OpenVINO is the faster one where the processor multiplies bfloat16 in hardware (AMX, AVX512-BF16):
2.3 times ONNX Runtime on the default model. At fp32 the two are level, so ONNX Runtime, which loads
faster and is always there, does it. Graphs in 8 bits run in OpenVINO where it is installed, at int8 whatever else
the processor can: docs/benchmarks/quantise.md. Source of the rest: docs/decisions/encoder.md.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from queue import SimpleQueue
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .onnx_file import is_quantised

__all__ = ["PAIR", "Port", "Precision", "Runtime", "Tower", "cores", "open_session", "open_tower"]

Runtime: TypeAlias = Literal["onnxruntime", "openvino"]
Precision: TypeAlias = Literal["fp32", "bf16", "int8"]
"""Of a graph in 8 bits ``int8``: what is not rounded in it is multiplied in fp32 on every processor."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph.

    Args:
        name: in the graph.
        dtype: ``uint8``, ``float32``, ``int64``, or the runtime's own word for anything else.
        shape: one size a dimension, None where the graph leaves it open.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Tower:
    """A graph ready to run, in one runtime at one precision.

    Args:
        runtime: which library runs it.
        precision: in which it multiplies.
        inputs: of the graph.
        outputs: of the graph.
        streams: how many calls of ``run`` make progress at once, each on cores of its own.
        run: a batch to the first output. Any thread may call it.
    """

    runtime: Runtime
    precision: Precision
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    streams: int
    run: Callable[[NDArray[Any]], NDArray[Any]]


PAIR = 2
"""Threads on a photo that somebody waits for: half the time, and under load as many a second
(docs/decisions/encoder.md)."""

_first_use = threading.Lock()


def open_tower(
    onnx: bytes, *, threads: int | None, single: bool, queries: bool = False, runtime: Runtime | None = None
) -> Tower:
    """Loads a graph into the runtime that suits.

    Args:
        onnx: the file's content, checked: no weights outside it.
        threads: that may run at once, >= 1; None for as many as there are cores.
        single: True for one photo: take the runtime that loads fastest, and put all threads on one call
            instead of one thread on each.
        queries: True for photos that somebody waits for, one by one: two threads on each call.
        runtime: None chooses; a name insists.

    Returns:
        The tower.

    Raises:
        ModelError: the graph can't be loaded, or the runtime that was insisted on is not installed.
    """
    threads = cores() if threads is None else threads
    if threads < 1:
        raise ModelError(f"threads is {threads}: give 1 or more, or None for all cores")
    if runtime == "openvino" and not _installed():
        raise ModelError("OpenVINO is not installed: pip install 'lookseek[fast]', or use onnxruntime")
    eight, streams = is_quantised(onnx), max(1, threads // PAIR) if queries else threads
    if runtime == "openvino" or (runtime is None and not single and _installed()):
        core, precision = _openvino()
        precision = "int8" if eight else precision
        if runtime == "openvino" or precision != "fp32":
            return _open_openvino(core, precision, onnx, threads, streams)
    return _open_onnxruntime(onnx, "int8" if eight else "fp32", threads, 1 if single else streams)


def cores() -> int:
    """How many cores this process may use, as the operating system or container grants them."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _installed() -> bool:
    return importlib.util.find_spec("openvino") is not None


@cache
def _openvino() -> tuple[Any, Precision]:
    """The one ``Core`` of this process, and the precision that suits the processor.

    More than one would be a crash: its CPU plugin gives the thread a stack for signal handlers and takes it away when
    the ``Core`` goes; where those go in the order they came, the thread is left with a stack that is no longer there,
    and the next signal that Python handles, Ctrl-C or a child that ended, kills the process (2026.4.1).
    """
    # On import OpenVINO would send an event over the network and make a folder in the user's home; without this
    # package it does neither. The variable that its documents name does not hold it back (2026.4.1).
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    core = openvino.Core()
    return core, "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "fp32"


def _open_openvino(core: Any, precision: Precision, onnx: bytes, threads: int, streams: int) -> Tower:
    # For a catalogue one stream a core: threads that share a batch wait for each other after every layer, which costs
    # most where other threads decode meanwhile. Pinning them would keep those out of half the cores.
    options = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "ENABLE_CPU_PINNING": False,
    }
    try:
        compiled = core.compile_model(core.read_model(model=onnx), "CPU", options)
    except RuntimeError as error:
        raise _cannot_load("OpenVINO", "image.onnx", error) from error
    with _first_use:
        _meet_numpy()
    idle: SimpleQueue[Any] = SimpleQueue()
    for _ in range(streams):
        idle.put(compiled.create_infer_request())

    def run(batch: NDArray[Any]) -> NDArray[Any]:
        request = idle.get()
        try:
            request.infer([batch], share_inputs=True)
            return np.array(request.get_output_tensor(0).data)
        finally:
            idle.put(request)

    ports = _openvino_ports(compiled.inputs), _openvino_ports(compiled.outputs)
    return Tower("openvino", precision, *ports, streams, run)


def _meet_numpy() -> None:
    """Lets OpenVINO's binding set up its part of numpy, which it does at first use and not safely in two threads.

    Without this, two streams that begin at once can wait for each other for ever: one holds Python's lock and waits
    for the set-up, the other sets up and waits for Python's lock. Seen with OpenVINO 2026.4.1.
    """
    import openvino

    np.array(openvino.Tensor(np.zeros(1, np.uint8), shared_memory=True).data)


def _openvino_ports(ports: Any) -> tuple[Port, ...]:
    dtypes = {"u8": "uint8", "f32": "float32"}
    return tuple(
        Port(
            port.any_name,
            dtypes.get(port.element_type.get_type_name(), port.element_type.get_type_name()),
            tuple(None if size.is_dynamic else size.get_length() for size in port.partial_shape),
        )
        for port in ports
    )


def _open_onnxruntime(onnx: bytes, precision: Precision, threads: int, streams: int) -> Tower:
    session, inputs, outputs = open_session(onnx, threads // streams, "image.onnx")

    def run(batch: NDArray[Any]) -> NDArray[Any]:
        result: NDArray[Any] = session.run([outputs[0].name], {inputs[0].name: batch})[0]
        return result

    return Tower("onnxruntime", precision, inputs, outputs, streams, run)


def open_session(onnx: bytes, threads: int, where: str) -> tuple[Any, tuple[Port, ...], tuple[Port, ...]]:
    """Loads a graph into ONNX Runtime.

    Args:
        onnx: the file's content, checked: no weights outside it.
        threads: that share one call, >= 1.
        where: the file's name, for messages.

    Returns:
        The session, its inputs and its outputs.

    Raises:
        ModelError: the graph can't be loaded.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads that spin take the cores from the threads that decode the next photos.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        return session, _onnxruntime_ports(session.get_inputs()), _onnxruntime_ports(session.get_outputs())
    except Exception as error:  # each status of the runtime is a class of its own; a name may be no UTF-8
        raise _cannot_load("ONNX Runtime", where, error) from error


def _onnxruntime_ports(ports: Any) -> tuple[Port, ...]:
    dtypes = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(int64)": "int64"}
    return tuple(
        Port(
            port.name,
            dtypes.get(port.type, port.type),
            tuple(size if isinstance(size, int) else None for size in port.shape),
        )
        for port in ports
    )


def _cannot_load(library: str, where: str, error: Exception) -> ModelError:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return ModelError(
        f"{library} can't load {where} ({reason[0][:200]}): export it again with ONNX opset 18 or older, "
        "or update the runtime"
    )

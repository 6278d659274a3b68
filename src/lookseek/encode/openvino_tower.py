"""Graphs in OpenVINO, which the extra ``fast`` installs."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from functools import cache
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tower import Port, Precision, Tower, cannot_load, cannot_run

__all__ = ["has_openvino", "open_openvino", "openvino_core"]

_first_use = threading.Lock()


def has_openvino() -> bool:
    """Return whether it is installed."""
    return importlib.util.find_spec("openvino") is not None


@cache
def openvino_core() -> tuple[Any, Precision]:
    """Return the one ``Core`` of this process, and the precision that suits the processor.

    A second one crashes the process: the CPU plugin installs a stack for signal handlers in the thread and frees it
    with the ``Core``; where several are freed in the order of their creation, the thread keeps a freed stack, and the
    next signal that Python handles, Ctrl-C or the end of a child, kills the process (2026.4.1).
    """
    # On import OpenVINO sends an event over the network and makes a folder in the user's home; without this
    # package it does neither. The variable that its documentation names does not prevent it (2026.4.1).
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    core = openvino.Core()
    able = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") and _may_use_bf16()
    return core, "bf16" if able else "fp32"


def _may_use_bf16() -> bool:
    """Return whether the environment leaves oneDNN the instructions that multiply bfloat16.

    OpenVINO asks the processor alone: kept to older instructions by ``ONEDNN_MAX_CPU_ISA``, it still says that it can,
    and then refuses the graph or ends the process (2026.4.1).
    """
    most = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "DEFAULT"
    return most.upper() in ("DEFAULT", "ALL") or any(name in most.upper() for name in ("BF16", "FP16", "AMX", "AVX10"))


def open_openvino(core: Any, precision: Precision, onnx: bytes, threads: int, streams: int) -> Tower:
    """Load a graph.

    Args:
        core: of ``openvino_core``.
        precision: in which it multiplies; a graph in 8 bits has its own.
        onnx: the file's content, checked: no weights outside it.
        threads: that run at once, >= 1.
        streams: calls that make progress at once, 1 to ``threads``.

    Raises:
        ModelError: the graph can't be loaded; its ``run``: the processor can't run it.
    """
    # One stream a core for a catalogue: threads that share a batch wait for each other after every layer, which is
    # slowest while other threads decode. Pinning would keep those threads off half of the cores.
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
        raise cannot_load("OpenVINO", "image.onnx", error) from error
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
        except RuntimeError as error:  # e.g. an operation that it does not implement for this processor
            raise cannot_run("OpenVINO", "image.onnx", error, "set LOOKSEEK_RUNTIME=onnxruntime") from error
        finally:
            idle.put(request)

    ports = _openvino_ports(compiled.inputs), _openvino_ports(compiled.outputs)
    return Tower("openvino", precision, *ports, streams, run)


def _meet_numpy() -> None:
    """Initialise numpy's part of OpenVINO's binding, whose first use is not safe in two threads.

    Without this, two streams that begin at once can deadlock: one holds Python's lock and waits for the
    initialisation, the other initialises and waits for Python's lock. Seen with OpenVINO 2026.4.1.
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

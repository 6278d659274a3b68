"""Graphs in ONNX Runtime, which is always installed."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .tower import Port, Precision, Tower, cannot_load, cannot_run

__all__ = ["open_onnxruntime", "open_session"]


def open_onnxruntime(onnx: bytes, precision: Precision, threads: int, streams: int) -> Tower:
    """Load a graph.

    Args:
        onnx: the file's content, checked: no weights outside it.
        precision: of the tower.
        threads: that run at once, >= 1.
        streams: calls that make progress at once, 1 to ``threads``.

    Raises:
        ModelError: the graph can't be loaded; its ``run``: the graph fails.
    """
    session, inputs, outputs = open_session(onnx, threads // streams, "image.onnx")

    def run(batch: NDArray[Any]) -> NDArray[Any]:
        try:
            result: NDArray[Any] = session.run([outputs[0].name], {inputs[0].name: batch})[0]
        except Exception as error:  # each status of the runtime is a class of its own, right under Exception
            raise cannot_run("ONNX Runtime", "image.onnx", error, "export it again") from error
        return result

    return Tower("onnxruntime", precision, inputs, outputs, streams, run)


def open_session(onnx: bytes, threads: int, where: str) -> tuple[Any, tuple[Port, ...], tuple[Port, ...]]:
    """Load a graph into ONNX Runtime.

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
        raise cannot_load("ONNX Runtime", where, error) from error


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

"""A graph that is ready to run: an ONNX file loaded into a runtime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from ..errors import ModelError

__all__ = ["Port", "Precision", "Runtime", "Tower", "cannot_load", "cannot_run"]

Runtime: TypeAlias = Literal["onnxruntime", "openvino"]
Precision: TypeAlias = Literal["fp32", "bf16", "int8"]
"""``int8`` is a graph in 8 bits: its parts that are not rounded are multiplied in fp32 on every processor."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph.

    Args:
        name: in the graph.
        dtype: ``uint8``, ``float32``, ``int64``, or the runtime's name of another type.
        shape: one size a dimension, None for a dynamic one.
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
        run: computes the first output of a batch. Any thread may call it.
    """

    runtime: Runtime
    precision: Precision
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    streams: int
    run: Callable[[NDArray[Any]], NDArray[Any]]


def cannot_load(library: str, where: str, error: Exception) -> ModelError:
    """Return the error of a graph that a runtime refuses to load; ``where`` is the file's name."""
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return ModelError(
        f"{library} can't load {where} ({reason[0][:200]}): export it again with ONNX opset 18 or older, "
        "or update the runtime"
    )


def cannot_run(library: str, where: str, error: Exception, remedy: str) -> ModelError:
    """Return the error of a loaded graph that fails, with the end of the runtime's message."""
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return ModelError(f"{library} can't run {where} ({reason[-1][-200:]}): {remedy}")

"""Inspects an ONNX file before a runtime loads it: refuses external data, and detects 8-bit graphs.

An ONNX file is a protocol buffer whose tensors may name other files, by any path, as the location of their numbers. A
runtime follows such a path. This module parses the file's structure, without the ``onnx`` package and without copying
a tensor, and refuses a file with such a path.

Source: field numbers from onnx/onnx.proto3 (ONNX 1.23).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import ModelError
from .protobuf import BYTES, Malformed, fields, write_bytes, write_number

__all__ = ["is_quantised", "pooled_map", "refuse_external_data", "with_only_output", "with_outputs"]

_TENSOR = "tensor"
_CHILDREN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: _TENSOR, 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: _TENSOR, 6: "graph", 10: _TENSOR, 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: _TENSOR, 2: _TENSOR},
}
"""Message to those of its fields that lead to a tensor, with the messages that they hold."""

_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
"""Fields of a tensor: the location of external numbers, and whether they are external (0: no)."""

_GRAPH, _NODE, _INPUT, _OP_TYPE = 7, 1, 1, 4
"""Fields on the way to the inputs and the kind of a node: of the model, of its graph, of a node."""

_OUTPUT, _NAME = 12, 1
"""Fields of an output's name: of a graph, of a value."""

_POOLS = (b"ReduceMean", b"GlobalAveragePool", b"ReduceMax", b"GlobalMaxPool")
"""Kinds of nodes that pool a map; the first of a tower of convolutions ends its last map."""

_MAX_DEPTH = 32
"""Levels of graphs within graphs; a model has 4, a file made to exhaust the stack has thousands."""


def refuse_external_data(onnx: bytes, where: str) -> None:
    """Check that a model file contains all of its numbers.

    Args:
        onnx: the file's content.
        where: the file's name for messages.

    Raises:
        ModelError: a tensor is in another file, or this is no ONNX file.
    """
    try:
        graphs = _walk(memoryview(onnx), 0, len(onnx), "model", where, 0)
    except (IndexError, Malformed):
        graphs = 0
    if not graphs:
        raise ModelError(f"{where} is no ONNX file: export the model to ONNX, or fetch the folder again")


def is_quantised(onnx: bytes) -> bool:
    """Return whether a graph rounds its activations to 8 bits: whether it has a node ``QuantizeLinear``.

    Args:
        onnx: the file's content. False where it is no ONNX file.
    """
    try:
        return any(kind == b"QuantizeLinear" for kind, _ in _nodes(onnx))
    except (IndexError, Malformed):
        return False


def pooled_map(onnx: bytes) -> str:
    """Return the name of the map that a tower pools: the input of its first pooling node; "" without one.

    Args:
        onnx: the file's content, checked.
    """
    return next((inputs[0].decode() for kind, inputs in _nodes(onnx) if kind in _POOLS and inputs), "")


def with_outputs(onnx: bytes, names: Iterable[str]) -> bytes:
    """Return a model that also gives some of its inner values.

    A message that follows another in a protocol buffer is merged into it, and its outputs are added.

    Args:
        onnx: the file's content, checked.
        names: of the values.
    """
    outputs = (write_bytes(_OUTPUT, write_bytes(_NAME, name.encode())) for name in names)
    return onnx + write_bytes(_GRAPH, b"".join(outputs))


def with_only_output(onnx: bytes, name: str) -> bytes:
    """Return a model that gives one of its inner values, and nothing else.

    Args:
        onnx: the file's content, checked.
        name: of the value.
    """
    data = memoryview(onnx)
    made = b""
    for number, wire, first, last in fields(data, 0, len(data)):
        if wire != BYTES:
            made += write_number(number, first)
            continue
        content = bytes(data[first:last])
        if number == _GRAPH:
            inner = memoryview(content)
            kept = [
                write_bytes(n, bytes(inner[a:b]))
                for n, w, a, b in fields(inner, 0, len(inner))
                if w == BYTES and n != _OUTPUT
            ]
            content = b"".join([*kept, write_bytes(_OUTPUT, write_bytes(_NAME, name.encode()))])
        made += write_bytes(number, content)
    return made


def _nodes(onnx: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield the kind of each node of the graph, and the names of its inputs."""
    data = memoryview(onnx)
    for graph in fields(data, 0, len(data)):
        if graph[:2] != (_GRAPH, BYTES):
            continue
        for node in fields(data, graph[2], graph[3]):
            if node[:2] == (_NODE, BYTES):
                own = [(n, bytes(data[a:b])) for n, wire, a, b in fields(data, node[2], node[3]) if wire == BYTES]
                kind = next((text for number, text in own if number == _OP_TYPE), b"")
                yield kind, [text for number, text in own if number == _INPUT]


def _walk(data: memoryview, start: int, end: int, message: str, where: str, depth: int) -> int:
    """Visit a message and its fields; returns how many graphs it holds directly."""
    if depth > _MAX_DEPTH:
        raise ModelError(f"{where} nests deeper than {_MAX_DEPTH} levels: no model does, so it is refused")
    children, graphs = _CHILDREN.get(message, {}), 0
    for number, wire, first, last in fields(data, start, end):
        if message == _TENSOR:
            if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and (wire != 0 or first != 0)):
                raise ModelError(
                    f"{where} keeps weights in another file (external data), which could be any file of this "
                    "computer: save the model again with all weights inside, e.g. "
                    "onnx.save(model, path, save_as_external_data=False)"
                )
        elif number in children:
            if wire != 2:
                raise Malformed
            child = children[number]
            graphs += child == "graph"
            _walk(data, first, last, child, where, depth + 1)
    return graphs

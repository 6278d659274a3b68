"""Splits a tower's graph where it pools its maps: into a trunk, which gives the maps, and a head, which is fast.

The trunk is the whole graph with more outputs; the head begins at the pooled features. A pool is a mean over a map, or
a product with a softmax over its cells (attention). A graph in which anything else leads from the photo to the vector
has no split: a vision transformer, say, adds the photo's patches to what its attention pools.

Source: field numbers from onnx/onnx.proto3 (ONNX 1.23).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .onnx_file import with_outputs
from .protobuf import BYTES, Malformed, fields, write_bytes, write_number

__all__ = ["Pool", "SplitGraph", "split_graph"]

_GRAPH = 7
_NODE, _INITIALIZER, _INPUT, _OUTPUT = 1, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP = 1, 2, 4
_TENSOR_NAME, _VALUE_NAME, _VALUE_TYPE = 8, 1, 2
_FLOAT, _INT64 = 1, 7
_MEANS = ("ReduceMean", "GlobalAveragePool")


@dataclass(frozen=True, slots=True)
class Pool:
    """A node that pools a map.

    Args:
        pooled: its output.
        map: what it pools: float32 (1, channels, rows, columns), or (1, cells, channels) where it has weights.
        weights: how much each cell counts, float32 (1, heads, cells); "" where all count the same.
    """

    pooled: str
    map: str
    weights: str = ""


@dataclass(frozen=True, slots=True)
class SplitGraph:
    """A graph in two parts.

    Args:
        trunk: an ONNX file that gives the maps and weights of the pools, their outputs, and ``sizes``.
        head: an ONNX file from the pools' outputs and ``sizes`` to the vectors; b"" where the vectors are a pool's.
        pools: in the order of their names.
        sizes: shapes of the batch of photos, int64, that the head reads; the first number is that of photos.
        vectors: the name of the output.
    """

    trunk: bytes
    head: bytes
    pools: tuple[Pool, ...]
    sizes: tuple[str, ...]
    vectors: str


@dataclass(frozen=True, slots=True)
class _Node:
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    content: bytes


def split_graph(onnx: bytes) -> SplitGraph | None:
    """Split a graph; None where it has no pools that all of its vectors' numbers pass.

    Args:
        onnx: an ONNX file that a runtime has loaded.
    """
    try:
        return _split(onnx)
    except (IndexError, UnicodeDecodeError, Malformed):
        return None


def _split(onnx: bytes) -> SplitGraph | None:
    data = memoryview(onnx)
    model = list(fields(data, 0, len(data)))
    spans = [(first, last) for number, wire, first, last in model if (number, wire) == (_GRAPH, BYTES)]
    if len(spans) != 1:
        return None
    graph = [
        (number, bytes(data[first:last])) for number, wire, first, last in fields(data, *spans[0]) if wire == BYTES
    ]
    nodes = [_node(content) for number, content in graph if number == _NODE]
    weights = {_text(content, _TENSOR_NAME): content for number, content in graph if number == _INITIALIZER}
    outputs = [content for number, content in graph if number == _OUTPUT]
    vectors = _text(outputs[0], _VALUE_NAME)
    maker = {name: node for node in nodes for name in node.outputs}
    pools, sizes, used = _walk_back(vectors, maker, weights)
    if pools is None:
        return None
    inner = [name for pool in pools for name in (pool.pooled, pool.map, pool.weights) if name] + list(sizes)
    trunk = with_outputs(onnx, [name for name in dict.fromkeys(inner) if name != vectors])
    head = b""
    if used:
        taken = {*(name for node in used for name in node.inputs)}
        parts = [write_bytes(_NODE, node.content) for node in nodes if node in used]
        parts += [write_bytes(_INITIALIZER, content) for name, content in weights.items() if name in taken]
        parts += [write_bytes(_INPUT, _value(pool.pooled, _FLOAT)) for pool in pools]
        parts += [write_bytes(_INPUT, _value(name, _INT64)) for name in sizes]
        parts += [write_bytes(2, b"head"), write_bytes(_OUTPUT, outputs[0])]
        others = [
            write_bytes(number, bytes(data[first:last])) if wire == BYTES else write_number(number, first)
            for number, wire, first, last in model
            if number != _GRAPH
        ]
        head = b"".join(others) + write_bytes(_GRAPH, b"".join(parts))
    return SplitGraph(trunk, head, pools, sizes, vectors)


def _walk_back(
    vectors: str, maker: Mapping[str, _Node], weights: Mapping[str, bytes]
) -> tuple[tuple[Pool, ...] | None, tuple[str, ...], list[_Node]]:
    """Return the pools, the sizes and the nodes behind them; no pools where a way leads past them to the photos."""
    pools: dict[str, Pool] = {}
    sizes: dict[str, None] = {}
    used: list[_Node] = []
    waiting, seen = [vectors], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name in weights or not name:
            continue
        seen.add(name)
        node = maker.get(name)
        if node is None:
            return None, (), []
        first = maker.get(node.inputs[0]) if node.inputs else None
        if node.op in _MEANS:
            pools[name] = Pool(name, node.inputs[0])
        elif node.op == "MatMul" and first is not None and first.op == "Softmax":
            pools[name] = Pool(name, node.inputs[1], node.inputs[0])
        elif node.op == "Shape":
            sizes[name] = None
        else:
            if node not in used:
                used.append(node)
            waiting.extend(node.inputs)
    return tuple(pools[name] for name in sorted(pools)) or None, tuple(sizes), used


def _node(content: bytes) -> _Node:
    data = memoryview(content)
    found: dict[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _NODE_OP: [""]}
    for number, wire, first, last in fields(data, 0, len(data)):
        if number in found and wire == BYTES:
            found[number].append(bytes(data[first:last]).decode())
    return _Node(found[_NODE_OP][-1], tuple(found[_NODE_INPUT]), tuple(found[_NODE_OUTPUT]), content)


def _text(content: bytes, wanted: int) -> str:
    data = memoryview(content)
    texts = [bytes(data[a:b]) for number, wire, a, b in fields(data, 0, len(data)) if (number, wire) == (wanted, BYTES)]
    return texts[-1].decode() if texts else ""


def _value(name: str, dtype: int) -> bytes:
    """Return the description of an input: its name and the type of its numbers, of any shape."""
    tensor = write_bytes(1, write_number(1, dtype))
    return write_bytes(_VALUE_NAME, name.encode()) + write_bytes(_VALUE_TYPE, tensor)

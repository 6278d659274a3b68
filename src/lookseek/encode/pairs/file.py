"""``pairs.npz`` of a model folder: the weights of its matcher of pairs, arrays of float32 and nothing that is code.

scales            int64 (levels,): cells a side at each size
share             float64 (): of the match score in the final one
reduce            (dim, channels), reduce_offset (dim,): from the roots of a cell's channels to what an index keeps
embed             (inner, dim): to what is compared
project           (width, inner), project_offset (width,): from squared differences to similarity vectors
outN, intoN       (hidden, width): the ends of the edges of layer N, from 0
weightN, offsetN  (hidden, width), (hidden,): the layer itself
read, read_offset (hidden,), (): the match score's logit
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError

__all__ = ["CellReduction", "PairLayer", "PairWeights", "parse_pairs", "write_pairs"]

_LARGEST = 64 * 2**20
"""Bytes of the arrays together, unpacked; the shipped ones have .8 MB."""

_MOST_LAYERS, _MOST_SIDE = 8, 16

Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class CellReduction:
    """What makes the cells that an index keeps: it stays while matchers are trained anew.

    Args:
        scales: cells a side at each size; the first is 1.
        weight: float32 (dim, channels).
        offset: float32 (dim,).
    """

    scales: tuple[int, ...]
    weight: Array
    offset: Array

    @property
    def cells(self) -> int:
        """Cells of a photo, all sizes together."""
        return sum(side * side for side in self.scales)

    @property
    def version(self) -> str:
        """12 hex digits of all numbers: reduced cells of two versions can't be compared."""
        parts = (np.array(self.scales, "<i8"), self.weight.astype("<f4"), self.offset.astype("<f4"))
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:12]


@dataclass(frozen=True, slots=True, eq=False)
class PairLayer:
    """One layer of reasoning.

    Args:
        out: of the node that an edge leaves, float32 (hidden, width).
        into: of the node that it reaches, float32 (hidden, width).
        weight: float32 (hidden, width).
        offset: float32 (hidden,).
    """

    out: Array
    into: Array
    weight: Array
    offset: Array


@dataclass(frozen=True, slots=True, eq=False)
class PairWeights:
    """A matcher.

    Args:
        reduction: of cells, as an index keeps them.
        share: of the match score in the final score, above 0, at most 1.
        embed: float32 (inner, dim).
        project: float32 (width, inner).
        project_offset: float32 (width,).
        layers: one or more.
        read: float32 (hidden,).
        read_offset: of the logit.
    """

    reduction: CellReduction
    share: float
    embed: Array
    project: Array
    project_offset: Array
    layers: tuple[PairLayer, ...]
    read: Array
    read_offset: float


def write_pairs(weights: PairWeights) -> bytes:
    """Return the content of ``pairs.npz``; the same weights give the same bytes."""
    arrays: dict[str, NDArray[Any]] = {
        "scales": np.array(weights.reduction.scales, np.int64),
        "share": np.array(weights.share, np.float64),
        "reduce": weights.reduction.weight,
        "reduce_offset": weights.reduction.offset,
        "embed": weights.embed,
        "project": weights.project,
        "project_offset": weights.project_offset,
        "read": weights.read,
        "read_offset": np.array(weights.read_offset, np.float32),
    }
    for number, layer in enumerate(weights.layers):
        each = {"out": layer.out, "into": layer.into, "weight": layer.weight, "offset": layer.offset}
        arrays |= {f"{name}{number}": array for name, array in each.items()}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def parse_pairs(content: bytes, where: str) -> PairWeights:
    """Parse a matcher.

    Args:
        content: of ``pairs.npz``.
        where: the file, for messages.

    Raises:
        ModelError: it is damaged, or its arrays don't fit each other.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _LARGEST:
                raise ValueError(f"its arrays have more than {_LARGEST:,} bytes")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return _weights({name: np.asarray(file[name]) for name in file.files})
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, EOFError, SyntaxError, TypeError, MemoryError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ModelError(f"{where} is no matcher of pairs ({reason}): export the training again") from error


def _weights(found: Mapping[str, NDArray[Any]]) -> PairWeights:
    scales = tuple(int(side) for side in found["scales"].astype(np.int64).ravel())
    share = float(found["share"])
    if not scales or scales[0] != 1 or not all(1 <= side <= _MOST_SIDE for side in scales):
        raise ValueError(f"its scales are {scales}")
    if not 0 < share <= 1:
        raise ValueError(f"its share is {share}")
    count = sum(name.startswith("weight") for name in found)
    if not 1 <= count <= _MOST_LAYERS:
        raise ValueError(f"it has {count} layers")
    (dim, channels), (inner, _), width = found["reduce"].shape, found["embed"].shape, len(found["project"])
    shapes: dict[str, tuple[int, ...]] = {
        "reduce": (dim, channels),
        "reduce_offset": (dim,),
        "embed": (inner, dim),
        "project": (width, inner),
        "project_offset": (width,),
        "read_offset": (),
    }
    for number in range(count):
        edge, hidden = len(found[f"out{number}"]), len(found[f"weight{number}"])
        shapes |= {f"out{number}": (edge, width), f"into{number}": (edge, width)}
        shapes |= {f"weight{number}": (hidden, width), f"offset{number}": (hidden,)}
        width = hidden
    shapes["read"] = (width,)
    made: dict[str, Array] = {}
    for name, shape in shapes.items():
        array = found[name]
        if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError(f"{name} is {array.dtype} {array.shape}, expected finite float32 {shape}")
        made[name] = np.ascontiguousarray(array)
    return PairWeights(
        CellReduction(scales, made["reduce"], made["reduce_offset"]),
        share,
        made["embed"],
        made["project"],
        made["project_offset"],
        tuple(
            PairLayer(made[f"out{n}"], made[f"into{n}"], made[f"weight{n}"], made[f"offset{n}"]) for n in range(count)
        ),
        made["read"],
        float(found["read_offset"]),
    )

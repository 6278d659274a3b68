"""The change files of the numpy store: what one call added and took away, written beside and renamed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..atomic import replacing
from ..errors import IndexDamaged
from ..types import Point, Vector
from .payload import from_payload, to_payload
from .schema import Layout, VectorSpec

__all__ = ["Change", "dump_change", "read_change", "write_change"]


_COUNTS = ".counts"
"""Behind a vector's name: the array that says how many of its rows each point has."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a store.

    Args:
        fresh: points that are new, or take the place of those of their ids.
        gone: ids of points that are taken away.
        keys: kind to id to routing key.
        clear: True for a store that begins anew: what was there before is gone.
    """

    fresh: Sequence[Point] = ()
    gone: Sequence[str] = ()
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    clear: bool = False


def write_change(file: Path, layout: Layout, change: Change) -> None:
    """Write a change; when this returns, it survives the death of the process."""
    with replacing(file) as out:
        dump_change(out, layout, change)


def dump_change(out: BinaryIO, layout: Layout, change: Change) -> None:
    """Write a change to an open file."""
    head = {
        "points": [to_payload(point) for point in change.fresh],
        "gone": list(change.gone),
        "clear": change.clear,
        "keys": change.keys,
    }
    arrays: dict[str, Any] = {}
    for name, spec in layout.items():
        vectors = [point.vectors[name] for point in change.fresh]
        if spec.multi:  # the rows of all points, and how many each has
            arrays[name + _COUNTS] = np.array([len(rows) for rows in vectors], np.int64)
            arrays[name] = np.concatenate([np.empty((0, spec.dim), np.float32), *vectors], dtype=np.float32)
        else:
            arrays[name] = np.array(vectors, np.float32)
    arrays["head"] = np.frombuffer(json.dumps(head, ensure_ascii=False).encode("utf-8", "surrogatepass"), np.uint8)
    np.savez(out, **arrays)


def read_change(file: Path | BinaryIO, layout: Layout) -> Change:
    """Read a change from a file, or from an open one.

    Raises:
        IndexDamaged: it can't be read.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes().decode("utf-8", "surrogatepass"))
            rows = {name: _rows(stored, name, spec) for name, spec in layout.items()}
        fresh = [
            from_payload(payload, {name: rows[name][i] for name in layout}) for i, payload in enumerate(head["points"])
        ]
        return Change(fresh, head["gone"], head.get("keys") or {}, head["clear"])
    except Exception as error:  # whatever a damaged file makes numpy's readers raise
        raise IndexDamaged(f"{file} can't be read ({error}): index the catalogue again") from error


def _rows(stored: Mapping[str, Any], name: str, spec: VectorSpec) -> Sequence[Vector]:
    """Return the vectors of one name, a point after another."""
    if not spec.multi:
        return list(stored[name])
    return np.split(stored[name], np.cumsum(stored[name + _COUNTS])[:-1])

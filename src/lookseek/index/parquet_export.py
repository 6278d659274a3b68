"""An index as a folder of Parquet files, ``shop.parquet/``: what any tool reads, and ``lookseek copy`` reads back.

    part-00000.parquet    ids, attributes, hashes, sources, fingerprints, regions, and a column a named vector
    _photos/              photos that only the index has; the sources of their items name them
    _lookseek.json        the manifest, written last: a folder without it is an export that was interrupted
    _unfinished.json      the same while it is being written

Attributes and regions are JSON, since items differ in theirs. Readers of Parquet folders pass over names that begin
with an underscore.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..atomic import move, replacing, write_bytes, write_text
from ..errors import IndexDamaged, IndexMismatch
from ..store import Layout, VectorSpec
from ..store.payload import from_payload, to_payload
from ..types import Point, Vector, Vectors
from .kept_photos import photo_name
from .manifest import Manifest, manifest_from_json, manifest_to_json

__all__ = ["SUFFIX", "ParquetExport"]

SUFFIX = ".parquet"
_FINISHED, _UNFINISHED = "_lookseek.json", "_unfinished.json"
_TEXTS = ("id", "attributes", "hash", "source", "fingerprint", "regions")
_PHOTOS = "_photos"
_VECTOR = "vector."
"""Before a vector's name: its column."""
_ROWS = 256
"""Points read at a time."""


class ParquetExport:
    """A folder of an export.

    Args:
        folder: its path, which need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest(self) -> Manifest:
        """Return the manifest of a whole export.

        Raises:
            IndexDamaged: there is none, or it can't be read.
        """
        file = self.folder / _FINISHED
        if not file.is_file():
            raise IndexDamaged(
                f"{self.folder} is no whole export, it has no {_FINISHED}: run lookseek copy INDEX {self.folder}"
            )
        return manifest_from_json(file.read_bytes(), str(file))

    def begin(self, manifest: Manifest) -> set[str]:
        """Begin an export, or go on with one that was interrupted.

        Args:
            manifest: of the index. Where it was published since the export was interrupted, that begins anew:
                what is written may be gone or changed.

        Returns:
            The ids that are written already.

        Raises:
            IndexMismatch: the folder holds a whole export, other things, or part of one of another recipe.
        """
        if (self.folder / _FINISHED).exists():
            raise IndexMismatch(f"{self.folder} holds an export: give a new folder, or delete it")
        unfinished = self.folder / _UNFINISHED
        if unfinished.exists():
            before = manifest_from_json(unfinished.read_bytes(), str(unfinished))
            if not before.spec.same_vectors(manifest.spec):
                raise IndexMismatch(f"{self.folder} holds part of an export of other vectors: delete it")
            if (before.generation, before.updated) != (manifest.generation, manifest.updated):
                for part in self._parts():
                    part.unlink()
                write_text(unfinished, manifest_to_json(manifest))
            return {text for part in self._parts() for text in pq.read_table(part, columns=["id"])["id"].to_pylist()}
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise IndexMismatch(f"{self.folder} holds other things than an export: give a new folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(unfinished, manifest_to_json(manifest))
        return set()

    def write(self, points: Sequence[Point], layout: Layout) -> None:
        """Add points as a file of their own; when this returns, it survives the death of the process."""
        numbers = [int(part.stem.partition("-")[2]) for part in self._parts()]
        with replacing(self.folder / f"part-{max(numbers, default=-1) + 1:05d}{SUFFIX}") as out:
            pq.write_table(_table(points, layout), out, compression="zstd")

    def keep_photo(self, id: str, photo: bytes) -> str:
        """Keep a photo of an item; returns its source."""
        name = photo_name(id, photo)
        (self.folder / _PHOTOS).mkdir(exist_ok=True)
        write_bytes(self.folder / _PHOTOS / name, photo)
        return f"{_PHOTOS}/{name}"

    def photo(self, source: str) -> Path | None:
        """Return the path of a photo that the export keeps; None of other sources."""
        folder, _, name = source.partition("/")
        return self.folder / _PHOTOS / name if folder == _PHOTOS and "/" not in name else None

    def finish(self, manifest: Manifest) -> None:
        """Make the export a whole one."""
        write_text(self.folder / _UNFINISHED, manifest_to_json(replace(manifest, files={})))
        move(self.folder / _UNFINISHED, self.folder / _FINISHED)

    def points(self, layout: Layout) -> Iterator[Point]:
        """Yield all points, with their vectors.

        Raises:
            IndexDamaged: a file can't be read, or lacks a column.
        """
        for part in self._parts():
            with _reading(part):
                for batch in pq.ParquetFile(part).iter_batches(_ROWS):
                    yield from _points(batch, layout)

    def count(self) -> int:
        """Return the number of points. Raises as ``points``."""
        total = 0
        for part in self._parts():
            with _reading(part):
                total += pq.read_metadata(part).num_rows
        return total

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob(f"part-*{SUFFIX}"))


@contextmanager
def _reading(part: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise IndexDamaged(f"{part} can't be read ({error}): export the index again") from error


def _table(points: Sequence[Point], layout: Layout) -> Any:
    payloads = [to_payload(point) for point in points]
    columns: dict[str, Any] = {
        "id": [payload["id"] for payload in payloads],
        "attributes": [json.dumps(payload["attributes"], ensure_ascii=False) for payload in payloads],
        "hash": [payload["hash"] for payload in payloads],
        "source": [payload["source"] for payload in payloads],
        "fingerprint": [payload["fingerprint"] for payload in payloads],
        "regions": [json.dumps(payload.get("regions", []), ensure_ascii=False) for payload in payloads],
    }
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    for name, spec in layout.items():
        arrays[_VECTOR + name] = _vectors_to_arrow([point.vectors[name] for point in points], spec)
    return pa.table(arrays)


def _vectors_to_arrow(vectors: Sequence[Vector | Vectors], spec: VectorSpec) -> Any:
    rows = np.concatenate([np.asarray(one, np.float32).reshape(-1, spec.dim) for one in vectors])
    flat = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), spec.dim)
    if not spec.multi:
        return flat
    offsets = np.cumsum([0, *(len(one) for one in vectors)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), flat)


def _points(batch: Any, layout: Layout) -> Iterator[Point]:
    texts = {name: batch.column(name).to_pylist() for name in _TEXTS}
    vectors = {name: _vectors_from_arrow(batch.column(_VECTOR + name), spec) for name, spec in layout.items()}
    for row in range(batch.num_rows):
        payload: Mapping[str, Any] = {
            **{name: texts[name][row] for name in ("id", "hash", "source", "fingerprint")},
            "attributes": json.loads(texts["attributes"][row]),
            "regions": json.loads(texts["regions"][row]),
        }
        yield from_payload(payload, {name: rows[row] for name, rows in vectors.items()})


def _vectors_from_arrow(column: Any, spec: VectorSpec) -> Sequence[Vector | Vectors]:
    rows = column.flatten().flatten() if spec.multi else column.flatten()
    array = np.array(rows, np.float32).reshape(-1, spec.dim)
    if not spec.multi:
        return list(array)
    counts = np.array([len(one) for one in column], np.intp)
    return np.split(array, np.cumsum(counts)[:-1])

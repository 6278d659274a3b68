"""Files of features as a catalogue: items that bring their vectors.

- Ids are those of ``all_items.jsonl``, else of ``all_ids.txt`` or ``all_feat.list``, else row numbers from 0, as numpy
  counts. A file by another name, NAME.npy, has its ids in NAME.txt, as for ``lookseek evaluate``, and nothing else.
- Attributes are those of ``all_items.jsonl``. Without it a label becomes one: ``category``, by its name, where
  ``all_classes.txt`` names the classes or the labels are text; else ``label``, the number. -1 is none.
- Further vectors are those that ``all_features.json`` names; regions are those of ``all_items.jsonl``.
- An item's hash is the one that ``all_items.jsonl`` gives, else that of its row, so that a second run knows it again.
- Rows that no index can hold are skipped one by one; files that don't go together end the command.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import CatalogueError, QueryError
from ...store.payload import region_from_dict
from ...store.schema import VectorSpec
from ...types import Attributes, Encoding, Item, Region, Skipped, Value, Vector, Vectors
from ..lines import read_lines
from .files import (
    CLASSES,
    COLOURS,
    FEATURES,
    IDS,
    ITEMS,
    LABELS,
    METADATA,
    OTHER_FEATURES,
    OTHER_IDS,
    class_names,
    count_lines,
    counts,
    counts_file,
    labels,
    matrix,
    vectors_file,
)
from .metadata import VectorOrigin, read_metadata

__all__ = ["ClassicCatalogue"]

_BLOCK = 256
"""Rows turned into float32 at a time: 2 MB of features with 2,048 numbers."""
_SAMPLE = 1024
"""Rows, from all over the file, whose lengths tell whether features were normalised."""
_UNIT = 2e-3
"""How far from 1 such a length may be. float16 keeps three decimals."""
_LARGEST, _SHORTEST = 65_504.0, 1e-3
"""Numbers and lengths within which a row keeps its direction: an index holds float16, and its engine takes a vector
whose squares sum to less than 1.2e-7 for zero. Source: IEEE 754; is_length_zero_or_normalized of Qdrant."""


class _DescribedItem(NamedTuple):
    """What is known of an item beside its vectors."""

    id: str
    attributes: Attributes
    source: str = ""
    hash: str = ""
    fingerprint: str = ""
    regions: tuple[Region, ...] = ()


class ClassicCatalogue:
    """The items of a features file and what lies beside it.

    Args:
        features: the .npy file.

    Raises:
        CatalogueError: a file that can't be read, or files that don't agree.
    """

    def __init__(self, features: Path) -> None:
        self._features = matrix(features)
        path = Path(os.path.normpath(features.absolute()))
        folder, rows = path.parent, len(self._features)
        classic = path.name in (FEATURES, OTHER_FEATURES)
        metadata = read_metadata(folder) if path.name == FEATURES else None
        self.name, self.origin = f"{folder.name}/{path.name}", str(path)
        # Colours are of use only where the metadata names the encoder that made them.
        colours = metadata is not None and metadata.origin.colour
        self._colours = matrix(folder / COLOURS, rows) if colours else None
        specs = {} if metadata is None else metadata.origin.vectors
        self._further = {name: _FurtherVectors(folder, name, spec, rows) for name, spec in specs.items()}
        self._labels, self._classes = None, list[str]()
        if classic and (folder / LABELS).exists():
            self._labels, self._classes = labels(folder / LABELS, rows)
            if not self._classes and (folder / CLASSES).exists():
                self._classes = class_names(folder / CLASSES, self._labels)
        lists = [folder / name for name in (ITEMS, IDS, OTHER_IDS)] if classic else [path.with_suffix(".txt")]
        self._list = next((name for name in lists if name.exists()), None)
        if self._list is not None and (found := count_lines(self._list)) != rows:
            raise CatalogueError(
                f"{self._list} has {found:,} lines and {path} has {rows:,} rows: give a line for each row"
            )
        dim = self._features.shape[1]
        self.vector_origin = VectorOrigin(dim, _have_length_1(self._features)) if metadata is None else metadata.origin
        if (stated := self.vector_origin.dim) != dim:
            raise CatalogueError(f"{path} has {dim:,} numbers a row, {METADATA} says {stated:,}: export it again")

    def __len__(self) -> int:
        return len(self._features)

    def __iter__(self) -> Iterator[Item | Skipped]:
        descriptions = self._describe_rows()
        for start in range(0, len(self), _BLOCK):
            looks = _as_float32(self._features, start)
            colours = repeat(None) if self._colours is None else iter(_as_float32(self._colours, start))
            for row, described, look, colour in zip(
                range(start, start + len(looks)), descriptions, looks, colours, strict=False
            ):
                further = {name: vectors.of(row) for name, vectors in self._further.items()}
                given = (look, *(() if colour is None else (colour,)), *chain(*map(np.atleast_2d, further.values())))
                if problem := next(filter(None, map(_problem, given)), ""):
                    yield Skipped(described.id, "unusable vector", f"row {row} {problem}")
                    continue
                digest = described.hash or hashlib.blake2b(look.tobytes(), digest_size=16).hexdigest()
                encoding = Encoding(look, colour, digest, described.fingerprint, further, described.regions)
                yield Item(
                    described.id,
                    None,
                    attributes=described.attributes,
                    source=described.source,
                    encoding=encoding,
                )

    def _describe_rows(self) -> Iterator[_DescribedItem]:
        """Yield the id, attributes and the rest of each row, in order."""
        if self._list is not None and self._list.name == ITEMS:
            for number, line in enumerate(read_lines(self._list), 1):
                if number <= len(self):
                    yield _read_item(line, f"{self._list} line {number}")
            return
        ids = (
            map(str, range(len(self)))
            if self._list is None
            else (line.rstrip("\r\n") for line in read_lines(self._list))
        )
        for row, id_ in enumerate(islice(ids, len(self))):
            yield _DescribedItem(id_, self._label(row))

    def _label(self, row: int) -> dict[str, Value]:
        if self._labels is None:
            return {}
        label = int(self._labels[row])
        name = self._classes[label] if self._classes and label >= 0 else ""
        return {"category": name} if name else {} if label < 0 or self._classes else {"label": label}


class _FurtherVectors:
    """The vectors of one further name, mapped into memory."""

    def __init__(self, folder: Path, name: str, spec: VectorSpec, items: int) -> None:
        file = folder / vectors_file(name)
        self._rows = matrix(file, None if spec.multi else items, empty=spec.multi)
        if self._rows.shape[1] != spec.dim:
            raise CatalogueError(f"{file} has {self._rows.shape[1]:,} numbers a row, {METADATA} says {spec.dim:,}")
        self._ends = np.cumsum(counts(folder / counts_file(name), items, len(self._rows))) if spec.multi else None

    def of(self, item: int) -> Vector:
        """Return the vector of an item, float32 (dim,); float32 (n, dim) where items have several."""
        if self._ends is None:
            return _as_float32(self._rows, item, 1).reshape(-1)
        start = int(self._ends[item - 1]) if item else 0
        return _as_float32(self._rows, start, int(self._ends[item]) - start)


def _as_float32(array: NDArray[Any], start: int, count: int = _BLOCK) -> Vectors:
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is skipped
        return np.ascontiguousarray(array[start : start + count], np.float32)


def _problem(row: NDArray[np.float32]) -> str:
    """Return why an index can't hold a vector; "" if it can."""
    if not np.isfinite(row).all():
        return "holds NaN or infinity: encode its photo again, or leave the row out"
    if not row.any():
        return "is zero, so it has no direction: encode its photo again, or leave the row out"
    if (largest := float(np.abs(row).max())) > _LARGEST:
        return f"holds {largest:g}, an index keeps numbers to {_LARGEST:,.0f}: scale the features"
    if (length := float(np.linalg.norm(row.astype(np.float64)))) < _SHORTEST:
        return f"has length {length:g}, an index compares vectors from {_SHORTEST} on: scale the features"
    return ""


def _have_length_1(features: NDArray[Any]) -> bool:
    """Return whether the rows of a sample have length 1; those that will be skipped don't count."""
    step = max(1, len(features) // _SAMPLE)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(np.asarray(features[::step][:_SAMPLE], np.float64), axis=1)
    lengths = lengths[np.isfinite(lengths) & (lengths > 0)]
    return bool(len(lengths)) and bool(np.abs(lengths - 1).max() <= _UNIT)


def _read_item(line: str, where: str) -> _DescribedItem:
    """Parse a line of ``all_items.jsonl``."""
    try:
        stored = json.loads(line, parse_constant=_no_number)
        kept = stored.get("attributes", {}).items()
        attributes = {name: _listed(value) for name, value in kept if value is not None}
        texts = [stored.get(name, "") for name in ("source", "hash", "fingerprint")]
        if not all(isinstance(text, str) for text in (stored["id"], *texts)):
            raise ValueError("id, source, hash and fingerprint are text")
        if not all(map(_is_value, attributes.values())):
            raise ValueError("attributes are text, lists of texts, booleans, and numbers of 64 bits")
        if texts[2] and (len(texts[2]) != 32 or set(texts[2]) - set("0123456789abcdef")):
            raise ValueError("a fingerprint has 32 hex digits")
        regions = tuple(map(region_from_dict, stored.get("regions", ())))
        json.dumps(stored, ensure_ascii=False).encode()  # halves of surrogate pairs are no text
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, QueryError) as error:
        raise CatalogueError(f"{where} describes no item ({error}): mend it, or remove the file") from error
    source, digest, fingerprint = texts
    return _DescribedItem(stored["id"], attributes, source, digest, fingerprint, regions)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _is_value(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(text, str) for text in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return -(2**63) <= value < 2**63
    return isinstance(value, str | bool) or (isinstance(value, float) and math.isfinite(value))

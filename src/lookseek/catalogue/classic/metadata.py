"""``all_features.json``: how the features beside it were made, and the checksums that make one set of the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CatalogueError
from ...store.schema import VectorSpec
from ...types import Metric
from .files import FEATURES, METADATA, NAMES, counts_file, is_vector_name, vectors_file

__all__ = [
    "FeaturesMetadata",
    "VectorOrigin",
    "earlier_files",
    "read_metadata",
    "write_metadata",
    "written_by_lookseek",
]

FORMAT = 2
"""The newest format of all_features.json; a newer one is refused instead of being misread. Format 1 has no further
vectors and no regions, and is written for as long as there are none."""

_LARGEST = 1 << 20
"""Bytes; ours has 2,000."""


@dataclass(frozen=True, slots=True)
class VectorOrigin:
    """How the vectors of a source were made. Text is "" where nobody knows.

    Args:
        dim: length of the model's vectors.
        unit: whether they have length 1; else they are as the model gave them.
        metric: "euclidean" where an index that searches by distance wrote them.
        model: the model's name.
        checksum: the model's.
        runtime: what ran it, with its precision.
        colour: version of the colour encoder; "" where there are no colours.
        vectors: further vectors by name, and how each is kept; every item brings all of them.
        regions: what found the regions of the photos, with its version; "" where nothing did.
    """

    dim: int
    unit: bool
    metric: Metric = "cosine"
    model: str = ""
    checksum: str = ""
    runtime: str = ""
    colour: str = ""
    vectors: Mapping[str, VectorSpec] = field(default_factory=dict)
    regions: str = ""


@dataclass(frozen=True, slots=True)
class FeaturesMetadata:
    """The content of ``all_features.json``.

    Args:
        origin: how the vectors were made.
        items: how many rows.
        label: the attribute that the labels stand for; "" without labels.
        classes: how many classes there are.
        source: the catalogue of the index that was exported, for people.
        files: name to (size in bytes, SHA-256 hex) of every file of the set.
        marked: how many items have regions.
    """

    origin: VectorOrigin
    items: int
    label: str
    classes: int
    source: str
    files: Mapping[str, tuple[int, str]]
    marked: int = 0


def write_metadata(metadata: FeaturesMetadata) -> bytes:
    """Return the content of ``all_features.json``, the same whenever and wherever it is written."""
    origin = asdict(metadata.origin) | {
        "vectors": {name: spec.to_dict() for name, spec in metadata.origin.vectors.items()}
    }
    rest = {name: getattr(metadata, name) for name in (*_REST, "files", "marked")}
    newer = bool(metadata.origin.vectors or metadata.origin.regions or metadata.marked)
    flat = {"lookseek": FORMAT if newer else 1, **origin, **rest}
    if not newer:
        flat = {name: value for name, value in flat.items() if name not in _NEWER}
    return (json.dumps(flat, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def written_by_lookseek(folder: Path) -> bool:
    """Return whether lookseek wrote the features of a folder, also where an export was cut off."""
    try:
        return isinstance(_parsed(folder / METADATA), dict)
    except CatalogueError:
        return False


def earlier_files(folder: Path) -> set[str]:
    """Names that an earlier export into a folder may have written."""
    try:
        vectors = _parsed(folder / METADATA).get("vectors", {})
    except CatalogueError:
        return set(NAMES)
    names = filter(is_vector_name, map(str, vectors)) if isinstance(vectors, dict) else ()
    return {*NAMES, *(file(name) for name in names for file in (vectors_file, counts_file))}


def read_metadata(folder: Path) -> FeaturesMetadata | None:
    """Read a folder's metadata and compare every file with its checksum. None where the folder has no metadata.

    Raises:
        CatalogueError: the file can't be read or is a newer lookseek's, or a file differs from its checksum.
    """
    file = folder / METADATA
    if not file.exists():
        return None
    stored = _parsed(file)
    if stored["lookseek"] not in (1, FORMAT):
        raise CatalogueError(
            f"{file} has format {stored['lookseek']}, this lookseek reads up to {FORMAT}: update lookseek"
        )
    if stored["lookseek"] == 1:
        stored |= {"vectors": {}, "regions": "", "marked": 0}
    try:
        vectors = {name: VectorSpec.from_dict(spec) for name, spec in _typed(stored, "vectors", dict).items()}
        origin = VectorOrigin(**{name: _typed(stored, name, kind) for name, kind in _ORIGIN.items()}, vectors=vectors)
        rest = {name: _typed(stored, name, kind) for name, kind in (_REST | {"marked": int}).items()}
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in stored["files"].items()}
        metadata = FeaturesMetadata(origin=origin, files=files, **rest)
        further = {vectors_file(name) for name in vectors}
        further |= {counts_file(name) for name, spec in vectors.items() if spec.multi}
        known = origin.metric in ("cosine", "euclidean") and all(map(is_vector_name, vectors))
        if not known or not {FEATURES, *further} <= set(files) <= {*NAMES, *further}:
            raise ValueError("vectors, a metric or files that lookseek does not know")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CatalogueError(f"{file} lacks what it should say ({error}): {_REMEDY}") from error
    for name, expected in metadata.files.items():
        _compare(folder / name, expected, file)
    return metadata


_ORIGIN = {
    "dim": int,
    "unit": bool,
    "metric": str,
    "model": str,
    "checksum": str,
    "runtime": str,
    "colour": str,
    "regions": str,
}
_REST = {"items": int, "label": str, "classes": int, "source": str}
_NEWER = ("vectors", "regions", "marked")
"""What format 1 does not say."""
_REMEDY = f"export the index again, or remove {METADATA} and all_items.jsonl to take the arrays as they are"


def _parsed(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _LARGEST:
            raise CatalogueError(f"{file} has {file.stat().st_size:,} bytes, {_LARGEST:,} are allowed: {_REMEDY}")
        stored = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CatalogueError(f"{file} can't be read ({error}): {_REMEDY}") from error
    if not isinstance(stored, dict) or type(stored.get("lookseek")) is not int:
        raise CatalogueError(f"{file} was not written by lookseek: move it away to take the arrays as they are")
    return stored


def _typed(stored: Mapping[str, Any], name: str, kind: type) -> Any:
    if type(stored[name]) is not kind:
        raise ValueError(f"{name} is {stored[name]!r}")
    return stored[name]


def _compare(path: Path, expected: tuple[int, str], file: Path) -> None:
    try:
        with path.open("rb") as opened:
            size = path.stat().st_size
            same = size == expected[0] and hashlib.file_digest(opened, "sha256").hexdigest() == expected[1]
        state = "is not what it was"
    except FileNotFoundError:
        same, state = False, "is missing"
    except OSError as error:
        same, state = False, f"can't be read ({error.strerror or error})"
    if not same:
        raise CatalogueError(
            f"{path} {state} when {file.name} was written: an export was cut off, or a file changed: {_REMEDY}"
        )

"""What describes a generation of an index: how its vectors were made, and what it holds.

It is kept as JSON with a format's number. Format 2 has had ``sources`` and ``regions`` since the first version that
writes it; format 1 is read, and what is written next is format 2. A generation with a journal of edits is format 3, so
that a lookseek that knows no journals refuses it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..errors import IndexDamaged, IndexMismatch
from ..store import FieldType, Layout, StoreType, VectorSpec
from ..types import Role, RouterType

__all__ = [
    "FORMAT",
    "IndexSpec",
    "JournalEnd",
    "Manifest",
    "RouterInfo",
    "checksum_of",
    "declared_fields",
    "manifest_from_json",
    "manifest_to_json",
]

FORMAT = 3
"""The newest format, of a generation with a journal. Older ones are read (``_NEXT``), newer ones refused."""
_WITHOUT_JOURNAL = 2
"""The format that is written of all others: what is not new, an earlier lookseek may read."""
_CHECKSUM = "checksum"
"""The key of a manifest's own checksum. A format 2 without it was written before there was one, and has no key that is
unknown: the key itself, damaged, would be one."""

_DECLARED = 32
"""Attributes that are made quick to filter by. Each costs the engine several files and a tenth of a second; filters on
others work as well, only more slowly."""

_KEYS = {"spec": "recipe"}
"""Fields of a manifest whose key in the JSON has another name."""


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """What makes the vectors of an index comparable: vectors of another spec need another index.

    Args:
        model: the model's name.
        model_path: its folder, its name in the hub, or "" for one that ships with lookseek.
        checksum: SHA-256 of the model folder.
        colour: version of the colour encoder; "" where no colours are kept.
        layout: the named vectors.
        store: which store keeps them.
        regions: what found the regions of the photos, with its version; "" where there are none or it is unknown.
    """

    model: str
    model_path: str
    checksum: str
    colour: str
    layout: Layout
    store: StoreType
    regions: str = ""

    def same_vectors(self, other: IndexSpec) -> bool:
        """Return whether vectors made by both can stand in one index; where the model lies does not matter."""
        return replace(self, model_path="") == replace(other, model_path="")


@dataclass(frozen=True, slots=True)
class RouterInfo:
    """What an index keeps of one of its routers beside the router's files.

    Args:
        by: the attribute whose values are its keys; "" of cells.
        preset: how it was fitted.
        sizes: key to how many items have it, in the order of the router's columns.
        temperature, mass: as validation chose them.
        kept, visited: shares of the exact answers that soft routing kept in validation, and of the items it searched.
        current: False once items changed after it keyed them.
    """

    by: str
    preset: str
    sizes: Mapping[str, int]
    temperature: float
    mass: float
    kept: float
    visited: float
    current: bool = True


@dataclass(frozen=True, slots=True)
class JournalEnd:
    """A place of a journal behind a whole record: what lies before it belongs to a generation.

    Args:
        size: bytes before it.
        edits: how many items the records before it added, changed or removed, each as often as it was.
        digest: the chained SHA-256 of the last record before it, hex.
    """

    size: int
    edits: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a generation.

    Args:
        generation: its name, as its place gives it.
        spec: how its vectors were made.
        runtime: what ran the model, with its precision, e.g. "onnxruntime fp32"; several are joined by " + ".
        items: how many points it holds.
        fields: the attributes that items have, and their kinds.
        graph_items: how many items had a place in the HNSW graph when it was built; 0 without a graph.
        sources: the catalogues whose items it holds, the last one indexed last; for people.
        updated: when it was published, ISO 8601 UTC; "" while it is being filled.
        files: relative path to (size in bytes, checksum) of every file; empty where the place keeps no files, and of a
            generation that is being filled.
        routers: kind to what is kept of the router; empty of an index that no router keyed.
        roles: role to the attribute that has it; empty where the catalogues said none.
        columns: attribute to how its texts are read, as ``catalogue.column_types.ColumnType.to_dict`` returns it; empty
            where the catalogues were no tables.
        options: source to what was said of how to read it, as ``catalogue.ReadingOptions.to_dict`` returns it.
        journal: where the edits end that belong to it, see ``journal.py``; None where it has no journal.
    """

    generation: str
    spec: IndexSpec
    runtime: str
    items: int = 0
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    graph_items: int = 0
    sources: tuple[str, ...] = ()
    updated: str = ""
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    routers: Mapping[RouterType, RouterInfo] = field(default_factory=dict)
    roles: Mapping[Role, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    journal: JournalEnd | None = None

    @property
    def source(self) -> str:
        """The catalogue that was indexed last; "" if none is known."""
        return self.sources[-1] if self.sources else ""

    def outdated_routers(self) -> Mapping[RouterType, RouterInfo]:
        """Return the routers as they are once an item has changed."""
        return {kind: replace(info, current=False) for kind, info in self.routers.items()}


def manifest_to_json(manifest: Manifest) -> str:
    """Write a manifest down in the format of today, with a checksum of its own."""
    version = _WITHOUT_JOURNAL if manifest.journal is None else FORMAT
    stored = {"format": version, **{_KEYS.get(name, name): value for name, value in asdict(manifest).items()}}
    if manifest.journal is None:
        del stored["journal"]
    stored["recipe"]["layout"] = {name: vector.to_dict() for name, vector in manifest.spec.layout.items()}
    return json.dumps({**stored, _CHECKSUM: checksum_of(stored)}, indent=1, ensure_ascii=False)


def manifest_from_json(text: str | bytes, where: str) -> Manifest:
    """Read a manifest of any format up to ``FORMAT``.

    Args:
        text: the JSON.
        where: what to call it in messages, e.g. a file.

    Raises:
        IndexDamaged: it can't be read, or lacks what it should hold.
        IndexMismatch: a newer lookseek wrote it.
    """
    try:
        stored = json.loads(text)
        version = stored.pop("format")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IndexDamaged(f"{where} can't be read ({error}): index the catalogue again into a new folder") from error
    if not _as_written(stored, version):
        raise IndexDamaged(
            f"{where} is not what was written: bring it back from a copy, or index the catalogue again into a new "
            "folder"
        )
    if not isinstance(version, int) or version > FORMAT:
        raise IndexMismatch(f"{where} has format {version}, this lookseek reads up to {FORMAT}: update lookseek")
    try:
        while version in _NEXT:
            stored, version = _NEXT[version](stored), version + 1
        if version < _WITHOUT_JOURNAL:
            raise KeyError(f"format {version}")
        spec = dict(stored.pop("recipe"))
        layout = {name: VectorSpec.from_dict(vector) for name, vector in spec.pop("layout").items()}
        sources = tuple(str(source) for source in stored.pop("sources", []))
        files = {name: (int(size), str(digest)) for name, (size, digest) in stored.pop("files").items()}
        routers = {kind: RouterInfo(**info) for kind, info in stored.pop("routers", {}).items()}
        end = stored.pop("journal", None)
        journal = None if end is None else JournalEnd(int(end["size"]), int(end["edits"]), str(end["digest"]))
        known = {f.name for f in fields(Manifest)}
        rest: dict[str, Any] = {key: value for key, value in stored.items() if key in known}
        return Manifest(
            spec=IndexSpec(layout=layout, **spec),
            sources=sources,
            files=files,
            routers=routers,
            journal=journal,
            **rest,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IndexDamaged(
            f"{where} lacks what it should say ({error}): index the catalogue again into a new folder"
        ) from error


def _as_written(stored: dict[str, Any], version: object) -> bool:
    """Return whether a manifest agrees with its own checksum, which is taken out of it."""
    if version not in (_WITHOUT_JOURNAL, FORMAT):
        return True  # an earlier format, which has none, or one that is refused
    if _CHECKSUM in stored:
        return bool(stored.pop(_CHECKSUM) == checksum_of({"format": version, **stored}))
    return not stored.keys() - {_KEYS.get(f.name, f.name) for f in fields(Manifest)}


def checksum_of(stored: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest's JSON without its checksum, however it is spaced and ordered."""
    canonical = json.dumps(stored, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _from_1(stored: dict[str, Any]) -> dict[str, Any]:
    """Return format 2 of format 1, which names one source."""
    source = stored.pop("source", "")
    return {**stored, "sources": [source] if source else []}


_NEXT: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}
"""Format to what makes the next format of it."""


def declared_fields(fields: Collection[str], roles: Mapping[Role, str]) -> list[str]:
    """Return the attributes that a store is told to make quick to filter by: those with roles first, then by name.

    Args:
        fields: all that items have.
        roles: what some of them are.
    """
    return sorted(fields, key=lambda name: (name not in roles.values(), name))[:_DECLARED]

"""An index as the classic files: features, labels and ids in plain numpy files, in the order of the ids.

Rows are written one block after another, not through a mapped file: a full disk then gives an error instead of killing
the process. Every file is written beside its name and renamed once all are whole, ``all_features.json`` first: until
the last one is in its place its checksums say that the set is not complete.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import vectors
from ..catalogue.classic import About, Made, write_about
from ..catalogue.classic.about import is_ours
from ..catalogue.classic.files import ABOUT, CLASSES, COLOURS, FEATURES, IDS, ITEMS, LABELS, NAMES
from ..errors import IndexDamaged, QueryError
from ..progress import Progress
from ..store import FieldKind
from ..store.schema import COLOUR, LOOK, LOOK_EUCLIDEAN
from ..types import Point, Value, Vectors
from .folder import OpenIndex, is_index, open_index

LABELLED_BY = ("category", "label")
"""The attributes that labels stand for where a person names none: the first that items have."""

_PAGE = 256
"""Points read and written at a time: Python holds 45 KB of each while the engine hands it over."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Args:
        about: how the vectors were made, and the files with their sizes.
        classes: the classes' names, by number.
        unlabelled: items without a class.
        fields: attributes that could have been labels.
        note: what the person should know of the index; "" if nothing.
    """

    about: About
    classes: tuple[str, ...]
    unlabelled: int
    fields: tuple[str, ...]
    note: str


def export_vectors(index: Path, out: Path, *, label: str | None = None, progress: Progress) -> Exported:
    """Write an index's vectors, labels and items into a folder, replacing an earlier export.

    Features are those that the model gave where the index keeps them for Euclidean distance, else those of length 1.
    Memory: one block of rows and some 100 bytes an item.

    Args:
        index: the index folder.
        out: where the files go; made if it is not there. Other files in it stay as they are.
        label: the attribute that becomes the class; None for the first of ``LABELLED_BY`` that items have.
        progress: told of every block.

    Raises:
        IndexFolderError: see ``open_index``.
        QueryError: an index without items, an attribute that no item has, an id that no line can hold, or a folder
            that holds files of these names which lookseek did not write.
    """
    opened = open_index(index)
    try:
        _refuse_others(out)
        field = _label_field(label, opened.manifest.fields)
        ids, classes = _first_pass(opened, field)
        out.mkdir(parents=True, exist_ok=True)
        progress.phase("writing features", len(ids))
        return _written(opened, out, field, ids, classes, progress)
    finally:
        opened.store.close()


def _refuse_others(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise QueryError(f"{out} is a file: give a folder for the features")
    if is_index(out):
        raise QueryError(f"{out} is an index: give another folder for the features")
    there = [name for name in NAMES if (out / name).exists()]
    if there and not is_ours(out):
        raise QueryError(f"{out} holds {', '.join(there)}, which lookseek did not write: give another folder")


def _label_field(label: str | None, fields: Mapping[str, FieldKind]) -> str:
    if label is not None and label not in fields:
        raise QueryError(
            f"no item has the attribute {label!r} for a label: the index knows {', '.join(fields) or 'none'}"
        )
    return label or next((name for name in LABELLED_BY if name in fields), "")


def _first_pass(opened: OpenIndex, field: str) -> tuple[list[str], dict[str, int]]:
    """All ids, ascending, and the classes' numbers by name."""
    ids, values = list[str](), dict[str, Value]()
    for point in opened.store.scan():
        if "\n" in point.id or "\r" in point.id:  # no catalogue of ours gives such an id
            raise QueryError(f"the id {point.id!r} holds a line break, so no list of ids can hold it: rename that item")
        ids.append(point.id)
        if field in point.attributes:
            values.setdefault(_class_name(point.attributes[field]), point.attributes[field])
    if not ids:
        raise QueryError(f"{opened.folder} has no items, so there is nothing to export: index a catalogue first")
    # Numbers in their order, words in theirs: dress, shirt, toptee become 0, 1, 2.
    names = sorted(values, key=lambda name: (isinstance(v := values[name], str), 0 if isinstance(v, str) else v, name))
    return sorted(ids), {name: number for number, name in enumerate(names)}


def _class_name(value: Value) -> str:
    """A class as one line."""
    return " ".join(str(value).split())


def _written(
    opened: OpenIndex, out: Path, field: str, ids: Sequence[str], classes: Mapping[str, int], progress: Progress
) -> Exported:
    recipe, store = opened.manifest.recipe, opened.store
    raw, coloured = LOOK_EUCLIDEAN in recipe.layout, COLOUR in recipe.layout
    dim, name = recipe.layout[LOOK].dim, LOOK_EUCLIDEAN if raw else LOOK
    names = [FEATURES, *([LABELS, CLASSES] if field else []), IDS, *([COLOURS] if coloured else []), ITEMS]
    unlabelled = 0
    with _staged(out, names) as (parts, publish):
        parts[FEATURES].header("<f4", (len(ids), dim))
        if coloured:
            parts[COLOURS].header("<f4", (len(ids), recipe.layout[COLOUR].dim))
        if field:
            parts[LABELS].header("<i8", (len(ids),))
            parts[CLASSES].lines(classes)
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            points = store.get(page)
            if len(points) != len(page):
                raise IndexDamaged(f"{opened.folder} lost items while it was read: lookseek check {opened.folder}")
            parts[FEATURES].write(_rows(points, name, unit=not raw))
            if coloured:
                parts[COLOURS].write(_rows(points, COLOUR, unit=True))
            if field:
                found = (point.attributes.get(field) for point in points)
                numbers = [-1 if value is None else classes[_class_name(value)] for value in found]
                parts[LABELS].write(np.array(numbers, "<i8"))
                unlabelled += numbers.count(-1)
            parts[IDS].lines(page)
            parts[ITEMS].lines(map(_described, points))
            progress.advance(len(page))
        files = {one: part.ended() for one, part in parts.items()}
        made = Made(
            dim=dim,
            unit=not raw,
            metric="euclidean" if raw else "cosine",
            model=recipe.model,
            checksum=recipe.checksum,
            runtime=opened.manifest.runtime,
            colour=recipe.colour,
        )
        about = About(made, len(ids), field, len(classes), opened.manifest.source, files)
        publish(write_about(about))
    return Exported(about, tuple(classes), unlabelled, tuple(opened.manifest.fields), opened.note)


def _rows(points: Sequence[Point], name: str, *, unit: bool) -> Vectors:
    rows = np.array([point.vectors[name] for point in points], "<f4")
    return vectors.unit(rows) if unit else rows  # float16 costs the fourth decimal


def _described(point: Point) -> str:
    """All of a point but its vectors, as a line."""
    said: dict[str, Any] = {"id": point.id, "attributes": dict(point.attributes), "source": point.source}
    return json.dumps(said | {"hash": point.hash, "fingerprint": point.fingerprint}, ensure_ascii=False)


class _Part:
    """A file while it is written: beside its name, its checksum kept on the way."""

    def __init__(self, target: Path) -> None:
        self.target, self.path = target, target.with_name(target.name + ".part")
        self._file, self._size, self._digest = self.path.open("wb"), 0, hashlib.sha256()

    def header(self, kind: str, shape: tuple[int, ...]) -> None:
        """Begin a .npy file of rows in C order."""
        np.lib.format.write_array_header_1_0(self, {"descr": kind, "fortran_order": False, "shape": shape})

    def lines(self, texts: Any) -> None:
        """Add lines of text."""
        self.write("".join(f"{text}\n" for text in texts).encode("utf-8"))

    def write(self, data: Any) -> None:
        """Add bytes, or an array's."""
        data = data if isinstance(data, bytes) else data.tobytes()
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def ended(self) -> tuple[int, str]:
        """Bring the file to the disk; returns its size in bytes and its SHA-256."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._size, self._digest.hexdigest()

    def close(self) -> None:
        """Close and remove what was not renamed."""
        self._file.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def _staged(out: Path, names: Sequence[str]) -> Iterator[tuple[dict[str, _Part], Callable[[bytes], None]]]:
    """Files that take their places together, when the function that is given is called with all_features.json."""
    with ExitStack() as cleaning:
        parts = {}
        for name in names:
            parts[name] = _Part(out / name)
            cleaning.callback(parts[name].close)

        def publish(about: bytes) -> None:
            first = _Part(out / ABOUT)
            cleaning.callback(first.close)
            first.write(about)
            first.ended()
            for part in (first, *parts.values()):
                part.path.replace(part.target)
            for name in set(NAMES) - set(parts) - {ABOUT}:  # an earlier export's, which no longer hold
                (out / name).unlink(missing_ok=True)

        yield parts, publish

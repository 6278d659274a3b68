"""An index as the classic files: features, labels and ids in plain numpy files, in the order of the ids.

``all_features.json`` describes them; the files take their places together (``staged_files``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import vectors
from ..catalogue.classic import FeaturesMetadata, VectorOrigin, write_metadata
from ..catalogue.classic.files import (
    CLASSES,
    COLOURS,
    FEATURES,
    IDS,
    ITEMS,
    LABELS,
    METADATA,
    NAMES,
    counts_file,
    vectors_file,
)
from ..catalogue.classic.metadata import earlier_files, written_by_lookseek
from ..errors import IndexDamaged, QueryError
from ..progress import Progress
from ..store import FieldType, Layout
from ..store.payload import region_to_dict, to_payload
from ..store.schema import COLOUR, LOOK, LOOK_EUCLIDEAN, further_vectors
from ..types import AttributeValue, Point, Vectors
from .address import Address
from .folder import is_index
from .open_index import OpenIndex, open_index
from .staged_files import staged

LABELLED_BY = ("category", "label")
"""The attributes that labels stand for where a person names none: the first that items have."""

_PAGE = 256
"""Points read and written at a time: Python holds 45 KB of each while the engine hands it over."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Args:
        metadata: how the vectors were made, and the files with their sizes.
        classes: the classes' names, by number.
        unlabelled: items without a class.
        fields: attributes that could have been labels.
        note: what the person should know of the index; "" if nothing.
    """

    metadata: FeaturesMetadata
    classes: tuple[str, ...]
    unlabelled: int
    fields: tuple[str, ...]
    note: str


def export_vectors(index: Address, out: Path, *, label: str | None = None, progress: Progress) -> Exported:
    """Write an index's vectors, labels and items into a folder, replacing an earlier export.

    Features are those that the model gave where the index keeps them for Euclidean distance, else those of length 1.
    Memory: one block of rows and some 100 bytes an item.

    Args:
        index: its folder or address.
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
        _refuse_others(out, opened.manifest.spec.layout)
        field = _label_field(label, opened.manifest.fields)
        ids, classes, totals = _read_ids(opened, field)
        out.mkdir(parents=True, exist_ok=True)
        progress.phase("writing features", len(ids))
        return _write(opened, out, field, ids, classes, totals, progress)
    finally:
        opened.store.close()


def _refuse_others(out: Path, layout: Layout) -> None:
    if out.exists() and not out.is_dir():
        raise QueryError(f"{out} is a file: give a folder for the features")
    if is_index(out):
        raise QueryError(f"{out} is an index: give another folder for the features")
    names = (*NAMES, *chain(*((vectors_file(name), counts_file(name)) for name in further_vectors(layout))))
    there = [name for name in names if (out / name).exists()]
    if there and not written_by_lookseek(out):
        raise QueryError(f"{out} holds {', '.join(there)}, which lookseek did not write: give another folder")


def _label_field(label: str | None, fields: Mapping[str, FieldType]) -> str:
    if label is not None and label not in fields:
        raise QueryError(
            f"no item has the attribute {label!r} for a label: the index knows {', '.join(fields) or 'none'}"
        )
    return label or next((name for name in LABELLED_BY if name in fields), "")


def _read_ids(opened: OpenIndex, field: str) -> tuple[list[str], dict[str, int], Counter[str]]:
    """Return all ids, ascending; class to its number; and the counts of vectors of names that keep several."""
    ids, values, totals = list[str](), dict[str, AttributeValue](), Counter[str]()
    several = [name for name, spec in opened.store.layout.items() if spec.multi]
    for point in opened.store.scan(vectors=bool(several)):
        totals.update({name: len(point.vectors[name]) for name in several})
        if "\n" in point.id or "\r" in point.id:  # no catalogue of ours gives such an id
            raise QueryError(f"the id {point.id!r} holds a line break, so no list of ids can hold it: rename that item")
        ids.append(point.id)
        if field in point.attributes:
            values.setdefault(_class_name(point.attributes[field]), point.attributes[field])
    if not ids:
        raise QueryError(f"{opened.address} has no items, so there is nothing to export: index a catalogue first")
    # Numbers in their order, words in theirs: dress, shirt, toptee become 0, 1, 2.
    names = sorted(
        values,
        key=lambda name: (isinstance(v := values[name], str | tuple), 0 if isinstance(v, str | tuple) else v, name),
    )
    return sorted(ids), {name: number for number, name in enumerate(names)}, totals


def _class_name(value: AttributeValue) -> str:
    """Return a class as one line."""
    return " ".join((", ".join(value) if isinstance(value, tuple) else str(value)).split())


class _ArrayFile(NamedTuple):
    """A .npy file of the export: its shape, and the rows of a page of points."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    rows_of: Callable[[Sequence[Point]], NDArray[Any]]


def _array_files(
    layout: Layout, field: str, items: int, classes: Mapping[str, int], totals: Mapping[str, int]
) -> list[_ArrayFile]:
    def vectors_of(name: str, file: str) -> _ArrayFile:
        spec = layout[name]
        shape = (totals[name] if spec.multi else items, spec.dim)
        return _ArrayFile(file, "<f4", shape, lambda points: _rows(points, name, unit=spec.metric == "cosine"))

    def counts_of(name: str) -> _ArrayFile:
        return _ArrayFile(
            counts_file(name), "<i8", (items,), lambda points: np.array([len(point.vectors[name]) for point in points])
        )

    def labels() -> _ArrayFile:
        return _ArrayFile(LABELS, "<i8", (items,), lambda points: _labels(points, field, classes))

    return [
        vectors_of(LOOK_EUCLIDEAN if LOOK_EUCLIDEAN in layout else LOOK, FEATURES),
        *([labels()] if field else []),
        *([vectors_of(COLOUR, COLOURS)] if COLOUR in layout else []),
        *(vectors_of(name, vectors_file(name)) for name in further_vectors(layout)),
        *(counts_of(name) for name, spec in further_vectors(layout).items() if spec.multi),
    ]


def _write(
    opened: OpenIndex,
    out: Path,
    field: str,
    ids: Sequence[str],
    classes: Mapping[str, int],
    totals: Mapping[str, int],
    progress: Progress,
) -> Exported:
    layout = opened.manifest.spec.layout
    arrays = _array_files(layout, field, len(ids), classes, totals)
    names = [*(array.name for array in arrays), *([CLASSES] if field else []), IDS, ITEMS]
    names.sort(key=lambda name: NAMES.index(name) if name in NAMES else len(NAMES))
    unlabelled = marked = 0
    with staged(out, METADATA, names, earlier_files(out)) as (files, publish):
        for array in arrays:
            files[array.name].header(array.dtype, array.shape)
        if field:
            files[CLASSES].lines(classes)
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            points = opened.store.get(page)
            if len(points) != len(page):
                raise IndexDamaged(f"{opened.address} lost items while it was read: lookseek check {opened.address}")
            for array in arrays:
                files[array.name].rows(array.rows_of(points).astype(array.dtype, copy=False))
            files[IDS].lines(page)
            files[ITEMS].lines(map(_item_line, points))
            unlabelled += sum(field not in point.attributes for point in points) if field else 0
            marked += sum(bool(point.regions) for point in points)
            progress.advance(len(page))
        written = {name: file.finish() for name, file in files.items()}
        metadata = FeaturesMetadata(
            _vector_origin(opened), len(ids), field, len(classes), opened.manifest.source, written, marked
        )
        publish(write_metadata(metadata))
    return Exported(metadata, tuple(classes), unlabelled, tuple(opened.manifest.fields), opened.note)


def _vector_origin(opened: OpenIndex) -> VectorOrigin:
    """Return the origin of an index's vectors."""
    spec = opened.manifest.spec
    raw = LOOK_EUCLIDEAN in spec.layout
    return VectorOrigin(
        dim=spec.layout[LOOK].dim,
        unit=not raw,
        metric="euclidean" if raw else "cosine",
        model=spec.model,
        checksum=spec.checksum,
        runtime=opened.manifest.runtime,
        colour=spec.colour,
        vectors=further_vectors(spec.layout),
        regions=spec.regions,
    )


def _labels(points: Sequence[Point], field: str, classes: Mapping[str, int]) -> NDArray[np.int64]:
    found = (point.attributes.get(field) for point in points)
    return np.array([-1 if value is None else classes[_class_name(value)] for value in found], np.int64)


def _rows(points: Sequence[Point], name: str, *, unit: bool) -> Vectors:
    rows = np.concatenate([np.atleast_2d(point.vectors[name]) for point in points]).astype("<f4", copy=False)
    return vectors.unit(rows) if unit else rows  # float16 costs the fourth decimal


def _item_line(point: Point) -> str:
    """Return a point without its vectors as a line of JSON."""
    said: dict[str, Any] = {"id": point.id, "attributes": to_payload(point)["attributes"], "source": point.source}
    said |= {"hash": point.hash, "fingerprint": point.fingerprint}
    if point.regions:
        said["regions"] = [region_to_dict(region) for region in point.regions]
    return json.dumps(said, ensure_ascii=False)

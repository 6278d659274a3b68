"""An evaluation as a data set: queries, their first answers and all photos of both, for other programs to look at.

    queries.parquet    a row a query of the headline: its photo, the answers, their scores and grades, every metric
    photos.parquet     a row a photo among the answers
    README.md          the card: names both as configurations, with the figures
    fiftyone/          the same queries for FiftyOne (fiftyone_export.py)

``datasets.load_dataset(FOLDER)`` of Hugging Face loads the queries, ``load_dataset(FOLDER, "photos")`` the answers'
photos. Source of the form: the documentation of datasets, "Structure your repository" (the card's ``configs``), and
``Image``, which is stored as ``{bytes, path}`` and named in the Parquet file's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .. import images
from ..atomic import replacing, write_text
from ..errors import ItemError, QueryError
from ..progress import Progress
from ..types import Photo
from .outcome import Evaluation, Outcome
from .result import short_commit

__all__ = ["check_export", "photo_file", "query_rows", "write_dataset"]

QUERIES, PHOTOS, CARD = "queries.parquet", "photos.parquet", "README.md"

_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_ROWS = 128
"""Rows, with their photos, that are in memory at a time."""

_TYPES = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"GIF8", ".gif"))
"""First bytes of the files that every reader of such data sets decodes, and their names' ends."""


def check_export(folder: Path) -> None:
    """Check, before any work, that an export may be written into a folder.

    Raises:
        QueryError: it holds other files.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / QUERIES).is_file():
        raise QueryError(f"--export {folder} holds other files: give a new folder")


def write_dataset(evaluation: Evaluation, folder: Path, progress: Progress) -> list[Path]:
    """Write both tables and the card; an export that is there is replaced.

    Returns:
        The files.
    """
    heads = [outcome for outcome in evaluation.outcomes if not outcome.task.name]
    metrics = list(dict.fromkeys(metric for outcome in heads for metric in outcome.values))
    photos = evaluation.loaded.photos
    rows = [row for outcome in heads for row in query_rows(outcome)]
    shown = list(dict.fromkeys(id for row in rows for id in row["answers"] if id in photos))
    progress.phase("data set", len(rows) + len(shown))
    folder.mkdir(parents=True, exist_ok=True)
    asked = pa.schema(
        [
            ("query", pa.string()),
            ("stratum", pa.string()),
            ("photo", pa.string()),
            ("text", pa.string()),
            ("image", _IMAGE),
            ("answers", pa.list_(pa.string())),
            ("scores", pa.list_(pa.float32())),
            ("grades", pa.list_(pa.int8())),
            ("first_right", pa.int32()),
            *((metric, pa.float64()) for metric in metrics),
        ]
    )
    with_images = ({**row, "image": _image(photos, row["photo"])} for row in rows)
    _write(folder / QUERIES, asked, with_images, progress)
    answers = pa.schema([("id", pa.string()), ("label", pa.string()), ("image", _IMAGE)])
    labels = evaluation.loaded.labels
    each = ({"id": id, "label": labels.get(id, ""), "image": _image(photos, id)} for id in shown)
    _write(folder / PHOTOS, answers, each, progress)
    write_text(folder / CARD, _card(evaluation))
    return [folder / name for name in (QUERIES, PHOTOS, CARD)]


def query_rows(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """Yield a task's queries with their first answers and values, as the table has them, but for the photo itself."""
    columns = outcome.task.class_names or outcome.task.gallery
    for row, query in enumerate(outcome.task.queries):
        there = np.flatnonzero(outcome.best[row] >= 0)
        yield {
            "query": query.id,
            "stratum": outcome.task.stratum,
            "photo": query.photo,
            "text": query.said,
            "answers": [columns[at] for at in outcome.best[row, there]],
            "scores": outcome.scores[row, there].tolist(),
            "grades": outcome.grades[row, there].tolist(),
            "first_right": int(outcome.first[row]),
            **{metric: float(values[row]) for metric, values in outcome.values.items()},
        }


def photo_file(photo: Photo) -> tuple[bytes, str]:
    """Return a photo as a file that is read everywhere, and its name's end: as it is, or as PNG.

    Raises:
        ItemError: it can't be read.
    """
    if isinstance(photo, bytes | str | Path):
        content = images.read(photo)
        for begin, suffix in _TYPES:
            if content.startswith(begin):
                return content, suffix
    return images.to_png(images.decode(photo)), ".png"


def _image(photos: Mapping[str, Photo], id: str) -> dict[str, Any] | None:
    """Return a photo as ``Image`` stores it; None where there is none, or none that can be read."""
    try:
        return {"bytes": photo_file(photos[id])[0], "path": None}
    except (KeyError, ItemError):  # of words alone; missing photos are named in the result
        return None


def _write(path: Path, schema: pa.Schema, rows: Iterable[Mapping[str, Any]], progress: Progress) -> None:
    known = {"info": {"features": {"image": {"_type": "Image"}}}}
    schema = schema.with_metadata({"huggingface": json.dumps(known)})
    left = iter(rows)
    with replacing(path) as file, closing(pq.ParquetWriter(file, schema)) as table:
        while page := list(islice(left, _ROWS)):
            table.write_table(pa.Table.from_pylist(page, schema))
            progress.advance(len(page))


def _card(evaluation: Evaluation) -> str:
    result = evaluation.result
    figures = "\n".join(
        f"| {name} | {figure.value:.3f} | {figure.low:.3f} to {figure.high:.3f} |"
        for name, figure in result.metrics.items()
        if "/" not in name
    )
    model = ", ".join(f"{key} {value}" for key, value in result.model.items())
    return f"""---
configs:
- config_name: queries
  default: true
  data_files:
  - split: test
    path: {QUERIES}
- config_name: photos
  data_files:
  - split: test
    path: {PHOTOS}
---
# {result.benchmark}, protocol {result.protocol}, split {result.split}

{result.queries:,} queries, gallery {result.gallery_size:,} (`{result.gallery_hash}`); {model}; seed {result.seed},
commit {short_commit(result.commit)}. Written by `lookseek evaluate --export`. The photos stay under their owners'
terms.

| metric | value | 95 % interval |
|---|---|---|
{figures}

Grades above 0 are right; `first_right` is the rank of the first right answer, 0 where none was found.
"""

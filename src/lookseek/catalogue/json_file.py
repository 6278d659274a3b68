"""Rows of a JSON file: a list of objects, one in an object such as ``{"products": [...]}``, or COCO's annotations.

Of COCO (``images``, ``annotations``, ``categories``) each annotation is a row: a garment, its photo the part of the
image inside its box. Images without annotations are rows too. Source: cocodataset.org, "Data format".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import CatalogueError
from ..types import Skipped

__all__ = ["JsonFileRows"]

MAX_BYTES = 2 * 10**9
"""Bytes of a file: it is read as a whole and takes some five times its size of memory. COCO's own has 450 MB."""
_OF_ANNOTATION = frozenset(("id", "image_id", "category_id", "bbox", "segmentation", "keypoints", "counts", "iscrowd"))
_OF_IMAGE = frozenset(("id", "file_name", "width", "height", "license"))


class JsonFileRows:
    """The rows of a JSON file. Implements ``rows.Rows``.

    Args:
        path: of the file.

    Raises:
        CatalogueError: it is too large, no JSON, or holds no list of objects.
    """

    unit = "entry"

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise CatalogueError(
                f"{path} has {size / 1e9:,.1f} GB, and a JSON file is read as a whole, up to {MAX_BYTES / 1e9:g} GB: "
                "write one object a line and name it .jsonl"
            )
        try:
            data = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            remedy = "if it has one object a line, name it .jsonl; else mend it"
            raise CatalogueError(f"{path} is no JSON ({error}): {remedy}") from error
        self._entries = _coco(data) if _is_coco(data) else _objects(path, data)
        self.columns = tuple(dict.fromkeys(name for row in self._entries if isinstance(row, dict) for name in row))
        self.left_out: tuple[str, ...] = ()

    def read(self, raw_columns: Collection[str]) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        for number, row in enumerate(self._entries, start=1):
            if isinstance(row, dict):
                yield number, dict(row)
            else:
                reason = f"entry {number} is a JSON {type(row).__name__}: write an object with the columns' names"
                yield Skipped(f"entry {number}", "broken row", reason, number)


def _is_coco(data: object) -> bool:
    return isinstance(data, dict) and all(isinstance(data.get(name), list) for name in ("images", "annotations"))


def _objects(path: Path, data: object) -> list[Any]:
    """Return the list of rows that a file holds."""
    lists = [data] if isinstance(data, list) else list(data.values()) if isinstance(data, dict) else []
    rows = [one for one in lists if isinstance(one, list) and any(isinstance(row, dict) for row in one)]
    if len(rows) != 1:
        raise CatalogueError(
            f"{path} holds {len(rows) or 'no'} lists of objects, and one is read: write [{{...}}, ...], COCO's images "
            "and annotations, or one object a line as .jsonl"
        )
    return rows[0]


def _coco(data: Mapping[str, Any]) -> list[dict[str, object]]:
    names = {one.get("id"): one for one in _dicts(data.get("categories", []))}
    images = {one.get("id"): one for one in _dicts(data["images"])}
    rows: list[dict[str, object]] = []
    seen = set[object]()
    for one in _dicts(data["annotations"]):
        image = images.get(one.get("image_id"), {})
        seen.add(one.get("image_id"))
        category = names.get(one.get("category_id"), {})
        row: dict[str, object] = {
            "id": one.get("id"),
            "image": {"path": image.get("file_name", ""), "box": one.get("bbox")},
            "category": category.get("name"),
            "supercategory": category.get("supercategory"),
            "image_id": one.get("image_id"),
        }
        row |= {name: value for name, value in image.items() if name not in _OF_IMAGE}
        row |= {name: value for name, value in one.items() if name not in _OF_ANNOTATION}
        rows.append({name: value for name, value in row.items() if value is not None})
    for key, image in images.items():
        if key not in seen:
            more = {name: value for name, value in image.items() if name not in _OF_IMAGE}
            rows.append({"id": f"image-{key}", "image": {"path": image.get("file_name", "")}, "image_id": key} | more)
    return rows


def _dicts(entries: list[Any]) -> list[dict[str, Any]]:
    return [one for one in entries if isinstance(one, dict)]

"""Rows of DeepFashion2: a folder with ``annos/000001.json`` and ``image/000001.jpg``, a row for each garment.

A garment's photo is the part of the photo inside its box. Garments of one pair and style are one product; style 0 is a
garment that no other photo shows. Source: Y. Ge et al., "DeepFashion2", CVPR 2019, and the data set's README.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ..errors import CatalogueError
from ..types import Skipped

__all__ = ["DeepFashion2Rows", "is_deepfashion2"]

_WORDS: Mapping[str, Mapping[object, str]] = {
    "occlusion": {1: "slight", 2: "medium", 3: "heavy"},
    "scale": {1: "small", 2: "modest", 3: "large"},
    "viewpoint": {1: "no wear", 2: "frontal", 3: "side or back"},
    "zoom_in": {1: "none", 2: "medium", 3: "large"},
}


def is_deepfashion2(folder: Path) -> bool:
    """Return whether a folder is laid out as DeepFashion2's train and validation."""
    try:
        if not ((folder / "annos").is_dir() and (folder / "image").is_dir()):
            return False
        return next((folder / "annos").glob("*.json"), None) is not None
    except OSError:
        return False


class DeepFashion2Rows:
    """The garments of a folder. Implements ``rows.Rows``.

    Args:
        folder: with ``annos`` and ``image``.
    """

    unit = "file"
    columns = ("id", "image", "product", "category", "source", *_WORDS)
    left_out: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = sorted(path.name for path in (folder / "annos").glob("*.json"))
        if not self._names:
            raise CatalogueError(f"{folder / 'annos'} holds no annotations: unpack DeepFashion2 with its password")

    def read(self, raw_columns: Collection[str]) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        for number, name in enumerate(self._names, start=1):
            stem = name.removesuffix(".json")
            try:
                photo = json.loads((self._folder / "annos" / name).read_bytes())
            except (OSError, ValueError, RecursionError) as error:
                reason = f"annos/{name} can't be read ({error}): unpack it again"
                yield Skipped(stem, "broken row", reason, number)
                continue
            items = photo.items() if isinstance(photo, dict) else ()
            for key, item in items:
                if key.startswith("item") and isinstance(item, dict):
                    yield number, _row(stem, key, item, photo)


def _row(stem: str, key: str, item: Mapping[str, object], photo: Mapping[str, object]) -> dict[str, object]:
    pair, style = photo.get("pair_id"), item.get("style")
    box = item.get("bounding_box")
    row: dict[str, object] = {
        "id": f"{stem}/{key}",
        "image": {"path": f"image/{stem}.jpg", "box": _sides(box)},
        "product": f"{pair}-{style}" if style else f"{pair}-{stem}-{key}",
        "category": item.get("category_name"),
        "source": photo.get("source"),
    }
    row |= {name: words.get(item.get(name)) for name, words in _WORDS.items()}
    return {name: value for name, value in row.items() if value is not None}


def _sides(box: object) -> list[float] | None:
    """Return x, y, width, height of the two corners of a box."""
    match box:
        case [int() | float() as left, int() | float() as top, int() | float() as right, int() | float() as bottom]:
            return [left, top, right - left, bottom - top]
        case _:
            return None

"""Reads where on its photo a garment is: boxes and landmarks.

Source: the sections BBOX LABELS and LANDMARK LABELS of the official README.txt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import QueryError
from ...types import Box
from .labels import BODIES
from .lists import Row, annotation, read_rows

__all__ = ["POINTS", "Landmark", "Landmarks", "Place", "read_boxes", "read_landmarks"]

SOURCES = {"1": "shop", "2": "consumer"}
STATES = {"0": "visible", "1": "hidden", "2": "cut-off"}

_CORNERS = ("x_1", "y_1", "x_2", "y_2")

BOX_LISTS: Mapping[str, tuple[str, ...]] = {
    "list_bbox_inshop.txt": ("clothes_type", "pose_type"),
    "list_bbox_consumer2shop.txt": ("clothes_type", "source_type"),
    "list_bbox.txt": (),
}
"""File to the columns between the name and the box."""

LANDMARK_LISTS = ("list_landmarks_inshop.txt", "list_landmarks_consumer2shop.txt", "list_landmarks.txt")

_COLLAR, _SLEEVES, _WAIST, _HEM = ((f"{part}_left", f"{part}_right") for part in ("collar", "sleeve", "waist", "hem"))

POINTS: Mapping[str, tuple[str, ...]] = {
    "upper": (*_COLLAR, *_SLEEVES, *_HEM),
    "lower": (*_WAIST, *_HEM),
    "full": (*_COLLAR, *_SLEEVES, *_WAIST, *_HEM),
}
"""The landmarks of a garment in the order of the files, by the names of the drawn catalogue."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a garment is on its photo.

    Args:
        box: in pixels of the official photo (``img.zip``, not the large ones of ``img_highres``).
        body: upper, lower or full; "" where the file does not have it (Category).
        pose: 1 front, 2 side, 3 back, 4 zoom-out, 5 zoom-in, 6 stand-alone; 0 where the file does not have it.
        source: shop or consumer; "" where the file does not have it.
    """

    box: Box
    body: str = ""
    pose: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of a garment.

    Args:
        x, y: in pixels of the official photo; 0 where it is cut off.
        state: visible, hidden (something is before it) or cut-off (outside the photo).
    """

    x: int
    y: int
    state: str


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The points of one garment.

    Args:
        body: upper, lower or full.
        variation: 1 normal pose, 2 medium pose, 3 large pose, 4 medium zoom-in, 5 large zoom-in; 0 where the file
            does not have it.
        points: by ``POINTS``' names.
    """

    body: str
    variation: int
    points: Mapping[str, Landmark]


def read_boxes(root: Path) -> dict[str, Place]:
    """Read the box of each photo, of whichever benchmark the folder has.

    Args:
        root: the benchmark's folder.

    Returns:
        Name of a photo to where its garment is.

    Raises:
        CatalogueError: no such file, a row that can't be read, a box that is no box, a photo twice.
    """
    path = annotation(root, *BOX_LISTS)
    columns = BOX_LISTS[path.name]
    places: dict[str, Place] = {}
    for row in read_rows(path, ("image_name", *columns, *_CORNERS)):
        cell, *codes, left, top, right, bottom = row.cells(5 + len(columns))
        name = row.photo(cell)
        if name in places:
            raise row.wrong(f"names {name} a second time")
        by_column = dict(zip(columns, codes, strict=True))
        places[name] = Place(
            _box(row, [left, top, right, bottom]),
            row.one_of(by_column["clothes_type"], BODIES, "clothes type") if "clothes_type" in by_column else "",
            row.number(by_column["pose_type"], "the pose type") if "pose_type" in by_column else 0,
            row.one_of(by_column["source_type"], SOURCES, "source type") if "source_type" in by_column else "",
        )
    return places


def read_landmarks(root: Path) -> dict[str, Landmarks]:
    """Read the landmarks of each photo, of whichever benchmark the folder has.

    In-shop and Consumer-to-shop have the variation type; Category has it by its README.txt, but mmfashion reads its
    rows without one (``prepare_attr_pred.py``): the number of cells decides whether it is there.

    Args:
        root: the benchmark's folder.

    Returns:
        Name of a photo to its landmarks.

    Raises:
        CatalogueError: no such file, a row that can't be read or has too few points, a photo twice.
    """
    path = annotation(root, *LANDMARK_LISTS)
    found: dict[str, Landmarks] = {}
    for row in read_rows(path, ("image_name", "clothes_type")):
        cells = row.text.split()
        if len(cells) < 2:
            raise row.wrong("has no clothes type")
        name, body = row.photo(cells[0]), row.one_of(cells[1], BODIES, "clothes type")
        if name in found:
            raise row.wrong(f"names {name} a second time")
        variation, numbers = 0, cells[2:]
        if len(numbers) % 3 == 1:
            variation, numbers = row.number(numbers[0], "the variation type"), numbers[1:]
        points = POINTS[body]
        if len(numbers) % 3 or len(numbers) < 3 * len(points):
            raise row.wrong(f"has {len(numbers)} cells of landmarks, {body} clothes have {3 * len(points)}")
        found[name] = Landmarks(
            body,
            variation,
            {
                point: Landmark(
                    row.number(numbers[at + 1], "x of a landmark"),
                    row.number(numbers[at + 2], "y of a landmark"),
                    row.one_of(numbers[at], STATES, "landmark visibility"),
                )
                for at, point in zip(range(0, len(numbers), 3), points, strict=False)
            },
        )
    return found


def _box(row: Row, corners: list[str]) -> Box:
    left, top, right, bottom = (
        row.number(cell, f"{corner} of a box") for corner, cell in zip(_CORNERS, corners, strict=True)
    )
    try:
        return Box(left, top, right - left, bottom - top)
    except QueryError as error:
        raise row.wrong(f"has {' '.join(corners)!r} as the corners of a box ({error})") from error

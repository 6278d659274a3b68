"""Goes through a table once, before it is read: how many rows it has, and what its columns hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..types import Skipped
from .bounds import check_columns
from .cells import to_attribute
from .column_types import Profile
from .columns import ID_NAMES, PRODUCT_NAMES
from .flatten import flat_rows
from .id_hashes import IdHashes
from .names import name_key
from .pictures import looks_like_photo, photos_in
from .rows import Row, Rows

__all__ = ["ColumnSurvey", "Survey", "survey_table"]

SAMPLE: Final = 50
"""Rows whose cells tell which column holds the photos."""
_64_BITS = 2**64 - 1
_WATCHED = frozenset((*ID_NAMES, *PRODUCT_NAMES))


@dataclass(slots=True)
class ColumnSurvey:
    """What one column holds.

    Args:
        profile: of its texts and numbers.
        cells: cells of the sample that hold anything.
        photos: cells of the sample that look like a photo or the path of one.
        values: cells that can be an attribute.
        repeats: cells whose text an earlier row had; counted where the column's name is that of an id or a product.
        several: cells with more than one photo, and further: how many photos more than cells those are; counted where
            most cells of the sample are photos.
        example: its first cell that holds anything.
    """

    profile: Profile = field(default_factory=Profile)
    cells: int = 0
    photos: int = 0
    values: int = 0
    repeats: int = 0
    several: int = 0
    further: int = 0
    example: object = None
    seen: IdHashes | None = None

    @property
    def is_of_photos(self) -> bool:
        """Whether most cells of the sample look like a photo."""
        return self.photos * 2 > self.cells

    def add(self, cell: object) -> None:
        """Count a cell."""
        match cell:
            case str():
                self.profile.add(cell)
                self.values += 1
            case bool():
                self.profile.add_native(is_number=False)
                self.values += 1
            case int() | float():
                self.profile.add_native(is_number=True)
                self.values += 1
            case None:
                return
            case _:
                self.values += to_attribute(cell) is not None
        if self.photos and self.is_of_photos and (count := len(photos_in(cell))) > 1:
            self.several += 1
            self.further += count - 1
        if self.seen is not None and cell not in ("", None) and isinstance(cell, str | int | float):
            self.repeats += not self.seen.add(hash(cell) & _64_BITS)

    def sample(self, cell: object) -> None:
        """Look at a cell of the first rows, with its bytes."""
        if cell not in (None, "", b""):
            self.cells += 1
            self.photos += looks_like_photo(cell)
            if self.example is None:
                self.example = cell


@dataclass(frozen=True, slots=True)
class Survey:
    """What a table holds.

    Args:
        rows: how many there are, broken ones included.
        columns: by name, in the order of the table.
        sample: its first rows, without bytes and vectors.
    """

    rows: int
    columns: Mapping[str, ColumnSurvey]
    sample: tuple[Row, ...]


def survey_table(rows: Rows, name: str) -> Survey:
    """Go through a table once; memory is bounded but for the hashes of ids.

    Args:
        rows: of the table.
        name: of the table, for messages.

    Raises:
        CatalogueError: the table can't be read to its end, or objects in its cells give it too many columns.
    """
    columns: dict[str, ColumnSurvey] = {}
    for column in rows.columns:
        _column(columns, column)
    sample = _sample(rows, columns)
    count = 0
    for row in flat_rows(rows, ()):
        count += 1
        if not isinstance(row, Skipped):
            for column, cell in row[1].items():
                _column(columns, column).add(cell)
            check_columns(name, len(columns))
    return Survey(count, {column: found for column, found in columns.items() if column}, tuple(sample))


def _sample(rows: Rows, columns: dict[str, ColumnSurvey]) -> list[Row]:
    """Look at the first rows, with the bytes of photos, and return them without: photos of 50 rows may be large."""
    sample: list[Row] = []
    for row in flat_rows(rows, rows.left_out):
        if not isinstance(row, Skipped):
            sample.append((row[0], {name: cell for name, cell in row[1].items() if name not in rows.left_out}))
            for name, cell in row[1].items():
                _column(columns, name).sample(cell)
        if len(sample) == SAMPLE:
            break
    return sample


def _column(columns: dict[str, ColumnSurvey], name: str) -> ColumnSurvey:
    if name not in columns:
        columns[name] = ColumnSurvey(seen=IdHashes() if name_key(name) in _WATCHED else None)
    return columns[name]

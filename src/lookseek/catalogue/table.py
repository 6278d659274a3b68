"""A table of items: each row is an item, or a photo of a product, or a product with several photos.

- Which column holds the photo, the id, the product and so on is chosen by ``roles``; ``reading`` says what was chosen.
- A photo is a path, absolute or relative to the table's folder, or bytes (Parquet), or an object with ``bytes`` and
  ``path`` as Hugging Face datasets have it. Of a cell with several photos each becomes an item, see ``row_items``.
- Without a column of ids the id is the path as the table has it, or the number of the row where the photo is bytes.
- The title is the item's text, and an attribute as well.
- Every other column is an attribute of that name: what its texts stand for says ``column_types``. The currency of a
  price is an attribute beside it. Missing values, NaN, bytes, vectors and objects in lists are omitted.

Text and names are normalised to NFC, so that a filter finds them however they were typed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..errors import CatalogueError
from ..store import FieldType
from ..types import Item, Role, Skipped
from .column_types import ColumnType
from .deepfashion2 import DeepFashion2Rows, is_deepfashion2
from .flatten import flat_rows
from .join import JoinedRows
from .locating import PhotoFinder
from .options import DEFAULT_OPTIONS, ReadingOptions
from .reading import Reading
from .row_items import RowReader
from .rows import Rows, open_rows
from .shards import ShardedRows, shards_in
from .survey import survey_table
from .table_plan import plan_table

__all__ = ["TableCatalogue"]


class TableCatalogue:
    """The items of a table file.

    Args:
        path: a file that ``rows.open_rows`` reads, or the folder of several that are one table.
        options: what a person said of how to read it.
        address: of the table in the bucket that ``path`` was copied from; "" for a file of this machine.

    Raises:
        CatalogueError: the file can't be read, has no rows, or lacks a column that was named or needed.
    """

    def __init__(self, path: Path, options: ReadingOptions = DEFAULT_OPTIONS, address: str = "") -> None:
        self.name = path.name
        self._path = Path(os.path.normpath(path.absolute()))
        self.origin = address or str(self._path)
        self._bucket = address.rpartition("/")[0] + "/" if address else ""
        self._folder = self._path if path.is_dir() else self._path.parent
        self._locate: Callable[[int], tuple[Path, int]] = lambda number: (self._path, number)
        self._rows: Rows
        if is_deepfashion2(path):
            self._rows = DeepFashion2Rows(path)
        elif path.is_dir():
            shards = ShardedRows(shards_in(path))
            self._rows, self._locate = shards, shards.locate
        else:
            self._rows = open_rows(path)
        if options.join is not None:
            self._rows = JoinedRows(self._rows, options.join, options.on)
        survey = survey_table(self._rows, str(path))
        if not survey.rows:
            raise CatalogueError(f"{path} has no rows: it needs at least one item")
        self._remote = options.remote
        finder = PhotoFinder(self._folder)
        self._plan = plan_table(
            path, survey, self._rows.left_out, options, lambda name: bool(address) or finder.find(name) is not None
        )
        photos = self._plan.photo
        self._count = survey.rows + (survey.columns[photos].further if photos is not None else 0)

    @property
    def roles(self) -> Mapping[Role, str]:
        """The attributes that have a role."""
        return self._plan.roles

    @property
    def fields(self) -> Mapping[str, FieldType]:
        """The types of the attributes, whatever a single odd cell holds."""
        return self._plan.fields

    @property
    def types(self) -> Mapping[str, ColumnType]:
        """Attribute to how its texts are read."""
        return {self._plan.names[column]: kind for column, kind in self._plan.types.items()}

    @property
    def reading(self) -> Reading:
        """What was decided on how the table is read."""
        return self._plan.reading

    @property
    def has_own_ids(self) -> bool:
        """Whether the ids are those of a column, not paths or numbers of rows."""
        return self._plan.id is not None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Item | Skipped]:
        sharded = self._folder == self._path
        reader = RowReader(self._plan, self._folder, self._rows.unit, self._locate, sharded, self._remote, self._bucket)
        rows = flat_rows(self._rows, self._plan.raw_columns)
        try:
            for row in rows if self._remote is None else self._remote.ahead(rows, reader.addresses):
                if isinstance(row, Skipped):
                    yield row
                else:
                    yield from reader.items(row)
        except OSError as error:
            raise CatalogueError(
                f"{self._path} can't be read to its end ({error.strerror or error}): bring it back, and run the same "
                "command again; what was read before is kept"
            ) from error

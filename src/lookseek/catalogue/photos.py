"""Finds the photos of items again by their ``source``, e.g. to draw results or to check an index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import CatalogueError
from ..types import Photo, Skipped
from .boxes import BOX, photo_at_box
from .parquet import ParquetRows
from .webdataset import TarRows

__all__ = ["bytes_or_path", "photos_at", "source_in_table"]


def source_in_table(table: Path, row: int, column: str) -> str:
    """Return the source of a photo whose bytes are in a table, e.g. ``/shop/items.parquet#17/image``."""
    return f"{table}#{row}/{column}"


def photos_at(sources: Sequence[str]) -> list[Photo | None]:
    """Return the photos of some sources; each table is read once.

    Args:
        sources: of items.

    Returns:
        A photo for each source, in order; None where it does not exist any more.
    """
    photos: dict[str, Photo | None] = {}
    tables: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for source in sources:
        table, hash_sign, place = source.rpartition("#")
        row, slash, column = place.partition("/")
        if source.startswith("drawn:") and hash_sign and row.isdecimal():
            photos[source] = _drawn(table, int(row))
        elif hash_sign and column == BOX and row.count(",") == 3 and not Path(source).exists():
            cropped = photo_at_box(table, row)
            if cropped is not None:
                photos[source] = cropped
        elif hash_sign and slash and row.isdecimal() and not Path(source).exists():
            tables[table, column][int(row)] = source
        elif source:
            photos[source] = Path(source)
    for (table, column), rows in tables.items():
        photos.update(_photos_in_table(Path(table), column, rows))
    return [photos.get(source) for source in sources]


def bytes_or_path(cell: object) -> bytes | str | None:
    """Return what a table's cell holds of a photo: its bytes, the path of a file, or nothing."""
    match cell:
        case bytes():
            return cell
        case str():
            return cell.strip()
        case {"bytes": bytes(inner)} if inner:
            return inner
        case {"path": str(inner)}:
            return inner.strip()
        case _:
            return None


def _drawn(origin: str, row: int) -> Photo:
    from .drawn import DrawnCatalogue

    return DrawnCatalogue(items=int(origin.partition(":")[2])).photo(row)


def _photos_of(table: Path, column: str) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
    return ParquetRows(table).read([column], others=False)


def _photos_in_table(table: Path, column: str, sources: dict[int, str]) -> dict[str, Photo]:
    """Return the photos of a Parquet table by source, for some rows; none where the table is gone or was replaced."""
    photos: dict[str, Photo] = {}
    last = max(sources)
    try:
        rows = TarRows(table).read([column]) if table.suffix == ".tar" else _photos_of(table, column)
        for row in rows:
            if isinstance(row, tuple) and row[0] in sources:
                image = bytes_or_path(row[1].get(column))
                if isinstance(image, bytes):
                    photos[sources[row[0]]] = image
            if isinstance(row, tuple) and row[0] >= last:
                break
    except CatalogueError:
        pass
    return photos

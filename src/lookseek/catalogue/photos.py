"""Getting an item's photo again, from what its ``source`` says: for pictures of results, and for checking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..errors import CatalogueError
from ..types import Photo
from .parquet import ParquetRows

__all__ = ["bytes_or_path", "photos_at", "written"]


def written(table: Path, row: int, column: str) -> str:
    """The source of a photo whose bytes stand in a table, e.g. ``/shop/items.parquet#17/image``."""
    return f"{table}#{row}/{column}"


def photos_at(sources: Sequence[str]) -> list[Photo | None]:
    """The photos of several sources, each table read through once.

    Args:
        sources: as ``Item.source`` has them.

    Returns:
        A photo for each source, in order; None where it can't be had any more.
    """
    found: dict[str, Photo | None] = {}
    tables: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for source in sources:
        table, mark, place = source.rpartition("#")
        row, slash, column = place.partition("/")
        if source.startswith("drawn:") and mark and row.isdecimal():
            found[source] = _drawn(table, int(row))
        elif mark and slash and row.isdecimal() and not Path(source).exists():
            tables[table, column][int(row)] = source
        elif source:
            found[source] = Path(source)
    for (table, column), rows in tables.items():
        found.update(_rows(Path(table), column, rows))
    return [found.get(source) for source in sources]


def bytes_or_path(cell: object) -> bytes | str | None:
    """What a table's cell holds of a photo: its bytes, the path of a file, or nothing."""
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


def _rows(table: Path, column: str, wanted: dict[int, str]) -> dict[str, Photo]:
    photos: dict[str, Photo] = {}
    last = max(wanted)
    try:
        for row in ParquetRows(table).read([column], others=False):
            if isinstance(row, tuple) and row[0] in wanted:
                image = bytes_or_path(row[1].get(column))
                if isinstance(image, bytes):
                    photos[wanted[row[0]]] = image
            if isinstance(row, tuple) and row[0] >= last:
                break
    except CatalogueError:
        pass  # the table is gone or was replaced: its photos can't be had, which is what the answer says
    return photos

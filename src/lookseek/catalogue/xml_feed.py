"""Rows of a product feed in XML: RSS and Atom, as Google Merchant Center and its like have it.

Each ``item`` or ``entry`` is a row, each element in it a cell by its name without the namespace. An element that is
there several times is a list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from xml.etree import ElementTree

from ..errors import CatalogueError
from .bounds import check_columns

__all__ = ["XmlRows"]

_ROWS = frozenset(("item", "entry", "product", "offer"))
_HEAD = 4096
"""Bytes in which a document type would be declared."""


class XmlRows:
    """A feed in XML. Implements ``rows.Rows``.

    Args:
        path: of the feed.

    Raises:
        CatalogueError: it can't be read, has no rows, or declares entities, which could fill the memory.
    """

    unit = "item"

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            if b"<!DOCTYPE" in file.read(_HEAD).upper():
                raise CatalogueError(f"{path} declares a document type, which is not read: export the feed without one")
        names: dict[str, None] = {}
        for _, cells in self.read(()):
            names.update(dict.fromkeys(cells))
            check_columns(path, len(names))
        self.columns = tuple(names)
        self.left_out: tuple[str, ...] = ()

    def read(self, raw_columns: Collection[str]) -> Iterator[tuple[int, dict[str, object]]]:
        """Stream the rows, see ``rows.Rows``."""
        number = 0
        try:
            open_elements: list[ElementTree.Element] = []
            for event, element in ElementTree.iterparse(self._path, ("start", "end")):  # noqa: S314  no entities, see above
                if event == "start":
                    open_elements.append(element)
                    continue
                open_elements.pop()
                if _name(element) in _ROWS:
                    number += 1
                    yield number, _cells(element)
                    element.clear()
                    if open_elements:
                        open_elements[-1].remove(element)
        except ElementTree.ParseError as error:
            raise CatalogueError(f"{self._path} can't be read as XML ({error}): export the feed again") from error


def _cells(row: ElementTree.Element) -> dict[str, object]:
    cells: dict[str, object] = {}
    for element in row:
        text = "".join(element.itertext()).strip() or element.get("href", "")
        name, before = _name(element), cells.get(_name(element))
        if text:
            cells[name] = text if before is None else [*(before if isinstance(before, list) else [before]), text]
    return cells


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""

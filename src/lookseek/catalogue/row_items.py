"""Makes the items of a table's row: one for each photo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import FetchError, ItemError
from ..types import AttributeValue, Item, Photo, Skipped
from .boxes import box_of, crop_photo, source_of_box
from .buckets import name_in
from .cells import to_attribute, to_id
from .locating import PhotoFinder
from .photos import source_in_table
from .pictures import is_address, photos_in
from .rows import Row
from .table_plan import CURRENCY, TablePlan

if TYPE_CHECKING:
    from .remote_photos import RemotePhotos

__all__ = ["RowReader"]

_REMEMBERED: Final = 1000
"""Texts of a column whose values are remembered, since most columns repeat some."""
_VALUE: Final = 80
"""Characters of a cell in a message."""


class RowReader:
    """Makes items of the rows of one table.

    Args:
        plan: how the table is read.
        folder: of the table, absolute.
        unit: what its rows are counted by, line or row.
        locate: returns the table of a row's number, and its number in there.
        sharded: whether there are several tables.
        remote: fetches photos by web address; None to leave those out.
        bucket: the address of the table's folder where it lies in a bucket, with "/" at its end; else "".
    """

    def __init__(
        self,
        plan: TablePlan,
        folder: Path,
        unit: str,
        locate: Callable[[int], tuple[Path, int]],
        sharded: bool,
        remote: RemotePhotos | None = None,
        bucket: str = "",
    ) -> None:
        self._plan, self._folder, self._unit, self._locate = plan, folder, unit, locate
        self._sharded, self._remote, self._bucket = sharded, remote, bucket
        self._finder = PhotoFinder(folder)
        self._read = {name: lru_cache(_REMEMBERED)(kind.read) for name, kind in plan.types.items()}
        self._above: Mapping[str, object] = {}  # the cells of the row above, where a product's may go on below

    def items(self, row: Row) -> Iterator[Item | Skipped]:
        """Yield the items of a row, a ``Skipped`` in place of each that there can't be."""
        table, number = self._locate(row[0])
        plan = self._plan
        cells = self._with_the_product_above(row[1])
        where = f"{self._unit} {number}"
        id = to_id(cells.get(plan.id)) if plan.id is not None else ""
        if plan.id is not None and not id:
            reason = f"{where} has nothing in the column {plan.id!r}: give it an id"
            yield Skipped(where, "empty id", reason, number, plan.id)
            return
        photos = self._photos(cells)
        if not photos:
            yield self._without_photo(id or where, where, number)
            return
        attributes, remarks = self._attributes(cells, id or where, number)
        if plan.products_by_id and id:
            attributes[plan.roles["product"]] = id
        text = None if plan.title is None else attributes.get(plan.names.get(plan.title, ""))
        for place, name in enumerate(photos):
            found = self._photo(name, id or where, where, number)
            if isinstance(found, Skipped):
                yield found
                continue
            first = id if place == 0 else f"{id}/{place + 1}"
            item_id = (
                first
                if id
                else (name if isinstance(name, str) else _numbered(number, table if self._sharded else None, place))
            )
            source = str(found) if isinstance(found, Path) else source_in_table(table, number, plan.photo or "")
            if isinstance(found, Path):
                try:
                    box = box_of(cells.get(plan.photo or ""))
                    if box is not None:
                        source, found = source_of_box(found, box), crop_photo(found, box)
                except ItemError as error:
                    yield Skipped(id or where, "broken photo", f"{where}: {error}", number, plan.photo or "")
                    continue
            yield Item(item_id, found, _words(text), attributes, source, remarks=remarks if place == 0 else ())

    def addresses(self, row: Row | Skipped) -> list[str]:
        """Return the web addresses of a row's photos."""
        found = () if isinstance(row, Skipped) else self._photos(row[1])
        texts = [name for name in found if isinstance(name, str)]
        return [self._addressed(name) for name in texts if self._bucket or is_address(name)]

    def _addressed(self, name: str) -> str:
        """Return the address of what a table in a bucket names."""
        return name if is_address(name) or not self._bucket else name_in(self._bucket, name)

    def _photos(self, cells: Mapping[str, object]) -> tuple[bytes | str, ...]:
        if self._plan.pattern is not None:
            path = self._plan.pattern.path(cells)
            return (path,) if path else ()
        return photos_in(cells.get(self._plan.photo or ""))

    def _with_the_product_above(self, cells: Mapping[str, object]) -> Mapping[str, object]:
        """Return the cells of a row; where it goes on with the product of the row above, with those that it lacks."""
        plan = self._plan
        if plan.product is None or plan.title is None:
            return cells
        above = self._above
        goes_on = cells.get(plan.product) is not None and cells.get(plan.product) == above.get(plan.product)
        if goes_on and not cells.get(plan.title):
            own = {name: cell for name, cell in cells.items() if cell not in (None, "")}
            cells = {name: cell for name, cell in above.items() if name not in plan.raw_columns} | own
        self._above = cells
        return cells

    def _without_photo(self, label: str, where: str, number: int) -> Skipped:
        plan = self._plan
        if plan.photo is None:
            return Skipped(label, "empty image", f"{where} lacks what its photo's path is made of: give it", number)
        reason = f"{where} has no photo in the column {plan.photo!r}: give a path"
        return Skipped(label, "empty image", reason, number, plan.photo)

    def _attributes(
        self, cells: Mapping[str, object], label: str, number: int
    ) -> tuple[dict[str, AttributeValue], tuple[Skipped, ...]]:
        """Return the attributes of a row, and what is odd about its cells."""
        plan = self._plan
        attributes: dict[str, AttributeValue] = {}
        remarks: list[Skipped] = []
        for name, cell in cells.items():
            read = self._read.get(name)
            if read is None:
                continue
            if not isinstance(cell, str):
                value = to_attribute(cell)
            else:
                value, currency, odd = read(cell)
                if currency:
                    attributes[f"{plan.names[name]}_{CURRENCY}"] = currency
                if odd:
                    shown = cell[:_VALUE]
                    reason = f"{self._unit} {number}: {name} is {shown!r}, which {odd}: it is kept as text"
                    remarks.append(Skipped(label, "odd value", reason, number, name, shown))
            if value is not None:
                attributes[plan.names[name]] = value
        return attributes, tuple(remarks)

    def _photo(self, name: str | bytes, label: str, where: str, number: int) -> Photo | Skipped:
        """Return the photo of a cell, or what is wrong with it."""
        if isinstance(name, bytes):
            return name
        column = self._plan.photo or ""
        if self._bucket or is_address(name):
            return self._remote_photo(self._addressed(name), label, where, number)
        path = self._finder.find(name)
        if path is not None:
            return path
        reason = f"there is no file {name[:200]!r} in {self._folder}: correct the path"
        return Skipped(label, "missing file", f"{where}: {reason}", number, column, name[:200])

    def _remote_photo(self, address: str, label: str, where: str, number: int) -> Photo | Skipped:
        column, shown = self._plan.photo or "", address[:_VALUE]
        if self._remote is None:
            reason = f"{shown} is a web address and nothing is fetched: add --fetch, or download it and give its path"
            return Skipped(label, "web address", f"{where}: {reason}", number, column, address)
        try:
            return self._remote.photo(address)
        except FetchError as error:
            return Skipped(label, "not fetched", f"{where}: {shown}: {error}", number, column, address)


def _words(text: AttributeValue | None) -> str:
    return "" if text is None else ", ".join(text) if isinstance(text, tuple) else str(text)


def _numbered(number: int, shard: Path | None, place: int) -> str:
    """Return the id of a photo by the number of its row, and by the row's table where there are several."""
    row = str(number) if shard is None else f"{shard.stem}/{number}"
    return row if place == 0 else f"{row}/{place + 1}"

"""Decides how a table is read: which column is what, and what the texts of each stand for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..store import FieldType
from ..types import Role
from .cells import normalise
from .column_types import ColumnType
from .layouts import ColumnRole, Layout
from .options import ReadingOptions
from .patterns import PhotoPattern, guess_pattern
from .pictures import is_address, photos_in
from .reading import ColumnReading, Reading, describe_column
from .roles import ColumnRoles, choose_roles, refuse_without_photo
from .survey import ColumnSurvey, Survey

__all__ = ["CURRENCY", "TablePlan", "plan_table"]

CURRENCY = "currency"
"""The end of the name of the attribute that keeps a price's currency: ``price_currency``."""

_ROLES: tuple[Role, ...] = ("product", "title", "price", "link", "brand")
"""The roles of attributes, as an index remembers them."""
_ORDER: tuple[ColumnRole, ...] = ("photo", "id", "product", "title", "price", "brand", "link", "split")


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How a table is read.

    Args:
        photo: the column of the photos; None where a pattern finds them.
        pattern: finds the photos that no column names; None where a column does.
        id: the column of the ids; None for none.
        product: the column that names products; None for none.
        title: the column of the items' text; None for none.
        types: what the texts of the other columns stand for.
        names: column to attribute.
        roles: role to attribute.
        fields: attribute to its type.
        products_by_id: a row is a product with several photos, and its id becomes the attribute of the role product.
        reading: the same, for people.
    """

    photo: str | None
    pattern: PhotoPattern | None
    id: str | None
    product: str | None
    title: str | None
    types: Mapping[str, ColumnType]
    names: Mapping[str, str]
    roles: Mapping[Role, str]
    fields: Mapping[str, FieldType]
    products_by_id: bool
    reading: Reading

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The columns whose cells are needed as the table has them."""
        return tuple(name for name in (self.photo, self.id) if name is not None)


def plan_table(
    path: Path, survey: Survey, left_out: tuple[str, ...], options: ReadingOptions, is_there: Callable[[str], bool]
) -> TablePlan:
    """Decide how a table is read.

    Args:
        path: of the table.
        survey: of its rows.
        left_out: columns that can't be attributes.
        options: what a person said.
        is_there: whether there is a photo of this path.

    Raises:
        CatalogueError: a column that was named is not there, or nothing finds the photos.
    """
    chosen = choose_roles(survey, options.columns)
    columns = tuple(survey.columns)
    photo = None if options.image_pattern else chosen.column("photo")
    pattern = _pattern(options, chosen, columns, survey, is_there) if photo is None else None
    if photo is None and pattern is None:
        raise refuse_without_photo(str(path), columns)
    id_column = chosen.column("id")
    price = chosen.column("price")
    others = {name: found for name, found in survey.columns.items() if name not in (photo, id_column)}
    types = {
        name: found.profile.decide(name, is_price=name == price, decimal=options.decimal)
        for name, found in others.items()
        if found.values
    }
    names = {name: normalise(name) for name in types}
    roles = {role: names[chosen.columns[role]] for role in _ROLES if chosen.columns.get(role) in names}
    by_id = "product" not in roles and photo is not None and bool(survey.columns[photo].several)
    if by_id:
        roles["product"] = _free_name("product", names.values())
    lost = [name for name, found in others.items() if not found.values and (found.cells or name in left_out)]
    lost += [name for name in left_out if name not in survey.columns]
    return TablePlan(
        photo=photo,
        pattern=pattern,
        id=id_column,
        product=chosen.column("product"),
        title=chosen.column("title"),
        types=types,
        names=names,
        roles=roles,
        fields=_fields(types, names),
        products_by_id=by_id,
        reading=_reading(
            path, survey, chosen, photo, pattern, types, tuple(lost), _photo_notes(survey, photo, options, is_there)
        ),
    )


def _pattern(
    options: ReadingOptions,
    chosen: ColumnRoles,
    columns: tuple[str, ...],
    survey: Survey,
    is_there: Callable[[str], bool],
) -> PhotoPattern | None:
    if options.image_pattern:
        return PhotoPattern(options.image_pattern, columns)
    layout: Layout | None = chosen.layout
    known = layout.patterns if layout is not None else ()
    sample = [cells for _, cells in survey.sample]
    return guess_pattern(known, chosen.column("id"), columns, sample, is_there)


def _photo_notes(
    survey: Survey, photo: str | None, options: ReadingOptions, is_there: Callable[[str], bool]
) -> list[str]:
    """Return what is odd about the photos of the first rows: web addresses, or files that are not there."""
    cells = [cells.get(photo or "") for _, cells in survey.sample]
    names = [name for cell in cells for name in photos_in(cell) if isinstance(name, str)]
    files = [name for name in names if not is_address(name)]
    if names and not files and options.remote is None:
        return [f"{photo} holds web addresses, and nothing is fetched: add --fetch to download the photos"]
    if not files or any(map(is_there, files)):
        return []
    others = [
        f"{name} holds addresses of photos: --image-column {name} --fetch takes those"
        for name, column in survey.columns.items()
        if name != photo and column.is_of_photos and is_address(str(column.example))
    ]
    advice = others[0] if others else "unpack the photos beside the table, or name another column with --image-column"
    return [f"of the first {len(files)} files that {photo} names none is there: {advice}"]


def _free_name(name: str, taken: Collection[str]) -> str:
    return name if name not in taken else f"{name}_id"


def _fields(types: Mapping[str, ColumnType], names: Mapping[str, str]) -> dict[str, FieldType]:
    """Return the types of the attributes, currencies among them."""
    kinds: Mapping[str, FieldType] = {"number": "number", "boolean": "boolean"}
    fields: dict[str, FieldType] = {}
    for column, kind in types.items():
        fields[names[column]] = kinds.get(kind.kind, "words")
        if kind.currencies:
            fields[f"{names[column]}_{CURRENCY}"] = "words"
    return fields


def _reading(
    path: Path,
    survey: Survey,
    chosen: ColumnRoles,
    photo: str | None,
    pattern: PhotoPattern | None,
    types: Mapping[str, ColumnType],
    lost: tuple[str, ...],
    photo_notes: list[str],
) -> Reading:
    role_of: dict[str, str] = {column: role for role, column in chosen.columns.items() if role != "photo"}
    if photo is not None:
        role_of[photo] = "photo"

    def line(column: str) -> ColumnReading:
        found: ColumnSurvey = survey.columns[column]
        native = not (found.profile.cells and isinstance(found.example, str | None))
        kind = None if native else types.get(column)
        return describe_column(column, role_of.get(column, ""), kind, found.example)

    first = sorted(role_of, key=lambda column: _ORDER.index(role_of[column]))
    rest = [column for column in types if column not in role_of]
    notes = photo_notes + [f"{column}: {kind.doubt}" for column, kind in types.items() if kind.doubt]
    reading = Reading(
        path.name,
        survey.rows,
        chosen.layout.name if chosen.layout is not None else "",
        tuple(line(column) for column in (*first, *rest)),
        lost,
        tuple(notes),
    )
    return reading if pattern is None else reading.with_photos_by(pattern.text)

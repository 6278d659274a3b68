"""Chooses which column of a table is the photo, the id, the product, the title, the price, the link, the brand ...

By an option first, then by the layout (``layouts``), then by the column's name in any spelling and by what its cells
hold: a column called ``link`` that holds product pages is not taken for the photos.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import CatalogueError
from .columns import (
    BRAND_NAMES,
    ID_NAMES,
    IMAGE_NAMES,
    LINK_NAMES,
    PRICE_NAMES,
    PRODUCT_NAMES,
    SPLIT_NAMES,
    TEXT_NAMES,
    find_column,
    resolve_column,
)
from .layouts import ColumnRole, Layout, find_layout
from .names import name_key
from .survey import ColumnSurvey, Survey

__all__ = ["ColumnRoles", "choose_roles"]

_NAMES: Mapping[ColumnRole, tuple[str, ...]] = {
    "title": TEXT_NAMES,
    "price": PRICE_NAMES,
    "link": LINK_NAMES,
    "brand": BRAND_NAMES,
    "split": SPLIT_NAMES,
}
_OWN_IDS = frozenset(("id", "uuid", "key", "asin"))
_MOST_REPEATS = 0.3
"""Share of repeated cells from which a column called id names products, of which each photo has a row."""


@dataclass(frozen=True, slots=True)
class ColumnRoles:
    """The chosen columns.

    Args:
        columns: role to column; roles that no column has are not there.
        layout: the layout that was known; None for none.
    """

    columns: Mapping[ColumnRole, str] = field(default_factory=dict)
    layout: Layout | None = None

    def column(self, role: ColumnRole) -> str | None:
        """Return the column of a role; None if no column has it."""
        return self.columns.get(role)


def choose_roles(survey: Survey, given: Mapping[ColumnRole, str]) -> ColumnRoles:
    """Choose the columns of a table.

    Args:
        survey: of the table.
        given: role to the column that a person named; "" for none.

    Raises:
        CatalogueError: the table lacks a column that was named.
    """
    names = tuple(survey.columns)
    layout = find_layout([name_key(name) for name in names])
    chosen = {role: resolve_column(names, name) for role, name in given.items() if name}
    refused = {role for role, name in given.items() if not name}
    if layout is not None:
        _choose_by_layout(layout, survey, chosen, refused)
    if "photo" not in refused and (
        "photo" not in chosen or ("photo" not in given and _holds_no_photos(chosen["photo"], survey))
    ):
        chosen.pop("photo", None)
        # A person may name the photos' paths as their ids.
        others = {name for role, name in chosen.items() if role != "id" or role not in given}
        photo = _photo_column([name for name in names if name not in others], survey)
        if photo is not None:
            chosen["photo"] = photo
    _choose_ids(names, survey, chosen, refused)
    for role, some in _NAMES.items():
        if role not in chosen and role not in refused:
            rest = [name for name in names if name not in chosen.values()]
            if (column := _column_of(role, some, rest, survey)) is not None:
                chosen[role] = column
    return ColumnRoles(chosen, layout)


def _choose_by_layout(layout: Layout, survey: Survey, chosen: dict[ColumnRole, str], refused: set[ColumnRole]) -> None:
    """Add what a layout says of the roles that nobody gave; a column without a value has no role."""
    filled = [name for name, found in survey.columns.items() if found.values or found.cells]
    for role, key in layout.roles.items():
        if role in chosen or role in refused:
            continue
        if not key:
            refused.add(role)
        elif (column := find_column(filled, (key,))) is not None:
            chosen[role] = column


def _holds_no_photos(column: str, survey: Survey) -> bool:
    """Return whether a layout's photo column can't be the photos', and another one could."""
    return not survey.columns[column].photos and any(found.is_of_photos for found in survey.columns.values())


def _photo_column(names: list[str], survey: Survey) -> str | None:
    """Return the column of the photos: by name and cells, by cells alone, then by name alone."""
    of_photos = [name for name in names if survey.columns[name].is_of_photos and survey.columns[name].cells]
    named = find_column(of_photos, IMAGE_NAMES)
    if named is not None:
        return named
    if of_photos:
        return max(of_photos, key=lambda name: survey.columns[name].photos)
    return find_column([name for name in names if not _is_elsewhere(survey.columns[name])], IMAGE_NAMES)


def _is_elsewhere(column: ColumnSurvey) -> bool:
    """Return whether a column's texts are addresses, of which none looks like a picture's."""
    example = column.example
    return isinstance(example, str) and "://" in example[:12] and not column.photos


def _choose_ids(
    names: tuple[str, ...], survey: Survey, chosen: dict[ColumnRole, str], refused: set[ColumnRole]
) -> None:
    """Choose the columns of the ids and the products: one whose cells come again names products."""
    free = [name for name in names if name not in chosen.values()]
    if "id" not in chosen and "id" not in refused:
        once = [name for name in free if not _names_products(name, survey.columns[name])]
        if (column := find_column(once, ID_NAMES)) is not None:
            chosen["id"] = column
    free = [name for name in free if name not in chosen.values()]
    if "product" not in chosen and "product" not in refused:
        again = [name for name in free if _names_products(name, survey.columns[name])]
        filled = [name for name in free if survey.columns[name].values]
        column = find_column(again, (*PRODUCT_NAMES, *ID_NAMES)) or find_column(filled, PRODUCT_NAMES)
        if column is not None:
            chosen["product"] = column


def _names_products(name: str, column: ColumnSurvey) -> bool:
    cells = max(column.profile.cells, 1)
    if name_key(name) in _OWN_IDS:
        return column.repeats > _MOST_REPEATS * cells
    return column.repeats > 0.01 * cells


def _column_of(role: ColumnRole, some: tuple[str, ...], names: list[str], survey: Survey) -> str | None:
    """Return the column of a role by its name, where its cells can be what the role needs."""
    fitting = [name for name in names if survey.columns[name].values]
    if role == "price":
        fitting = [name for name in fitting if survey.columns[name].profile.numbers]
    if role == "link":
        fitting = [name for name in fitting if "://" in str(survey.columns[name].example)[:12]]
    if role == "brand":
        fitting = [name for name in fitting if not survey.columns[name].profile.numbers]
    return find_column(fitting, some)


def refuse_without_photo(path: str, names: tuple[str, ...]) -> CatalogueError:
    """Return the error of a table without a column of photos."""
    return CatalogueError(
        f"{path} has no column called image, photo, path or the like, and none whose cells are photos: name the one "
        f"that holds the photos with --image-column, or tell where they lie by --image-pattern 'images/{{id}}.jpg'. "
        f"There are: {', '.join(names)}"
    )

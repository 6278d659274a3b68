"""Orders of results other than by score: by price, or the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from ..errors import QueryError
from ..index.manifest import Manifest
from ..types import Attributes, AttributeValue

__all__ = ["SORTED_HITS", "newest_field", "price_field", "sort_by", "sort_field"]

SORTED_HITS = 200
"""The nearest results, which are put into another order: what is far from the query never comes first for its price."""

_NEWEST = (
    "newest",
    "date_added",
    "added",
    "added_at",
    "created",
    "created_at",
    "published",
    "published_at",
    "publish_date",
    "release_date",
    "launch_date",
    "date",
    "year",
)
"""Names of attributes that say since when a shop has an item, the plainest first."""


class _Described(Protocol):
    @property
    def attributes(self) -> Attributes: ...


D = TypeVar("D", bound=_Described)


def price_field(manifest: Manifest) -> str | None:
    """Return the attribute that holds prices as numbers; None for none."""
    name = manifest.roles.get("price") or next((name for name in manifest.fields if name.lower() == "price"), None)
    return name if name is not None and manifest.fields.get(name) == "number" else None


def newest_field(manifest: Manifest) -> str | None:
    """Return the attribute that says since when the catalogue has an item; None for none."""
    lower = {name.lower().replace(" ", "_").replace("-", "_"): name for name in manifest.fields}
    return next((lower[name] for name in _NEWEST if name in lower), None)


def sort_field(sort: str, manifest: Manifest) -> tuple[str, bool]:
    """Return the attribute of an order, and whether its largest value comes first.

    Args:
        sort: "price", "-price", "newest", or an attribute's name, with "-" before it for the largest first.
        manifest: of the index.

    Raises:
        QueryError: the index has no such attribute.
    """
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    known = {"price": price_field(manifest), "newest": newest_field(manifest)}
    field = known.get(name) or (name if name in manifest.fields else None)
    if field is None:
        offered = ", ".join(manifest.fields) or "none"
        raise QueryError(f"results can't be sorted by {name!r}: the index has the attributes {offered}")
    return field, descending or name == "newest"


def sort_by(items: Iterable[D], field: str, *, descending: bool) -> list[D]:
    """Return items by an attribute; those that lack it, or hold another kind of value, come last, as they came."""
    items = list(items)
    values = [_key(item.attributes, field) for item in items]
    numbers = sum(isinstance(value, float) for value in values)
    kind = float if numbers >= sum(isinstance(value, str) for value in values) else str
    rows = [row for row, value in enumerate(values) if isinstance(value, kind)]
    rows.sort(key=lambda row: values[row], reverse=descending)  # type: ignore[arg-type,return-value]  # of one kind
    chosen = set(rows)
    return [items[row] for row in [*rows, *(row for row in range(len(items)) if row not in chosen)]]


def _key(attributes: Mapping[str, AttributeValue], field: str) -> float | str | None:
    value = attributes.get(field)
    if isinstance(value, str):
        return value
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

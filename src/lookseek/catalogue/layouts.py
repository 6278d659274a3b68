"""Layouts of tables that shops and labs share, known by the names of their columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["ColumnRole", "Layout", "find_layout"]

ColumnRole: TypeAlias = Literal["photo", "id", "product", "title", "price", "link", "brand", "split"]
"""What a column is to lookseek."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A known layout.

    Args:
        name: for people.
        needs: columns by which it is known, as ``names.name_key`` gives them.
        roles: role to column, "" for none; other roles are found by name.
        patterns: where the photos lie that no column names, see ``patterns``.
    """

    name: str
    needs: frozenset[str]
    roles: Mapping[ColumnRole, str] = field(default_factory=dict)
    patterns: tuple[str, ...] = ()


_LAYOUTS = (
    Layout(
        "Shopify product export",
        frozenset(("handle", "imagesrc")),
        {"photo": "imagesrc", "id": "", "product": "handle", "price": "variantprice", "brand": "vendor", "link": ""},
    ),
    Layout(
        "WooCommerce product export",
        frozenset(("images", "regularprice", "sku")),
        {"photo": "images", "id": "id", "title": "name", "price": "regularprice", "link": ""},
    ),
    Layout(
        "Google Merchant feed",
        frozenset(("id", "imagelink")),
        {"photo": "imagelink", "id": "id", "product": "itemgroupid", "link": "link", "price": "price"},
    ),
    Layout(
        "Kaggle fashion-product-images",
        frozenset(("id", "articletype", "productdisplayname")),
        {"id": "id", "title": "productdisplayname", "product": ""},
        ("images/{id}.jpg",),
    ),
    Layout(
        "H&M articles",
        frozenset(("articleid", "productcode", "prodname")),
        {"id": "articleid", "product": "productcode", "title": "prodname"},
        ("images/{article_id:.3}/{article_id}.jpg",),
    ),
    Layout(
        "table of OpenMetricLearning",
        frozenset(("label", "path", "split", "isquery", "isgallery")),
        {"photo": "path", "id": "", "product": "label", "split": "split", "brand": "", "title": ""},
    ),
    Layout(
        "table of clip-retrieval",
        frozenset(("imagepath", "caption")),
        {"photo": "imagepath", "title": "caption", "link": "url"},
    ),
)


def find_layout(keys: Collection[str]) -> Layout | None:
    """Return the layout whose columns are all there; None if none is.

    Args:
        keys: of the table's columns, as ``names.name_key`` gives them.
    """
    return next((layout for layout in _LAYOUTS if layout.needs <= set(keys)), None)

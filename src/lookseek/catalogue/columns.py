"""Names of columns by what they hold, and finding the column that a person or a name means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from ..errors import CatalogueError
from .cells import normalise
from .names import name_key

__all__ = ["ID_NAMES", "IMAGE_NAMES", "TEXT_NAMES", "find_column", "resolve_column"]


def _names(keys: str) -> tuple[str, ...]:
    return tuple(keys.split())


IMAGE_NAMES = _names(
    "image photo picture img imagepath imagefile imagename photopath picturepath imgpath imagelink imagesrc "
    "images photos pictures imagefilename path filepath file filename imageurl photourl imgurl pictureurl "
    "imageurls variantimage featuredimage mainimage thumbnail src anh hinh hinhanh anhsanpham duongdan url "
    "link jpg png webp jpeg"
)
ID_NAMES = _names("id itemid articleid sku variantsku asin uuid key productid productcode ma masp masanpham mahang")
TEXT_NAMES = _names(
    "title text name productname productdisplayname prodname displayname itemname ten tensp tensanpham "
    "description caption detaildesc mota bodyhtml"
)
PRODUCT_NAMES = _names(
    "itemgroupid product productid productcode parentid parentsku parent styleid stylecode handle groupid "
    "masp masanpham"
)
PRICE_NAMES = _names(
    "price saleprice gia giaban dongia currentprice sellingprice variantprice regularprice listprice "
    "retailprice unitprice discountedprice pricevnd priceusd priceeur giagoc amount cost mrp"
)
LINK_NAMES = _names("link url producturl productlink pageurl permalink canonicallink weburl lienket duongdan")
BRAND_NAMES = _names("brand brandname vendor manufacturer label maker thuonghieu nhanhieu hang")
SPLIT_NAMES = ("split", "subset", "partition", "fold")
"""Names of columns in the order of preference, as ``names.name_key`` gives them."""


def find_column(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """Return the column whose name comes first in ``names``; None if there is none."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(name_key(column), column)
    return next((by_name[name] for name in names if name in by_name), None)


def resolve_column(columns: tuple[str, ...], name: str) -> str:
    """Return the column that an option names.

    Raises:
        CatalogueError: there is none; the message gives the nearest name.
    """
    exact: Mapping[str, str] = {normalise(column): column for column in columns}
    if normalise(name) in exact:
        return exact[normalise(name)]
    lower = {column.lower(): column for column in columns}
    near = difflib.get_close_matches(name.lower(), lower, n=1)
    hint = f" Did you mean {lower[near[0]]!r}?" if near else ""
    raise CatalogueError(f"there is no column {name!r}.{hint} There are: {', '.join(columns)}")

"""What the page shows of an item's attributes: its name, brand, price, link and the most telling others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...catalogue.table_plan import CURRENCY
from ...types import Attributes, AttributeValue, Role, Value
from .language import Texts

__all__ = ["Description", "attribute_rows", "describe"]

_TITLE_FIELDS = ("title", "name", "product_name", "productdisplayname")
_TYPE_FIELDS = ("label", "category", "type", "article", "kind")
_HIDDEN_FIELDS = ("id", "split", "image", "path", "file", "url", "link")
"""Attributes that mean nothing to a reader."""

_MAX_DETAIL_LENGTH, _MAX_DETAILS = 40, 2


@dataclass(frozen=True, slots=True)
class Description:
    """An item in words; each part is "" where the item lacks it.

    Args:
        title: its name, else its type.
        brand: who makes it.
        price: formatted, with its currency where that is known.
        link: to its page in the shop: http or https alone.
        details: a few other attributes, formatted.
    """

    title: str
    brand: str
    price: str
    link: str
    details: tuple[str, ...]


def describe(attributes: Attributes, roles: Mapping[Role, str], texts: Texts) -> Description:
    """Describe an item.

    Args:
        attributes: of the item.
        roles: role to attribute, as the index remembers them; without them titles and types are found by usual names.
        texts: of the reader's language.
    """
    parts = {role: attributes[name] for role, name in roles.items() if name in attributes}
    title = _text(parts.get("title", ""))
    brand = _text(parts.get("brand", ""))
    price = _price(attributes, roles.get("price"), texts)
    told = {*roles.values(), f"{roles.get('price')}_{CURRENCY}"}
    lower = {name.lower(): _joined(value) for name, value in attributes.items() if name not in told}
    words = {n: v for n, v in lower.items() if isinstance(v, str) and v.strip() and n not in _HIDDEN_FIELDS}
    title = title or next((words[name] for name in (*_TITLE_FIELDS, *_TYPE_FIELDS) if name in words), "")
    details = [
        value
        for name, value in words.items()
        if value.lower() != title.lower() and len(value) <= _MAX_DETAIL_LENGTH and name not in _TITLE_FIELDS
    ]
    for name, value in lower.items():
        if isinstance(value, bool):
            details += [texts.label("field", name)] if value else []
        elif isinstance(value, int | float) and not name.endswith("id") and name not in _HIDDEN_FIELDS:
            details.append(f"{texts.label('field', name)} {texts.number(value)}")
    return Description(title, brand, price, _safe_link(parts.get("link")), tuple(details[:_MAX_DETAILS]))


def attribute_rows(attributes: Attributes, roles: Mapping[Role, str], texts: Texts) -> list[tuple[str, str]]:
    """Return all attributes that mean something to a reader, as label and value, but those that a card shows anyway."""
    told = {*roles.values(), f"{roles.get('price')}_{CURRENCY}"}
    return [
        (texts.label("field", name), str(texts.value(_joined(value))))
        for name, value in attributes.items()
        if name not in told and name.lower() not in (*_HIDDEN_FIELDS, *_TITLE_FIELDS) and str(_joined(value)).strip()
    ]


def _price(attributes: Attributes, name: str | None, texts: Texts) -> str:
    """Return the price with its currency; what is no number, such as "ask us", as it stands."""
    value = attributes.get(name) if name is not None else None
    if value is None or isinstance(value, bool):
        return ""
    if not isinstance(value, int | float):
        return _text(value)
    currency = attributes.get(f"{name}_{CURRENCY}", "")
    whole = float(value).is_integer()
    return f"{texts.number(value, 0 if whole else 2)} {_text(currency)}".strip()


def _safe_link(value: AttributeValue | None) -> str:
    """Return an address that a browser may follow: http or https with a host, without blanks; "" for any other."""
    if not isinstance(value, str) or not value.isprintable() or " " in value.strip():
        return ""
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        return ""
    return value.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def _text(value: AttributeValue) -> str:
    return str(_joined(value)).strip()


def _joined(value: AttributeValue) -> Value:
    return ", ".join(value) if isinstance(value, tuple) else value

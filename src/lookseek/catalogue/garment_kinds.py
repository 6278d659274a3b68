"""The kinds that garments are merged to: the labels of ``ccp`` (58), of ``clothing`` (20) and of drawn garments.

A person who taps a garment means a coat or shoes, not one of ten labels of shoes that two annotators use differently.
Labels of swimwear and underwear, which are few, are no kind: where they are, nothing is learned or measured.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CCP_KINDS", "CLOTHING_KINDS", "DRAWN_KINDS", "KINDS", "UNJUDGED"]

_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "top": ("blouse", "bodysuit", "hoodie", "jumper", "shirt", "sweater", "sweatshirt", "t-shirt", "top", "vest"),
    "outer": ("blazer", "cape", "cardigan", "coat", "jacket", "suit"),
    "dress": ("dress", "romper"),
    "trousers": ("jeans", "leggings", "pants"),
    "skirt": ("skirt",),
    "shorts": ("shorts",),
    "hosiery": ("socks", "stockings", "tights"),
    "shoes": (
        "boots", "clogs", "flats", "heels", "loafers", "pumps", "sandals", "shoes", "sneakers", "wedges",
    ),
    "bag": ("bag", "purse", "wallet"),
    "hat": ("hat",),
    "accessory": (
        "accessories", "belt", "bracelet", "earrings", "glasses", "gloves", "necklace", "ring", "scarf", "sunglasses",
        "tie", "watch",
    ),
}  # fmt: skip

KINDS = tuple(_OF_KIND)
"""Eleven kinds, from the largest garments to the smallest."""

CCP_KINDS: Mapping[str, str] = {label: kind for kind, labels in _OF_KIND.items() for label in labels}
"""Label of ccp to kind; one that is absent is no garment, or one of ``UNJUDGED``."""

UNJUDGED = frozenset(["bra", "intimate", "panties", "swimwear"])
"""Labels of ccp that are worn and are no kind."""

CLOTHING_KINDS: Mapping[str, str] = {
    "Blazer": "outer", "Blouse": "top", "Dress": "dress", "Hat": "hat", "Hoodie": "top", "Longsleeve": "top",
    "Outwear": "outer", "Pants": "trousers", "Polo": "top", "Shirt": "top", "Shoes": "shoes", "Shorts": "shorts",
    "Skirt": "skirt", "T-Shirt": "top", "Top": "top", "Undershirt": "top",
}  # fmt: skip
"""Label of clothing to kind; one that is absent names none clearly."""

DRAWN_KINDS: Mapping[str, str] = {"dress": "dress", "shirt": "top", "toptee": "top"}
"""Category of a drawn garment to kind."""

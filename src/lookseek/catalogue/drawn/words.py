"""Phrases for a change of one attribute of a drawn garment: "in blue instead of red", "with long sleeves"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .chance import Dice
from .designs import possible_values

__all__ = ["choose_phrase", "phrases"]

COLOUR = ("in {new} instead of {old}", "the same in {new}", "make it {new}", "{new}, not {old}")

PATTERN = ("make it {new}", "{new} instead of {old}", "the same but {new}")
PRINTS: Mapping[str, str] = {
    "plain": "without a pattern",
    "striped": "with stripes",
    "dotted": "with dots",
    "checked": "with checks",
    "floral": "with a floral print",
}

SLEEVE = ("with {new} sleeves", "the same with {new} sleeves", "with {new} sleeves instead of {old}")
BARE = ("without sleeves", "make it sleeveless", "the same but sleeveless", "sleeveless instead of with {old} sleeves")

NECKLINE = ("with {new}", "with {new} instead of {old}", "the same with {new}", "change the neckline to {new}")
NECKS: Mapping[str, str] = {
    "round": "a round neck",
    "v-neck": "a v-neck",
    "boat": "a boat neck",
    "collar": "a collar",
}

LENGTH = ("make it {new}", "{new} instead of {old}", "the same but {new}")
LONG: Mapping[str, str] = {
    "mini": "mini",
    "knee": "knee-length",
    "long": "long",
    "crop": "cropped",
    "regular": "regular length",
}

ORDER: Mapping[str, tuple[str, ...]] = {
    "sleeve": ("short", "long"),
    "length": ("crop", "regular", "mini", "knee", "long"),
}
"""Values from short to long, where the words "shorter" and "longer" can be used; no garment has both halves of the
lengths."""


def choose_phrase(kind: str, category: str, old: str, new: str, dice: Dice) -> str:
    """Return one of the ``phrases`` for a change; ``dice`` chooses it."""
    return dice.pick(phrases(kind, category, old, new))


def phrases(kind: str, category: str, old: str, new: str) -> tuple[str, ...]:
    """Return all phrases for a change: each names the new value and no other value that the garment could have.

    Args:
        kind: what changes: colour, pattern, sleeve, neckline or length.
        category: of the garment.
        old: its value now.
        new: the value after the change, another one.

    >>> phrases("sleeve", "shirt", "long", "short")[-1]
    'with shorter sleeves'
    """
    if kind == "colour":
        return _filled(COLOUR, new, old)
    if kind == "pattern":
        return (*_filled(PATTERN, new, old), PRINTS[new])
    if kind == "neckline":
        return _filled(NECKLINE, NECKS[new], NECKS[old])
    nearer = _compared(kind, category, old, new)
    if kind == "length":
        return _filled(LENGTH, LONG[new], LONG[old]) + ((nearer, f"make it {nearer}") if nearer else ())
    if new == "sleeveless":
        return _filled(BARE, new, old)
    ways = _filled(SLEEVE, new, "none" if old == "sleeveless" else f"{old} ones")
    return (*ways, f"with {nearer} sleeves") if nearer else ways


def _filled(ways: Sequence[str], new: str, old: str) -> tuple[str, ...]:
    return tuple(way.format(new=new, old=old) for way in ways)


def _compared(kind: str, category: str, old: str, new: str) -> str:
    """Return "shorter" or "longer" where that leaves only one value to choose, else ""."""
    order = [value for value in ORDER[kind] if value in possible_values(kind, category)]
    if old not in order or new not in order:
        return ""
    now, then = order.index(old), order.index(new)
    if then > now:
        return "longer" if order[now + 1 :] == [new] else ""
    return "shorter" if order[:now] == [new] else ""

"""Which garments the drawn catalogue holds: their attributes, combined at random but sensibly."""

from __future__ import annotations

from collections.abc import Mapping

from .chance import Dice, deck

__all__ = ["CATEGORIES", "COLOURS", "LENGTHS", "NECKLINES", "PATTERNS", "SLEEVES", "designs", "possible_values"]

CATEGORIES = ("dress", "shirt", "toptee")
"""FashionIQ's three categories, by their names there."""

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (196, 38, 46),
    "pink": (240, 158, 182),
    "orange": (236, 126, 44),
    "yellow": (244, 206, 76),
    "green": (62, 138, 82),
    "blue": (74, 134, 206),
    "navy": (36, 48, 92),
    "purple": (124, 78, 158),
    "brown": (122, 80, 54),
    "beige": (222, 202, 170),
    "grey": (146, 149, 154),
    "black": (40, 40, 44),
    "white": (243, 242, 239),
}
"""Name to sRGB of the cloth in even light, chosen by eye to look like dyed cloth and to stay apart."""

PATTERNS = ("plain", "striped", "dotted", "checked", "floral")

SLEEVES: Mapping[str, tuple[str, ...]] = {
    "dress": ("sleeveless", "short", "long"),
    "shirt": ("long", "short"),
    "toptee": ("short", "long", "sleeveless", "short"),
}

NECKLINES: Mapping[str, tuple[str, ...]] = {
    "dress": ("round", "v-neck", "boat", "collar"),
    "shirt": ("collar",),
    "toptee": ("round", "v-neck", "round", "boat"),
}

LENGTHS: Mapping[str, tuple[str, ...]] = {
    "dress": ("mini", "knee", "long"),
    "shirt": ("regular", "regular", "regular", "crop"),
    "toptee": ("regular", "crop", "regular"),
}


def possible_values(kind: str, category: str) -> tuple[str, ...]:
    """Return the values that an attribute can have, each once.

    Args:
        kind: colour, pattern, sleeve, neckline or length.
        category: one of ``CATEGORIES``.

    >>> possible_values("length", "dress")
    ('mini', 'knee', 'long')
    """
    by_category = {"sleeve": SLEEVES, "neckline": NECKLINES, "length": LENGTHS}
    if kind in by_category:
        return tuple(dict.fromkeys(by_category[kind][category]))
    return {"colour": tuple(COLOURS), "pattern": PATTERNS}[kind]


def designs(count: int, seed: int) -> list[dict[str, str]]:
    """Return the attributes of each design, without those of a view.

    Every list of choices is dealt like a deck of cards, so that each choice occurs about equally often:
    13 designs show every colour, 3 every category.

    Args:
        count: how many, >= 0.
        seed: any integer.
    """
    dice = Dice("designs", seed)
    categories, colours = deck(dice, CATEGORIES), deck(dice, tuple(COLOURS))
    choices = {"sleeve": SLEEVES, "neckline": NECKLINES, "length": LENGTHS}
    decks = {
        (name, category): deck(dice, options)
        for name, by_category in choices.items()
        for category, options in by_category.items()
    }
    patterns = {category: deck(dice, PATTERNS) for category in CATEGORIES}
    made = []
    for number in range(count):
        category = next(categories)
        made.append(
            {"category": category, "colour": next(colours), "pattern": next(patterns[category])}
            | {name: next(decks[name, category]) for name in choices}
            | {"item": f"{category}-{number:04d}"}
        )
    return made

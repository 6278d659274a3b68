"""Copied designs: a drawn design again, with the cloth of some of its five regions changed, and others like it.

A design has a cloth of its own in some of its regions: a striped collar, a patch on the chest, a belt, a sleeve in
another colour. A copy shows the same design in another view and before another background, with other cloths in as many
regions as were changed. A distractor is another design of the same category and colour with the same sleeves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .background import BACKGROUNDS
from .chance import Dice, deck
from .designs import COLOURS, PATTERNS, designs
from .regions import REGIONS, region_key
from .truth import DrawnItem, make_item
from .view import VIEWS

__all__ = ["CopiedDesign", "Copy", "copied_designs"]

_OWN = 0.5
"""How often a region of a design has a cloth of its own."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A photo of a design whose regions may have been changed.

    Args:
        photo: what is drawn.
        changed: regions, as the garment has them upright; empty for the design as it is.
    """

    photo: DrawnItem
    changed: frozenset[str]


@dataclass(frozen=True, slots=True)
class CopiedDesign:
    """A design, copies of it, and others that share its category, colour and sleeves.

    Args:
        original: the photo of the query.
        copies: with 0, 1, 2 ... changed regions, in this order, each in another view and before another background.
        others: distractors.
    """

    original: DrawnItem
    copies: tuple[Copy, ...]
    others: tuple[DrawnItem, ...]


def copied_designs(
    count: int, seed: int, changes: tuple[int, ...] = (0, 1, 2), others: int = 3
) -> Iterator[CopiedDesign]:
    """Yield designs with their copies, without drawing them.

    Args:
        count: how many designs, >= 0; all have sleeves.
        seed: any integer.
        changes: how many regions each copy changes, 0 to 5 each.
        others: distractors of each design, >= 0.
    """
    made = 0
    for design in designs(3 * count + 8, seed):
        if made == count:
            return
        if design["sleeve"] == "sleeveless":
            continue
        made += 1
        dice = Dice("copies", seed, design["item"])
        own = {**design, **_details(design, dice)}
        places = _places(dice)
        original = make_item(f"{design['item']}-original", {**own, **next(places)}, seed)
        copies = []
        for number, size in enumerate(changes):
            regions = deck(dice, REGIONS)
            changed = frozenset(next(regions) for _ in range(size))
            attributes = {**own, **{region_key(r): _other(own, r, dice) for r in sorted(changed)}, **next(places)}
            copies.append(Copy(make_item(f"{design['item']}-copy-{number}", attributes, seed), changed))
        strangers = []
        for number in range(others):
            item = f"{design['item']}-other-{number}"
            like = {name: design[name] for name in ("category", "colour", "sleeve")}
            other = {**design, **like, "item": item, "pattern": dice.pick(PATTERNS)}
            strangers.append(make_item(item, {**other, **_details(other, dice), **next(places)}, seed))
        yield CopiedDesign(original, tuple(copies), tuple(strangers))


def _details(design: Mapping[str, str], dice: Dice) -> dict[str, str]:
    """Return cloths of regions: colour and pattern by key, of about half of them."""
    return {region_key(region): _cloth(design, dice) for region in REGIONS if dice.unit() < _OWN}


def _cloth(design: Mapping[str, str], dice: Dice) -> str:
    colour = dice.pick([name for name in COLOURS if name != design["colour"]])
    return f"{colour} {dice.pick(PATTERNS)}"


def _other(design: Mapping[str, str], region: str, dice: Dice) -> str:
    """Return another cloth than a region has, of another colour."""
    before = design.get(region_key(region), design["colour"]).split()[0]
    while True:
        cloth = _cloth(design, dice)
        if cloth.split()[0] != before:
            return cloth


def _places(dice: Dice) -> Iterator[dict[str, str]]:
    """Yield views and backgrounds for ever, neighbours different in both where that can be."""
    views, grounds = deck(dice, VIEWS), deck(dice, BACKGROUNDS)
    for view in views:
        yield {"view": view, "background": dice.pick(("wall", "studio")) if view == "hanger" else next(grounds)}

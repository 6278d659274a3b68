"""Triplets: a photo of a garment, a change of one attribute in words, and a photo of the garment so changed.

A family is one design with everything that a search by "like this, but ..." may mix up::

    reference ──"in blue instead of red"──> target of the kind colour
        │     ──"with long sleeves"───────> target of the kind sleeve        ... one of each kind that can change
        └ again: the same design, unchanged, photographed another time

All share cut and cloth, so a target differs from its reference in the named attribute, in view and in background.
Families come in lines, as a shop's do: of one category, colour and pattern, in other shapes. A search that ignores the
words finds the unchanged design and its line; one that ignores the photo finds other families.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .background import BACKGROUNDS
from .chance import Dice, deck
from .designs import COLOURS, PATTERNS, designs, possible_values
from .truth import DrawnItem, make_item
from .view import VIEWS
from .words import choose_phrase

__all__ = ["KINDS", "Change", "Family", "families"]

KINDS = ("colour", "pattern", "sleeve", "neckline", "length")
"""Attributes that change."""

LINE = 5
"""Families of a line: enough that the ten best results of the photo alone are not all of its own family."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a design.

    Args:
        kind: one of ``KINDS``.
        text: the change, in English.
        target: the garment with that one attribute changed.
    """

    kind: str
    text: str
    target: DrawnItem


@dataclass(frozen=True, slots=True)
class Family:
    """A design and its changes; see above.

    Args:
        reference: the photo of the query.
        again: the same design in another view and before another background.
        changes: one of each kind that the design can change in, in the order of ``KINDS``; their targets have other
            views and backgrounds than the reference.
    """

    reference: DrawnItem
    again: DrawnItem
    changes: tuple[Change, ...]


def families(count: int, seed: int) -> list[Family]:
    """Return designs with their changes, without drawing them.

    Args:
        count: how many designs, >= 0.
        seed: any integer.
    """
    return [_family(design, seed) for design in _in_lines(designs(count, seed), Dice("lines", seed))]


def _in_lines(made: Iterable[Mapping[str, str]], dice: Dice) -> Iterator[dict[str, str]]:
    """Give the designs of a line one colour and pattern, dealt so that each occurs about equally often."""
    colours, patterns = deck(dice, tuple(COLOURS)), deck(dice, PATTERNS)
    met: Counter[str] = Counter()
    cloth: dict[str, dict[str, str]] = {}
    for design in made:
        category = design["category"]
        if met[category] % LINE == 0:
            cloth[category] = {"colour": next(colours), "pattern": next(patterns)}
        met[category] += 1
        yield {**design, **cloth[category]}


def _family(design: Mapping[str, str], seed: int) -> Family:
    dice = Dice("changes", seed, design["item"])
    places = _places(dice)

    def photo(name: str, attributes: Mapping[str, str]) -> DrawnItem:
        return make_item(f"{design['item']}-{name}", {**attributes, **next(places)}, seed)

    reference, again = photo("reference", design), photo("again", design)
    changes = []
    for kind in KINDS:
        others = [value for value in possible_values(kind, design["category"]) if value != design[kind]]
        if others:
            value = dice.pick(others)
            text = choose_phrase(kind, design["category"], design[kind], value, dice)
            changes.append(Change(kind, text, photo(kind, {**design, kind: value})))
    return Family(reference, again, tuple(changes))


def _places(dice: Dice) -> Iterator[dict[str, str]]:
    """Yield views and backgrounds: of the reference, then for ever such as differ from it in both."""
    view = dice.pick(VIEWS)
    ground = dice.pick(_grounds(view))
    yield {"view": view, "background": ground}
    views = deck(dice, [other for other in VIEWS if other != view])
    for other in views:
        grounds = [some for some in _grounds(other) if some != ground]
        yield {"view": other, "background": dice.pick(grounds)}


def _grounds(view: str) -> tuple[str, ...]:
    """Return the backgrounds that a view can have: on a floor nothing hangs."""
    return ("wall", "studio") if view == "hanger" else BACKGROUNDS

"""What gave a hit its score, in plain words: which aspects agree, and where in its photo most of the score lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from ..results import CellMap, Contributions, Hit

__all__ = ["LEVELS", "Across", "Down", "Level", "centre_of", "explanation_lines", "levels_of", "verdict_words"]

Level: TypeAlias = Literal["agrees", "partly", "differs"]
LEVELS: tuple[Level, ...] = ("agrees", "partly", "differs")

Down: TypeAlias = Literal["upper", "middle", "lower"]
Across: TypeAlias = Literal["left", "centre", "right"]

_ASPECTS: Mapping[str, tuple[str, float, float]] = {
    "joint": ("kind", 0.275, 0.258),
    "instance": ("design", 0.463, 0.263),
    "colour": ("colour", 0.850, 0.614),
}
"""Part of a vector to the aspect that it compares, the cosine from which on that agrees, and the one below which it
differs. Source: docs/decisions/explain.md, of lookseek-2 on photos of a shop."""

_VERBS: Mapping[Level, tuple[str, str]] = {
    "agrees": ("agrees", "agree"),
    "partly": ("agrees in part", "agree in part"),
    "differs": ("differs", "differ"),
}

_EDGE = 0.08
"""How far, in heights or widths of the photo, the middle of what is lit lies off the photo's own before it is named."""


def levels_of(made: Contributions) -> dict[str, Level]:
    """Return by aspect whether two photos agree: kind, design, colour; empty where no photo was compared with one.

    Words are compared with photos on another scale, for which there are no limits.
    """
    if set(made.parts) & {"words", "photo+words"} or "photo" not in made.parts:
        return {}
    levels: dict[str, Level] = {}
    for part, (aspect, agrees, differs) in _ASPECTS.items():
        if part in made.agreement:
            cosine = made.agreement[part]
            levels[aspect] = "agrees" if cosine >= agrees else "differs" if cosine < differs else "partly"
    return levels


def centre_of(found: CellMap) -> tuple[Down, Across] | None:
    """Return where in a photo the cells lie that speak for the match; None where none does.

    >>> centre_of(CellMap(((0.2, 0.1), (0.0, -0.1)), 0.0, (0.0, 0.0, 1.0, 1.0), (3, 4)))
    ('upper', 'left')
    """
    left, top, right, bottom = found.window
    rows, columns = len(found.cells), len(found.cells[0])
    sums = [0.0, 0.0, 0.0]
    for row, cells in enumerate(found.cells):
        for column, cell in enumerate(cells):
            lit = max(cell, 0.0)
            sums[0] += lit
            sums[1] += lit * (top + (row + 0.5) / rows * (bottom - top))
            sums[2] += lit * (left + (column + 0.5) / columns * (right - left))
    if sums[0] <= 0:
        return None
    y, x = sums[1] / sums[0] - 0.5, sums[2] / sums[0] - 0.5
    return (
        "upper" if y < -_EDGE else "lower" if y > _EDGE else "middle",
        "left" if x < -_EDGE else "right" if x > _EDGE else "centre",
    )


def explanation_lines(hit: Hit) -> list[str]:
    """Return what gave a hit its score, as lines for a terminal; none where that was not asked for."""
    made = hit.contributions
    if made is None:
        return []
    said = [f"{hit.rank}: {hit.score:.3f} of {_sum(made.vectors)}"]
    if len(made.parts) > 1:
        said.append(f"by query {_sum(made.parts)}")
    said += [f"by garment {name}" for name in made.garments]
    levels = levels_of(made)
    for level, (one, several) in _VERBS.items():
        if aspects := [name for name, each in levels.items() if each == level]:
            said.append(f"{_listed(aspects)} {several if len(aspects) > 1 else one}")
    for verb, differs in (("the same", False), ("different", True), ("not sure", None)):
        if regions := hit.judged(differs):
            said.append(f"{_listed(regions)} {verb}")
    centre = centre_of(made.photo) if made.photo is not None else None
    if centre is not None:
        said.append(f"most of it in the {centre[0]} {centre[1]} of its photo")
    return ["; ".join(said)]


def verdict_words(hit: Hit) -> str:
    """Return which regions differ from the query's, and of which that is not sure, for a cell of a table.

    >>> from ..results import RegionVerdict
    >>> sleeves = RegionVerdict("left sleeve", 0.2, None), RegionVerdict("right sleeve", 0.9, None)
    >>> verdict_words(Hit("a", 0.6, 1, {}, {}, verdicts=(RegionVerdict("collar", 0.2, True), *sleeves)))
    'collar; not sure: left sleeve, right sleeve'
    >>> verdict_words(Hit("a", 0.6, 1, {}, {}, verdicts=sleeves))
    'not sure'
    """
    differing, unsure = ", ".join(hit.judged(True)), hit.judged(None)
    if not unsure:
        return differing or "nothing"
    if len(unsure) == len(hit.verdicts):
        return "not sure"
    return f"{differing or 'nothing'}; not sure: {', '.join(unsure)}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


def _sum(contributions: Mapping[str, float]) -> str:
    """Return a sum in words.

    >>> _sum({"photo": 0.41, "-logo": -0.02})
    'photo 0.410, -logo -0.020'
    """
    return ", ".join(f"{name} {value:.3f}" for name, value in contributions.items())

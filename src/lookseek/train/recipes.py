"""All recipes by name: what ``lookseek train --list`` prints."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import TrainError

__all__ = ["RECIPES", "Recipe", "recipe"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way of training.

    Args:
        name: as the command line knows it.
        about: one line: what comes out.
        needs: one line: what DATA holds.
    """

    name: str
    about: str
    needs: str


RECIPES: Mapping[str, Recipe] = {
    "classifier": Recipe(
        "classifier",
        "a network that names a photo's class; its pooled features are an image tower",
        "clothing (items.csv, images/), FashionIQ's layout (image_splits/, photos), or any catalogue with --label",
    ),
}


def recipe(name: str) -> Recipe:
    """A recipe by its name.

    Raises:
        TrainError: there is none of this name.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise TrainError(f"there is no recipe {name!r}: {meant}lookseek train --list names them")
    return RECIPES[name]

"""All recipes by name: what ``lookseek train --list`` prints."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import TrainError

__all__ = ["RECIPES", "Recipe", "check_options", "recipe"]


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
    "align": Recipe(
        "align",
        "a joint space of photos and words in English and Vietnamese: an image tower and a text head",
        "a folder with myntra/ (catalogue.parquet: photos, titles, types, colours), clothing/ (items.csv), or both",
    ),
    "combiner": Recipe(
        "combiner",
        "a Combiner: joins a photo and a change in words into one vector, on a model's features or on a tuned CLIP's",
        "triplets in FashionIQ's layout (captions/, image_splits/) with photos, catalogue.parquet or image_captions/",
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


def check_options(chosen: Recipe, own: Mapping[str, Mapping[str, object]]) -> None:
    """Refuse options that the recipe would not look at.

    Args:
        chosen: the recipe.
        own: recipe to its own options, each with its value, None where it was not given.

    Raises:
        TrainError: an option of another recipe was given.
    """
    known = set(own.get(chosen.name, {}))
    for name, options in own.items():
        if wrong := [option for option, value in options.items() if value is not None and option not in known]:
            flag = wrong[0].replace("_", "-")
            raise TrainError(f"--{flag} is of the recipe {name}, {chosen.name} has none: leave it out")

"""The registry of recipes. A new one is a folder of its own and one line here."""

from __future__ import annotations

import difflib
from importlib import import_module
from pathlib import Path

from ..errors import TrainError
from .recipe import Recipe
from .trainer.run_folder import RUN, recipe_of

__all__ = ["RECIPES", "find_recipe", "recipe_of_run"]

RECIPES: dict[str, str] = {
    "classifier": "lookseek.train.classifier.recipe",
    "align": "lookseek.train.align.recipe",
    "adapt": "lookseek.train.adapt.recipe",
    "garments": "lookseek.train.garments.recipe",
    "phrases": "lookseek.train.phrases.recipe",
    "regions": "lookseek.train.regions.recipe",
    "combiner": "lookseek.train.combiner.recipe",
    "pairs": "lookseek.train.pairs.recipe",
    "metric": "lookseek.train.metric.recipe",
    "capsule": "lookseek.train.capsule.recipe",
    "tags": "lookseek.train.tags.recipe",
    "study": "lookseek.train.study.recipe",
    "weak": "lookseek.train.weak.recipe",
}
"""Name to the module that has it as ``RECIPE``; it is imported when it is needed."""


def find_recipe(name: str) -> Recipe:
    """Return a recipe by its name.

    Raises:
        TrainError: there is none of this name.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise TrainError(f"there is no recipe {name!r}: {hint}lookseek train --list names them")
    recipe: Recipe = import_module(RECIPES[name]).RECIPE
    return recipe


def recipe_of_run(folder: Path) -> Recipe:
    """Return the recipe that a run folder was trained by.

    Raises:
        TrainError: it is no run folder, or one of a recipe that this version does not have.
    """
    name = recipe_of(folder)
    if not name:
        reason = f"its {RUN} can't be read" if (folder / RUN).is_file() else f"it has no {RUN}"
        raise TrainError(f"{folder} is no training run ({reason}): give a folder that lookseek train wrote")
    return find_recipe(name)

"""What a recipe is: a way of training, as ``recipes.py`` lists it and the command line offers it.

This file and a recipe's ``recipe.py`` and ``settings.py`` are read without torch; ``run`` and ``export`` import the
rest when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["DEFAULT_PRESET", "Exported", "Recipe", "Trained"]

DEFAULT_PRESET = "modern"
"""Every recipe has a preset of this name; it is taken where none is named."""


class Trained(Protocol):
    """What a training came to."""

    @property
    def notes(self) -> Sequence[str]:
        """What a reader of the figures must know, a sentence each."""
        ...

    def lines(self) -> Sequence[str]:
        """Return what a person should know, a line each; nothing in the processes of further devices."""
        ...


class Exported(Protocol):
    """What an export made."""

    def lines(self) -> Sequence[str]:
        """Return what a person should know, a line each."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way of training.

    Args:
        name: as the command line and run.json have it.
        about: one line: what comes out.
        needs: one line: what DATA holds.
        settings: a frozen dataclass of all that decides a training beside data and devices; its fields become options,
            and the lines below Args in its docstring their help.
        presets: name to settings; one is ``modern``.
        run: trains, or goes on with a training. Called with ``data`` (str) and ``out`` (Path), and by name with
            ``preset``, ``changes`` (field to value, None leaves the preset's), ``devices`` and ``progress``. Further
            parameters by name become options of this recipe, and their lines below Args the help.
        export: makes a model folder of a run's best epoch. Called with the run folder and the folder to make, and by
            name with ``int8`` and ``progress``. None where the recipe makes no model.
    """

    name: str
    about: str
    needs: str
    settings: type[Any]
    presets: Mapping[str, Any]
    run: Callable[..., Trained]
    export: Callable[..., Exported] | None = None

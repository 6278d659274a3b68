"""The options of a recipe on the command line, made from its settings, its own parameters and the devices."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from cyclopts import Group, Parameter

from ..errors import TrainError

if TYPE_CHECKING:  # what costs time to import is imported by the verb that needs it
    from ..train.recipe import Recipe

__all__ = ["recipe_command", "refuse_foreign_options"]

Train = Callable[[str, Path, Mapping[str, Any]], int]
"""Trains from data into a run folder with keyword arguments of ``Recipe.run``; returns an exit status."""

OWN, SETTINGS, DEVICES = (
    Group(name, sort_key=place)
    for place, name in enumerate(("Options", "Settings, where not those of the preset", "Devices"))
)

GIVEN = ("data", "out", "preset", "changes", "devices", "progress")
"""Parameters that every ``Recipe.run`` takes."""


def recipe_command(recipe: Recipe, train: Train) -> Callable[..., int]:
    """Return a function whose signature and docstring are the command line of a recipe.

    Args:
        recipe: its settings become options, with their types, their presets' values and the help of their docstring.
        train: called with what was typed.
    """
    from ..train.trainer.devices import Devices

    own, settings, devices = (list(made) for made in (_own(recipe), _settings(recipe), _devices()))

    def command(data: str, out: Path, **typed: Any) -> int:
        def values(parameters: Iterable[inspect.Parameter]) -> dict[str, Any]:
            return {made.name: typed.get(made.name, made.default) for made in parameters}

        return train(data, out, values(own) | {"changes": values(settings), "devices": Devices(**values(devices))})

    positional = [_parameter("data", str, recipe.needs), _parameter("out", Path, "the run folder.")]
    parameters = [*positional, *own, *settings, *devices]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = f"{recipe.about[0].upper()}{recipe.about[1:]}."
    return command


def refuse_foreign_options(recipe: Recipe, arguments: Sequence[str], others: Iterable[Recipe]) -> None:
    """Raise for an option that another recipe has, and this one does not.

    Args:
        recipe: the one that trains.
        arguments: what was typed.
        others: recipes to look in.

    Raises:
        TrainError: for the first such option.
    """
    typed = [argument.split("=")[0].removeprefix("--") for argument in arguments if argument.startswith("--")]
    own = _option_names(recipe)
    if unknown := [name for name in typed if name not in own]:
        for other in others:
            if foreign := [name for name in unknown if name in _option_names(other)]:
                raise TrainError(f"--{foreign[0]} is of the recipe {other.name}, {recipe.name} has none: leave it out")


def _option_names(recipe: Recipe) -> set[str]:
    """With the forms that switch a flag off."""
    names = {made.name.replace("_", "-") for made in (*_own(recipe), *_settings(recipe), *_devices())}
    return names | {f"no-{name}" for name in names}


def _own(recipe: Recipe) -> Iterator[inspect.Parameter]:
    """``--preset``, and what the recipe's ``run`` takes beside what all take."""
    from ..train.recipe import DEFAULT_PRESET

    presets = ", ".join(recipe.presets)
    yield _parameter("preset", str, f"settings to start from: {presets}.", default=DEFAULT_PRESET, group=OWN)
    hints, help = get_type_hints(recipe.run), _arguments(recipe.run)
    for name, parameter in inspect.signature(recipe.run).parameters.items():
        if name not in GIVEN:
            yield _parameter(name, hints[name], help[name], default=parameter.default, group=OWN)


def _settings(recipe: Recipe) -> Iterator[inspect.Parameter]:
    hints, help = get_type_hints(recipe.settings), _arguments(recipe.settings)
    for field in fields(recipe.settings):
        values = [f"{name} {_value(getattr(preset, field.name))}" for name, preset in recipe.presets.items()]
        text = f"{help[field.name]} [{', '.join(values)}]"
        yield _parameter(field.name, hints[field.name] | None, text, default=None, group=SETTINGS)


def _value(value: object) -> object:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _devices() -> Iterator[inspect.Parameter]:
    from ..train.trainer.devices import Devices

    hints, help = get_type_hints(Devices), _arguments(Devices)
    for field in fields(Devices):
        yield _parameter(field.name, hints[field.name], help[field.name], default=field.default, group=DEVICES)


def _parameter(
    name: str, kind: Any, help: str, *, default: Any = inspect.Parameter.empty, group: Group | None = None
) -> inspect.Parameter:
    """Return a positional parameter where it has no default, else an option; flags get no negative form."""
    more: dict[str, Any] = {"group": group} if group else {}
    more |= {"negative": ()} if default is False else {}
    more |= {"show_default": False} if default in (None, "", False) else {}
    annotation = Annotated[kind, Parameter(help=help, **more)]
    where = inspect.Parameter.POSITIONAL_ONLY if default is inspect.Parameter.empty else inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, where, annotation=annotation, default=default)


def _arguments(documented: Any) -> dict[str, str]:
    """Return the lines below ``Args:`` of a docstring, by name."""
    block = re.search(r"\n *Args:\n(.*?)(?:\n *\n|\Z)", inspect.getdoc(documented) or "", re.DOTALL)
    found: dict[str, str] = {}
    for names, text in re.findall(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {5,}.*)*)", block[1] if block else "", re.MULTILINE):
        found |= dict.fromkeys(names.split(", "), " ".join(text.replace("``", "").split()))
    return found

"""Settings of a recipe: numbers in their ranges, and a preset with some of them changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import TrainError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["apply_changes", "changed_options", "check_ranges"]

Kind = TypeVar("Kind", bound="DataclassInstance")


def check_ranges(settings: object, ranges: Iterable[tuple[str, float, float]]) -> None:
    """Raise for a number outside its range.

    Args:
        settings: of a recipe.
        ranges: field, least and most.

    Raises:
        TrainError: for the first one.
    """
    for name, low, high in ranges:
        value = getattr(settings, name)
        if not low <= value <= high:
            raise TrainError(f"{name.replace('_', ' ')} is {value}: give a number from {low:g} to {high:,}")


def apply_changes(presets: Mapping[str, Kind], preset: str, changes: Mapping[str, Any], of: str = "") -> Kind:
    """Return a preset with some of its numbers changed.

    Args:
        presets: name to settings.
        preset: the name.
        changes: field to value; None leaves it.
        of: the recipe, for the message, e.g. " of align".

    Raises:
        TrainError: no such preset, or a number outside its range.
    """
    if preset not in presets:
        raise TrainError(f"there is no preset {preset!r}{of}: use one of {', '.join(presets)}")
    return replace(presets[preset], **{name: value for name, value in changes.items() if value is not None})


def changed_options(preset: DataclassInstance, settings: DataclassInstance) -> str:
    """Return the options that give settings, beside those of their preset: `` --epochs 3 --seed 1``.

    Args:
        preset: whose options need not be given.
        settings: of the same class.
    """
    before, own = asdict(preset), asdict(settings)
    given = [name for name in own if own[name] != before[name]]
    return "".join(f" --{name.replace('_', '-')} {own[name]}" for name in given)

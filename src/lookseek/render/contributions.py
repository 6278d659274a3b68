"""Contributions as JSON values, there and back: what ``search --json`` and the API hold, and a client reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..results import CellMap, Contributions
from ..types import Box

__all__ = ["contributions_from_dict", "contributions_to_dict"]

_SUMS = ("vectors", "parts", "garments", "regions", "agreement")
_MAPS = ("query", "photo")


def contributions_to_dict(made: Contributions) -> dict[str, Any]:
    """Return contributions as JSON values; cells only of photos that have them."""
    maps = {name: getattr(made, name) for name in _MAPS}
    return {
        **{name: dict(getattr(made, name)) for name in _SUMS},
        **{name: _cells_to_dict(found) for name, found in maps.items() if found is not None},
    }


def contributions_from_dict(answer: Mapping[str, Any]) -> Contributions:
    """Return contributions of JSON values, as ``contributions_to_dict`` gives them."""
    maps = {name: _cells_from_dict(answer[name]) if answer.get(name) else None for name in _MAPS}
    sums = {name: answer.get(name, {}) for name in _SUMS}
    return Contributions(**sums, query=maps["query"], photo=maps["photo"])


def _cells_to_dict(found: CellMap) -> dict[str, Any]:
    box = found.box
    return {
        "cells": [list(row) for row in found.cells],
        "rest": found.rest,
        "window": list(found.window),
        "size": list(found.size),
        **({} if box is None else {"box": [box.x, box.y, box.width, box.height]}),
    }


def _cells_from_dict(answer: Mapping[str, Any]) -> CellMap:
    left, top, right, bottom = answer["window"]
    width, height = answer["size"]
    box = Box(*answer["box"]) if answer.get("box") else None
    return CellMap(tuple(map(tuple, answer["cells"])), answer["rest"], (left, top, right, bottom), (width, height), box)

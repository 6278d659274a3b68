"""The folder of a model of regions (``map_model.py``), and what it says of itself.

regions.json     format, name, side, dim, thresholds, licence, sources
regions.onnx     ``photos`` uint8 (n, side, side, 3) to ``vectors`` float32 (n, dim + landmarks, cells, cells): an
                 embedding of each cell, and how likely each landmark lies there, as a logit
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ModelError
from ..map_model import MapFolder, ReadMaps, map_input
from ..prepare import Preprocessing
from .geometry import REGIONS

__all__ = [
    "DEFAULT_REGIONS",
    "REGIONS_GRAPH",
    "REGIONS_SETTINGS",
    "REGION_MODELS",
    "RegionsConfig",
    "read_regions",
    "write_config",
]

REGIONS_SETTINGS, REGIONS_GRAPH = "regions.json", "regions.onnx"

DEFAULT_REGIONS = "lookseek-regions"
"""The model that ships."""

REGION_MODELS = MapFolder("model of regions", DEFAULT_REGIONS, "regions", REGIONS_SETTINGS, REGIONS_GRAPH)

FORMAT = 1
_MAX_SIDE, _MAX_DIM = 1024, 4096


@dataclass(frozen=True, slots=True)
class RegionsConfig:
    """What a model of regions says of itself.

    Args:
        name: of the model.
        side: pixels a side of its input.
        dim: numbers of a region's vector.
        thresholds: region to the cosine below which it differs.
        licence: an SPDX identifier or a sentence.
        sources: where the weights come from.
        checksum: hex SHA-256 of its graph; "" for one that is being written.
    """

    name: str
    side: int
    dim: int
    thresholds: Mapping[str, float]
    licence: str
    sources: tuple[str, ...]
    checksum: str = ""

    @property
    def preprocessing(self) -> Preprocessing:
        """See ``map_input``."""
        return map_input(self.side)


def write_config(config: RegionsConfig) -> bytes:
    """Return the content of ``regions.json``."""
    made = {
        "format": FORMAT,
        "name": config.name,
        "side": config.side,
        "dim": config.dim,
        "thresholds": dict(config.thresholds),
        "licence": config.licence,
        "sources": list(config.sources),
    }
    return (json.dumps(made, ensure_ascii=False, indent=2) + "\n").encode()


def read_regions(name_or_path: str | Path) -> tuple[RegionsConfig, ReadMaps]:
    """Return what a model of regions says of itself, and the content of its folder.

    Args:
        name_or_path: ``lookseek-regions``, or a folder that lookseek export made.

    Raises:
        ModelError: no such model, or a damaged folder.
    """
    found = REGION_MODELS.read(name_or_path)
    return _parse(found.settings, found.path / REGIONS_SETTINGS, found.checksum), found


def _parse(content: bytes, where: Path, checksum: str) -> RegionsConfig:
    try:
        made: dict[str, Any] = json.loads(content)
        if made["format"] != FORMAT:
            raise ValueError(f"format {made['format']!r}")
        thresholds = {name: float(value) for name, value in made["thresholds"].items()}
        if set(thresholds) != set(REGIONS) or not all(-1 <= value <= 1 for value in thresholds.values()):
            raise ValueError(f"thresholds {thresholds}: one from -1 to 1 is needed for each of {', '.join(REGIONS)}")
        for key, most in (("side", _MAX_SIDE), ("dim", _MAX_DIM)):
            if type(made[key]) is not int or not 1 <= made[key] <= most:
                raise ValueError(f"{key} {made[key]!r} is not a whole number from 1 to {most}")
        return RegionsConfig(
            str(made["name"]),
            made["side"],
            made["dim"],
            thresholds,
            str(made["licence"]),
            tuple(map(str, made["sources"])),
            checksum,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{where} can't be read ({error}): export the model again") from error

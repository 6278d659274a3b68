"""The folder of a model of regions, checked against its checksums before anything parses it.

regions.json     format, name, side, dim, thresholds, licence, sources
regions.onnx     ``photos`` uint8 (n, side, side, 3) to ``vectors`` float32 (n, dim + landmarks, cells, cells): an
                 embedding of each cell, and how likely each landmark lies there, as a logit
README.md        the card
SHA256SUMS       one ``<sha-256>  <file>`` a line, as ``sha256sum`` writes it
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import models
from ...errors import ModelError
from ..folder import read_checked, read_sums
from ..prepare import Preprocessing
from .geometry import REGIONS

__all__ = ["DEFAULT_REGIONS", "REGIONS_GRAPH", "REGIONS_SETTINGS", "RegionsConfig", "read_regions", "write_config"]

REGIONS_SETTINGS, REGIONS_GRAPH = "regions.json", "regions.onnx"

DEFAULT_REGIONS = "lookseek-regions"
"""The model that ships."""

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
        """All of the photo, on white."""
        return Preprocessing(self.side, self.side, "pad", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")


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


def read_regions(name_or_path: str | Path) -> tuple[RegionsConfig, bytes, Path]:
    """Return the settings, the graph and the folder of a model of regions.

    Args:
        name_or_path: ``lookseek-regions``, or a folder that lookseek export made.

    Raises:
        ModelError: no such model, or a damaged folder.
    """
    shipped = Path(models.__file__).parent / str(name_or_path)
    named = isinstance(name_or_path, str) and name_or_path == Path(name_or_path).name
    path = shipped if named and (shipped / REGIONS_SETTINGS).is_file() else Path(name_or_path)
    if not (path / REGIONS_SETTINGS).is_file():
        raise ModelError(
            f"there is no model of regions at {path}: name {DEFAULT_REGIONS}, which ships, or give a folder that "
            "lookseek export made of a training by lookseek train regions"
        )
    sums = read_sums(path)
    for file in (REGIONS_SETTINGS, REGIONS_GRAPH):
        if file not in sums:
            raise ModelError(f"SHA256SUMS of {path} does not list {file}: copy the folder again, or export it again")
    contents = {file: read_checked(path, file, digest) for file, digest in sums.items()}
    config = _parse(contents[REGIONS_SETTINGS], path / REGIONS_SETTINGS, sums[REGIONS_GRAPH])
    return config, contents[REGIONS_GRAPH], path


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

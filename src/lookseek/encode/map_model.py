"""Models that give maps of a photo, a value for each of its cells: each stands in a folder of its own.

SETTINGS.json    what the model says of itself, parsed by its own package (garments/, regions/)
GRAPH.onnx       ``photos`` uint8 (n, side, side, 3) to ``vectors`` float32 (n, channels, cells, cells)
README.md        the card
SHA256SUMS       one ``<sha-256>  <file>`` a line, as ``sha256sum`` writes it
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..errors import ModelError
from ..types import Pixels
from .folder import read_checked, read_sums
from .onnx_file import refuse_external_data
from .prepare import Preprocessing, min_side, resize_to_input
from .runtime import open_tower

__all__ = ["MapFolder", "MapModel", "ReadMaps", "map_input"]


class ReadMaps(NamedTuple):
    """The content of such a folder, checked against its checksums.

    Args:
        path: of the folder.
        settings: content of the settings' file, not parsed.
        graph: content of the graph's file.
        checksum: hex SHA-256 of the graph.
    """

    path: Path
    settings: bytes
    graph: bytes
    checksum: str


@dataclass(frozen=True, slots=True)
class MapFolder:
    """What the folders of one kind of model hold.

    Args:
        what: the kind, for messages, e.g. parser of garments.
        shipped: name of the one that ships.
        recipe: that trains them.
        settings: name of the settings' file.
        graph: name of the graph's file.
    """

    what: str
    shipped: str
    recipe: str
    settings: str
    graph: str

    def read(self, name_or_path: str | Path) -> ReadMaps:
        """Return the content of a folder.

        Args:
            name_or_path: the name of a shipped one, or a folder that lookseek export made.

        Raises:
            ModelError: no such model, or a damaged folder.
        """
        shipped = Path(models.__file__).parent / str(name_or_path)
        named = isinstance(name_or_path, str) and name_or_path == Path(name_or_path).name
        path = shipped if named and (shipped / self.settings).is_file() else Path(name_or_path)
        if not (path / self.settings).is_file():
            raise ModelError(
                f"there is no {self.what} at {path}: name {self.shipped}, which ships, or give a folder that lookseek "
                f"export made of a training by lookseek train {self.recipe}"
            )
        sums = read_sums(path)
        for file in (self.settings, self.graph):
            if file not in sums:
                raise ModelError(
                    f"SHA256SUMS of {path} does not list {file}: copy the folder again, or export it again"
                )
        contents = {file: read_checked(path, file, digest) for file, digest in sums.items()}
        return ReadMaps(path, contents[self.settings], contents[self.graph], sums[self.graph])


def map_input(side: int) -> Preprocessing:
    """Return how a photo becomes the input of such a model: all of it, on white."""
    return Preprocessing(side, side, "pad", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")


class MapModel:
    """A graph that gives maps, ready to run. Any thread may call.

    Args:
        kind: what it is.
        found: its folder.
        side: pixels a side of its input.
        channels: maps that it gives.
        threads: that run at once, >= 1; None for as many as there are cores.
        single: True for a photo or two.

    Raises:
        ModelError: a graph that can't be loaded, or takes another input.
    """

    def __init__(
        self, kind: MapFolder, found: ReadMaps, side: int, channels: int, *, threads: int | None, single: bool
    ) -> None:
        self._where, self._channels, self._input = f"{kind.graph} of {found.path}", channels, map_input(side)
        refuse_external_data(found.graph, self._where)
        self._tower = open_tower(found.graph, threads=threads, single=single, runtime="onnxruntime")
        port = self._tower.inputs[0]
        if len(self._tower.inputs) != 1 or port.dtype != "uint8" or port.shape[1:] != (side, side, 3):
            raise ModelError(
                f"{self._where} takes {port.dtype} {port.shape}, and {kind.settings} says uint8 (n, {side}, {side}, "
                "3): export the model again"
            )

    @property
    def min_side(self) -> int:
        """Return the shorter side, in pixels, that suffices for a photo."""
        return min_side(self._input)

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return the maps of a photo, float32 (channels, cells, cells), finite.

        Args:
            pixels: uint8 (height, width, 3).

        Raises:
            ModelError: the graph fails, or gives another shape.
        """
        out = self._tower.run(resize_to_input(pixels, self._input)[None])
        if out.ndim != 4 or out.shape[:2] != (1, self._channels) or not np.isfinite(out).all():
            raise ModelError(
                f"{self._where} gave {out.shape}, expected finite numbers of shape (1, {self._channels}, cells, "
                "cells): export the model again"
            )
        maps: NDArray[np.float32] = out[0].astype(np.float32)
        return maps

"""The folder of a parser (``map_model.py``), and what it says of itself.

garments.json    format, name, kinds, side, licence, sources
garments.onnx    ``photos`` uint8 (n, side, side, 3) to ``vectors`` float32 (n, kinds + 1, cells, cells): how likely
                 each kind is at each cell; the first is no garment
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ModelError
from ..map_model import MapFolder, ReadMaps, map_input
from ..prepare import Preprocessing

__all__ = ["DEFAULT_PARSER", "GARMENTS", "GARMENTS_GRAPH", "PARSERS", "ParserConfig", "read_parser", "write_config"]

GARMENTS, GARMENTS_GRAPH = "garments.json", "garments.onnx"

DEFAULT_PARSER = "lookseek-garments"
"""The parser that ships."""

PARSERS = MapFolder("parser of garments", DEFAULT_PARSER, "garments", GARMENTS, GARMENTS_GRAPH)

FORMAT = 1
_MAX_KINDS = 254
_MAX_SIDE = 1024


@dataclass(frozen=True, slots=True)
class ParserConfig:
    """What a parser says of itself.

    Args:
        name: of the parser.
        kinds: of garments, in the order of the graph's channels behind the first.
        side: pixels a side of its input.
        licence: an SPDX identifier or a sentence.
        sources: where the weights come from.
        checksum: hex SHA-256 of its graph; "" for one that is being written.
    """

    name: str
    kinds: tuple[str, ...]
    side: int
    licence: str
    sources: tuple[str, ...]
    checksum: str = ""

    @property
    def preprocessing(self) -> Preprocessing:
        """See ``map_input``."""
        return map_input(self.side)


def write_config(config: ParserConfig) -> bytes:
    """Return the content of ``garments.json``."""
    made = {
        "format": FORMAT,
        "name": config.name,
        "kinds": list(config.kinds),
        "side": config.side,
        "licence": config.licence,
        "sources": list(config.sources),
    }
    return (json.dumps(made, ensure_ascii=False, indent=2) + "\n").encode()


def read_parser(name_or_path: str | Path) -> tuple[ParserConfig, ReadMaps]:
    """Return what a parser says of itself, and the content of its folder.

    Args:
        name_or_path: ``lookseek-garments``, or a folder that lookseek export made.

    Raises:
        ModelError: no such parser, or a damaged folder.
    """
    found = PARSERS.read(name_or_path)
    return _parse(found.settings, found.path / GARMENTS, found.checksum), found


def _parse(content: bytes, where: Path, checksum: str) -> ParserConfig:
    try:
        made: dict[str, Any] = json.loads(content)
        if made["format"] != FORMAT:
            raise ValueError(f"format {made['format']!r}")
        config = ParserConfig(
            str(made["name"]),
            tuple(made["kinds"]),
            made["side"],
            str(made["licence"]),
            tuple(made["sources"]),
            checksum,
        )
        named = all(isinstance(kind, str) and kind.strip() for kind in config.kinds)
        if not named or not 1 <= len(set(config.kinds)) == len(config.kinds) <= _MAX_KINDS:
            raise ValueError("kinds need a name each, each once")
        if type(config.side) is not int or not 1 <= config.side <= _MAX_SIDE:
            raise ValueError(f"side {config.side!r} is not a whole number from 1 to {_MAX_SIDE}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{where} can't be read ({error}): export the parser again") from error
    return config

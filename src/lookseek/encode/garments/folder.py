"""The folder of a parser, checked against its checksums before anything parses it.

garments.json    format, name, kinds, preprocessing, licence, sources
garments.onnx    ``photos`` uint8 (n, height, width, 3) to ``vectors`` float32 (n, kinds + 1, cells, cells): how likely
                 each kind is at each cell; the first is no garment
README.md        the card
SHA256SUMS       one ``<sha-256>  <file>`` a line, as ``sha256sum`` writes it
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import models
from ...errors import ModelError
from ..folder import read_checked, read_sums
from ..prepare import Preprocessing

__all__ = ["DEFAULT_PARSER", "GARMENTS", "GARMENTS_GRAPH", "ParserConfig", "read_parser", "write_config"]

GARMENTS, GARMENTS_GRAPH = "garments.json", "garments.onnx"

DEFAULT_PARSER = "lookseek-garments"
"""The parser that ships."""

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
        """All of the photo, on white."""
        return Preprocessing(self.side, self.side, "pad", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")


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


def read_parser(name_or_path: str | Path) -> tuple[ParserConfig, bytes, Path]:
    """Return the settings, the graph and the folder of a parser.

    Args:
        name_or_path: ``lookseek-garments``, or a folder that lookseek export made.

    Raises:
        ModelError: no such parser, or a damaged folder.
    """
    shipped = Path(models.__file__).parent / str(name_or_path)
    named = isinstance(name_or_path, str) and name_or_path == Path(name_or_path).name
    path = shipped if named and (shipped / GARMENTS).is_file() else Path(name_or_path)
    if not (path / GARMENTS).is_file():
        raise ModelError(
            f"there is no parser of garments at {path}: name {DEFAULT_PARSER}, which ships, or give a folder that "
            "lookseek export made of a training by lookseek train garments"
        )
    sums = read_sums(path)
    for file in (GARMENTS, GARMENTS_GRAPH):
        if file not in sums:
            raise ModelError(f"SHA256SUMS of {path} does not list {file}: copy the folder again, or export it again")
    contents = {file: read_checked(path, file, digest) for file, digest in sums.items()}
    return _parse(contents[GARMENTS], path / GARMENTS, sums[GARMENTS_GRAPH]), contents[GARMENTS_GRAPH], path


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

"""``config.json`` of a model folder: the model's name and dimension, and the settings of its towers.

Unknown keys and newer formats are refused, so that nothing in it is silently ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ModelError
from .prepare import Preprocessing
from .text_settings import TextSettings, parse_composer, parse_composer_tokens, parse_indexed_as, parse_text

__all__ = ["COLOUR_WEIGHT", "FORMAT", "Config", "parse_config"]

FORMAT = 1
"""Of config.json. A newer one is refused by its number instead of being misread."""

_MAX_BYTES = 1 << 20
"""Bytes; the shipped ones have 600."""

_MAX_DIM = 65_536
_KEYS = {"format", "name", "dim", "preprocessing", "licence", "sources", "languages"}
_WORDS_KEYS = {"text", "composer", "composer_tokens", "indexed_as"}
_OPTIONAL_KEYS = _WORDS_KEYS | {"colour_weight", "parts"}

COLOUR_WEIGHT = 0.1
"""Share of the colour in the score of two photos where neither a query nor the model names one; chosen on val
(docs/decisions/encoder.md)."""
_PREPROCESSING_KEYS = {"width", "height", "resize", "mean", "std", "dtype", "layout"}


@dataclass(frozen=True, slots=True)
class Config:
    """The content of ``config.json``.

    Args:
        name: the model's.
        dim: length of its vectors.
        preprocessing: of its image tower.
        licence: an SPDX identifier or a sentence.
        sources: where the weights come from.
        languages: that its text tower reads, BCP 47; empty without one.
        text: its text tower; None without one.
        composer: the name of its own composer; None without one.
        composer_tokens: numbers that the composer takes of a reference photo beside its vector; 0 for none.
        colour_weight: share of the colour in the score of two photos where a query names none, 0 to 1.
        parts: of its vectors, in their order: name to how many numbers it has; empty where a vector is one whole.
    """

    name: str
    dim: int
    preprocessing: Preprocessing
    licence: str
    sources: tuple[str, ...]
    languages: tuple[str, ...]
    text: TextSettings | None = None
    composer: str | None = None
    composer_tokens: int = 0
    colour_weight: float = COLOUR_WEIGHT
    parts: Mapping[str, int] = field(default_factory=dict)


def parse_config(content: bytes, where: Path) -> Config:
    """Parse a config.

    Args:
        content: JSON, UTF-8.
        where: the file, for messages.

    Returns:
        The config, every value in its range.

    Raises:
        ModelError: no JSON, another format, a key unknown or missing, or a value out of its range.
    """
    if len(content) > _MAX_BYTES:
        raise ModelError(f"{where} has {len(content)} bytes, the limit is {_MAX_BYTES}: it is no config")
    try:
        config = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{where} is no JSON ({error}): compare it with the shipped model's") from error
    config = _object(config, where, "the file")
    version = config.get("format")
    if type(version) is not int or version != FORMAT:
        raise ModelError(f"{where} has format {version!r}, this lookseek reads {FORMAT}: update lookseek")
    _keys(config, _KEYS, _OPTIONAL_KEYS, where)
    preprocessing = _object(config["preprocessing"], where, "preprocessing")
    _keys(preprocessing, _PREPROCESSING_KEYS, {"crop"}, where)
    if type(config["dim"]) is not int or not 1 <= config["dim"] <= _MAX_DIM:
        raise ModelError(f"{where} has dim {config['dim']!r}: give a whole number from 1 to {_MAX_DIM:,}")
    for key in ("name", "licence"):
        if not isinstance(config[key], str) or not config[key].strip():
            raise ModelError(f"{where} has {key} {config[key]!r}: give some text")
    for key in ("mean", "std"):
        preprocessing[key] = tuple(_list(preprocessing[key], where, key))
    if orphans := sorted(_WORDS_KEYS & set(config)) if "text" not in config else []:
        raise ModelError(f"{where} has the key {orphans[0]} and no text tower, to which it belongs: remove it")
    parse_indexed_as(config.get("indexed_as", {}), where)
    try:
        preprocessing_settings = Preprocessing(**preprocessing)
    except ModelError as error:
        raise ModelError(f"{where}: {error}") from error
    return Config(
        name=config["name"],
        dim=config["dim"],
        preprocessing=preprocessing_settings,
        licence=config["licence"],
        sources=tuple(map(str, _list(config["sources"], where, "sources"))),
        languages=tuple(map(str, _list(config["languages"], where, "languages"))),
        text=parse_text(config["text"], where) if "text" in config else None,
        composer=parse_composer(config["composer"], where) if "composer" in config else None,
        composer_tokens=parse_composer_tokens(config, where),
        colour_weight=_share(config.get("colour_weight", COLOUR_WEIGHT), where),
        parts=_parts(config.get("parts", {}), config["dim"], where),
    )


def _share(value: Any, where: Path) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise ModelError(f"{where} has the colour weight {value!r}: give a share from 0 to 1")
    return float(value)


def _parts(value: Any, dim: int, where: Path) -> dict[str, int]:
    parts = _object(value, where, "parts")
    counted = all(type(size) is int and size > 0 for size in parts.values())
    if parts and (not counted or sum(parts.values()) != dim or not all(name.strip() for name in parts)):
        raise ModelError(f"{where} has the parts {parts}: give each its numbers, which sum to dim, {dim}")
    return parts


def _object(value: Any, where: Path, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ModelError(f"{where}: {what} is no JSON object: compare it with the shipped model's")
    return value


def _list(value: Any, where: Path, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ModelError(f"{where}: {what} is no JSON list: compare it with the shipped model's")
    return value


def _keys(found: dict[str, Any], needed: set[str], optional: set[str], where: Path) -> None:
    unknown, missing = sorted(set(found) - needed - optional), sorted(needed - set(found))
    if unknown or missing:
        raise ModelError(
            f"{where} has the unknown keys {unknown} and lacks the keys {missing}: compare it with the shipped "
            "model's, or update lookseek"
        )

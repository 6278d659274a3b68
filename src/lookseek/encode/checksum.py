"""Checksums of model folders that an index keeps: of everything that the vectors depend on, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

__all__ = ["indexed_as", "photo_checksum", "words_checksum"]

_WITHOUT_EFFECT = {"text", "composer", "languages", "licence", "sources", "indexed_as", "colour_weight", "parts"}
"""Keys of config.json that no vector of a photo depends on."""


def photo_checksum(sums: Mapping[str, str], excluded: tuple[str, ...], config: bytes) -> str:
    """Return the hex SHA-256 over the lines of SHA256SUMS that a photo's vector depends on.

    Of a model that reads words, the config counts without the keys that photos do not depend on, or as its
    ``indexed_as`` maps it. Of any other model it counts byte by byte: indexes keep such checksums.

    Args:
        sums: file to hex SHA-256.
        excluded: files that photos do not depend on.
        config: content of config.json, a JSON object.
    """
    included = {name: digest for name, digest in sums.items() if name not in excluded}
    return _digest_of_sums(included | {"config.json": _config_digest(config)})


def indexed_as(config: bytes) -> dict[str, str]:
    """Return the key ``indexed_as`` of a config that adds words to a model, so that existing indexes stay valid.

    It maps the digest of the settings that photos depend on, so that it has no effect after any change of them.

    Args:
        config: content of config.json before words were added.

    Returns:
        The digest of the settings that photos depend on, to the digest that indexes hold.
    """
    return {_photo_digest(json.loads(config)): _config_digest(config)}


def _config_digest(config: bytes) -> str:
    settings = json.loads(config)
    if "text" not in settings:
        return hashlib.sha256(config).hexdigest()
    part = _photo_digest(settings)
    previous: str = settings.get("indexed_as", {}).get(part, part)
    return previous


def _photo_digest(settings: dict[str, object]) -> str:
    """Return the digest of the settings that photos depend on."""
    photos = {key: value for key, value in settings.items() if key not in _WITHOUT_EFFECT}
    return hashlib.sha256(json.dumps(photos, sort_keys=True).encode()).hexdigest()


def words_checksum(sums: Mapping[str, str], files: tuple[str, ...], text: object) -> str:
    """Return the hex SHA-256 of everything that vectors of texts depend on, except the package that encodes texts.

    Args:
        sums: file to hex SHA-256.
        files: of the text tower and the composer.
        text: the config's settings of the text tower.
    """
    included = {name: sums[name] for name in files if name in sums}
    return _digest_of_sums(included | {"config.json": hashlib.sha256(repr(text).encode()).hexdigest()})


def _digest_of_sums(sums: Mapping[str, str]) -> str:
    lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    return hashlib.sha256(lines.encode()).hexdigest()

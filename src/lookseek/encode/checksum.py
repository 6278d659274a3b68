"""The checksum of a model folder that an index keeps: of all that makes the vectors of photos, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

__all__ = ["photo_checksum", "words_checksum"]

_BESIDE = {"text", "composer", "languages", "licence", "sources"}
"""Keys of config.json that no vector of a photo depends on."""


def photo_checksum(sums: Mapping[str, str], leave_out: tuple[str, ...], config: bytes) -> str:
    """Hex SHA-256 over the lines of SHA256SUMS that matter to a photo's vector.

    The config of a model that reads words counts without the keys that say nothing of photos. That of any other
    counts byte by byte, as it always has: indexes keep such checksums.

    Args:
        sums: file to hex SHA-256.
        leave_out: files that say nothing of photos.
        config: content of config.json, a JSON object.
    """
    said = json.loads(config)
    kept = {name: digest for name, digest in sums.items() if name not in leave_out}
    if "text" in said or "composer" in said:
        photos = {key: value for key, value in said.items() if key not in _BESIDE}
        kept["config.json"] = hashlib.sha256(json.dumps(photos, sort_keys=True).encode()).hexdigest()
    return _over(kept)


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

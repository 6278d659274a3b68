"""A model folder: its files, checked against their checksums before anything parses them.

config.json      name, dim, preprocessing, licence, sources, languages
image.onnx       the tower, all weights inside
classifier.npy   with classes.json, a last layer that names classes; a model may have none (head.py)
README.md        the model card
SHA256SUMS       one ``<sha-256>  <file>`` a line, as ``sha256sum`` writes it
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError
from .config import Config, parse_config
from .head import CLASSES, WEIGHTS, Head, parse_head

__all__ = ["ModelFolder", "read_folder"]

_SUMS = "SHA256SUMS"
_NEEDED = ("config.json", "image.onnx")
_HEAD = (WEIGHTS, CLASSES)
_DOCUMENTS = ("README.md", "LICENSE", "NOTICE")
_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".bin", ".ckpt")
_LARGEST_SUMS = 1 << 20
"""Bytes; ours has 300."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that holds what its checksums say.

    Args:
        path: where it is.
        config: what it says of itself.
        onnx: the image tower.
        checksum: hex SHA-256 over the lines of SHA256SUMS but those of documents and of the head, so that
            correcting the model card, or other classes, do not make an index of this model out of date.
        head: what names classes, None where the folder has none.
    """

    path: Path
    config: Config
    onnx: bytes
    checksum: str
    head: Head | None = None


def read_folder(path: Path) -> ModelFolder:
    """Reads and checks a model folder.

    Args:
        path: the folder.

    Returns:
        Its content, every byte of which matched SHA256SUMS.

    Raises:
        ModelError: missing, damaged, of another format, or with a pickle in it.
    """
    if not path.is_dir():
        raise ModelError(f"no model folder at {path}: give a folder with config.json, image.onnx and {_SUMS}")
    pickles = sorted(p.name for p in path.iterdir() if p.suffix.lower() in _PICKLES)
    if pickles:
        raise ModelError(
            f"{path} holds {pickles[0]}, a file that can run code when loaded: export the model to ONNX and remove it"
        )
    sums = _read_sums(path)
    for name in _NEEDED:
        if name not in sums:
            raise ModelError(f"{_SUMS} of {path} does not list {name}: {_remedy(path)}")
    listed = [name for name in _HEAD if name in sums]
    loose = [name for name in _HEAD if name not in sums and (listed or (path / name).is_file())]
    if loose:
        raise ModelError(
            f"{_SUMS} of {path} does not list {loose[0]}, half of what names classes: {_remedy(path)}; without "
            f"{' and '.join(_HEAD)} the model names none"
        )
    contents = {name: _read_checked(path, name, digest) for name, digest in sorted(sums.items())}
    lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums) if name not in (*_DOCUMENTS, *_HEAD))
    config = parse_config(contents["config.json"], path / "config.json")
    return ModelFolder(
        path=path,
        config=config,
        onnx=contents["image.onnx"],
        checksum=hashlib.sha256(lines.encode()).hexdigest(),
        head=parse_head(contents[WEIGHTS], contents[CLASSES], config.dim, path) if listed else None,
    )


def _read_sums(path: Path) -> dict[str, str]:
    lines = _read(path, _SUMS)[:_LARGEST_SUMS].decode("utf-8", "replace").splitlines()
    sums = {}
    for line in filter(str.strip, lines):
        match = re.fullmatch(r"([0-9a-f]{64}) [ *]([A-Za-z0-9_][A-Za-z0-9_.-]*)", line)
        if not match:
            raise ModelError(f"{_SUMS} of {path} has the line {line[:80]!r}: {_remedy(path)}")
        sums[match[2]] = match[1]
    return sums


def _read_checked(path: Path, name: str, digest: str) -> bytes:
    content = _read(path, name)
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise ModelError(
            f"{path / name} is damaged or changed: its SHA-256 is {found[:12]}..., {_SUMS} says "
            f"{digest[:12]}...: {_remedy(path)}"
        )
    return content


def _read(path: Path, name: str) -> bytes:
    if not (path / name).is_file():
        raise ModelError(f"{path} has no file {name}: {_remedy(path)}")
    try:
        return (path / name).read_bytes()
    except OSError as error:
        raise ModelError(f"can't read {path / name} ({error.strerror}): {_remedy(path)}") from error


def _remedy(path: Path) -> str:
    there = [name for name in (*_NEEDED, *_HEAD) if name in _NEEDED or (path / name).is_file()]
    return (
        f"copy the folder again from where it came from, or, if you made it, run "
        f"`sha256sum {' '.join(there)} > {_SUMS}` in {path}"
    )

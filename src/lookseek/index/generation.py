"""The files of one generation of an index folder: copied with their holes, listed, and known by their checksums."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from ..atomic import move, sync_file, sync_folder

__all__ = ["checksum", "copy_generation", "lasting_files", "sync_generation"]

_BLOCK = 1 << 16
"""Bytes copied at a time; a block of zeros becomes a hole."""
_REWRITTEN = ("edge_config.json", "segment.json")
"""Files that the engine writes anew whenever it opens a folder: no checksum can be kept of them."""


def copy_generation(source: Path, target: Path) -> None:
    """Copy a generation's folder; ``target`` is there whole or not at all."""
    beside = target.with_name(target.name + ".copying")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside, copy_function=_copy_file)
    move(beside, target)


def _copy_file(source: str, target: str) -> None:
    """Copy and leave holes as holes: the engine's files are mostly empty at first, 30 MB that take 100 KB."""
    with open(source, "rb") as read, open(target, "wb") as write:  # noqa: PTH123  copytree gives text
        while block := read.read(_BLOCK):
            if block.count(0) == len(block):
                write.seek(len(block), 1)
            else:
                write.write(block)
        write.truncate(read.tell())


def sync_generation(data: Path) -> None:
    """Bring all files of a generation to the disk: a manifest must not outlive what it lists."""
    for path in data.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        else:
            sync_file(path)
    sync_folder(data)


def lasting_files(data: Path) -> list[str]:
    """Return the files of a generation that stay as they are, relative, sorted."""
    found = (path for path in data.rglob("*") if path.is_file() and path.name not in _REWRITTEN)
    return sorted(path.relative_to(data).as_posix() for path in found)


def checksum(file: Path) -> tuple[int, str]:
    """Return the size in bytes and the SHA-256 of a file."""
    with file.open("rb") as opened:
        return file.stat().st_size, hashlib.file_digest(opened, "sha256").hexdigest()

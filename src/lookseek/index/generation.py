"""The files of one generation of an index folder: copied with their holes, listed, and known by their checksums."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..atomic import move, sync_file, sync_folder
from ..store.copying import BLOCK, copy_tree, nonzero_blocks

__all__ = [
    "ENGINE_REWRITES",
    "checksum",
    "content_matches",
    "copy_generation",
    "generations",
    "matches",
    "number_of",
    "stored_files",
    "sync_generation",
]

_NAME = re.compile(r"generation-(\d+)")
_COPYING = ".copying"
_BLOCKS = "blocks:"
"""Before a checksum of blocks that are not all zeros."""

ENGINE_REWRITES = ("edge_config.json", "segment.json")
"""Files that the engine writes anew whenever it opens a folder. Format 1, whose readers opened the folder itself, lists
no checksum of them."""


def number_of(name: str) -> int:
    """Return the number of a generation's folder; 0 of any other name.

    >>> number_of("generation-0012"), number_of("generation-0012.bak"), number_of("generation-x")
    (12, 0, 0)
    """
    match = _NAME.fullmatch(name.removesuffix(_COPYING))
    return int(match[1]) if match else 0


def generations(folder: Path) -> list[Path]:
    """Return the folders of generations in an index folder, half-made copies among them, and nothing else."""
    return [path for path in folder.iterdir() if number_of(path.name) and path.is_dir() and not path.is_symlink()]


def copy_generation(source: Path, target: Path) -> None:
    """Copy a generation's folder; ``target`` is there whole or not at all.

    Raises:
        OSError: there is no room, or a file can't be read; nothing is left of the copy.
    """
    beside = target.with_name(target.name + _COPYING)
    shutil.rmtree(beside, ignore_errors=True)
    try:
        copy_tree(source, beside)
        move(beside, target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def sync_generation(data: Path) -> None:
    """Bring all files of a generation to the disk: a manifest must not outlive what it lists."""
    for path in data.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        else:
            sync_file(path)
    sync_folder(data)


def stored_files(data: Path) -> list[str]:
    """Return the files of a generation, relative, sorted."""
    return sorted(path.relative_to(data).as_posix() for path in data.rglob("*") if not path.is_dir())


def checksum(file: Path) -> tuple[int, str]:
    """Return the size in bytes of a file and a checksum of its content, which reads none of its holes.

    SHA-256 of each block of 64 KB that is not all zeros, after its offset in 8 bytes, big end first.
    """
    return file.stat().st_size, _checksum_of_blocks(nonzero_blocks(file))


def content_matches(data: bytes, size: int, digest: str) -> bool:
    """Return whether the bytes of a file that was read have this size and checksum, as ``matches`` has them."""
    if len(data) != size:
        return False
    if not digest.startswith(_BLOCKS):
        return hashlib.sha256(data).hexdigest() == digest
    blocks = ((at, data[at : at + BLOCK]) for at in range(0, len(data), BLOCK))
    return _checksum_of_blocks((at, block) for at, block in blocks if block.count(0) < len(block)) == digest


def _checksum_of_blocks(blocks: Iterable[tuple[int, bytes]]) -> str:
    digest = hashlib.sha256()
    for at, block in blocks:
        digest.update(at.to_bytes(8))
        digest.update(block)
    return _BLOCKS + digest.hexdigest()


def matches(file: Path, size: int, digest: str) -> bool:
    """Return whether a file has this size and checksum; manifests of before have the SHA-256 of the whole file."""
    if file.stat().st_size != size:
        return False
    if digest.startswith(_BLOCKS):
        return checksum(file)[1] == digest
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == digest

"""The small files of an index on a server: kept by their checksums, and listed by the manifest of their generation.

So a writer that is killed leaves the published files as they were, whatever it wrote or took off the list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..errors import IndexDamaged
from .manifest import Manifest

__all__ = ["ListedFiles", "checked", "digest_of", "digests", "wrong_files"]


class ListedFiles:
    """The files that a writer lists, by generation: name to size in bytes and SHA-256."""

    def __init__(self) -> None:
        self._listed: dict[str, dict[str, tuple[int, str]]] = {}

    def begin(self, generation: str, base: Manifest | None = None, published: Manifest | None = None) -> None:
        """List the files that a generation begins with: none, or those of the one that is gone on with.

        What was announced and not published lists no files yet: those of its generation are the published ones.
        """
        same = base is not None and published is not None and published.generation == base.generation
        self._listed[generation] = {
            **(published.files if published is not None and same else {}),
            **(base.files if base is not None else {}),
        }

    def add(self, generation: str, name: str, data: bytes) -> str:
        """List a file; returns the checksum to keep its content by."""
        digest = hashlib.sha256(data).hexdigest()
        self._listed.setdefault(generation, {})[name] = (len(data), digest)
        return digest

    def remove(self, generation: str, folder: str) -> None:
        """Take the files off the list whose names begin with ``folder`` and "/"."""
        files = self.of(generation)
        self._listed[generation] = {name: known for name, known in files.items() if not name.startswith(f"{folder}/")}

    def of(self, generation: str) -> dict[str, tuple[int, str]]:
        """Return the files of a generation."""
        return dict(self._listed.get(generation, {}))


def digests(manifest: Manifest) -> list[str]:
    """Return the checksums of a generation's files."""
    return [digest for _, digest in manifest.files.values()]


def digest_of(manifest: Manifest, name: str, address: str) -> str:
    """Return the checksum that a file is kept by.

    Raises:
        IndexDamaged: the manifest does not list it.
    """
    if name not in manifest.files:
        raise IndexDamaged(f"{name} is not listed in {address}, so it is not read: fit the router again")
    return manifest.files[name][1]


def checked(data: bytes | None, digest: str, name: str, address: str) -> bytes:
    """Return a file's content after a comparison with its checksum.

    Raises:
        IndexDamaged: it is not there, or not what was published.
    """
    if data is None or hashlib.sha256(data).hexdigest() != digest:
        raise IndexDamaged(
            f"{name} of {address} is not what was published: restore the database, or index and route again"
        )
    return data


def wrong_files(manifest: Manifest, kept: Mapping[str, bytes | None]) -> dict[str, str]:
    """Return what is wrong with the files of a generation, as ``Place.damage`` does.

    Args:
        manifest: of the generation.
        kept: the checksums that are there to their contents, None where contents are not compared.
    """
    found = {}
    for name, (_, digest) in manifest.files.items():
        if digest not in kept:
            found[name] = "is missing"
        elif (data := kept[digest]) is not None and hashlib.sha256(data).hexdigest() != digest:
            found[name] = "is not what was written"
    return found

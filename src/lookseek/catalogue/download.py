"""Catalogues that a person may ask to have fetched. Nothing here runs unless someone does.

The host's own list of files gives each file's size and git hash, so the whole size is known before a byte of
it is fetched, every file is verified, and a download that was stopped goes on with the files that are missing.
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..atomic import write_bytes
from ..errors import DownloadError

_TIMEOUT = 20
"""Seconds without an answer after which a connection is given up."""
_AT_ONCE = 8
"""Files fetched at the same time."""
_LARGEST = 20_000_000
"""Bytes of one photo at the most; the data sets below hold none over 1 MB."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A public data set of photos in a git repository.

    Args:
        name: what a user calls it.
        repository: owner/name on the host.
        revision: the branch or commit whose list of files is asked for; each file is verified against that list.
        licence: what its owner says.
        folders: the parts of it that hold photos.
        api: where the list of files is asked for.
        raw: where the files are.
    """

    name: str
    repository: str
    revision: str
    licence: str
    folders: tuple[str, ...]
    api: str = "https://api.github.com"
    raw: str = "https://raw.githubusercontent.com"


DATASETS = {
    "clothing": Dataset(
        name="clothing",
        repository="alexeygrigorev/clothing-dataset-small",
        revision="master",
        licence="CC0 1.0 (free for any purpose), collected by Alexey Grigorev",
        folders=("train", "validation", "test"),
    )
}


@dataclass(frozen=True, slots=True)
class Remote:
    """One file of a data set: its path, its size in bytes and its git hash (SHA-1 of a header and the bytes)."""

    path: str
    size: int
    sha: str


def listing(dataset: Dataset) -> list[Remote]:
    """Ask what there is to fetch.

    Raises:
        DownloadError: no network, or an answer that isn't a list of files.
    """
    url = f"{dataset.api}/repos/{dataset.repository}/git/trees/{dataset.revision}?recursive=1"
    try:
        tree = json.loads(_get(url, 50_000_000))["tree"]
        photos = [
            Remote(str(entry["path"]), int(entry["size"]), str(entry["sha"]))
            for entry in tree
            if entry["type"] == "blob" and entry["path"].lower().endswith((".jpg", ".jpeg", ".png"))
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise DownloadError(f"{url} gave no list of files ({error}): try again later") from error
    chosen = [photo for photo in photos if _safe(photo.path, dataset.folders)]
    if not chosen:
        raise DownloadError(f"{url} lists no photos: try again later, or use your own with --source FOLDER")
    return chosen


def fetch(
    dataset: Dataset, files: list[Remote], folder: Path, done: Callable[[int], None] = lambda files: None
) -> None:
    """Bring a data set into a folder; files that are there and whole are not fetched again.

    Args:
        dataset: where the files are.
        files: from ``listing``.
        folder: where they go, as class/photo.jpg: the data set's own split is left out of the path.
        done: called with the number of files that have been finished since the last call.

    Raises:
        DownloadError: a file could not be fetched or is not what the list says; the finished ones stay.
    """

    def one(file: Remote) -> None:
        target = folder.joinpath(*PurePosixPath(file.path).parts[1:])
        if target.is_file() and target.stat().st_size == file.size and _git_hash(target.read_bytes()) == file.sha:
            return
        url = f"{dataset.raw}/{dataset.repository}/{dataset.revision}/{file.path}"
        content = _get(url, _LARGEST)
        if _git_hash(content) != file.sha:
            raise DownloadError(f"{url} gave {len(content):,} bytes with another checksum: try again later")
        write_bytes(target, content)

    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="download")
    try:
        for _ in pool.map(one, files):
            done(1)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _safe(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a listed path stays in the folder it is written to."""
    parts = PurePosixPath(path).parts
    return len(parts) >= 2 and parts[0] in folders and not any(p in ("..", ".") or "\\" in p or ":" in p for p in parts)


def _git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _get(url: str, most: int) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "lookseek"})  # noqa: S310  fixed hosts
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            return b"".join(_limited(answer, most, url))
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
        raise DownloadError(
            f"{url} can't be fetched ({reason}). Without a network, use your own photos: "
            "lookseek demo --source FOLDER, or drawn garments: lookseek demo"
        ) from error


def _limited(answer: object, most: int, url: str) -> Iterator[bytes]:
    total = 0
    while chunk := answer.read(65_536):  # type: ignore[attr-defined]
        total += len(chunk)
        if total > most:
            raise DownloadError(f"{url} gives over {most:,} bytes, more than any photo of this data set")
        yield chunk

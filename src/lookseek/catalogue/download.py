"""Downloads public data sets, at a person's explicit request alone.

The host's list of files gives each file's size and git hash, so the total size is known before the download begins,
every file is verified, and an interrupted download continues with the missing files.
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
"""Seconds without data after which a connection is closed."""
_CONNECTIONS = 8
"""Files downloaded at the same time."""
_MAX_BYTES = 20_000_000
"""Bytes of a photo at most; the data sets below hold none over 1 MB."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A public data set of photos in a git repository.

    Args:
        name: of the option ``--download``.
        repository: owner/name on the host.
        revision: the branch or commit whose files are listed; each file is verified against that list.
        licence: stated by its owner.
        folders: those that hold photos.
        api: URL of the host's API, which lists the files.
        raw: URL of the host's files.
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
class RemoteFile:
    """One file of a data set: its path, its size in bytes and its git hash (SHA-1 of a header and the bytes)."""

    path: str
    size: int
    sha: str


def list_files(dataset: Dataset) -> list[RemoteFile]:
    """Return the photos of a data set, by the host's list of files.

    Raises:
        DownloadError: no network, or a response that isn't a list of files.
    """
    url = f"{dataset.api}/repos/{dataset.repository}/git/trees/{dataset.revision}?recursive=1"
    try:
        tree = json.loads(_get(url, 50_000_000))["tree"]
        photos = [
            RemoteFile(str(entry["path"]), int(entry["size"]), str(entry["sha"]))
            for entry in tree
            if entry["type"] == "blob" and entry["path"].lower().endswith((".jpg", ".jpeg", ".png"))
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise DownloadError(f"{url} gave no list of files ({error}): try again later") from error
    chosen = [photo for photo in photos if _safe(photo.path, dataset.folders)]
    if not chosen:
        raise DownloadError(f"{url} lists no photos: try again later, or use your own with --source FOLDER")
    return chosen


def download(
    dataset: Dataset, files: list[RemoteFile], folder: Path, done: Callable[[int], None] = lambda files: None
) -> None:
    """Download a data set into a folder; files that are complete there are not downloaded again.

    Args:
        dataset: of the files.
        files: from ``list_files``.
        folder: receives class/photo.jpg: the data set's split is dropped from the path.
        done: called with the number of files that have been finished since the last call.

    Raises:
        DownloadError: a file can't be downloaded or has another hash than listed; finished files stay.
    """

    def download_file(file: RemoteFile) -> None:
        target = folder.joinpath(*PurePosixPath(file.path).parts[1:])
        if target.is_file() and target.stat().st_size == file.size and _git_hash(target.read_bytes()) == file.sha:
            return
        url = f"{dataset.raw}/{dataset.repository}/{dataset.revision}/{file.path}"
        content = _get(url, _MAX_BYTES)
        if _git_hash(content) != file.sha:
            raise DownloadError(f"{url} gave {len(content):,} bytes with another checksum: try again later")
        write_bytes(target, content)

    pool = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="download")
    try:
        for _ in pool.map(download_file, files):
            done(1)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _safe(path: str, folders: tuple[str, ...]) -> bool:
    """Return whether a listed path stays inside the folder that it is written to."""
    parts = PurePosixPath(path).parts
    return len(parts) >= 2 and parts[0] in folders and not any(p in ("..", ".") or "\\" in p or ":" in p for p in parts)


def _git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _get(url: str, max_bytes: int) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "lookseek"})  # noqa: S310  fixed hosts
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            return b"".join(_limited(response, max_bytes, url))
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
        raise DownloadError(
            f"{url} can't be fetched ({reason}). Without a network, use your own photos: "
            "lookseek demo --source FOLDER, or drawn garments: lookseek demo"
        ) from error


def _limited(response: object, max_bytes: int, url: str) -> Iterator[bytes]:
    total = 0
    while chunk := response.read(65_536):  # type: ignore[attr-defined]
        total += len(chunk)
        if total > max_bytes:
            raise DownloadError(f"{url} gives over {max_bytes:,} bytes, more than any photo of this data set")
        yield chunk

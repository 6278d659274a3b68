"""Photos that a table names by web address: fetched where a person allows it, and kept, so that no photo comes twice.

Those in a bucket (``s3://``) come the same way, by ``buckets``. Each is a file named by the hash of its address. A job
that was stopped, or run again, finds there what came before and fetches the others alone; what failed is tried again.
``remote.fetch`` decides what else may be fetched: pictures of the public internet, up to a size, within a time.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

from ..atomic import write_bytes
from ..errors import CatalogueError, FetchError, HostUnreachable
from ..images.file_types import describe_file
from .buckets import is_in_bucket, read_object
from .file_names import starts_like_a_photo

__all__ = ["Fetched", "RemotePhotos"]

T = TypeVar("T")
Fetch: TypeAlias = Callable[[str], bytes]

MAX_BYTES: Final = 30_000_000
"""Bytes of a photo: a shop's have less than one million, a camera's less than 30."""
SECONDS: Final = 20.0
"""Within which a photo must be here, name lookup and redirects included."""
CONNECTIONS: Final = 8
"""Photos that are fetched at the same time."""
MIN_FREE: Final = 500_000_000
"""Bytes that stay free on the disk of the kept photos."""
MAX_FAILURES: Final = 10
"""Times in a row that a host does not answer, after which it is left alone for the rest of the job: a dead host of
100,000 photos would take three days."""
_AHEAD: Final = 64
"""Rows whose photos are fetched before they are needed."""


@dataclass(slots=True)
class Fetched:
    """What came of the addresses of a job.

    Args:
        photos, bytes: that were fetched; in a rehearsal, photos that would be.
        kept: photos that were here before.
        failed: addresses that gave none.
    """

    photos: int = 0
    bytes: int = 0
    kept: int = 0
    failed: int = 0


class RemotePhotos:
    """Fetches the photos of a table, several at a time, and keeps them.

    Args:
        folder: for the photos; made with the first of them.
        fetch: returns the bytes behind an address, or raises ``FetchError``; None for ``remote.fetch`` with the limits
            above, and for ``buckets`` where the address is one of a bucket.
        rehearsal: fetch nothing, and return where each photo would be.
    """

    def __init__(self, folder: Path, fetch: Fetch | None = None, *, rehearsal: bool = False) -> None:
        self.folder, self.rehearsal, self.fetched = folder, rehearsal, Fetched()
        self._fetch: Fetch = fetch or _fetch
        self._coming: dict[str, Future[Path]] = {}
        self._unanswered: Counter[str] = Counter()  # host to failures in a row
        self._rehearsed: set[int] = set()
        self._lock = threading.Lock()

    def ahead(self, rows: Iterable[T], addresses: Callable[[T], Iterable[str]]) -> Iterator[T]:
        """Yield rows unchanged, while the photos of the next ones are fetched.

        Args:
            rows: of a table.
            addresses: returns those of a row.
        """
        if self.rehearsal:
            yield from rows
            return
        waiting: deque[tuple[T, tuple[str, ...]]] = deque()
        pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="photos")
        try:
            for row in rows:
                named = tuple(addresses(row))
                for address in named:
                    if address not in self._coming:
                        self._coming[address] = pool.submit(self._get, address)
                waiting.append((row, named))
                if len(waiting) > _AHEAD:
                    yield waiting[0][0]
                    self._forget_first(waiting)
            while waiting:
                yield waiting[0][0]
                self._forget_first(waiting)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self._coming.clear()

    def photo(self, address: str) -> Path:
        """Return where the photo of an address is kept, once it is there.

        Raises:
            FetchError: it can't be fetched, or must not be.
            CatalogueError: the disk has no room.
        """
        coming = self._coming.get(address)
        return self._get(address) if coming is None else coming.result()

    def _forget_first(self, waiting: deque[tuple[T, tuple[str, ...]]]) -> None:
        _, named = waiting.popleft()
        for address in named:
            if not any(address in others for _, others in waiting):
                self._coming.pop(address, None)

    def _get(self, address: str) -> Path:
        try:
            return self._found(address)
        except FetchError:
            self._count(failed=1)
            raise

    def _found(self, address: str) -> Path:
        url = f"https:{address}" if address.startswith("//") else address
        name = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
        path = self.folder / name[:2] / name
        if path.is_file():
            self._count(kept=1)
            return path
        if self.rehearsal:
            self._rehearse(url)
            return path
        data = self._of_answering_host(url)
        if not starts_like_a_photo(data[:16].ljust(16, b"\0")):
            raise FetchError(f"{_host(url)}: what it sent is {describe_file(data)}")
        self._keep(path, data)
        self._count(photos=1, bytes=len(data))
        return path

    def _rehearse(self, url: str) -> None:
        from ..remote.fetch import PORTS
        from ..remote.urls import parse_url

        if not is_in_bucket(url):
            parse_url(url, PORTS)
        if (mark := hash(url)) not in self._rehearsed:
            self._rehearsed.add(mark)
            self._count(photos=1)

    def _of_answering_host(self, url: str) -> bytes:
        host = _host(url)
        with self._lock:
            failures = self._unanswered[host]
        if failures >= MAX_FAILURES:
            raise FetchError(
                f"{host}: it did not answer {failures} times in a row, so it was left alone: try again later"
            )
        try:
            data = self._fetch(url)
        except HostUnreachable:
            with self._lock:
                self._unanswered[host] += 1
            raise
        except FetchError:  # an answer, if not a photo
            self._has_answered(host)
            raise
        self._has_answered(host)
        return data

    def _has_answered(self, host: str) -> None:
        with self._lock:
            self._unanswered[host] = 0

    def _keep(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(path.parent).free - len(data)
            if free < MIN_FREE:
                raise CatalogueError(
                    f"the disk of {self.folder} has {max(free, 0) / 1e6:,.0f} MB left, and fetching leaves "
                    f"{MIN_FREE / 1e6:,.0f} MB free: make room, or set LOOKSEEK_CACHE to another disk, and run the "
                    "same command again; what was fetched is kept"
                )
            write_bytes(path, data, shared=True)
        except OSError as error:
            raise CatalogueError(
                f"{self.folder} can't be written ({error.strerror or error}): mend that, or set LOOKSEEK_CACHE to "
                "another folder, and run the same command again; what was fetched is kept"
            ) from error

    def _count(self, **more: int) -> None:
        with self._lock:
            for name, number in more.items():
                setattr(self.fetched, name, getattr(self.fetched, name) + number)


def _fetch(url: str) -> bytes:
    if is_in_bucket(url):
        return read_object(url, MAX_BYTES)
    from ..remote.fetch import fetch

    return fetch(url, max_bytes=MAX_BYTES, seconds=SECONDS)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "")[:80]
    except ValueError:
        return ""

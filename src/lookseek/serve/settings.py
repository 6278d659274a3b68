"""The settings of a service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..encode.runtime import cores
from ..errors import QueryError

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service runs.

    Args:
        index: the index's folder or address.
        host: the address to listen at; the default is reached from this machine alone.
        port: the port to listen at; 0 for any that is free.
        keys: a file of API keys; None: reads are open and writes are off.
        hosts: further names in the header Host that are answered; "*" for any, e.g. behind a proxy that checks them.
        image_urls: whether queries may name photos by URL, which the service then fetches.
        rate: requests a minute that one client may send; 0 for no limit.
        max_photo_bytes: the largest photo; the body of a request that holds one may be as large in base64.
        max_batch_bytes: the largest body of a batch of items.
        threads: searches that run at once; one more than cores, so that a photo is decoded while others are encoded.
            More would be no faster: they wait for Python's lock, and delay the event loop.
        queue_limit: searches that may wait for a thread; beyond it clients get 503.
        queue_seconds: seconds that a search may have waited and still be run: its client will have gone by then.
        shutdown_seconds: seconds that running requests get when the service stops.
    """

    index: str | Path
    host: str = "127.0.0.1"
    port: int = 8000
    keys: Path | None = None
    hosts: tuple[str, ...] = ()
    image_urls: bool = False
    rate: int = 0
    max_photo_bytes: int = 32 * 2**20
    max_batch_bytes: int = 4 * 2**30
    threads: int = cores() + 1
    queue_limit: int = 64
    queue_seconds: float = 1.5
    shutdown_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise QueryError(f"port is {self.port}: give one from 1 to 65,535, or 0 for any that is free")
        if self.rate < 0:
            raise QueryError(f"rate is {self.rate}: give so many requests a minute, or 0 for no limit")

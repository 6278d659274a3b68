"""Everything that a service can be told."""

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
        index: the index's folder.
        host: the address that it listens at; the default is reached from this machine alone.
        port: 0 takes a free one.
        keys: a file of API keys; None: reads are open and writes are off.
        hosts: further names that it may be called by; "*" for any, e.g. behind a proxy that checks them.
        image_urls: whether queries may name photos by address, which the service then fetches.
        rate: requests a minute that one client may send; 0 for no limit.
        photo_bytes: the largest photo, and the largest body of a request that brings one.
        batch_bytes: the largest body of a batch of items.
        threads: searches that are worked on at once; one more than cores, so that a photo is decoded while others are
            encoded. More would answer no more: they wait for Python's lock, and let the event loop wait for it too.
        waiting: searches that may wait for a thread; beyond that a client is told to come back later.
        patience: seconds that a search may have waited and still be begun: nobody waits for its answer longer.
        drain: seconds that running requests are given when the service is told to stop.
    """

    index: Path
    host: str = "127.0.0.1"
    port: int = 8000
    keys: Path | None = None
    hosts: tuple[str, ...] = ()
    image_urls: bool = False
    rate: int = 0
    photo_bytes: int = 32 * 2**20
    batch_bytes: int = 4 * 2**30
    threads: int = cores() + 1
    waiting: int = 64
    patience: float = 1.5
    drain: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise QueryError(f"port is {self.port}: give one from 1 to 65,535, or 0 for any that is free")
        if self.rate < 0:
            raise QueryError(f"rate is {self.rate}: give so many requests a minute, or 0 for no limit")

"""Shares the processor between clients: who has used up a share waits while others want theirs."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from .rate_limit import MAX_CLIENTS

__all__ = ["HEAVY_SECONDS", "LONG_JOB_SECONDS", "CpuBudget", "CpuMeter", "current_client"]

current_client: ContextVar[str] = ContextVar("current_client", default="")
"""The client of the request that is being answered; "" outside of requests."""


HEAVY_SECONDS = 1.0
"""Seconds of work that a client must have used beyond its share of late to count as heavy."""

LONG_JOB_SECONDS = 0.25
"""Seconds of a single job that make its client heavy for a while, whatever its share: several searches by a photo.
Several clients within their shares can hold every thread by jobs that long."""

_HALF_LIFE = 5.0
"""Seconds after which a client's longest job counts as half as long, and what it has used as half as much."""


@dataclass(slots=True)
class _Bucket:
    """What a client has left and has asked for.

    Args:
        left: seconds of work.
        at: when that was so.
        asked: when it last asked.
        reserved: requests of it that are being answered.
        longest: seconds of its longest job of late, at ``longest_at``.
        longest_at: when that was so.
        used: seconds that it has used of late, at ``at``.
    """

    left: float
    at: float
    asked: float
    reserved: int = 0
    longest: float = 0.0
    longest_at: float = 0.0
    used: float = 0.0

    def longest_now(self, now: float) -> float:
        """Return the seconds of its longest job, less the longer ago it was."""
        return self.longest * math.exp2((self.longest_at - now) / _HALF_LIFE)


class CpuMeter:
    """Tells what each of several jobs that run at once has used of the processor. May be used from several threads.

    Libraries compute for a job in threads of their own, so a job's own thread tells too little, and the process's time
    holds what other jobs used meanwhile: that is split evenly between the jobs that run.

    Args:
        clock: returns seconds of the processor that this process has used; another one is for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.process_time) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._shares: dict[object, float] = {}
        self._at = clock()

    def start(self) -> object:
        """Begin to measure a job; returns what ``stop`` takes."""
        job = object()
        with self._lock:
            self._split()
            self._shares[job] = 0.0
        return job

    def stop(self, job: object) -> float:
        """Return the seconds that a job has used."""
        with self._lock:
            self._split()
            return self._shares.pop(job)

    def _split(self) -> None:
        now = self._clock()
        for job in self._shares:
            self._shares[job] += (now - self._at) / len(self._shares)
        self._at = now


class CpuBudget:
    """A token bucket of seconds of work for each client. May be used from several threads.

    A request reserves an estimate while it is answered, and pays what its work took: cached pictures are free. A client
    whose bucket is empty is refused while another client has asked within the last seconds; alone it may use all there
    is, so that one person, or all who come through one proxy that is not trusted, lose nothing.

    Args:
        rate: seconds of work that a client gets a second.
        burst: seconds that a bucket holds at most, and the most that a client can owe.
        estimate: seconds that a request reserves while it is answered.
        others_seconds: how long a client counts as one who wants its share.
        clock: returns seconds that never go back; another one is for tests.
    """

    def __init__(
        self,
        rate: float,
        burst: float,
        estimate: float = 0.1,
        others_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._burst, self._estimate, self._others_seconds = rate, burst, estimate, others_seconds
        self._clock, self._lock = clock, threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()  # the one that asked last is the last

    def __len__(self) -> int:
        """How many clients have a bucket."""
        return len(self._buckets)

    def acquire(self, client: str) -> float:
        """Accept a request of a client, or refuse it.

        Returns:
            0 where it is accepted; else the seconds, > 0, after which its bucket is filled enough.
        """
        with self._lock:
            now = self._clock()
            bucket = self._filled(client, now)
            bucket.asked = now
            left = bucket.left - bucket.reserved * self._estimate
            if left < 0 and self._others_want(client, now):
                return max(0.1, -left / self._rate)
            bucket.reserved += 1
            return 0.0

    def charge(self, client: str, seconds: float, length: float = 0.0) -> None:
        """Charge a client for a job.

        Args:
            client: whose it is.
            seconds: of work, of all threads.
            length: seconds of work of the job's own thread, by which the next ones are expected to take as long.
        """
        with self._lock:
            now = self._clock()
            bucket = self._filled(client, now)
            bucket.left = max(-self._burst, bucket.left - seconds)
            bucket.used += seconds
            bucket.longest, bucket.longest_at = max(length, bucket.longest_now(now)), now

    def release(self, client: str) -> None:
        """Give back what an accepted request reserved, when it has been answered."""
        with self._lock:
            bucket = self._filled(client, self._clock())
            bucket.reserved = max(0, bucket.reserved - 1)

    def expected(self, client: str) -> float:
        """Return the seconds of a client's longest job of late, less the longer ago it was; 0 of a new client."""
        with self._lock:
            bucket = self._buckets.get(client)
            return 0.0 if bucket is None else bucket.longest_now(self._clock())

    def used(self, client: str) -> float:
        """Return the seconds that a client has used of late, each less the longer ago it was; 0 of a new client."""
        with self._lock:
            bucket = self._buckets.get(client)
            return 0.0 if bucket is None else bucket.used * math.exp2((bucket.at - self._clock()) / _HALF_LIFE)

    def is_heavy(self, client: str) -> bool:
        """Return whether a client had a long job of late, or has used ``HEAVY_SECONDS`` beyond its share."""
        with self._lock:
            bucket = self._buckets.get(client)
            return bucket is not None and self._is_heavy(bucket, self._clock())

    def light_ones_ask(self) -> bool:
        """Return whether a client that is not heavy asked within the last seconds."""
        with self._lock:
            now = self._clock()
            return any(
                now - bucket.asked < self._others_seconds and not self._is_heavy(bucket, now)
                for bucket in reversed(self._buckets.values())
            )

    def _is_heavy(self, bucket: _Bucket, now: float) -> bool:
        left = bucket.left + (now - bucket.at) * self._rate
        return bucket.longest_now(now) > LONG_JOB_SECONDS or left < self._burst - HEAVY_SECONDS

    def _filled(self, client: str, now: float) -> _Bucket:
        bucket = self._buckets.pop(client, None) or _Bucket(self._burst, now, -self._others_seconds)
        bucket.used *= math.exp2((bucket.at - now) / _HALF_LIFE)
        bucket.left, bucket.at = min(self._burst, bucket.left + (now - bucket.at) * self._rate), now
        while len(self._buckets) >= MAX_CLIENTS:
            self._buckets.popitem(last=False)
        self._buckets[client] = bucket
        return bucket

    def _others_want(self, client: str, now: float) -> bool:
        return any(
            other != client and now - bucket.asked < self._others_seconds
            for other, bucket in reversed(self._buckets.items())
        )

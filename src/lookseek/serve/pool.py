"""Worker threads with a bounded queue that is fair to clients: who has used least of late goes first."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

__all__ = ["Busy", "Usage", "WorkerPool"]

T = TypeVar("T")


_LONGER = 1.5
"""How many times as long all running jobs are expected to be where the thread that is kept for short ones is used."""


class Busy(Exception):
    """Too many requests are waiting: the client may retry in ``seconds``. ``detail`` says it in other words."""

    def __init__(self, seconds: int, detail: str = "") -> None:
        super().__init__(detail or f"too many requests are waiting: ask again in {seconds} s")
        self.seconds = seconds


class Usage(Protocol):
    """What clients have used of late; ``CpuBudget`` has it."""

    def expected(self, client: str) -> float:
        """Return the seconds that a job of a client is expected to take; 0 where nothing is known."""

    def used(self, client: str) -> float:
        """Return the seconds that a client has used of late; 0 where nothing is known."""

    def is_heavy(self, client: str) -> bool:
        """Return whether a client has used much, or had a long job."""

    def light_ones_ask(self) -> bool:
        """Return whether a client that is not heavy asked within the last seconds."""


@dataclass(slots=True, eq=False)
class _Job:
    """A job that waits or runs, whose it is, when it came, and where its result goes."""

    work: Callable[[], Any]
    client: str
    queued: float
    answer: asyncio.Future[Any]
    serial: bool
    heavy: bool = False


class WorkerPool:
    """Runs jobs in threads, and refuses a job where too many wait or where it waited too long.

    Jobs of light clients are run first, then those of heavy ones; of each kind the client that has used least of late
    is next, and of its jobs the one that came first. While light clients ask, the heavy ones get some of the threads
    alone: a long job, once begun, can't be stopped. Serial jobs, those that compute in Python and so can't use
    two cores, get some of the threads as well. Where the threads for a job run longer ones, one more runs a short one.
    Where the queue is full, the client that has most jobs in it loses its last one to a client with fewer. All methods
    belong to one event loop.

    Args:
        threads: jobs that run at once, without the one that is kept for short jobs.
        queue_limit: jobs that may wait for a thread.
        queue_seconds: that a job may have waited and still be run; its client will have gone by then.
        name: of the threads.
        usage: what clients have used; None runs all jobs in the order in which they came, and keeps no thread.
        heavy_threads: jobs of heavy clients that run at once while light ones ask.
        serial_threads: serial jobs that run at once; None for no limit of their own.
    """

    def __init__(
        self,
        threads: int,
        queue_limit: int,
        queue_seconds: float,
        name: str,
        usage: Usage | None = None,
        heavy_threads: int = 1,
        serial_threads: int | None = None,
    ) -> None:
        self._count, self._limit, self._queue_seconds = threads, threads + queue_limit, queue_seconds
        self._threads = ThreadPoolExecutor(threads + (usage is not None), thread_name_prefix=f"lookseek-{name}")
        self._usage, self._heavy_threads, self._serial_threads = usage, heavy_threads, serial_threads or threads
        self._running: list[_Job] = []
        self._waiting: deque[_Job] = deque()
        self.pending = 0

    def full(self, client: str = "") -> bool:
        """Return whether the next job of a client would be refused."""
        return self.pending >= self._limit and self._last_of_most(client) is None

    async def run(self, work: Callable[[], T], client: str = "", *, serial: bool = False) -> T:
        """Run a job in the context of the caller, and return its result.

        Args:
            work: the job.
            client: whose it is.
            serial: True for one that computes in Python alone; an encoder computes outside of it.

        Raises:
            Busy: the queue is full, or the job waited longer than ``queue_seconds``.
        """
        if self.pending >= self._limit:
            loser = self._last_of_most(client)
            if loser is None:
                raise Busy(1)
            self._refuse(loser)
        within = partial(copy_context().run, work)  # as in the request: by it addresses have the service's path prefix
        job = _Job(within, client, time.monotonic(), asyncio.get_running_loop().create_future(), serial)
        self.pending += 1  # until the thread is free, also where the client has gone before
        self._waiting.append(job)
        self._start()
        try:
            result: T = await job.answer
        except asyncio.CancelledError:
            if job in self._waiting:
                self._refuse(job)
            raise
        return result

    def close(self) -> None:
        """Wait for the running jobs; those that wait are cancelled."""
        waiting, self._waiting = self._waiting, deque()
        for job in waiting:
            _call_soon(job.answer.get_loop(), job.answer.cancel)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> None:
        """Give the free threads to those whose turn it is."""
        while (job := self._next()) is not None:
            self._waiting.remove(job)
            if time.monotonic() - job.queued > self._queue_seconds:
                self._refuse(job)
                continue
            self._running.append(job)
            loop = job.answer.get_loop()
            self._threads.submit(job.work).add_done_callback(
                lambda done, job=job, loop=loop: _call_soon(loop, self._end, job, done)  # type: ignore[misc]
            )

    def _next(self) -> _Job | None:
        """Return the job whose turn it is; None where it must wait for a thread."""
        if not self._waiting:
            return None
        if self._usage is None:
            return self._waiting[0] if len(self._running) < self._count else None
        usage, runs = self._usage, Counter(job.client for job in self._running)
        heavy = sum(job.heavy for job in self._running)
        most_heavy = self._heavy_threads if usage.light_ones_ask() else self._count
        turns = {  # once for each client: what it has used is less a moment later
            client: (usage.is_heavy(client), usage.used(client) + runs[client] * usage.expected(client))
            for client in {job.client for job in self._waiting}
        }
        for job in sorted(self._waiting, key=lambda job: turns[job.client]):
            job.heavy = turns[job.client][0]
            beside = [running for running in self._running if running.serial] if job.serial else self._running
            if len(self._running) < self._count and len(beside) < (self._serial_threads if job.serial else self._count):
                if not job.heavy or heavy < most_heavy:
                    return job
            elif not job.heavy and len(self._running) <= self._count and self._is_short(job, beside, usage):
                return job
        return None

    def _is_short(self, job: _Job, beside: Sequence[_Job], usage: Usage) -> bool:
        """Return whether a job is shorter by far than all that hold its threads, of which one more is kept for it."""
        length = _LONGER * usage.expected(job.client)
        return all(running.heavy or length < usage.expected(running.client) for running in beside)

    def _end(self, job: _Job, done: Future[Any]) -> None:
        self.pending -= 1
        self._running.remove(job)
        if done.cancelled():
            job.answer.cancel()
        elif not job.answer.done():
            error = done.exception()
            if error is None:
                job.answer.set_result(done.result())
            else:
                job.answer.set_exception(error)
        self._start()

    def _last_of_most(self, client: str) -> _Job | None:
        """Return the last job of the client that has most in the queue; None where none has more than this one."""
        counts = Counter(job.client for job in self._waiting)
        most, count = counts.most_common(1)[0] if counts else ("", 0)
        if count <= counts[client] + 1:
            return None
        return next(job for job in reversed(self._waiting) if job.client == most)

    def _refuse(self, job: _Job) -> None:
        """Take a job that waits out of the queue; who waits for it gets ``Busy``."""
        if job in self._waiting:
            self._waiting.remove(job)
        self.pending -= 1
        if not job.answer.done():
            job.answer.set_exception(Busy(1))


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: object) -> None:
    """Call back on the event loop; does nothing after the loop has closed."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback, *arguments)

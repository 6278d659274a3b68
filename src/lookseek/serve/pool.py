"""Worker threads with a bounded queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["Busy", "WorkerPool"]

T = TypeVar("T")


class Busy(Exception):
    """Too many requests are waiting: the client may retry in ``seconds``. ``detail`` says it in other words."""

    def __init__(self, seconds: int, detail: str = "") -> None:
        super().__init__(detail or f"too many requests are waiting: ask again in {seconds} s")
        self.seconds = seconds


class WorkerPool:
    """Runs jobs in threads, and refuses a job where too many wait or where it waited too long.

    All methods belong to one event loop, which alone counts ``pending``.

    Args:
        threads: jobs that run at once.
        queue_limit: jobs that may wait for a thread.
        queue_seconds: that a job may have waited and still be run; its client will have gone by then.
        name: of the threads.
    """

    def __init__(self, threads: int, queue_limit: int, queue_seconds: float, name: str) -> None:
        self._limit, self._queue_seconds = threads + queue_limit, queue_seconds
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"lookseek-{name}")
        self.pending = 0

    @property
    def full(self) -> bool:
        """Whether the next job would be refused."""
        return self.pending >= self._limit

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job and return its result.

        Raises:
            Busy: the queue is full, or the job waited longer than ``queue_seconds``.
        """
        if self.full:
            raise Busy(1)
        queued = time.monotonic()

        def run_if_fresh() -> T:
            if time.monotonic() - queued > self._queue_seconds:
                raise Busy(1)
            return job()

        loop = asyncio.get_running_loop()
        self.pending += 1
        future = self._threads.submit(run_if_fresh)
        # counts until the thread is free, also where the client has gone before
        future.add_done_callback(lambda _: _call_soon(loop, self._release))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for the running jobs; those that wait are cancelled."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _release(self) -> None:
        self.pending -= 1


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Call back on the event loop; does nothing after the loop has closed."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(callback)

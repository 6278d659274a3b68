"""The searcher behind a service: worker threads, a queue that ends, and what was measured."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from ..query import Query
from ..results import Results
from ..search import Searcher
from .metrics import Measures
from .settings import Settings

__all__ = ["Busy", "Engine"]

T = TypeVar("T")

_PICTURES = 16
"""Threads that make thumbnails: of their own, so that a page of pictures keeps no search waiting. Many, since those
that are asked for at once are read at once."""

_PICTURES_WAITING = 512
"""Thumbnails that may wait: a page has up to 200."""


_WRITERS_WAIT = 10.0
"""Seconds that one write waits for another."""


Write: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a job in the writing thread."""


class Busy(Exception):
    """Too much is waiting: whoever asks should come back in ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many requests are waiting: ask again in {seconds} s")
        self.seconds = seconds


class Engine:
    """Answers queries off the event loop. Nothing of it may be called from several event loops."""

    def __init__(self, settings: Settings) -> None:
        """Open the index and its model. Raises what ``Searcher`` raises."""
        self.searcher = Searcher(settings.index)
        self.measures = Measures(lambda: self._searches.pending, lambda: self.searcher.index.manifest.items)
        self._searches = _Pool(settings.threads, settings.waiting, settings.patience, "search")
        self._pictures = _Pool(_PICTURES, _PICTURES_WAITING, 30.0, "picture")
        self._fetches = _Pool(8, 8, 5.0, "fetch")  # of their own: a slow host must keep no picture waiting
        self._writes = _Pool(1, 1, math.inf, "write")  # one thread: the index's lock belongs to it
        self._one_writer = asyncio.Lock()
        self.ready = True

    def refuse_if_full(self) -> None:
        """Say so before a request's body is read, where nothing could be done with it.

        Raises:
            Busy: too many searches are waiting already.
        """
        if self._searches.full:
            self.measures.refused.labels("busy").inc()
            raise Busy(1)

    async def search(self, query: Query) -> Results:
        """The answer to a query.

        Raises:
            Busy: too many are waiting already.
            LookseekError: as ``Searcher.search`` raises it.
        """
        return await self.search_for(query, lambda results: results)

    async def search_for(self, query: Query, make: Callable[[Results], T]) -> T:
        """What is made of the answer to a query; made in the worker, since 10,000 hits take 0.2 s to write down.

        Raises:
            Busy: too many are waiting already.
            LookseekError: as ``Searcher.search`` raises it.
        """

        def job() -> T:
            results = self.searcher.search(query)
            for step, milliseconds in results.steps.items():
                self.measures.step_seconds.labels(step).observe(milliseconds / 1000)
            return make(results)

        return await self.work(job)

    async def work(self, job: Callable[[], T]) -> T:
        """Run something that belongs to a search, in a worker thread.

        Raises:
            Busy: too much is waiting already, or the job has waited too long.
        """
        return await self._counted(self._searches, job)

    async def picture(self, job: Callable[[], T]) -> T:
        """Run something that makes a picture, in a thread of its own."""
        return await self._counted(self._pictures, job)

    async def fetched(self, job: Callable[[], T]) -> T:
        """Run something that waits for another machine, in a thread of its own."""
        return await self._counted(self._fetches, job)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Write]:
        """Be the one that writes: gives what runs a job in the writing thread.

        Raises:
            Busy: another write goes on for longer than one likes to wait.
        """
        try:
            async with asyncio.timeout(_WRITERS_WAIT):
                await self._one_writer.acquire()
        except TimeoutError:
            self.measures.refused.labels("writing").inc()
            raise Busy(5) from None
        try:
            yield self._write
        finally:
            self._one_writer.release()

    async def _write(self, job: Callable[[], Any]) -> Any:
        with self.measures.step_seconds.labels("write").time():
            return await self._writes.run(job)

    def warm(self) -> None:
        """Do once what the first query would wait for: the word tower is loaded, and what counts as close measured."""
        self.searcher.measure_background()

    def close(self) -> None:
        """Wait for what is being worked on and release the index."""
        self.ready = False
        self._searches.close()
        self._pictures.close()
        self._fetches.close()
        self._writes.close()
        self.searcher.close()

    async def _counted(self, pool: _Pool, job: Callable[[], T]) -> T:
        began = time.perf_counter()

        def timed() -> T:
            self.measures.step_seconds.labels("wait").observe(time.perf_counter() - began)
            return job()

        try:
            return await pool.run(timed)
        except Busy:
            self.measures.refused.labels("busy").inc()
            raise


class _Pool:
    """Threads with a queue that ends. ``pending`` is counted on the event loop alone."""

    def __init__(self, threads: int, waiting: int, patience: float, name: str) -> None:
        self._most, self._patience = threads + waiting, patience
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"lookseek-{name}")
        self.pending = 0

    @property
    def full(self) -> bool:
        return self.pending >= self._most

    async def run(self, job: Callable[[], T]) -> T:
        if self.full:
            raise Busy(1)
        came = time.monotonic()

        def begun() -> T:
            if time.monotonic() - came > self._patience:  # its client has waited long enough to have gone
                raise Busy(1)
            return job()

        loop = asyncio.get_running_loop()
        self.pending += 1
        future = self._threads.submit(begun)
        # also of a request whose client is gone: the thread is busy until then
        future.add_done_callback(lambda _: _quietly(loop, self._ended))
        return await asyncio.wrap_future(future)

    def _ended(self) -> None:
        self.pending -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)


def _quietly(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)

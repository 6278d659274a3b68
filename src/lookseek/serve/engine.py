"""The searcher behind a service, with a pool of threads for each kind of work."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from ..filters import parse
from ..query import Query
from ..results import Results
from ..search import Searcher
from ..store import capabilities
from .folding import Folding
from .guards.cpu_budget import CpuBudget, CpuMeter, current_client
from .guards.filter_cost import check_filter_cost
from .guards.words_cost import check_words_cost
from .metrics import Metrics
from .pool import Busy, WorkerPool
from .search_counts import EmptySearches
from .settings import CPU_BURST_SECONDS, CPU_SECONDS_PER_SECOND, HALF_OF_CORES, Settings

__all__ = ["Engine", "RunWrite"]

T = TypeVar("T")

_PICTURE_THREADS = 16
"""Threads that make thumbnails: a pool of their own, so that a page of pictures delays no search. Many, since a table
is read once for all thumbnails that are requested at the same time."""

_PICTURE_QUEUE = 512
"""Thumbnails that may wait: a page has up to 200."""

_WRITE_LOCK_SECONDS = 10.0
"""Seconds that one write waits for another."""

RunWrite: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a job in the writing thread."""


class Engine:
    """Answers queries in worker threads. All methods belong to one event loop."""

    def __init__(self, settings: Settings) -> None:
        """Open the index and its model. Raises what ``Searcher`` raises."""
        self.searcher = Searcher(settings.index)
        self.folding = Folding(self.searcher)
        self.metrics = Metrics(lambda: self._searches.pending, lambda: self.searcher.index.manifest.items)
        self.empty_searches = EmptySearches(kept=settings.keep_searches)
        self.budget, self._meter = CpuBudget(CPU_SECONDS_PER_SECOND, CPU_BURST_SECONDS), CpuMeter()
        remote = capabilities(self.searcher.index.manifest.spec.store).remote
        self._searches = WorkerPool(
            settings.threads,
            settings.queue_limit,
            settings.queue_seconds,
            "search",
            self.budget,
            heavy_threads=HALF_OF_CORES,
            serial_threads=None if remote else HALF_OF_CORES,
        )
        self._pictures = WorkerPool(_PICTURE_THREADS, _PICTURE_QUEUE, 30.0, "picture")
        self._fetches = WorkerPool(8, 8, 5.0, "fetch")  # separate: a slow host delays no picture
        self._writes = WorkerPool(1, 1, math.inf, "write")  # one thread: it holds the index's lock
        self._write_lock = asyncio.Lock()
        self.ready = True

    def refuse_if_full(self) -> None:
        """Refuse a search before its body is read.

        Raises:
            Busy: the queue of searches is full.
        """
        if self._searches.full(current_client.get()):
            self.metrics.refused.labels("busy").inc()
            raise Busy(1)

    async def search(self, query: Query) -> Results:
        """Return the results of a query.

        Raises:
            Busy: the queue of searches is full.
            LookseekError: as ``Searcher.search`` raises it.
        """
        return await self.search_and_convert(query, lambda results: results)

    async def search_and_convert(self, query: Query, convert: Callable[[Results], T]) -> T:
        """Return ``convert`` of a query's results, in the same worker: 10,000 hits take 0.2 s to write as JSON.

        Raises:
            Busy: the queue of searches is full.
            LookseekError: as ``Searcher.search`` raises it.
        """

        def job() -> T:
            if query.filter.strip():
                check_filter_cost(parse(query.filter), self.searcher.current().manifest)
            check_words_cost(query.words, self.searcher.model)
            results = self.searcher.search(query)
            for step, milliseconds in results.steps.items():
                self.metrics.step_seconds.labels(step).observe(milliseconds / 1000)
            self.empty_searches.note(query, results)
            return convert(results)

        return await self.run_search(job, encodes=query.encoded)

    async def run_search(self, job: Callable[[], T], *, encodes: bool = False) -> T:
        """Run a job that belongs to a search, such as counting or rendering.

        Args:
            job: the work.
            encodes: whether it encodes a photo or words, beside which other jobs can compute.

        Raises:
            Busy: the queue of searches is full, or the job waited too long.
        """
        return await self._run_timed(self._searches, job, serial=not encodes)

    async def run_charged(self, job: Callable[[], T]) -> T:
        """Run a short job beside the event loop, such as parsing a body, and charge the client for it."""
        return await asyncio.to_thread(self._charged, current_client.get(), job)

    async def run_picture(self, job: Callable[[], T]) -> T:
        """Run a job that makes a picture. Raises as ``run_search`` does."""
        return await self._run_timed(self._pictures, job)

    async def run_fetch(self, job: Callable[[], T]) -> T:
        """Run a job that waits for another host. Raises as ``run_search`` does."""
        return await self._run_timed(self._fetches, job)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[RunWrite]:
        """Hold the write lock; yields the function that runs a job in the writing thread.

        Raises:
            Busy: another write has held the lock for too long.
        """
        try:
            async with asyncio.timeout(_WRITE_LOCK_SECONDS):
                await self._write_lock.acquire()
        except TimeoutError:
            self.metrics.refused.labels("writing").inc()
            raise Busy(5) from None
        try:
            yield self._run_write
        finally:
            self._write_lock.release()

    def warm_up(self) -> None:
        """Do in advance what the first query would wait for: load the text tower, measure when a match is close."""
        self.searcher.measure_relevance()

    def close(self) -> None:
        """Wait for the running jobs and release the index."""
        self.ready = False
        for pool in (self._searches, self._pictures, self._fetches, self._writes):
            pool.close()
        self.folding.close()
        self.searcher.close()

    async def _run_write(self, job: Callable[[], Any]) -> Any:
        with self.metrics.step_seconds.labels("write").time():
            return await self._writes.run(job)

    async def _run_timed(self, pool: WorkerPool, job: Callable[[], T], *, serial: bool = False) -> T:
        """Run a job in a pool, and record how long it waited or that it was refused."""
        queued = time.perf_counter()

        client = current_client.get()

        def timed() -> T:
            self.metrics.step_seconds.labels("wait").observe(time.perf_counter() - queued)
            return self._charged(client, job)

        try:
            return await pool.run(timed, client, serial=serial)
        except Busy:
            self.metrics.refused.labels("busy").inc()
            raise

    def _charged(self, client: str, job: Callable[[], T]) -> T:
        """Run a job and charge its client for it; what other programs take of the machine it does not pay."""
        began, own, used = time.perf_counter(), time.thread_time(), self._meter.start()
        try:
            return job()
        finally:
            seconds = min(time.perf_counter() - began, self._meter.stop(used))
            self.budget.charge(client, seconds, time.thread_time() - own)

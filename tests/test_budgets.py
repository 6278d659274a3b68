"""What a request and a client may cost: each case once cost seconds of the processor or gigabytes of memory."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import subprocess
import sys
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

pytest.importorskip("fastapi", reason="serving needs lookseek[serve]")

from lookseek.errors import ImageTooLarge, QueryError
from lookseek.serve.api.queries import check_words, to_query
from lookseek.serve.api.request_schemas import SearchBody
from lookseek.serve.guards.body_budget import BodyBudget
from lookseek.serve.guards.body_deadline import BodyDeadline
from lookseek.serve.guards.cpu_budget import HEAVY_SECONDS, LONG_JOB_SECONDS, CpuBudget, CpuMeter
from lookseek.serve.metrics import Metrics
from lookseek.serve.page.parameters import parse_state
from lookseek.serve.page.rendering import results_that_fit
from lookseek.serve.pool import Busy, WorkerPool
from lookseek.serve.settings import MAX_PAGE_BYTES, MAX_WORDS, Settings, limits


def gif(width: int, height: int) -> bytes:
    """A picture of 35 bytes that declares any size."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0)
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + frame + b"\x02\x02\x44\x01\x00\x3b"


# a request


def test_the_pixels_of_all_photos_count_together() -> None:
    one = base64.b64encode(gif(7_000, 7_000)).decode()
    to_query(SearchBody.model_validate({"image": one}), None)
    with pytest.raises(ImageTooLarge, match="with those before it 98,000,000"):
        to_query(SearchBody.model_validate({"plus": [{"image": one}] * 2}), None)


def test_the_words_of_all_terms_count_together() -> None:
    check_words("a red dress", *["long sleeves"] * 32)
    check_words("đầm đỏ tay dài " * 50)
    with pytest.raises(QueryError, match="use fewer words"):
        check_words(*["\u8863" * 2_000] * 32)
    with pytest.raises(QueryError, match=rf"{MAX_WORDS:,} are taken"):
        to_query(SearchBody.model_validate({"text": "a" * 1_500, "plus": ["b" * 501]}), None)


def test_a_long_address_shows_fewer_results() -> None:
    short = parse_state([("text", "dress"), ("k", "200")])
    assert results_that_fit(short) >= 200
    long = parse_state([("text", "dress " * 300), ("k", "200"), *(("like", f"{n}" * 200) for n in range(1, 10))])
    fit = results_that_fit(long)
    assert 24 <= fit < 200
    assert fit == 24 or fit * len(long.query_string()) * 5 <= MAX_PAGE_BYTES


# bodies


def part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": data, "more_body": more}


async def reads(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await PlainTextResponse("read")(scope, receive, send)


class Client:
    """One request, whose body arrives when the test lets it."""

    def __init__(self, app: Any, *headers: tuple[bytes, bytes], path: str = "/v1/search") -> None:
        self.parts: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers)}
        self.task = asyncio.create_task(app(scope, self.parts.get, self._send))

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return self.sent[0]["status"] if self.sent else 0


def test_bodies_that_are_held_have_a_budget_together() -> None:
    async def scenario() -> None:
        budget = BodyBudget(reads, 100, Metrics(int, int), ("/v1/items:batch",))
        first = Client(budget, (b"content-length", b"80"))
        await asyncio.sleep(0)
        assert budget.held == 80, "what was announced counts before it comes"
        second = Client(budget, (b"content-length", b"30"))
        await second.task
        assert second.status == 503
        headers = dict(second.sent[0]["headers"])
        assert headers[b"retry-after"] == b"2"
        assert json.loads(second.sent[1]["body"])["title"] == "Too busy"
        unannounced = Client(budget, (b"transfer-encoding", b"chunked"))
        await unannounced.parts.put(part(b"x" * 30))
        with pytest.raises(Busy):  # which the app's handler answers
            await unannounced.task
        assert budget.held == 80
        batch = Client(budget, (b"content-length", b"1000"), path="/v1/items:batch")
        await batch.parts.put(part(b"x" * 1000, more=False))
        await batch.task
        assert batch.status == 200
        await first.parts.put(part(b"x" * 80, more=False))
        await first.task
        assert (first.status, budget.held) == (200, 0)

    asyncio.run(scenario())


def test_a_body_that_began_fast_must_end_too() -> None:
    async def scenario() -> int:
        deadline = BodyDeadline(reads, seconds=60.0, min_rate=1.0, total=0.2)
        client = Client(deadline, (b"transfer-encoding", b"chunked"))
        await client.parts.put(part(b"x" * 1_000_000))  # at 1 byte a second it might go on for days
        await client.task
        return client.status

    assert asyncio.run(scenario()) == 408


# clients


class Clock:
    """Seconds that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_client_may_use_all_while_nobody_else_wants_it() -> None:
    budget = CpuBudget(1.0, 5.0, clock=Clock())
    for _ in range(100):
        assert budget.acquire("one") == 0
        budget.charge("one", 10.0)


def test_a_client_in_debt_waits_while_others_want_their_share() -> None:
    clock = Clock()
    budget = CpuBudget(0.5, 5.0, clock=clock)
    assert budget.acquire("greedy") == 0
    budget.charge("greedy", 8.0)
    assert budget.acquire("honest") == 0
    assert budget.acquire("greedy") == pytest.approx(6.2)  # 3.1 seconds of debt, at half a second a second
    for _ in range(20):
        assert budget.acquire("honest") == 0
        budget.charge("honest", 0.1)
        budget.release("honest")
    clock.now = 6.3
    assert budget.acquire("greedy") == 0
    clock.now = 100.0
    budget.charge("greedy", 50.0)
    assert budget.acquire("greedy") == 0, "the honest one has gone"


def test_requests_that_take_no_work_cost_nothing_once_they_are_answered() -> None:
    budget = CpuBudget(0.5, 5.0, clock=Clock())
    assert budget.acquire("other") == 0
    for _ in range(500):
        assert budget.acquire("shopper") == 0
        budget.release("shopper")
    for _ in range(51):
        assert budget.acquire("flood") == 0  # never answered
    assert budget.acquire("flood") > 0


def test_clients_that_change_their_address_take_no_memory() -> None:
    budget = CpuBudget(1.0, 5.0)
    for n in range(3_000):
        budget.acquire(f"10.0.{n // 256}.{n % 256}")
    assert len(budget) <= 1_000


def test_jobs_that_run_at_once_share_what_was_used() -> None:
    clock = Clock()
    meter = CpuMeter(clock)
    first = meter.start()
    clock.now = 1.0
    second = meter.start()
    clock.now = 3.0
    assert meter.stop(first) == 2.0  # a second alone, and half of two
    clock.now = 3.5
    assert meter.stop(second) == 1.5


def test_a_client_has_used_much_beyond_its_share_and_not_by_waiting() -> None:
    clock = Clock()
    budget = CpuBudget(0.5, 5.0, clock=clock)
    for _ in range(40):  # a page's pictures, all at once
        budget.acquire("shopper")
    assert not budget.is_heavy("shopper")
    assert not budget.is_heavy("nobody")
    budget.acquire("greedy")
    for _ in range(6):
        budget.charge("greedy", HEAVY_SECONDS / 6 + 0.02)
    assert budget.is_heavy("greedy")
    assert budget.light_ones_ask()
    clock.now = 0.5
    assert not budget.is_heavy("greedy")
    budget.charge("greedy", 8.0)
    clock.now = 10.5
    assert budget.is_heavy("greedy")
    assert not budget.light_ones_ask(), "the shopper has gone"


def test_a_client_within_its_share_is_heavy_after_a_long_job() -> None:
    clock = Clock()
    budget = CpuBudget(0.5, 5.0, others_seconds=10.0, clock=clock)
    for client in ("shopper", "greedy"):
        budget.acquire(client)
    for _ in range(3):
        budget.charge("shopper", 0.1, LONG_JOB_SECONDS / 2)
    budget.charge("greedy", 0.4, LONG_JOB_SECONDS * 1.5)
    assert budget.acquire("greedy") == 0, "it is within its share"
    assert (budget.is_heavy("greedy"), budget.is_heavy("shopper")) == (True, False)
    clock.now = 2.0
    budget.charge("greedy", 0.01, 0.01)  # small jobs between hide no long one
    assert budget.is_heavy("greedy")
    assert budget.expected("greedy") > 2 * budget.expected("shopper") > budget.expected("nobody") == 0
    clock.now = 5.0
    assert not budget.is_heavy("greedy")


# the queue


class Used:
    """What clients have used: those whose names begin with "greedy", much."""

    light = True

    def expected(self, client: str) -> float:
        return {"long": 0.2, "alike": 0.15}.get(client.rstrip("0123456789"), 0.1)

    def used(self, client: str) -> float:
        return float(client.startswith("greedy"))

    def is_heavy(self, client: str) -> bool:
        return client.startswith("greedy")

    def light_ones_ask(self) -> bool:
        return self.light


class Jobs:
    """Jobs that run until the test ends them, and the order in which they began."""

    def __init__(self, pool: WorkerPool) -> None:
        self.pool, self.began, self.ends = pool, list[str](), dict[str, threading.Event]()

    def add(self, name: str, *, serial: bool = False) -> asyncio.Task[str]:
        end = self.ends[name] = threading.Event()

        def work() -> str:
            self.began.append(name)
            assert end.wait(20)
            return name

        return asyncio.ensure_future(self.pool.run(work, name.partition(" ")[0], serial=serial))

    async def running(self, *names: str) -> None:
        async with asyncio.timeout(20):
            while sorted(self.began) != sorted(names):
                await asyncio.sleep(0.001)

    def end(self) -> None:
        for end in self.ends.values():
            end.set()


def test_who_has_used_little_waits_for_no_queue_of_others() -> None:
    async def scenario() -> None:
        used = Used()
        jobs = Jobs(WorkerPool(3, 64, 60.0, "test", used, heavy_threads=1))
        greedy = [jobs.add(f"greedy{n % 4} {n}") for n in range(20)]
        await jobs.running("greedy0 0")  # two threads are left to others
        honest = jobs.add("honest 1")
        await jobs.running("greedy0 0", "honest 1")
        jobs.ends["honest 1"].set()
        assert await honest == "honest 1"
        second, third, fourth = (jobs.add(f"honest {n}") for n in (2, 3, 4))
        await jobs.running("greedy0 0", "honest 1", "honest 2", "honest 3")
        jobs.ends["greedy0 0"].set()
        await greedy[0]
        await jobs.running("greedy0 0", "honest 1", "honest 2", "honest 3", "honest 4")
        used.light = False  # nobody else asks: all threads are theirs
        jobs.end()
        assert len(await asyncio.gather(*greedy, second, third, fourth)) == 23
        assert jobs.pool.pending == 0
        jobs.pool.close()

    asyncio.run(scenario())


def test_a_job_runs_in_the_context_of_who_asks() -> None:
    said = ContextVar("said", default="nothing")

    async def scenario() -> None:
        pool = WorkerPool(1, 8, 60.0, "test")
        said.set("this")
        assert await pool.run(said.get) == "this"
        pool.close()

    asyncio.run(scenario())


def test_who_has_used_least_is_next() -> None:
    async def scenario() -> None:
        budget = CpuBudget(1.0, 5.0)
        for client, seconds in (("much", 0.3), ("some", 0.2), ("little", 0.1)):
            budget.charge(client, seconds)
        jobs = Jobs(WorkerPool(1, 64, 60.0, "test", budget))
        names = ["first 1", "much 1", "some 1", "some 2", "little 1", "new 1"]
        asked = [jobs.add(name) for name in names]
        await jobs.running("first 1")
        for turn, name in enumerate(("first 1", "new 1", "little 1", "some 1", "some 2", "much 1"), 1):
            async with asyncio.timeout(20):
                while len(jobs.began) < turn:
                    await asyncio.sleep(0.001)
            assert jobs.began[-1] == name
            jobs.ends[name].set()
        assert await asyncio.gather(*asked) == names
        jobs.pool.close()

    asyncio.run(scenario())


def test_jobs_in_python_leave_threads_to_those_that_encode() -> None:
    async def scenario() -> None:
        jobs = Jobs(WorkerPool(3, 64, 60.0, "test", CpuBudget(1.0, 5.0), serial_threads=1))
        counts = [jobs.add(f"counts{n} {n}", serial=True) for n in range(4)]
        await jobs.running("counts0 0")
        photo = jobs.add("photo 1")
        await jobs.running("counts0 0", "photo 1")
        jobs.ends["counts0 0"].set()
        await counts[0]
        await jobs.running("counts0 0", "photo 1", "counts1 1")
        jobs.end()
        assert await asyncio.gather(photo, *counts[1:]) == ["photo 1", "counts1 1", "counts2 2", "counts3 3"]
        jobs.pool.close()

    asyncio.run(scenario())


def test_where_heavy_clients_hold_all_threads_one_more_runs_a_light_one() -> None:
    async def scenario() -> None:
        used = Used()
        used.light = False
        jobs = Jobs(WorkerPool(2, 64, 60.0, "test", used, heavy_threads=1))
        greedy = [jobs.add(f"greedy{n} {n}") for n in range(4)]
        await jobs.running("greedy0 0", "greedy1 1")
        used.light = True
        first, second = jobs.add("honest 1"), jobs.add("honest 2")
        await jobs.running("greedy0 0", "greedy1 1", "honest 1")
        jobs.ends["honest 1"].set()
        await first
        await jobs.running("greedy0 0", "greedy1 1", "honest 1", "honest 2")
        jobs.end()
        await asyncio.gather(*greedy, second)
        jobs.pool.close()

    asyncio.run(scenario())


def test_where_all_threads_run_longer_jobs_one_more_runs_a_short_one() -> None:
    async def scenario() -> None:
        jobs = Jobs(WorkerPool(2, 64, 60.0, "test", Used()))
        longer = [jobs.add(f"long{n} {n}") for n in range(3)]
        await jobs.running("long0 0", "long1 1")
        alike = jobs.add("alike 1")
        short = jobs.add("short 1")
        await jobs.running("long0 0", "long1 1", "short 1")
        jobs.ends["short 1"].set()
        assert await short == "short 1"
        jobs.ends["long0 0"].set()
        await longer[0]
        await jobs.running("long0 0", "long1 1", "short 1", "long2 2")  # who came first
        jobs.end()
        await asyncio.gather(*longer, alike)
        jobs.pool.close()

    asyncio.run(scenario())


def test_a_full_queue_takes_from_who_has_most_in_it() -> None:
    async def scenario() -> None:
        jobs = Jobs(WorkerPool(1, 6, 60.0, "test", Used()))
        many = [jobs.add(f"greedy {n}") for n in range(7)]
        await jobs.running("greedy 0")
        assert jobs.pool.full("greedy")
        assert not jobs.pool.full("honest")
        with pytest.raises(Busy):
            await jobs.pool.run(lambda: None, "greedy")
        honest = jobs.add("honest 1")
        with pytest.raises(Busy):
            await many[6]
        jobs.end()
        assert await honest == "honest 1"
        assert jobs.began[:2] == ["greedy 0", "honest 1"]
        await asyncio.gather(*many[:6])
        jobs.pool.close()

    asyncio.run(scenario())


def test_a_job_whose_client_went_leaves_the_queue() -> None:
    async def scenario() -> None:
        jobs = Jobs(WorkerPool(1, 6, 60.0, "test"))
        first, second = jobs.add("one 1"), jobs.add("one 2")
        await jobs.running("one 1")
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert jobs.pool.pending == 1
        jobs.end()
        await first
        assert jobs.began == ["one 1"]
        jobs.pool.close()

    asyncio.run(scenario())


# the table


def test_the_command_prints_every_limit(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lookseek.cli", "serve", str(tmp_path), "--limits"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for limit in limits(Settings(tmp_path)):
        assert limit.what in done.stdout
        assert limit.value in done.stdout

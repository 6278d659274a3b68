"""Sends requests to a service as fast as a number of clients can, or at a rate that does not wait for answers.

    echo '{"port": 8000, ...}' | python -m benchmarks.service.load

A process of its own, so that client and service share no lock of Python; whole requests are made before the
clock starts, and of an answer only the status and the end are looked for. It takes a job as JSON and prints what it
saw as JSON: see ``Job``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles

BOUNDARY = "lookseek-benchmark-boundary"
KEPT = 5.0
"""Seconds that an idle connection is used again, as clients do it (httpx: 5)."""
LOST = 0
"""The status of a request whose connection ended before its answer."""

COLOURS = "red", "navy", "white", "pink", "black", "grey", "beige", "đỏ", "xanh lá", "trắng", "hồng", "đen", "nâu"
GARMENTS = "dress", "shirt", "skirt", "jacket", "trousers", "đầm", "áo sơ mi", "chân váy", "áo khoác", "quần dài"
CLOTHS = "cotton", "linen", "denim", "wool", "silk", "vải lanh", "lụa", "len", "ren", "nhung"
DETAILS = "long sleeves", "a floral print", "stripes", "a belt", "buttons", "a collar", "pockets", "tay dài", "cổ tròn"
FOR = "summer", "winter", "work", "a party", "a wedding", "the beach", "running", "đi làm", "dạo phố", "dự tiệc"


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask.

    Args:
        port: of the service, at 127.0.0.1.
        path: that is posted to.
        photos: files, one a request, over and over; without any, texts are asked, no two alike.
        clients: that ask at once, each when it has its answer; 0: by ``rate``.
        rate: requests a second at random moments, whether answers came or not.
        seconds: that count; ``warm`` seconds before them do not.
        warm: see ``seconds``.
        seed: of the order of texts, the first photo, and the moments.
    """

    port: int
    path: str
    photos: tuple[str, ...] = ()
    clients: int = 0
    rate: float = 0.0
    seconds: float = 5.0
    warm: float = 1.0
    seed: int = 0


@dataclass(slots=True)
class Statistics:
    """What came back: milliseconds of answers by status, of the requests that count.

    Closed loop: those that ended while it counted. Open loop: those that were due then; from the moment when they
    were due, so that a generator that lags makes nothing look better.
    """

    seconds: float = 0.0
    milliseconds: dict[int, list[float]] = field(default_factory=dict)
    late: float = 0.0
    """Seconds that the generator was behind at the worst."""

    def add(self, status: int, seconds: float) -> None:
        """One answer."""
        self.milliseconds.setdefault(status, []).append(seconds * 1000)

    def summary(self) -> dict[str, object]:
        """Plain values: counts, requests a second, quantiles of answers with 200."""
        good = self.milliseconds.get(200, [])
        cuts = quantiles(good, n=100, method="inclusive") if len(good) > 1 else [float("nan")] * 99
        return {
            "statuses": {str(status): len(times) for status, times in sorted(self.milliseconds.items())},
            "rate": len(good) / self.seconds,
            "p50": cuts[49],
            "p95": cuts[94],
            "p99": cuts[98],
            "refused_p50": median(self.milliseconds.get(503, [float("nan")])),
            "late": self.late,
        }


class Line(asyncio.Protocol):
    """A kept connection: one request at a time."""

    def __init__(self) -> None:
        self._came = b""
        self._answer: asyncio.Future[int] | None = None
        self.open, self._since = False, 0.0

    @property
    def usable(self) -> bool:
        """Whether the service still listens: it closes what was idle for 15 s, and must not be asked at that moment."""
        return self.open and time.perf_counter() - self._since < KEPT

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.open, self._since = transport, True, time.perf_counter()

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, found, body = self._came.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        if len(body) < (int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0):
            return
        self._came, self._since = b"", time.perf_counter()
        if b"connection: close" in lower:
            self.open = False
        self._tell(int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._tell(LOST)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Sends; gives the status of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def end(self) -> None:
        """Hangs up."""
        self._transport.abort()

    def _tell(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)


def texts(seed: int) -> Iterator[str]:
    """117,000 short texts in two languages, no two alike; another seed gives them in another order."""
    made = [" ".join(words) for words in itertools.product(COLOURS, CLOTHS, GARMENTS, DETAILS, FOR)]
    random.Random(seed).shuffle(made)
    yield from made


def requests_of(job: Job) -> Iterator[bytes]:
    """Whole requests, head and body."""

    def whole(kind: str, body: bytes) -> bytes:
        head = f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nContent-Type: {kind}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    if not job.photos:
        return (whole("application/json", json.dumps({"text": text}).encode()) for text in texts(job.seed))
    made = []
    for name in job.photos:
        part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="photo.jpg"\r\n'
        opened = f"{part}Content-Type: image/jpeg\r\n\r\n".encode()
        body = opened + Path(name).read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
        made.append(whole(f"multipart/form-data; boundary={BOUNDARY}", body))
    first = random.Random(job.seed).randrange(len(made))
    return itertools.islice(itertools.cycle(made), first, None)


async def connected(port: int) -> Line:
    """A new connection."""
    _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
    return line


async def closed(job: Job) -> Statistics:
    """Clients that each ask again when they have their answer."""
    requests, statistics = requests_of(job), Statistics(job.seconds)
    begin = time.perf_counter() + job.warm
    end = begin + job.seconds

    async def client() -> None:
        line = await connected(job.port)
        while (sent := time.perf_counter()) < end:
            status = await line.ask(next(requests))
            came = time.perf_counter()
            if begin <= came < end:
                statistics.add(status, came - sent)
            if not line.open:
                line = await connected(job.port)
        line.end()

    await asyncio.gather(*(client() for _ in range(job.clients)))
    return statistics


async def opened(job: Job) -> Statistics:
    """Requests that come when they come: the gaps are exponential."""
    requests, statistics, chance = requests_of(job), Statistics(job.seconds), random.Random(job.seed)
    idle: list[Line] = []
    going: set[asyncio.Task[None]] = set()

    async def one(due: float, counts: bool) -> None:
        while idle and not idle[-1].usable:
            idle.pop()
        try:
            line = idle.pop() if idle else await connected(job.port)
            status = await line.ask(next(requests))
        except OSError:
            status = LOST
        else:
            idle.append(line)
        if counts:
            statistics.add(status, time.perf_counter() - due)

    begin = time.perf_counter()
    due, stop = begin, begin + job.warm + job.seconds
    while (due := due + chance.expovariate(job.rate)) < stop:
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        statistics.late = max(statistics.late, -wait)
        task = asyncio.create_task(one(due, due >= begin + job.warm))
        going.add(task)
        task.add_done_callback(going.discard)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*going), 30)
    for line in idle:
        line.end()
    return statistics


def main() -> None:
    """Read a job from standard input, write its statistics to standard output."""
    given = json.load(sys.stdin)
    job = Job(**{**given, "photos": tuple(given.get("photos", ()))})
    gc.freeze()
    statistics = asyncio.run(closed(job) if job.clients else opened(job))
    print(json.dumps({**statistics.summary(), "job": {k: v for k, v in asdict(job).items() if k != "photos"}}))


if __name__ == "__main__":
    main()

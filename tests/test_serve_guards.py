"""The guards before the app: headers, host names, slow bodies, rates, and errors as problem details."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, UploadFile
from helpers.waiting import until
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookseek import errors
from lookseek.serve.guards.body_deadline import BodyDeadline
from lookseek.serve.guards.hosts import AllowedHosts, host_names
from lookseek.serve.guards.rate_limit import RateLimiter
from lookseek.serve.guards.security_headers import CONTENT_SECURITY_POLICY, SecurityHeaders
from lookseek.serve.problems import problem, problem_from_error, strip_paths

FINE = PlainTextResponse("fine")


class Asked:
    """What an app answered to one plain ASGI call."""

    def __init__(self, app: ASGIApp, *headers: tuple[bytes, bytes], bodies: tuple[Message, ...] = (), **more: Any):
        self.sent: list[Message] = []
        self.raised: BaseException | None = None
        self.scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)} | more
        asyncio.run(self._ask(app, list(bodies)))

    async def _ask(self, app: ASGIApp, bodies: list[Message]) -> None:
        async def receive() -> Message:
            if bodies:
                return bodies.pop(0)
            return await asyncio.get_running_loop().create_future()  # a client that says no more

        async def send(message: Message) -> None:
            self.sent.append(message)

        try:
            await app(self.scope, receive, send)
        except BaseException as error:
            self.raised = error

    @property
    def status(self) -> int:
        return self.sent[0]["status"] if self.sent else 0

    @property
    def headers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.sent[0]["headers"]:
            found.setdefault(name.decode().lower(), []).append(value.decode())
        return found

    @property
    def json(self) -> Any:
        return json.loads(b"".join(message.get("body", b"") for message in self.sent[1:]))


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("/srv/shop/secret")


# headers


def test_every_answer_tells_the_browser_to_be_strict() -> None:
    weak = PlainTextResponse("x", headers={"Content-Security-Policy": "default-src *", "X-Request-Id": "mine"})
    for app in (FINE, weak, problem(404, "Not found", "no such page: see /"), fails):
        found = Asked(SecurityHeaders(app), (b"x-request-id", b"<script>")).headers
        assert found["content-security-policy"] == [CONTENT_SECURITY_POLICY]
        assert found["x-content-type-options"] == ["nosniff"]
        assert found["referrer-policy"] == ["same-origin"]
        assert found["cross-origin-opener-policy"] == found["cross-origin-resource-policy"] == ["same-origin"]
        assert found["permissions-policy"][0].startswith("camera=(self), microphone=()")
        assert re.fullmatch("[0-9a-f]{16}", found["x-request-id"][0])
        assert len(found["x-request-id"]) == 1
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY


def test_each_request_has_an_id_of_its_own_which_the_app_knows() -> None:
    asked = [Asked(SecurityHeaders(FINE)) for _ in range(3)]
    ids = [one.scope["state"]["request_id"] for one in asked]
    assert ids == [one.headers["x-request-id"][0] for one in asked]
    assert len(set(ids)) == 3


def test_an_error_that_nobody_caught_is_answered_in_plain_words_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("ERROR", "lookseek.serve"):
        asked = Asked(SecurityHeaders(fails))
    assert asked.status == 500
    assert asked.json["detail"].endswith(asked.scope["state"]["request_id"])
    assert "secret" not in str(asked.sent)
    assert asked.raised is None
    (logged,) = caplog.records
    assert asked.scope["state"]["request_id"] in logged.getMessage()
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], RuntimeError)


def test_an_error_in_the_middle_of_an_answer_is_raised_alone() -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    asked = Asked(SecurityHeaders(breaks))
    assert [message["type"] for message in asked.sent] == ["http.response.start"]
    assert isinstance(asked.raised, RuntimeError)


# hosts


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LocalHost:8000", 200),
        ("localhost.", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]", 200),
        ("[::1]:8000", 200),
        ("[0:0::1]:8000", 200),
        ("192.168.1.5:8000", 200),
        ("clothes.example", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.2", 421),
        ("[::2]", 421),
        ("[::1", 400),
        ("::1", 400),
        ("localhost:", 400),
        ("localhost:80:80", 400),
        ("localhost:8000@evil.example", 400),
        ("evil.example/localhost", 400),
        ("localhost, evil.example", 400),
        ("", 400),
        ("*", 400),
        ("löcalhost", 400),
    ],
)
def test_only_names_of_this_service_are_answered(host: str, status: int) -> None:
    app = AllowedHosts(FINE, host_names("192.168.1.5", ["clothes.example"]))
    asked = Asked(app, (b"host", host.encode("latin-1")))
    assert asked.status == status
    if status != 200:
        assert asked.json["status"] == status
        assert ("evil" in asked.json["detail"]) == ("evil" in host and status == 421)  # told if it could be one


def test_a_request_needs_one_host_unless_all_are_welcome() -> None:
    names = host_names("127.0.0.1")
    assert Asked(AllowedHosts(FINE, names)).status == 400
    assert Asked(AllowedHosts(FINE, names), (b"host", b"localhost"), (b"host", b"evil.example")).status == 400
    assert Asked(AllowedHosts(FINE, host_names("0.0.0.0", ["*"])), (b"host", b"any.example")).status == 200
    refused = Asked(AllowedHosts(FINE, names), (b"host", b"evil.example"), type="websocket")
    assert refused.sent == [{"type": "websocket.close", "code": 1008}]


@given(st.binary(max_size=30))
@settings(max_examples=50, deadline=None)
def test_no_host_breaks_the_guard(host: bytes) -> None:
    assert Asked(AllowedHosts(FINE, host_names("127.0.0.1")), (b"host", host)).status in (200, 400, 421)


# problems


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ImageTooLarge, 413),
        (errors.NotAnImage, 415),
        (errors.ImageBroken, 422),
        (errors.ItemError, 422),
        (errors.FetchError, 422),
        (errors.FilterError, 422),
        (errors.QueryError, 422),
        (errors.IndexBusy, 503),
        (errors.IndexMismatch, 503),
        (errors.IndexDamaged, 503),
        (errors.IndexMissing, 503),
        (errors.ModelError, 503),
        (errors.CatalogueError, 500),
        (errors.LookseekError, 500),
    ],
)
def test_each_error_has_a_status_and_none_tells_a_path(error: type[errors.LookseekError], status: int) -> None:
    answer = problem_from_error(
        error("/srv/shop one/index: unknown 'size' in '/srv/shop one/index', see /srv/shop/a.json")
    )
    body = json.loads(answer.body)
    assert answer.status_code == body["status"] == status
    assert answer.media_type == "application/problem+json"
    assert body["type"] == "about:blank"
    assert body["title"]
    assert "srv" not in answer.body.decode()
    if status < 500:
        assert "'size'" in body["detail"]
        assert "a.json" in body["detail"]
    assert ("retry-after" in answer.headers) == (status == 503)


def test_a_problem_carries_more_members_and_headers() -> None:
    answer = problem(429, "Too many", "wait: 3 s", headers={"Retry-After": "3"}, limit=60)
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Too many",
        "status": 429,
        "detail": "wait: 3 s",
        "limit": 60,
    }
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("/index: x", "index: x"),
        ("in '/a b/c d.jpg': x", "in 'c d.jpg': x"),
        ("(/a/b/c)", "(c)"),
        (r"C:\shop\index is x", "index is x"),
        (r"'\\server\share\my index\a' is x", "'a' is x"),
        ("https://example.org/a/b.jpg", "https://example.org/a/b.jpg"),
        ("red and/or blue, 1/2", "red and/or blue, 1/2"),
        ("shoes/a.jpg", "shoes/a.jpg"),
    ],
)
def test_paths_are_cut_to_their_last_name(message: str, told: str) -> None:
    assert strip_paths(message) == told


# rates


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_client_that_asks_too_often_is_told_how_long_to_wait() -> None:
    clock = Clock()
    limiter = RateLimiter(3, seconds=60, clock=clock)
    for now in (0, 10, 20):
        clock.now = now
        assert limiter.acquire("a") == 0
    clock.now = 25
    assert limiter.acquire("a") == 35, "the first of the three leaves the window after 60 seconds"
    assert limiter.acquire("b") == 0
    clock.now = 60
    assert limiter.acquire("a") == 0
    assert limiter.acquire("a") == 10, "a refused request does not count"


def test_the_memory_of_clients_is_bounded_and_ends() -> None:
    clock = Clock()
    limiter = RateLimiter(2, seconds=60, max_clients=50, clock=clock)
    for number in range(500):
        clock.now = number / 100
        limiter.acquire(f"client {number}")
        assert len(limiter) <= 50
    assert limiter.acquire("client 499") == 0
    assert limiter.acquire("client 499") > 0, "the last 50 are still counted"
    assert limiter.acquire("client 0") == 0
    assert limiter.acquire("client 0") == 0, "the first was forgotten"
    clock.now = 100
    limiter.acquire("the next")
    assert len(limiter) == 1


def test_threads_together_get_no_more_than_the_rate() -> None:
    rate, taken = RateLimiter(100, seconds=60), []
    threads = [
        threading.Thread(target=lambda: taken.extend(rate.acquire("a") == 0 for _ in range(50))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 100


# slow bodies

LONG = (b"content-length", b"1000")


def part(body: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


class Reads:
    """An app that reads its body, and remembers how it ended."""

    def __init__(self, catch: type[BaseException] = ZeroDivisionError, begin: bool = False) -> None:
        self.catch, self.begin = catch, begin
        self.read = b""
        self.ended = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.begin:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        try:
            more = True
            while more:
                message = await receive()
                self.read += message.get("body", b"")
                more = message.get("more_body", False)
            self.ended = "read"
        except self.catch:
            self.ended = "caught"
        except BaseException as error:
            self.ended = type(error).__name__
            raise
        if not self.begin:
            await FINE(scope, receive, send)


def test_a_body_that_comes_in_time_passes_untouched() -> None:
    app = Reads()
    asked = Asked(BodyDeadline(app, 0.2), LONG, bodies=(part(b"ab"), part(b"c", more=False)))
    assert (asked.status, app.read, app.ended) == (200, b"abc", "read")
    assert Asked(BodyDeadline(FINE, 0.2)).status == 200


def test_a_late_body_is_answered_408_and_its_handler_stopped() -> None:
    app = Reads()
    asked = Asked(BodyDeadline(app, 0.1), (b"transfer-encoding", b"chunked"), bodies=(part(b"ab"),))
    assert asked.status == asked.json["status"] == 408
    assert asked.headers["connection"] == ["close"]
    assert "0.1 seconds" in asked.json["detail"]
    assert app.ended == "CancelledError"
    assert asked.raised is None


@pytest.mark.parametrize("catch", [Exception, asyncio.CancelledError])
def test_a_handler_that_catches_what_stops_it_answers_no_more(catch: type[BaseException]) -> None:
    asked = Asked(BodyDeadline(Reads(catch), 0.1), LONG)
    assert asked.status == 408
    assert len(asked.sent) == 2


def test_a_handler_that_reads_in_a_task_of_its_own_is_stopped_too() -> None:
    inner = Reads()

    async def splits(scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(inner(scope, receive, send))
            group.create_task(asyncio.sleep(5))

    asked = Asked(BodyDeadline(splits, 0.1), LONG)
    assert asked.status == 408
    assert inner.ended in ("CancelledError", "TimeoutError")


def test_an_answer_that_has_begun_is_left_incomplete() -> None:
    asked = Asked(BodyDeadline(Reads(begin=True), 0.1), LONG)
    assert [message["type"] for message in asked.sent] == ["http.response.start", "http.response.body"]
    assert asked.sent[-1]["more_body"]
    assert asked.raised is None


def test_an_error_of_the_app_itself_goes_on_its_way() -> None:
    assert isinstance(Asked(BodyDeadline(fails, 1), LONG).raised, RuntimeError)


def test_time_that_the_handler_takes_is_not_the_clients() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(3):
            await receive()
            await asyncio.sleep(0.3)
        await FINE(scope, receive, send)

    parts = part(b"a"), part(b"b"), part(b"c", more=False)
    assert Asked(BodyDeadline(slow, 0.6), LONG, bodies=parts).status == 200


def test_a_framework_that_turns_errors_of_a_body_into_400_does_not_do_so_here() -> None:
    app = FastAPI()

    @app.post("/")
    async def upload(image: UploadFile) -> str:
        return image.filename or ""

    form = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n\xff\xd8'
    kind = (b"content-type", b"multipart/form-data; boundary=x")
    more = {"query_string": b"", "root_path": "", "http_version": "1.1", "scheme": "http", "server": ("localhost", 80)}
    asked = Asked(BodyDeadline(app, 0.2), LONG, kind, bodies=(part(form),), **more)
    assert asked.status == 408
    whole = part(form), part(b"\r\n--x--\r\n", more=False)
    assert Asked(BodyDeadline(app, 5), LONG, kind, bodies=whole, **more).json == "a.jpg"


@contextmanager
def serving(app: ASGIApp) -> Iterator[int]:
    """The port of a real server."""
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", access_log=False)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until(lambda: server.started, "the server")
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def dripped(port: int, path: str, piece: bytes, every: float, pieces: int) -> tuple[bytes, int]:
    """What the server says to a body that comes in pieces, and after how many of them."""
    said, sent = b"", 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        lines = (
            f"POST {path} HTTP/1.1",
            "Host: localhost",
            f"Content-Length: {len(piece) * pieces}",
            "Connection: close",
        )
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        try:
            for _ in range(pieces):
                line.sendall(piece)
                sent += 1
                line.settimeout(every)
                try:
                    said = line.recv(65536)
                    break
                except TimeoutError:
                    pass
            line.settimeout(5)
            while more := line.recv(65536):
                said += more
        except OSError:
            pass
        return said, sent


@pytest.fixture(scope="module")
def slow_port() -> Iterator[int]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Reads(begin=scope["path"] == "/begun")(scope, receive, send)

    with serving(
        SecurityHeaders(BodyDeadline(app, 0.8, min_rate=10_000, streams={"/stream": 2.0, "/held": 60.0}))
    ) as port:
        yield port


def test_a_real_drip_ends_soon(slow_port: int) -> None:
    said, sent = dripped(slow_port, "/", b"x", 0.05, 1000)
    assert said.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in said
    assert b"x-request-id" in said.lower()
    assert sent < 1000


def test_a_real_drip_into_an_answer_that_has_begun_is_cut(slow_port: int) -> None:
    said, sent = dripped(slow_port, "/begun", b"x", 0.05, 1000)
    assert b"begun" in said
    assert not said.endswith(b"0\r\n\r\n"), "an answer that was cut must not look whole"
    assert sent < 1000


def test_a_slow_but_honest_line_goes_through_long_after_the_deadline(slow_port: int) -> None:
    said, sent = dripped(slow_port, "/", b"x" * 2500, 0.05, 35)  # 50 kB/s: 1.7 of the 0.8 seconds
    assert said.startswith(b"HTTP/1.1 200")
    assert sent == 35


def test_a_stream_that_drips_too_slowly_ends_though_it_is_never_silent(slow_port: int) -> None:
    said, sent = dripped(slow_port, "/held", b"x", 0.05, 1000)  # 20 bytes a second
    assert said.startswith(b"HTTP/1.1 408")
    assert b"60 bytes a second" in said
    assert sent < 1000


def test_a_stream_may_drip_but_not_fall_silent(slow_port: int) -> None:
    said, sent = dripped(slow_port, "/stream", b"x", 0.05, 24)  # 1.2 seconds
    assert said.startswith(b"HTTP/1.1 200")
    assert sent == 24
    said, sent = dripped(slow_port, "/stream", b"x", 60, 2)
    assert said.startswith(b"HTTP/1.1 408")
    assert sent == 1

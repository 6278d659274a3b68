"""Requests that no honest client sends, by kind, and the statuses that come back: for serving.py."""

from __future__ import annotations

import base64
import json
import random
import select
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from urllib.parse import quote

from benchmarks.service.load import BOUNDARY
from tests.helpers.hostile import HARMLESS, REFUSED

__all__ = ["answer", "ask", "photo_form", "try_all"]

CLOSED = 0
"""In place of a status: the connection was closed without an answer."""

SEED, MB = 0, 2**20
FORM = f"multipart/form-data; boundary={BOUNDARY}"
SEARCH = "/v1/search"


def ask(port: int, parts: Iterable[bytes], patience: float = 60.0) -> int:
    """Sends what the parts say on a connection of its own, until an answer comes; its status."""
    with socket.create_connection(("127.0.0.1", port), patience) as line:
        try:
            for part in parts:
                if select.select([line], [], [], 0)[0]:
                    break
                line.sendall(part)
        except OSError:
            pass  # closed by the other side: there may be an answer all the same
        try:
            head = line.recv(64)
        except ConnectionError:
            return CLOSED
    return int(head[9:12]) if head.startswith(b"HTTP/1.") else CLOSED


def answer(port: int, request: list[bytes], patience: float = 60.0) -> bytes:
    """The body of the answer to a request that is well formed and has the connection closed."""
    with socket.create_connection(("127.0.0.1", port), patience) as line:
        line.sendall(b"".join(request))
        came = b""
        while some := line.recv(65536):
            came += some
    return came.partition(b"\r\n\r\n")[2]


def whole(body: bytes, kind: str = "application/json", path: str = SEARCH, method: str = "POST") -> list[bytes]:
    """A request that is well formed, whatever its body is."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return [f"{head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode("latin-1") + body]


def photo_form(photo: bytes) -> list[bytes]:
    """A search by a photo."""
    disposition = b'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    mark = BOUNDARY.encode()
    return whole(b"--" + mark + b"\r\n" + disposition + photo + b"\r\n--" + mark + b"--\r\n", FORM)


def search_json(**fields: object) -> list[bytes]:
    """A search in JSON."""
    return whole(json.dumps(fields).encode())


def try_all(port: int, photo: bytes, most: int | None = None) -> dict[str, Counter[int]]:
    """Sends them one by one, at most so many of a kind; for each kind how often each status came."""
    kinds = {
        "pictures that must be refused, as a form": map(photo_form, (one.data for one in REFUSED.values())),
        "the same in base64": (search_json(image=base64.b64encode(one.data).decode()) for one in REFUSED.values()),
        "pictures that are odd and harmless": map(photo_form, HARMLESS.values()),
        "a photo cut short, or with bytes changed": map(photo_form, _broken(photo)),
        "fields of other types and beyond their limits": _fields(),
        "bodies that are no JSON": map(whole, _no_json()),
        "forms that are none": _forms(photo),
        "filters": (search_json(text="dress", filter=one) for one in _FILTERS),
        "texts": (search_json(text=one) for one in _TEXTS),
        "addresses": (whole(b"", path=one, method="GET") for one in _PATHS),
        "writing without a key": _writes(photo),
        "bodies too large, of false length, in broken chunks": _large(),
        "heads that are no HTTP": ([one] for one in _HEADS),
    }
    return {kind: Counter(ask(port, one) for one in islice(requests, most)) for kind, requests in kinds.items()}


def _broken(photo: bytes) -> Iterator[bytes]:
    chance = random.Random(SEED)
    yield from (photo[: len(photo) * n // 64] for n in range(64))
    for _ in range(64):
        changed = bytearray(photo)
        for _ in range(chance.choice((1, 8, 64))):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed)


def _fields() -> Iterator[list[bytes]]:
    wrong: tuple[object, ...] = (
        None, True, -1, 0, 10**40, 0.5, "", "x", "x" * 3000, "\0", "🧥" * 999, [], [None], [[]] * 9, ["x"] * 500, {},
        {"text": {}}, [{"weight": -1}], {"image": "%%%"},
    )  # fmt: skip
    names = (
        "image image_url item box text plus minus image_weight like unlike composer filter k metric exact "
        "colour_weight hide_duplicates route route_mode nonsense"
    )
    for name in names.split():
        yield from (search_json(**{"text": "dress", name: value}) for value in wrong)
        for bare in ("NaN", "Infinity", "1e999", '"\\ud800"'):
            yield whole(f'{{"text": "dress", "{name}": {bare}}}'.encode())


def _no_json() -> Iterator[bytes]:
    chance = random.Random(SEED)
    yield from (b"", b"null", b"[]", b'"dress"', b"{", b'{"text": "dress"', b"{'text': 1}", b'{"text": "\xff"}')
    yield from (b"[" * 100_000, b'{"a":' * 100_000, b'{"k": 1' + b"0" * 5000 + b"}", b"\xef\xbb\xbf{}", bytes(1000))
    yield from (chance.randbytes(200) for _ in range(30))


def _forms(photo: bytes) -> Iterator[list[bytes]]:
    mark = BOUNDARY.encode()

    def part(name: str, value: bytes, file: str = "") -> bytes:
        named = f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
        return b"--" + mark + b"\r\n" + named + value + b"\r\n"

    end = b"--" + mark + b"--\r\n"
    file = '; filename="a.jpg"'
    yield from (whole(photo, kind) for kind in ("image/jpeg", "multipart/form-data", FORM, "text/plain", "", "a/b; c"))
    yield from (whole(body, FORM) for body in (b"", end, part("image", photo, file), part("image", photo) + end))
    yield whole(part("image", photo, file) * 2 + end, FORM)
    yield whole(part("image", photo, file) * 400 + end, FORM)
    yield whole(part("image", photo, '; filename="../../etc/passwd\0.jpg"') + end, FORM)
    yield whole(part("photo", photo, file) + end, FORM)
    yield whole(part("text", b"dress") * 1000 + end, FORM)
    yield whole(part("text", b"x" * MB) + end, FORM)
    yield whole(part("text", b"\xff\xfe") + end, FORM)
    yield whole(part("x" * 100_000, b"1") + end, FORM)
    yield whole(b"--" + mark + b"\r\n" + b"A: b\r\n" * 50_000 + b"\r\n1\r\n" + end, FORM)
    yield from (whole(part("k", value) + end, FORM) for value in (b"x", b"-1", b"1e9", b"9" * 5000))
    yield from (whole(part("box", value) + part("image", photo, file) + end, FORM) for value in (b"1,2", b"0,0,-1,9"))


_FILTERS = (
    "price <", "= 3", "((((", "(" * 5000, "price < 5 and", "not " * 2000 + "price < 5", "category in (", "'", '"',
    "price < 'x'", "category = 1; drop table items", "nothing = 1", "price < 1e999", "price < nan", "\0", "🧥 = 1",
    "category = c1 or " * 500 + "category = c2", "price between 1", "a" * 10_000, "a" * 10_001,
)  # fmt: skip

_TEXTS = (
    "", " ", "\u200b", "\0\1\2", "...", "🧥", "x" * 2000, "x" * 2001, "dress " * 300, "\u202edress", "a\u0301" * 900,
    "<script>alert(1)</script>", "' or 1=1 --", "{{7*7}}", "${jndi:ldap://x}", "../../etc/passwd", "\ufdfa" * 500,
    "ﷺ", "đầm đỏ", "ｄｒｅｓｓ", "\ud800", "query: passage: ", "%s%n", "NaN", "𒀱" * 400,
)  # fmt: skip

_PATHS = (
    "/", "/nothing", "//", "/v1/search", "/v1/items/", "/v1/items/x", "/v1/items/../../../etc/passwd",
    "/v1/items/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/v1/items/%00", "/v1/items/%ff", "/v1/items/" + "x" * 5000,
    "/v1/items/x/image", "/v1/items/..%2fx/image", "/v1/items/item-000001/image?width=-1",
    "/v1/items/item-000001/image?width=99999999", "/v1/items/item-000001/image", "/static/../app.py",
    "/static/%2e%2e/app.py", "/v1/facets?field=nothing", "/v1/facets?limit=-1", "/v1/facets?filter=((",
    "/v1/facets?field=price", "/v1/facets?" + "field=category&" * 100, "/v1/items/" + quote("🧥") + "?x=%zz",
)  # fmt: skip


def _writes(photo: bytes) -> Iterator[list[bytes]]:
    body = json.dumps({"image": base64.b64encode(photo).decode()}).encode()
    yield whole(body, path="/v1/items/new", method="PUT")
    yield whole(b"", path="/v1/items/item-000001", method="DELETE")
    yield whole(b'{"id": "new"}\n', "application/x-ndjson", "/v1/items:batch")
    yield from (whole(b"", path="/v1/search", method=method) for method in ("PUT", "PATCH", "DELETE", "TRACE", "GIVE"))


def _large() -> Iterator[Iterable[bytes]]:
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * MB + b"\r\n"
    yield [head + b"Content-Length: 10000000000\r\n\r\n"]
    yield [head + b"Content-Length: 60000000\r\n\r\n", *repeat(b" " * MB, 60)]
    yield [chunked, *repeat(chunk, 100), b"0\r\n\r\n"]
    yield [chunked, *repeat(b"1\r\n \r\n", 5000), b"0\r\n\r\n"]
    yield from (
        [chunked, size + b"\r\n{}\r\n0\r\n\r\n"] for size in (b"-2", b"zz", b"", b"f" * 40, b"2;" + b"x" * 99999)
    )
    yield from ([head + b"Content-Length: " + n + b"\r\n\r\n{}"] for n in (b"-1", b"x", b"1e3", b"+2", b"9" * 40))
    yield [head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"]
    yield [head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"]
    yield [head + b"Transfer-Encoding: gzip\r\n\r\n{}"]
    yield whole(b"{" + b" " * (30 * MB) + b"}")
    yield search_json(image="A" * (40 * MB))
    yield search_json(plus=[{"image": "A" * MB}] * 30)


_NOISE = random.Random(SEED).randbytes(4000)
_GET = b"GET /v1/index HTTP/1.1\r\n"
_HEADS = (
    b"\r\n\r\n", _NOISE, b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\0\x01\0\x01", b"GET " + b"/" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    _GET + b"\r\n", _GET + b"Host: a\r\nHost: b\r\n\r\n", _GET + b"Host : localhost\r\n\r\n",
    _GET + b"Host: evil.example\r\n\r\n", _GET + b"Host: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
    _GET + b"Host: localhost\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", _GET + b"Host: localhost\r\nX: \0\r\n\r\n",
    _GET + b"Host: localhost\r\nAuthorization: Bearer " + b"\xff" * 50 + b"\r\n\r\n",
    _GET + b"Host: localhost\r\nAuthorization: Basic %%%\r\n\r\n", _GET + b"Host: localhost\r\nExpect: x\r\n\r\n",
    _GET + b"Host: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"CONNECT evil.example:80 HTTP/1.1\r\n\r\n",
)  # fmt: skip

"""What a single request may cost: small ones that once took seconds or hundreds of megabytes, asked of a real service.

``test_no_small_request_is_dear`` measures seconds of the processor and the peak of memory of a service of its own.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import Service, served_by_command, serving

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.index.address import place_of
from lookseek.index.editing import MAX_FIELDS
from lookseek.index.open_index import open_index
from lookseek.serve.guards.api_keys import make_key
from lookseek.serve.settings import MAX_ITEM_TEXT
from lookseek.store import FieldType
from lookseek.types import Point

httpx2 = pytest.importorskip("httpx2")

MODEL = "efficientnet-lite2"
COPIES = 3_000
"""Items that are copies of one photo: all are near-identical, the dearest case of a search without duplicates."""


def photo(number: int = 0) -> str:
    return base64.b64encode(images.to_jpeg(draw(list(drawn_specs(8, 1, 7))[number], 96))).decode()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("costs")
    write_photos(top / "photos", items=4, views=1)
    indexed(top / "photos", top / "index", model=MODEL)
    return top / "index"


@pytest.fixture
def written(index: Path, tmp_path: Path) -> Iterator[Service]:
    import shutil

    shutil.copytree(index, tmp_path / "index")
    with serving(tmp_path / "index", keys=tmp_path / "keys") as running:
        yield running


# facets


def test_facets_beyond_what_one_request_may_count_are_named(written: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    item = {"image": photo(), "attributes": {"colour": "red", "sale": True, "title": "Dress"}}
    assert written.ask.put("/v1/items/a", json=item, headers=written.may_write).json()["what"] == "added"
    whole = written.ask.get("/v1/facets").json()
    assert whole["not_counted"] == []
    assert len(whole["facets"]) >= 4
    monkeypatch.setattr("lookseek.serve.api.index.MAX_COUNTED", whole["items"] * 2)
    some = written.ask.get("/v1/facets").json()
    assert len(some["facets"]) == 2
    assert sorted([*some["facets"], *some["not_counted"]]) == sorted(whole["facets"])
    rest = written.ask.get("/v1/facets", params={"field": some["not_counted"]}).json()
    assert rest["facets"].keys() <= set(some["not_counted"])
    monkeypatch.setattr("lookseek.serve.api.index.MAX_COUNTED", 1)
    from lookseek import Client

    with Client(written.url) as client:
        assert {name: dict(values) for name, values in client.facets().items()} == {
            name: {one["value"]: one["count"] for one in values} for name, values in whole["facets"].items()
        }
        assert client.facets("title", "colour", "title").keys() == {"title", "colour"}


# attributes


def attributes(start: int, count: int = 200) -> dict[str, str]:
    return {f"a{number:05}": "x" for number in range(start, start + count)}


def test_an_item_of_many_attributes_leaves_later_writes_as_they_were(written: Service) -> None:
    def put(id_: str, found: dict[str, Any]) -> dict[str, Any]:
        body = {"image": photo(), "attributes": found}
        told: dict[str, Any] = written.ask.put(f"/v1/items/{id_}", json=body, headers=written.may_write).json()
        return told

    def files() -> int:
        folder = written.index
        return sum(path.is_file() for path in folder.rglob("generation-*/**/*"))

    assert put("first", {"colour": "red"})["what"] == "added"
    before = files()
    for number in range(4):
        assert put(f"many-{number}", attributes(200 * number))["what"] == "added"
    declared = files()
    assert put("fifth", attributes(800, 150))["what"] == "added"
    assert files() <= declared, "each index of an attribute is files that every later write copies"
    assert declared < 12 * before
    refused = put("beyond", attributes(5_000))
    assert refused["what"] == "failed"
    assert f"{MAX_FIELDS:,} are taken" in refused["reason"]
    assert put("known", attributes(100))["what"] == "added"
    counted = written.ask.get("/v1/facets", params={"field": "colour", "filter": "colour = red"}).json()
    assert counted["facets"] == {"colour": [{"value": "red", "count": 1}]}


def test_the_text_of_an_item_is_limited_as_a_whole(written: Service) -> None:
    body = {"image": photo(), "attributes": {f"a{n}": "x" * 50_000 for n in range(5)}}
    told = written.ask.put("/v1/items/long", json=body, headers=written.may_write)
    assert told.status_code == 422
    assert f"{MAX_ITEM_TEXT:,} are taken" in told.json()["detail"]


def test_an_answer_is_limited_by_its_text(written: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookseek.serve.api.search.MAX_ANSWER_TEXT", 60)
    assert written.ask.post("/v1/search", json={"image": photo(), "k": 1}).status_code == 200
    told = written.ask.post("/v1/search", json={"image": photo(), "k": 4})
    assert told.status_code == 422
    assert "60 are given at a time: ask for about" in told.json()["detail"]


# dear requests


def many_copies(index: Path) -> None:
    """Add items that are copies of one, in place of encoding so many photos."""
    place = place_of(index)
    opened = open_index(index)
    point = next(iter(opened.store.scan(vectors=True)))
    opened.store.close()
    base = place.published()
    assert base is not None
    with place.writing() as writer:
        target = writer.start(base, base)
        store = writer.open(target)
        noise = np.random.default_rng(0)
        for start in range(0, COPIES, 500):
            store.add([_copy(point, number, noise) for number in range(start, start + 500)])
        items = store.count()
        fields: dict[str, FieldType] = {f"field {n}": "words" for n in range(20)}
        store.declare(fields)
        store.close()
        writer.publish(replace(target, items=items, fields={**target.fields, **fields}, updated="now"))


def _copy(point: Point, number: int, noise: np.random.Generator) -> Point:
    vectors = {name: vector + 1e-3 * noise.normal(size=vector.shape) for name, vector in point.vectors.items()}
    found = {f"field {n}": f"{n}-{number % 500}" for n in range(20)}
    return replace(
        point,
        id=f"copy-{number}",
        vectors={name: vector.astype(np.float32) for name, vector in vectors.items()},
        attributes={**point.attributes, **found},
    )


def gif(side: int) -> str:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, side, side, 0)
    return base64.b64encode(
        b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0) + frame + b"\x02\x02\x44\x01\x00\x3b"
    ).decode()


def png(side: int) -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    rows = zlib.compress(bytes(side + 1) * side, 9)
    header = side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    return base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    ).decode()


def search(**body: object) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/v1/search", {"json": body}


_IN_OR = " or ".join(["folder = red"] * 700)
_NESTED = "(" * 3_000 + "a = 1" + ")" * 3_000
DEAR: dict[str, tuple[str, str, dict[str, Any]]] = {
    "8 GIFs of 7,071 x 7,071": search(plus=[{"image": gif(7_071)}] * 8),
    "a GIF of 7,000 x 7,000": search(image=gif(7_000)),
    "8 GIFs of 2,500 x 2,500": search(plus=[{"image": gif(2_500)}] * 8),
    "32 terms of Chinese": search(plus=["\u8863" * 2_000] * 32),
    "2,000 characters of words": search(plus=["long sleeves red dress " * 10] * 8),
    "facets 32 times": ("GET", "/v1/facets?" + "&".join(["field=folder"] * 32), {}),
    "facets of 20 fields": ("GET", "/v1/facets?" + "&".join(f"field=field+{n}" for n in range(20)), {}),
    "all facets, 1,000 values each": ("GET", "/v1/facets?limit=1000", {}),
    "500 of copies without duplicates": search(item="copy-1", k=500, hide_duplicates=True),
    "3,000 results": search(item="copy-1", k=10_000),
    "k-reciprocal over copies": search(item="copy-1", k=500, rerank="k-reciprocal"),
    "query expansion over copies": search(item="copy-1", k=500, rerank="query-expansion"),
    "100 liked": search(like=[f"copy-{n}" for n in range(50)], unlike=[f"copy-{n}" for n in range(50, 100)], k=100),
    "a filter of 700 parts": search(item="copy-1", filter=_IN_OR[:9_990].rpartition(" or ")[0]),
    "a filter of 3,000 brackets": search(item="copy-1", filter=_NESTED),
    "a filter of 1,500 numbers": search(item="copy-1", filter=f"folder in ({', '.join(map(str, range(1_500)))})"),
    "1,000 equalities": search(item="copy-1", filter=" or ".join(f"folder={n}" for n in range(700))),
    "a filter that no index helps with": search(item="copy-1", filter=" or ".join(f"folder < {n}" for n in range(500))),
    "facets under such a filter": ("GET", f"/v1/facets?filter=folder+in+({','.join(map(str, range(1_500)))})", {}),
    "a page of 200 with a long address": (
        "GET",
        f"/?photo=i:copy-1&k=200&text={quote('dress ' * 300)}&" + "&".join(f"like=copy-{n}" for n in range(50)),
        {},
    ),
    "a body of 200,000 fields": (
        "POST",
        "/v1/search",
        {
            "content": "{" + ",".join(f'"{n}":1' for n in range(200_000)) + "}",
            "headers": {"content-type": "application/json"},
        },
    ),
    "a body of 100,000 brackets": (
        "POST",
        "/v1/search",
        {"content": "[" * 100_000, "headers": {"content-type": "application/json"}},
    ),
    "an id of 100,000 characters": ("GET", f"/v1/items/{'x' * 60_000}", {}),
    "an item of 200 attributes": (
        "PUT",
        "/v1/items/many",
        {"json": {"image": photo(), "attributes": attributes(0)}},
    ),
    "a batch of 300 broken lines": (
        "POST",
        "/v1/items:batch",
        {"content": b'{"id": "x", "image": "AAAA"}\n' * 300, "headers": {"content-type": "application/x-ndjson"}},
    ),
}
PHOTO_BYTES = {"a GIF of 7,000 x 7,000": 49e6 * 20, "8 GIFs of 2,500 x 2,500": 6.25e6 * 20}
"""What the decoded photos of a request may take beside: 20 bytes a pixel, one large photo at a time."""


class Process:
    """What a process has used."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")

    def seconds(self) -> float:
        """Of the processor, all threads."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name: str) -> int:
        """Bytes now (VmRSS) or at the most since ``forget`` (VmHWM)."""
        lines = (self._proc / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024

    def forget(self) -> None:
        """Begin to measure the peak anew."""
        (self._proc / "clear_refs").write_text("5")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads Linux's /proc")
def test_no_small_request_is_dear(index: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(index, tmp_path / "index")
    many_copies(tmp_path / "index")
    key = {"X-API-Key": make_key(tmp_path / "keys", "write", "tests")}
    with (
        served_by_command(tmp_path / "index", "--keys", str(tmp_path / "keys")) as (process, address),
        httpx2.Client(base_url=address, timeout=60) as ask,
    ):
        used = Process(process.pid)
        for warm in (search(image=photo()), search(item="copy-1", k=10), ("GET", "/?photo=i:copy-1", {})):
            assert ask.request(warm[0], warm[1], headers=key, **warm[2]).status_code == 200
        dearest = {}
        for name, (method, path, how) in DEAR.items():
            used.forget()
            seconds, memory = used.seconds(), used.memory("VmRSS")
            told = ask.request(method, path, **{**how, "headers": {**how.get("headers", {}), **key}})
            assert told.status_code < 500 or told.status_code == 503, (name, told.text[:300])
            seconds, memory = used.seconds() - seconds, used.memory("VmHWM") - memory
            dearest[name] = seconds, memory / 1e6, told.status_code
            print(f"{seconds:.2f} s {memory / 1e6:.1f} MB {told.status_code} {name}", flush=True)
        table = "\n".join(f"{s:6.2f} s {mb:8.1f} MB {status} {name}" for name, (s, mb, status) in dearest.items())
        print(table)
        too_dear = [name for name, (s, mb, _) in dearest.items() if s > 1 or mb > 100 + PHOTO_BYTES.get(name, 0) / 1e6]
        assert not too_dear, table
        assert json.loads(ask.get("/healthz").text) == {"status": "ok"}

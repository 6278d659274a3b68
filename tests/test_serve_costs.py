"""What a single request may cost: small ones that once took seconds or hundreds of megabytes, asked of a real service.

``test_no_small_request_is_dear`` measures seconds of the processor and the peak of memory of a service of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.cpu_speed import slowness
from helpers.dear_requests import DEAR, attributes, fresh, many_copies, photo, search
from helpers.serving import Service, served_by_command, serving

from lookseek.index.editing import MAX_FIELDS
from lookseek.serve.guards.api_keys import make_key
from lookseek.serve.settings import MAX_ITEM_TEXT, MAX_TOKENS

httpx2 = pytest.importorskip("httpx2")

MODEL = "efficientnet-lite2"


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


MORE_BYTES = {
    "a PNG of 7,000 x 7,000": 49e6 * 8,
    "a batch of 300 broken lines": 200e6,
}
"""What decoded photos may take beside 100 MB: 8 bytes a pixel, one large photo at a time; and what a write does, which
maps the files of the next generation, whatever is written."""

DEAR_SECONDS = 1.0
"""Of the processor, on the reference machine of ``helpers.cpu_speed`` while it does nothing else."""

TRIES = 4


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


def cost(used: Process, ask: Callable[[], Any]) -> tuple[float, float]:
    """Return what a request costs: seconds of the reference machine's processor, and megabytes."""
    used.forget()
    slow, seconds, memory = slowness(), used.seconds(), used.memory("VmRSS")
    told = ask()
    assert told.status_code < 500 or told.status_code == 503, told.text[:300]
    seconds, memory = used.seconds() - seconds, used.memory("VmHWM") - memory
    return seconds / min(slow, slowness()), memory / 1e6


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads Linux's /proc")
def test_no_small_request_is_dear(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", items=4, views=1)
    indexed(tmp_path / "photos", tmp_path / "index")  # by the default model, which reads words
    many_copies(tmp_path / "index")
    key = {"X-API-Key": make_key(tmp_path / "keys", "write", "tests")}
    with (
        served_by_command(tmp_path / "index", "--keys", str(tmp_path / "keys")) as (process, address),
        httpx2.Client(base_url=address, timeout=60) as ask,
    ):
        used = Process(process.pid)
        for warm in (search(image=photo()), search(text="dress"), ("GET", "/?photo=i:copy-1", {})):
            assert ask.request(warm[0], warm[1], headers=key, **warm[2]).status_code == 200
        assert ask.put("/v1/items/warm", json={"image": photo()}, headers=key).status_code == 200  # opens the writer
        lines, too_dear = [], []
        for name, (method, path, how) in DEAR.items():
            told = []
            for number in range(TRIES):  # what other programs do can make one dearer, never cheaper
                asked = {**fresh(how, number), "headers": {**how.get("headers", {}), **key}}
                told.append(cost(used, lambda: ask.request(method, path, **asked)))  # noqa: B023
                if told[-1][0] <= DEAR_SECONDS:
                    break
            seconds, megabytes = min(told)[0], told[0][1]  # a second try finds the memory of the first
            if seconds > DEAR_SECONDS or megabytes > 100 + MORE_BYTES.get(name, 0) / 1e6:
                too_dear.append(name)
            lines.append(f"{seconds:6.2f} s {megabytes:8.1f} MB {name}")
            print(lines[-1], flush=True)
        assert not too_dear, "\n".join(lines)
        assert json.loads(ask.get("/healthz").text) == {"status": "ok"}


def test_words_are_refused_by_their_tokens_before_they_are_read(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", items=2, views=1)
    indexed(tmp_path / "photos", tmp_path / "index")
    with serving(tmp_path / "index") as running:
        for name in (
            "1,000 letters of plain words",
            "2,000 characters of words",
            "1,000 letters of no words",
            "8 terms of signs that are written out",
        ):
            method, path, how = DEAR[name]
            told = running.ask.request(method, path, **how)
            if name == "1,000 letters of plain words":
                assert told.status_code == 200, told.text
            else:
                assert told.status_code == 422
                assert f"tokens, {MAX_TOKENS} are taken" in told.json()["detail"]


def test_a_body_of_many_values_is_refused_before_it_is_parsed(written: Service) -> None:
    for name in ("a body of 200,000 fields", "a body of 1,000,000 numbers", "a body of 100,000 brackets"):
        method, path, how = DEAR[name]
        told = written.ask.request(method, path, **how)
        assert told.status_code == 400
        assert "20,000 are taken" in told.json()["detail"]
    text = "Soft, warm: 60 % wool, 40 % cotton; wash at 30 degrees, do not bleach. " * 2_500
    body = {"image": photo(), "attributes": {f"t{n}": text[n::100][:2_000] for n in range(90)}}
    assert written.ask.put("/v1/items/long", json=body, headers=written.may_write).status_code == 200

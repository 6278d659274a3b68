"""What one client can do to the others: nothing that lasts."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import Service, serving
from helpers.waiting import until

from lookseek import Query, Searcher, images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.errors import QueryError
from lookseek.index.open_index import OpenIndex
from lookseek.serve.guards.hosts import host_names
from lookseek.serve.settings import Settings


def drawn(number: int) -> str:
    return base64.b64encode(images.to_jpeg(draw(list(drawn_specs(40, 1, 7))[number], 128))).decode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    top = tmp_path_factory.mktemp("steady")
    write_photos(top / "photos")
    indexed(top / "photos", top / "index", model="efficientnet-lite2")
    with serving(top / "index", keys=top / "keys") as running:
        yield running


def test_a_long_history_makes_no_long_page(service: Service) -> None:
    id_ = service.ask.post("/v1/search", json={"image": drawn(0), "k": 1}).json()["hits"][0]["id"]
    step = quote("photo=i:" + quote(id_, safe="") + "&minus=" + quote("`" * 1900))
    page = service.ask.get(f"/?photo=i:{quote(id_, safe='')}&k=200" + f"&step={step}" * 5)
    assert len(page.content) < 5_000_000
    terms = "&".join(f"{sign}={quote(chr(96) * 1900)}" for sign in ("plus", "minus") for _ in range(4))
    long = service.ask.get(f"/?text=red&{terms}")
    assert long.status_code == 414
    assert len(long.content) < 100_000


def test_a_body_of_many_fields_is_refused_at_once(service: Service) -> None:
    body = "{" + ",".join(f'"{n}":1' for n in range(200_000)) + "}"
    told = service.ask.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert told.status_code == 400
    assert "20,000 are taken" in told.json()["detail"]
    some = service.ask.post("/v1/search", json={str(n): 1 for n in range(5_000)})
    assert some.status_code == 400
    assert "5,000 fields" in some.json()["detail"]
    nested = service.ask.post("/v1/search", json={"plus": [{str(n): n for n in range(1000)}]})
    assert nested.status_code == 400


def test_results_without_duplicates_are_few_enough_to_compare(service: Service) -> None:
    told = service.ask.post("/v1/search", json={"image": drawn(0), "k": 501, "hide_duplicates": True})
    assert told.status_code == 422
    assert "ask for fewer" in told.json()["detail"]
    with pytest.raises(QueryError, match="500 are allowed"):
        Query(text="red", k=501, hide_duplicates=True)


def wide_png(side: int) -> bytes:
    """A PNG of one grey, some kilobytes of file and side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    rows = zlib.compress(bytes(side + 1) * side, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_pictures_of_very_many_pixels_and_very_many_pictures_are_refused(service: Service) -> None:
    large = base64.b64encode(wide_png(8000)).decode()
    for asked in ({"image": large}, {"image": drawn(0), "plus": [{"image": large}]}):
        told = service.ask.post("/v1/search", json=asked)
        assert (told.status_code, "50,000,000" in told.json()["detail"]) == (413, True)
    page = service.ask.post("/photos", files={"image": wide_png(8000)})
    assert page.status_code == 413
    put = service.ask.put("/v1/items/large", json={"image": large}, headers=service.may_write)
    assert put.status_code == 413
    many = service.ask.post("/v1/search", json={"image": drawn(0), "plus": [{"image": drawn(1)}] * 8})
    assert (many.status_code, "9 photos, 8 are taken" in many.json()["detail"]) == (422, True)


def test_who_takes_nothing_of_an_answer_is_let_go(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookseek.serve.guards.idle_connections.IDLE_SECONDS", 0.6)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    line.connect(("127.0.0.1", service.port))
    with line:
        asked = b"GET /static/vendor/htmx.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
        line.sendall(asked * 200)  # far more than the buffers of both ends hold
        with pytest.raises(OSError), monkeypatch.context():
            for _ in range(200):
                time.sleep(0.1)
                line.sendall(asked)
    assert service.ask.get("/healthz").status_code == 200


def test_of_two_batches_the_second_waits_or_is_told_to_come_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookseek.serve.engine._WRITE_LOCK_SECONDS", 0.3)
    headers = {**service.may_write, "content-type": "application/x-ndjson"}
    head = f"POST /v1/items:batch HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {service.write_key}\r\n"
    head += "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"

    def chunk(id_: str, number: int) -> bytes:
        line = json.dumps({"id": id_, "image": drawn(number)}).encode() + b"\n"
        return f"{len(line):x}\r\n".encode() + line + b"\r\n"

    with socket.create_connection(("127.0.0.1", service.port), 60) as line:
        line.sendall(head.encode() + chunk("slow/1", 1))
        heard = b""
        while b"slow/1" not in heard:  # a line that nothing follows is acknowledged all the same
            heard += line.recv(65536)
        _two_are_refused(service, headers)
        line.sendall(chunk("slow/2", 2) + b"0\r\n\r\n")
        while part := line.recv(65536):
            heard += part
    assert heard.count(b'"added"') == 2
    body = json.dumps({"id": "quick", "image": drawn(3)})
    assert service.ask.post("/v1/items:batch", content=body, headers=headers).status_code == 200


def _two_are_refused(service: Service, headers: dict[str, str]) -> None:
    """While a batch goes on."""
    body = json.dumps({"id": "quick", "image": drawn(3)})
    second = service.ask.post("/v1/items:batch", content=body, headers=headers)
    assert (second.status_code, second.headers["retry-after"]) == (503, "5")
    one = service.ask.put("/v1/items/quick", json={"image": drawn(3)}, headers=service.may_write)
    assert one.status_code == 503


def test_a_number_beyond_64_bits_fails_alone(service: Service) -> None:
    huge = json.dumps({"id": "b", "image": drawn(5), "attributes": {"p": 10**400}})
    good = [json.dumps({"id": id_, "image": drawn(4)}) for id_ in ("a", "c")]
    headers = {**service.may_write, "content-type": "application/x-ndjson"}
    told = service.ask.post("/v1/items:batch", content="\n".join((good[0], huge, good[1])), headers=headers)
    assert [json.loads(line)["what"] for line in told.text.splitlines()] == ["added", "failed", "added"]
    put = service.ask.put("/v1/items/b", content=huge.replace('"id": "b", ', ""), headers=service.may_write)
    assert (put.status_code, put.headers["content-type"]) == (422, "application/problem+json")


def test_answers_are_for_those_who_asked(service: Service) -> None:
    for place in ("/v1/index", "/v1/facets", "/metrics", "/v1/items/nobody"):
        assert service.ask.get(place).headers["cache-control"] == "no-store"
    id_ = service.ask.post("/v1/search", json={"image": drawn(0), "k": 1}).json()["hits"][0]["id"]
    place = f"/v1/items/{quote(id_, safe='')}/image"
    tag = service.ask.get(place).headers["etag"]
    assert service.ask.get(place, headers={"if-none-match": f"W/{tag}"}).status_code == 304


def test_an_index_of_another_model_is_judged_by_its_own_measure(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", items=12)
    photo = next((tmp_path / "photos").rglob("*.jpg"))
    indexed(tmp_path / "photos", tmp_path / "index", model="efficientnet-lite2")
    with Searcher(tmp_path / "index") as searcher:
        searcher.measure_relevance()
        assert searcher.search(Query(image=photo)).good is not None
        indexed(tmp_path / "photos", tmp_path / "index", model="lookseek-base")
        results = searcher.search(Query(image=photo))
        assert results.hits[0].score == pytest.approx(1, abs=0.01)
        until(
            lambda: searcher.search(Query(image=photo)).good is not None, "the measure beside the searches", every=0.1
        )


def test_many_threads_open_a_new_generation_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookseek.search import session as search

    write_photos(tmp_path / "photos")
    indexed(tmp_path / "photos", tmp_path / "index", model="efficientnet-lite2")
    opened: list[int] = []
    real = search.open_index

    def counted(folder: Path, earlier: OpenIndex | None) -> object:
        opened.append(1)
        time.sleep(0.05)
        return real(folder, earlier)

    with Searcher(tmp_path / "index") as searcher:
        write_photos(tmp_path / "photos", items=8)
        indexed(tmp_path / "photos", tmp_path / "index")
        monkeypatch.setattr(search, "open_index", counted)
        threads = [threading.Thread(target=searcher.current) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(opened) == 1


# mistakes at the start


@pytest.mark.parametrize("name", ["shop.example.org:8302", "https://shop.example.org", "a b", "shop/x"])
def test_a_name_that_no_header_can_hold_is_refused(name: str) -> None:
    with pytest.raises(QueryError, match="without scheme and port"):
        host_names("127.0.0.1", [name])


def test_a_port_that_is_taken_or_none_is_told(service: Service, tmp_path: Path) -> None:
    for port, rate in ((99_999, 0), (-1, 0), (80, -5)):
        with pytest.raises(QueryError, match=r"port is|rate is"):
            Settings(tmp_path, port=port, rate=rate)
    write_photos(tmp_path / "photos")
    indexed(tmp_path / "photos", tmp_path / "index", model="efficientnet-lite2")
    command = [sys.executable, "-m", "lookseek.cli", "serve", str(tmp_path / "index"), "--port", str(service.port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "give another --port" in ended.stderr

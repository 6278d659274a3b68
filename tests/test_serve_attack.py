"""What an attacker or a bad day brings to the service: each case once got through, or ended in an error of Python."""

from __future__ import annotations

import base64
import json
import logging
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import Service, serving
from helpers.waiting import until

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.errors import KeysError, QueryError
from lookseek.search import Searcher
from lookseek.serve.guards.api_keys import make_key
from lookseek.serve.guards.keys_file import KeysFile
from lookseek.serve.settings import Settings

PROBLEM = "application/problem+json"


def photo(number: int = 0) -> str:
    return base64.b64encode(images.to_jpeg(draw(list(drawn_specs(8, 1, 7))[number], 96))).decode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("attack")
    write_photos(top / "photos", items=4, views=1)
    indexed(top / "photos", top / "index", model="efficientnet-lite2")
    return top / "index"


@pytest.fixture
def index(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture(scope="module")
def service(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(made, keys=tmp_path_factory.mktemp("keys") / "keys") as running:
        yield running


def raw(service: Service, request: bytes) -> tuple[bytes, bytes]:
    """Head and body of what the service answers to these bytes."""
    with socket.create_connection(("127.0.0.1", service.port), 30) as line:
        line.sendall(request)
        answer = b""
        while part := line.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.lower(), body


# who a client is


def test_a_forged_header_does_not_change_who_a_client_is(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # what uvicorn would read
    with serving(made, rate=2) as service:
        codes = [service.ask.get("/v1/index", headers={"X-Forwarded-For": f"9.9.9.{n}"}).status_code for n in range(4)]
    assert codes == [200, 200, 429, 429]


def test_a_trusted_proxy_names_the_client_and_a_client_cannot_name_another(made: Path) -> None:
    with serving(made, rate=2, trusted_proxies=("127.0.0.1",)) as service:
        through = [
            service.ask.get("/v1/index", headers={"X-Forwarded-For": f"9.9.9.{n % 2}"}).status_code for n in range(6)
        ]
        # the proxy appends the address it sees; whatever stands before it came from the client
        forged = [
            service.ask.get("/v1/index", headers={"X-Forwarded-For": f"8.8.8.{n}, 7.7.7.7"}).status_code
            for n in range(4)
        ]
    assert through == [200, 200, 200, 200, 429, 429]
    assert forged == [200, 200, 429, 429]


def test_another_proxy_than_the_named_one_is_not_believed(made: Path) -> None:
    with serving(made, rate=2, trusted_proxies=("10.0.0.0/8",)) as service:
        codes = [service.ask.get("/v1/index", headers={"X-Forwarded-For": f"9.9.9.{n}"}).status_code for n in range(4)]
    assert codes == [200, 200, 429, 429]


@pytest.mark.parametrize("proxy", ["*", "localhost", "10.0.0.0/33", ""])
def test_what_is_no_address_of_a_proxy_is_refused(proxy: str) -> None:
    with pytest.raises(QueryError, match="no address of a proxy"):
        Settings("index", trusted_proxies=(proxy,))


# requests that can't be read


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "\\ud800"}',
        b'{"text": "a", "composer": "\\udfff"}',
        b'{"item": "\\uD83D"}',
        b'{"like": ["\\udc00"]}',
        b'{"\\ud800": 1}',
        b'{"text": "\xed\xa0\x80"}',
        '{"text": "\ud83d\ude00"}'.encode("utf-16", "surrogatepass"),
    ],
)
def test_half_a_surrogate_pair_is_refused_in_words(service: Service, body: bytes) -> None:
    told = service.ask.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert told.status_code in (400, 422)
    assert told.headers["content-type"] == PROBLEM


def test_half_a_surrogate_pair_is_kept_by_no_item(service: Service) -> None:
    for body in ('{"attributes": {"a": "\\ud800"}}', '{"attributes": {"\\ud800": 1}}'):
        headers = service.may_write | {"content-type": "application/json"}
        told = service.ask.put("/v1/items/dress", content=body.encode(), headers=headers)
        assert told.status_code == 422, told.text
    line = json.dumps({"id": "x\ud800", "image": photo()}).encode()
    told = service.ask.post(
        "/v1/items:batch", content=line, headers=service.may_write | {"content-type": "application/x-ndjson"}
    )
    assert told.json()["what"] == "failed"


def test_letters_beyond_the_basic_plane_are_text_as_any(service: Service) -> None:
    body = b'{"item": "\\ud83d\\ude00"}'  # a whole pair
    told = service.ask.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert "surrogate" not in told.text


def test_what_is_no_http_gets_the_headers_of_every_answer(service: Service) -> None:
    head, body = raw(service, b"this is no request\r\n\r\n")
    assert head.startswith(b"http/1.1 400")
    assert b"content-security-policy: default-src 'none'" in head
    assert b"x-content-type-options: nosniff" in head
    assert json.loads(body)["status"] == 400


def test_a_websocket_is_answered_as_any_request(service: Service) -> None:
    upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"
    head, _ = raw(service, b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n")
    assert head.startswith(b"http/1.1 404")
    assert b"content-security-policy" in head


def test_a_body_whose_length_is_stated_twice_is_refused(service: Service) -> None:
    lengths = b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
    start = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head, body = raw(service, start + lengths + b"\r\n2\r\n{}\r\n0\r\n\r\n")
    assert head.startswith(b"http/1.1 400")
    assert b"connection: close" in head
    assert "stated twice" in json.loads(body)["detail"]


def test_allow_names_every_method_of_an_address(service: Service) -> None:
    told = service.ask.request("POST", "/v1/items/a", headers=service.may_write)
    assert told.status_code == 405
    assert {one.strip() for one in told.headers["allow"].split(",")} >= {"GET", "PUT", "DELETE"}


# errors that nobody expected


def test_an_uncaught_error_is_a_problem_whose_id_the_log_has(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(Searcher, "search", breaks)
    with caplog.at_level(logging.ERROR, "lookseek.serve"):
        told = service.ask.post("/v1/search", json={"item": "a"})
    assert told.status_code == 500
    assert told.headers["content-type"] == PROBLEM
    assert "secret" not in told.text
    assert told.json()["id"] == told.headers["x-request-id"]
    until(lambda: any(told.json()["id"] in one.getMessage() for one in caplog.records), "the log")
    logged = [one for one in caplog.records if told.json()["id"] in one.getMessage()]
    assert logged[-1].exc_info is not None
    assert isinstance(logged[-1].exc_info[1], RuntimeError)


def test_an_index_that_was_moved_is_503_and_comes_back(index: Path, tmp_path: Path) -> None:
    with serving(index, keys=tmp_path / "keys") as service:
        index.rename(tmp_path / "elsewhere")
        for told in (
            service.ask.post("/v1/search", json={"like": ["a"]}),
            service.ask.get("/readyz"),
            service.ask.put("/v1/items/new", json={"image": photo()}, headers=service.may_write),
            service.ask.get("/v1/items/nobody"),
        ):
            assert told.status_code == 503, told.text
            assert told.headers["content-type"] == PROBLEM
        assert not index.exists(), "a write made a new folder where the index was"
        index.write_text("a file")
        assert service.ask.get("/readyz").status_code == 503
        index.unlink()
        (tmp_path / "elsewhere").rename(index)
        assert service.ask.get("/readyz").status_code == 200


def test_photos_that_can_not_be_kept_are_503_and_nothing_is_left(index: Path, tmp_path: Path) -> None:
    (index / "photos").write_text("a file")
    with serving(index, keys=tmp_path / "keys") as service:
        told = service.ask.put("/v1/items/new", json={"image": photo()}, headers=service.may_write)
        assert told.status_code == 503
        assert told.headers["content-type"] == PROBLEM
        batch = service.ask.post(
            "/v1/items:batch",
            content=json.dumps({"id": "n", "image": photo()}).encode(),
            headers=service.may_write | {"content-type": "application/x-ndjson"},
        )
        assert batch.json()["what"] == "failed", batch.text
        (index / "photos").unlink()
        told = service.ask.put("/v1/items/new", json={"image": photo()}, headers=service.may_write)
        assert told.json()["what"] == "added"


# keys


def test_a_key_whose_line_was_deleted_opens_nothing_more(made: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    with serving(made, keys=file) as service:
        other = make_key(file, "read", "reader")
        assert service.ask.get("/v1/index").status_code == 401, "a new key that may read closes reading at once"
        assert service.ask.get("/v1/index", headers={"X-API-Key": other}).status_code == 200
        lines = file.read_text().splitlines()
        file.write_text("".join(f"{line}\n" for line in lines if "reader" not in line))
        assert service.ask.get("/v1/index", headers={"X-API-Key": other}).status_code == 401
        file.write_text("")
        assert service.ask.get("/v1/index").status_code == 401, "an emptied file opens nothing"
        assert service.ask.delete("/v1/items/nobody", headers=service.may_write).status_code == 403


def test_a_line_that_can_not_be_read_costs_that_key_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key = make_key(file, "write", "shop")
    keys = KeysFile(file)
    with file.open("a") as more:
        more.write("write sha256:xyz broken\n")
    assert keys.current().scope_of(key) == "write"
    file.unlink()
    assert keys.current().scope_of(key) is None
    assert not keys.reads_open
    with pytest.raises(KeysError):
        KeysFile(file)

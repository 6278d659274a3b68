"""Products in the service: a table with a group of each photo, by page, API and client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import Service, serving

from lookseek import Client, Query, Searcher


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 products of 3 photos each, as a merchant's feed says it."""
    top = tmp_path_factory.mktemp("products")
    rows = ["id,image_link,item_group_id,title,price,brand,link,category"]
    for photo in write_photos(top / "photos", items=8, views=3):
        product = photo.stem.rpartition("-")[0]
        page = f"https://shop.example/{product}"
        rows.append(f"{photo.stem},{photo},{product},The {product},49.90 EUR,Acme,{page},{photo.parent.name}")
    (top / "feed.csv").write_text("\n".join(rows), encoding="utf-8")
    indexed(top / "feed.csv", top / "index", model="efficientnet-lite2")
    return top / "index"


@pytest.fixture(scope="module")
def service(index: Path) -> Iterator[Service]:
    with serving(index) as running:
        yield running


def cards(page: str) -> list[str]:
    return re.findall(r'<li class="card.*?</li>', page, re.DOTALL)


@pytest.mark.parametrize(("language", "more"), [("en", "2 more photos"), ("vi", "thêm 2 ảnh")])
def test_the_page_shows_a_product_once(service: Service, index: Path, language: str, more: str) -> None:
    with Searcher(index) as searcher:
        first = next(point.id for point in searcher.index.store.scan())
    answer = service.ask.get("/", params={"photo": f"i:{first}"}, headers={"Accept-Language": language})
    assert answer.status_code == 200
    found = cards(answer.text)
    assert len(found) == 7  # its own product is none of them
    for card in found:
        assert more in card
        assert "Acme" in card
        assert ("49.90 EUR" if language == "en" else "49,90 EUR") in card
        (link,) = re.findall(r'<a class="shop"[^>]*>', card)
        assert 'href="https://shop.example/' in link
        assert 'rel="noopener noreferrer nofollow"' in link
        assert 'target="_blank"' in link
    start = service.ask.get("/", headers={"Accept-Language": language})
    counted = "Photos in the catalogue" if language == "en" else "Ảnh trong danh mục"
    assert counted in start.text
    assert len(cards(start.text)) == 8


def test_the_api_and_the_client_return_products(service: Service, index: Path) -> None:
    with Client(service.url) as client, Searcher(index) as searcher:
        item = next(point.id for point in searcher.index.store.scan())
        for query in (Query(item=item, k=5), Query(item=item, k=20, group_by="photo")):
            told, expected = client.search(query), searcher.search(query)
            assert len(told) == len(expected) == (5 if query.group_by == "product" else 20)
            assert [(hit.id, hit.product, hit.photos) for hit in told] == [
                (hit.id, hit.product, hit.photos) for hit in expected
            ]
        about = client.about()
    assert (about["items"], about["products"]) == (24, 8)
    assert about["roles"]["product"] == "item_group_id"
    refused = service.ask.post("/v1/search", json={"item": item, "group_by": "shop"})
    assert refused.status_code == 422

"""Text that comes by the API is read as the catalogue's column was, and a filter that misses is answered by a hint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.catalogues import indexed, write_photos
from helpers.serving import Service, serving

from lookseek import Client, Item, Query, Searcher

ROWS = (
    ("49,90 EUR", "007", "Yes", "31/01/2026", "red|blue"),
    ("1.299,00 EUR", "012", "No", "15/02/2026", "red"),
    ("19,90 EUR", "100", "Yes", "01/03/2026", "blue|white"),
)
COLUMNS = ("price", "code", "sale", "since", "colours")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_photos(tmp_path_factory.mktemp("photos"), items=4, views=1)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, photos: list[Path]) -> Path:
    top = tmp_path_factory.mktemp("typed")
    rows = [";".join((f"a{n}", str(photos[n]), *cells)) for n, cells in enumerate(ROWS)]
    (top / "items.csv").write_text("\n".join([";".join(("id", "image", *COLUMNS)), *rows]), encoding="utf-8")
    indexed(top / "items.csv", top / "index", model="efficientnet-lite2", store="numpy")
    return top / "index"


@pytest.fixture(scope="module")
def service(index: Path) -> Iterator[Service]:
    with serving(index, index.with_name("keys")) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(service.url, key=service.write_key) as client:
        yield client


@pytest.mark.parametrize("row", range(3))
def test_the_same_text_by_the_api_is_the_same_value(client: Client, photos: list[Path], row: int) -> None:
    texts = dict(zip(COLUMNS, ROWS[row], strict=True))
    assert client.put(Item(f"put{row}", photos[3], attributes=texts)).what in ("added", "changed")
    assert client.get(f"put{row}") == client.get(f"a{row}")


def test_what_is_not_of_its_type_is_kept_and_told(client: Client, photos: list[Path]) -> None:
    done = client.put(Item("odd", photos[3], attributes={"price": "Liên hệ", "since": "soon"}))
    assert done.what == "added"
    assert "price is 'Liên hệ', which is no number: it is kept as text" in done.reason
    assert "since is 'soon', which is no date" in done.reason
    assert client.get("odd") == {"price": "Liên hệ", "since": "soon"}
    (batched,) = client.put_all([Item("odd", photos[3], attributes={"price": "5,00"})])
    assert (batched.what, batched.reason) == ("changed", "")
    assert client.get("odd") == {"price": 5.0}
    client.delete("odd")


def test_a_filter_that_misses_is_answered_by_what_was_meant(
    service: Service, client: Client, photos: list[Path], index: Path
) -> None:
    query = Query(image=photos[0], filter="colours = RÉD")
    results = client.search(query)
    assert not results
    assert results.hints == ("no item has colours = RÉD: did you mean colours = red?",)
    with Searcher(index) as searcher:
        assert searcher.search(query).hints == results.hints
    body = {"like": ["a0"], "filter": "price = cheap"}
    answer = service.ask.post("/v1/search", json=body).json()
    [hint] = answer["hints"]
    assert hint.startswith("price holds numbers, and cheap is none; a cell that was kept as text")
    for filter, meant in (("sale = yes", "true"), ("sale = 0", "false")):
        answer = service.ask.post("/v1/search", json={"like": ["a0"], "filter": filter}).json()
        assert answer["hints"] == [f"sale is true or false: did you mean sale = {meant}?"]
    for filter in ("price = 12345.50", "price = 12345,50", "sale = true and price < 0"):
        assert "hints" not in service.ask.post("/v1/search", json={"like": ["a0"], "filter": filter}).json()
    assert "hints" not in service.ask.post("/v1/search", json={"like": ["a0"], "filter": "price > 0"}).json()

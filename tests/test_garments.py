"""Garments in photos: boxes from masks, the parser that ships, its measures, search by a garment, an index of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard
from hypothesis import given
from hypothesis import strategies as st
from test_ccp import write as write_ccp
from test_cli import Said, say

from lookseek import Query, images
from lookseek import models as shipped
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.catalogue.garment_kinds import CCP_KINDS, CLOTHING_KINDS, KINDS, UNJUDGED
from lookseek.catalogue.garment_masks import UNKNOWN, kinds_of_labels, read_kinds
from lookseek.encode.garments import DEFAULT_PARSER, GARMENTS, garment_regions, load_parser
from lookseek.errors import CatalogueError, ItemError, ModelError, QueryError
from lookseek.evaluate.garments.benchmark import measure_parser
from lookseek.evaluate.garments.boxes import BoxMatches, average_precision, box_iou, match_boxes
from lookseek.index.editing import editing
from lookseek.index.job import build_index
from lookseek.search import Searcher
from lookseek.types import Box, Item, Region

__all__ = ["say"]


# from a mask to boxes


def mask(*parts: tuple[int, slice, slice], shape: tuple[int, int] = (100, 60)) -> np.ndarray:
    kinds = np.zeros(shape, np.uint8)
    for kind, rows, columns in parts:
        kinds[rows, columns] = kind
    return kinds


NAMES = ("coat", "top", "shoes")


def boxes(kinds: np.ndarray) -> list[tuple[str, tuple[float, ...]]]:
    return [(r.label, (r.box.x, r.box.y, r.box.width, r.box.height)) for r in garment_regions(kinds, NAMES)]


def test_an_open_coat_is_one_garment_and_so_is_a_pair_of_shoes() -> None:
    coat = (1, slice(10, 60), slice(10, 20)), (1, slice(10, 60), slice(40, 50)), (2, slice(10, 60), slice(20, 40))
    shoes = (3, slice(90, 98), slice(15, 22)), (3, slice(90, 98), slice(28, 36))
    assert sorted(boxes(mask(*coat, *shoes))) == [
        ("coat", (10, 10, 40, 50)),
        ("shoes", (15, 90, 21, 8)),
        ("top", (20, 10, 20, 50)),
    ]


def test_two_people_wear_two_tops() -> None:
    two = mask((2, slice(10, 90), slice(0, 20)), (2, slice(10, 90), slice(38, 60)))
    assert boxes(two) == [("top", (38, 10, 22, 80)), ("top", (0, 10, 20, 80))]


def test_a_bag_that_a_parser_found_is_its_largest_piece_and_one_in_a_mask_all_of_them() -> None:
    kinds = mask(
        (1, slice(10, 90), slice(20, 40)), (2, slice(50, 60), slice(10, 20)), (2, slice(50, 55), slice(40, 45))
    )
    sure = np.ones(kinds.shape, np.float32)
    for name, found in (("bag", (10, 50, 10, 10)), ("outer", (10, 50, 35, 10))):
        for likely, expected in ((sure, found), (None, (10, 50, 35, 10))):
            (box,) = (each.box for each in garment_regions(kinds, ("dress", name), likely) if each.label == name)
            assert (box.x, box.y, box.width, box.height) == expected


def test_crumbs_are_no_garments_and_stretch_no_box() -> None:
    kinds = mask((1, slice(10, 60), slice(10, 40)))
    kinds[99, 59] = kinds[0, 0] = 1
    kinds[5, 5] = 3
    assert boxes(kinds) == [("coat", (10, 10, 30, 50))]
    assert garment_regions(np.zeros((4, 4), np.uint8), NAMES) == ()
    assert garment_regions(np.full((4, 4), UNKNOWN, np.uint8), NAMES) == ()


def test_the_score_is_the_mean_confidence_of_its_pixels() -> None:
    kinds = mask((1, slice(0, 50), slice(0, 60)))
    sure = np.where(np.arange(100)[:, None] < 25, 0.9, 0.5).astype(np.float32) * np.ones((1, 60), np.float32)
    (region,) = garment_regions(kinds, NAMES, sure)
    assert region.score == pytest.approx(0.7)


@given(st.integers(0, 2**32 - 1))
def test_every_region_lies_in_the_picture_and_the_largest_comes_first(seed: int) -> None:
    chance = np.random.default_rng(seed)
    kinds = np.kron(chance.integers(0, 4, (7, 5)), np.ones((6, 6), int)).astype(np.uint8)
    for region in garment_regions(kinds, NAMES):
        box = region.box
        assert box.x >= 0 and box.y >= 0 and box.x + box.width <= 30 and box.y + box.height <= 42
        part = kinds[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)]
        assert (part == NAMES.index(region.label) + 1).any()


# kinds


def test_each_label_has_one_kind_and_each_kind_is_there() -> None:
    assert set(CCP_KINDS.values()) == set(KINDS) and not UNJUDGED & CCP_KINDS.keys()
    assert set(CLOTHING_KINDS.values()) <= set(KINDS)


def test_a_mask_of_another_size_than_its_photo_is_refused(tmp_path: Path) -> None:
    folder = write_ccp(tmp_path)
    kinds = kinds_of_labels({1: "dress", 2: "shoes", 3: "skin"})
    found = read_kinds(folder / "masks" / "0.png", kinds, (80, 40))
    assert found[30, 20] == KINDS.index("dress") + 1 and found[10, 20] == 0
    with pytest.raises(ItemError, match="has 40 x 80 pixels, its photo has 30 x 20"):
        read_kinds(folder / "masks" / "0.png", kinds, (20, 30))


# measures


def region(x: float, score: float) -> Region:
    return Region(Box(x, 0, 10, 10), "dress", score)


def test_a_true_box_counts_once() -> None:
    found = match_boxes([region(0, 0.6), region(1, 0.9), region(50, 0.8)], [region(0, 1)])
    assert found == BoxMatches((0.9, 0.8, 0.6), (True, False, False), 1)
    assert match_boxes([], [region(0, 1)]) == BoxMatches((), (), 1)
    assert box_iou(Box(0, 0, 2, 2), Box(5, 5, 2, 2)) == 0


def test_average_precision_by_hand() -> None:
    assert average_precision([BoxMatches((0.9,), (True,), 1), BoxMatches((0.8, 0.7), (False, True), 1)]) == (
        pytest.approx((1 + 2 / 3) / 2)
    )
    assert average_precision([BoxMatches((), (), 3)]) == 0
    assert np.isnan(average_precision([BoxMatches((0.5,), (False,), 0)]))


def test_the_benchmark_measures_a_folder_laid_out_like_ccp(tmp_path: Path, say: Callable[..., Said]) -> None:
    folder = write_ccp(tmp_path / "ccp", 3, 2)
    (folder / "masks" / "1.png").unlink()
    done = measure_parser(folder, "test", DEFAULT_PARSER, Heard()).result
    assert (done.queries, done.missing, done.gallery_size) == (1, ("1",), 2)
    assert {"miou", "ap50", "clothes", "miou/dress", "ap50/shoes"} <= done.metrics.keys()
    assert all(0 <= figure.low <= figure.value <= figure.high <= 1 for figure in done.metrics.values())
    said = say("evaluate", "garments", str(folder), "--json", str(tmp_path / "r.json"))
    assert said.code == 0 and json.loads((tmp_path / "r.json").read_text())["benchmark"] == "garments"
    refused = say("evaluate", "garments", str(folder), "--rerank", "diffusion")
    assert refused.code == 1 and "leave --rerank out" in refused.err
    with pytest.raises(CatalogueError, match="no photo of the split"):
        measure_parser(folder, "val", DEFAULT_PARSER, Heard())


# the parser that ships


SPECS = [spec for spec in drawn_specs(12, 2, 5) if spec.view != "hanger"]


def outfit(left: int, right: int) -> np.ndarray:
    """Two drawn garments side by side, on white."""
    room = np.full((320, 100, 3), 255, np.uint8)
    return np.concatenate([draw(SPECS[left]), room, draw(SPECS[right])], axis=1)


def test_it_finds_drawn_garments() -> None:
    parser = load_parser(single=True)
    covered = []
    for spec in SPECS[:12]:
        regions = parser.parse(draw(spec)).regions()
        covered.append(max((box_iou(each.box, spec.box) for each in regions), default=0.0))
    assert np.mean(np.array(covered) > 0.5) >= 0.75
    assert parser.parse(np.full((50, 70, 3), 255, np.uint8)).regions() == ()
    assert parser.parse(np.zeros((1, 1, 3), np.uint8)).at_photo_size().shape == (1, 1)


def test_it_fits_its_promise_of_size() -> None:
    folder = Path(shipped.__file__).parent / DEFAULT_PARSER
    assert sum(file.stat().st_size for file in folder.iterdir()) < 20e6


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda folder: (folder / GARMENTS).unlink(), "no parser of garments"),
        (lambda folder: (folder / "garments.onnx").write_bytes(b"x"), "damaged or changed"),
        (lambda folder: (folder / "SHA256SUMS").write_text(""), "does not list garments.json"),
    ],
)
def test_a_damaged_folder_is_refused_in_words(break_it: Callable[[Path], object], said: str, tmp_path: Path) -> None:
    folder = tmp_path / "parser"
    shutil.copytree(Path(shipped.__file__).parent / DEFAULT_PARSER, folder)
    load_parser(folder, single=True)
    break_it(folder)
    with pytest.raises(ModelError, match=said):
        load_parser(folder, single=True)


# search by a garment, and an index of garments


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Photos of one garment each and one of two of them, and their index with garments."""
    folder = tmp_path_factory.mktemp("shop")
    photos, index = folder / "photos", folder / "index"
    photos.mkdir()
    for number in range(6):
        (photos / f"{number}.png").write_bytes(images.to_png(draw(SPECS[number])))
    (photos / "both.png").write_bytes(images.to_png(outfit(0, 4)))
    build_index(photos, index, garments=True)
    return photos, index


def test_a_garment_is_found_in_a_photo_of_two(shop: tuple[Path, Path]) -> None:
    photos, index = shop
    with Searcher(index) as searcher:
        garments = searcher.garments(photos / "both.png")
        assert len(garments) >= 2
        sides = {each.box.x + each.box.width / 2 < 370: number for number, each in enumerate(garments[:2], 1)}
        assert set(sides) == {True, False}
        for left, own in ((True, "0.png"), (False, "4.png")):
            results = searcher.search(Query(image=photos / "both.png", garment=str(sides[left]), k=7))
            assert results.garment == sides[left] and results.garments == garments
            assert own in [hit.id for hit in results.hits[:3]]
            (whole,) = (hit for hit in results.hits if hit.id == "both.png")
            assert whole.rank == 1 and whole.region is not None
            assert (whole.region.box.x + whole.region.box.width / 2 < 370) == left
            assert sum(whole.shares.values()) == pytest.approx(whole.score)
        plain = searcher.search(Query(image=photos / "both.png"))
        assert plain.garment is None and all(hit.region is None for hit in plain.hits)


def test_a_garment_that_is_not_there_is_named(shop: tuple[Path, Path]) -> None:
    photos, index = shop
    with Searcher(index) as searcher:
        with pytest.raises(QueryError, match="the photo shows no garment 'hat': give one of 1 "):
            searcher.search(Query(image=photos / "both.png", garment="hat"))
        with pytest.raises(QueryError, match="no garment was found"):
            searcher.search(Query(image=np.full((64, 64, 3), 255, np.uint8), garment="largest"))
        with pytest.raises(QueryError, match="which have no colours of their own"):
            searcher.search(Query(image=photos / "both.png", garment="1", colour_weight=0.5))
    for wrong in ({"box": (0, 0, 5, 5)}, {"metric": "euclidean"}):
        with pytest.raises(QueryError, match="garment"):
            Query(image=photos / "both.png", garment="1", **wrong)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="it has none"):
        Query(text="red", garment="dress")


def test_an_index_keeps_its_garments_and_takes_more(tmp_path: Path) -> None:
    photos, index = tmp_path / "photos", tmp_path / "index"
    photos.mkdir()
    (photos / "one.png").write_bytes(images.to_png(draw(SPECS[0])))
    build_index(photos, index, garments=True)
    (photos / "more.png").write_bytes(images.to_png(outfit(0, 4)))
    assert build_index(photos, index).added == 1
    with Searcher(index) as searcher:
        (point,) = searcher.index.store.get(["more.png"])
        assert len(point.regions) == len(point.vectors["garments"]) >= 2
        model = searcher.model
    with editing(index, model) as editor:
        editor.put([Item("put", images.to_png(outfit(2, 3)))])
    with Searcher(index) as searcher:
        assert len(searcher.index.store.get(["put"])[0].regions) >= 2
        assert searcher.index.manifest.spec.regions.startswith(f"{DEFAULT_PARSER} ")


def test_an_index_without_garments_is_made_anew_with_them(shop: tuple[Path, Path], tmp_path: Path) -> None:
    index = tmp_path / "index"
    build_index(shop[0], index)
    with Searcher(index) as searcher:
        results = searcher.search(Query(image=shop[0] / "both.png", garment="1"))
        assert results.garment == 1 and all(hit.region is None for hit in results.hits)
    assert build_index(shop[0], index, garments=True).items == 7
    with Searcher(index) as searcher:
        assert any(hit.region for hit in searcher.search(Query(image=shop[0] / "both.png", garment="1")).hits)


def test_the_command_line_lists_garments_and_searches_with_each(
    shop: tuple[Path, Path], say: Callable[..., Said]
) -> None:
    both = str(shop[0] / "both.png")
    said = say("search", str(shop[1]), "--image", both)
    assert said.code == 0 and "garment 1: " in said.err and "--garment all with each" in said.err
    one = json.loads(say("search", str(shop[1]), "--image", both, "--garment", "1", "--json").out)
    assert one["garment"] == 1 and len(one["garments"]) >= 2 and one["query"]["garment"] == "1"
    assert one["garments"][0].keys() == {"box", "kind", "score"} == one["hits"][0]["region"].keys()
    each = json.loads(say("search", str(shop[1]), "--image", both, "--garment", "all", "--json").out)
    assert [answer["garment"] for answer in each] == list(range(1, len(one["garments"]) + 1))
    refused = say("search", str(shop[1]), "red", "--garment", "all")
    assert refused.code == 1 and "give --image" in refused.err

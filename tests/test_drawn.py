"""The drawn catalogue: the same every time, true in every number, and what a shop would show."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.catalogue.drawn import DrawnCatalogue, DrawnItem, draw, drawn_specs, garment_mask, write_catalogue
from lookseek.catalogue.drawn.background import BACKGROUNDS, background
from lookseek.catalogue.drawn.chance import Dice, deck
from lookseek.catalogue.drawn.designs import CATEGORIES, COLOURS, LENGTHS, NECKLINES, PATTERNS, SLEEVES
from lookseek.catalogue.drawn.truth import SIDE, make_item
from lookseek.catalogue.drawn.view import VIEWS
from lookseek.errors import CatalogueError

DESIGN = ("category", "colour", "pattern", "sleeve", "neckline", "length", "item")
DRAWING = settings(max_examples=12, deadline=None)
SPECS = drawn_specs()


def one(**wanted: str) -> DrawnItem:
    """A photo with these attributes; the rest as a shop would have it."""
    category = wanted.get("category", "toptee")
    usual = {
        "category": category, "colour": "red", "pattern": "plain", "sleeve": "short", "item": f"{category}-x",
        "neckline": NECKLINES[category][0], "length": LENGTHS[category][0], "view": "flat", "background": "wall",
    }  # fmt: skip
    return make_item("x", usual | wanted, seed=3)


# The same every time


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = drawn_specs()
    assert again == SPECS
    assert all(np.array_equal(draw(SPECS[n]), draw(again[n])) for n in (0, 50, 120))


def test_another_process_draws_the_same_bytes() -> None:
    program = (
        "import hashlib; from lookseek.catalogue.drawn import draw, drawn_specs;"
        "print(hashlib.sha256(draw(drawn_specs()[31], 96).tobytes()).hexdigest())"
    )
    path = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == hashlib.sha256(draw(SPECS[31], 96).tobytes()).hexdigest()


def test_another_seed_gives_another_catalogue() -> None:
    others = drawn_specs(seed=1)
    assert [spec.attributes for spec in others] != [spec.attributes for spec in SPECS]
    assert not any(np.array_equal(draw(others[n], 64), draw(SPECS[n], 64)) for n in range(6))


def test_more_items_keep_the_first_ones() -> None:
    assert drawn_specs(items=70)[: len(SPECS)] == SPECS


def test_more_views_keep_the_first_ones() -> None:
    assert [spec for spec in drawn_specs(items=10, views=5) if int(spec.id[-1]) <= 3] == SPECS[:30]


def test_drawing_order_does_not_matter() -> None:
    alone = draw(SPECS[7], 64)
    for spec in SPECS[:7]:
        draw(spec, 64)
    assert np.array_equal(draw(SPECS[7], 64), alone)


def test_dice_do_not_change_between_releases() -> None:
    """Known numbers: if they move, every drawn catalogue of the world moves with them."""
    dice = Dice("known", 0)
    assert [round(dice.unit(), 6) for _ in range(3)] == [0.837914, 0.309011, 0.042362]
    assert Dice("known", 0).noise(1, 4).tolist() == [[184, 57, 26, 88]]


# What the catalogue holds


def test_sixty_items_in_three_views() -> None:
    assert len(SPECS) == 180
    assert len({spec.id for spec in SPECS}) == 180
    assert len({spec.item_id for spec in SPECS}) == 60


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("category", CATEGORIES),
        ("colour", tuple(COLOURS)),
        ("pattern", PATTERNS),
        ("sleeve", sorted({v for options in SLEEVES.values() for v in options})),
        ("neckline", sorted({v for options in NECKLINES.values() for v in options})),
        ("length", sorted({v for options in LENGTHS.values() for v in options})),
        ("view", VIEWS),
        ("background", BACKGROUNDS),
    ],
)
def test_every_value_of_an_attribute_occurs(name: str, values: tuple[str, ...]) -> None:
    assert {spec.attributes[name] for spec in SPECS} == set(values)


def test_categories_and_colours_occur_about_equally_often() -> None:
    for name, options in (("category", CATEGORIES), ("colour", tuple(COLOURS))):
        counts = [sum(spec.attributes[name] == value for spec in SPECS) for value in options]
        assert max(counts) - min(counts) <= 3


@given(seed=st.integers(-(2**70), 2**70), items=st.integers(13, 40))
@settings(max_examples=15, deadline=None)
def test_any_seed_shows_every_category_and_colour(seed: int, items: int) -> None:
    specs = drawn_specs(items, 1, seed)
    assert {spec.attributes["category"] for spec in specs} == set(CATEGORIES)
    assert {spec.attributes["colour"] for spec in specs} == set(COLOURS)


def test_views_of_an_item_share_its_design_and_nothing_else() -> None:
    designs = defaultdict(list)
    for spec in drawn_specs(items=20, views=6):
        designs[spec.item_id].append(spec)
    for views in designs.values():
        assert len({tuple(spec.attributes[name] for name in DESIGN) for spec in views}) == 1
        assert {spec.view for spec in views} == set(VIEWS)
        assert len({spec.box for spec in views}) == len(views)
        assert all(spec.attributes["item"] == spec.item_id for spec in views)
        assert all(spec.attributes["view"] == spec.view for spec in views)


def test_attributes_are_combined_sensibly() -> None:
    for spec in drawn_specs(items=200, views=1, seed=5):
        words = spec.attributes
        assert words["sleeve"] in SLEEVES[words["category"]]
        assert words["neckline"] in NECKLINES[words["category"]]
        assert words["length"] in LENGTHS[words["category"]]
        assert words["view"] != "hanger" or words["background"] in ("wall", "studio")


def test_more_than_six_views_are_all_different() -> None:
    specs = drawn_specs(items=1, views=9)
    assert len({draw(spec, 48).tobytes() for spec in specs}) == 9


def test_no_items_is_an_empty_catalogue() -> None:
    assert drawn_specs(items=0) == []
    assert list(DrawnCatalogue(items=0)) == []


@pytest.mark.parametrize(("items", "views"), [(-1, 3), (3, 0), (3, -2)])
def test_impossible_numbers_are_refused(items: int, views: int) -> None:
    with pytest.raises(CatalogueError, match=rf"{items} items in {views} views.*items >= 0 and views >= 1"):
        drawn_specs(items, views)


# The truth is true


@given(number=st.integers(0, 179), seed=st.integers(0, 10**9), size=st.integers(64, 400))
@DRAWING
def test_the_box_is_tight_around_the_garment(number: int, seed: int, size: int) -> None:
    spec = drawn_specs(seed=seed)[number].scaled_to(size)
    rows, columns = np.nonzero(garment_mask(spec, size) > 127)
    box = spec.box
    drawn = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert np.allclose(drawn, (box.x, box.y, box.x + box.width, box.y + box.height), atol=1.5)


@example(80)  # a hem whose tip lies between two corners of its outline
@given(seed=st.integers(0, 10**9))
@settings(max_examples=10, deadline=None)
def test_boxes_and_landmarks_are_inside_of_the_picture(seed: int) -> None:
    for spec in drawn_specs(items=15, views=6, seed=seed):
        box = spec.box
        assert box.x + box.width <= SIDE
        assert box.y + box.height <= SIDE
        for x, y in spec.landmarks.values():
            assert -1e-6 <= x - box.x <= box.width + 1e-6
            assert -1e-6 <= y - box.y <= box.height + 1e-6


@pytest.mark.parametrize("number", range(0, 180, 23))
def test_landmarks_lie_on_the_garment(number: int) -> None:
    solid = garment_mask(SPECS[number]) > 0
    for name, (x, y) in SPECS[number].landmarks.items():
        near = solid[max(0, round(y) - 2) : round(y) + 3, max(0, round(x) - 2) : round(x) + 3]
        assert near.any(), name


@pytest.mark.parametrize("number", range(1, 180, 29))
def test_hems_and_shoulders_lie_on_the_edge_of_the_garment(number: int) -> None:
    solid = garment_mask(SPECS[number]) > 127
    for name in ("hem_left", "hem_right"):
        x, y = SPECS[number].landmarks[name]
        near = solid[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5]
        assert near.any(), name
        assert not near.all(), name


def test_left_is_left_in_the_picture_also_when_mirrored() -> None:
    for spec in (s for s in drawn_specs(items=20, views=6) if s.view in ("flat", "hanger", "mirrored", "dim")):
        for part in ("collar", "shoulder", "waist", "hem"):
            assert spec.landmarks[f"{part}_left"][0] < spec.landmarks[f"{part}_right"][0]


def test_points_run_down_the_garment() -> None:
    for spec in (s for s in SPECS if s.view in ("flat", "hanger")):
        heights = [spec.landmarks[f"{part}_left"][1] for part in ("collar", "shoulder", "waist", "hem")]
        assert heights == sorted(heights)


def test_a_sleeveless_garment_has_no_sleeve_points() -> None:
    for spec in SPECS:
        named = {"sleeve_left", "sleeve_right"} <= set(spec.landmarks)
        assert named == (spec.attributes["sleeve"] != "sleeveless")


def test_long_sleeves_reach_further_than_short_ones() -> None:
    def reach(spec: DrawnItem) -> float:
        end, root = np.array(spec.landmarks["sleeve_left"]), np.array(spec.landmarks["shoulder_left"])
        return float(np.hypot(*(end - root)) / spec.box.height)

    long = reach(one(category="dress", sleeve="long", length="mini", view="flat"))
    assert long > 1.5 * reach(one(category="dress", sleeve="short", length="mini", view="flat"))


@pytest.mark.parametrize(("category", "order"), [("dress", ("mini", "knee", "long")), ("toptee", ("crop", "regular"))])
def test_longer_lengths_are_longer(category: str, order: tuple[str, ...]) -> None:
    def slim(spec: DrawnItem) -> float:
        points = spec.landmarks
        shoulders = points["shoulder_right"][0] - points["shoulder_left"][0]
        return (points["hem_left"][1] - points["shoulder_left"][1]) / shoulders

    shapes = [slim(one(category=category, length=length, sleeve="short", view="flat")) for length in order]
    assert shapes == sorted(shapes)


def test_at_scales_boxes_and_points_with_the_picture() -> None:
    spec, double = SPECS[4], SPECS[4].scaled_to(2 * SIDE)
    assert double.box.width == pytest.approx(2 * spec.box.width)
    assert double.landmarks["hem_left"] == pytest.approx([2 * n for n in spec.landmarks["hem_left"]])
    assert (double.id, double.attributes) == (spec.id, spec.attributes)


# What is drawn


@pytest.mark.parametrize("colour", list(COLOURS))
def test_a_plain_garment_has_its_named_colour(colour: str) -> None:
    spec = one(colour=colour, pattern="plain", view="flat")
    solid = garment_mask(spec) > 254
    seen = np.median(draw(spec)[solid].astype(float), axis=0)
    distances = {name: np.abs(seen - rgb).sum() for name, rgb in COLOURS.items()}
    assert min(distances, key=distances.__getitem__) == colour


@pytest.mark.parametrize("pattern", PATTERNS[1:])
def test_a_pattern_adds_a_second_colour_and_leaves_the_first_one_most_room(pattern: str) -> None:
    spec = one(colour="navy", pattern=pattern, view="flat", category="dress")
    cloth = draw(spec)[garment_mask(spec) > 254].astype(float)
    near = np.abs(cloth - COLOURS["navy"]).sum(axis=1) < 110
    assert 0.35 < near.mean() < 0.97


def test_a_plain_garment_has_one_colour() -> None:
    spec = one(colour="navy", pattern="plain", view="flat")
    cloth = draw(spec)[garment_mask(spec) > 254].astype(float)
    assert (np.abs(cloth - COLOURS["navy"]).sum(axis=1) < 110).mean() > 0.97


def test_folds_are_seen_on_black_and_on_white() -> None:
    for colour in ("black", "white"):
        spec = one(colour=colour, pattern="plain", category="dress", view="flat")
        light = draw(spec)[garment_mask(spec) > 254].mean(axis=1)
        assert np.percentile(light, 95) - np.percentile(light, 5) > 8


def test_a_garment_covers_its_background_and_nothing_beyond_its_shadow() -> None:
    spec = one(view="flat", background="studio", colour="green")
    empty = background("studio", Dice("ground", spec.seed, spec.id), SIDE)
    changed = np.abs(draw(spec).astype(float) - empty).sum(axis=2) > 90
    solid = garment_mask(spec)
    assert changed[solid > 254].mean() > 0.98
    box = spec.box
    outside = np.ones((SIDE, SIDE), bool)
    outside[
        max(0, int(box.y) - 8) : int(box.y + box.height) + 9, max(0, int(box.x) - 8) : int(box.x + box.width) + 9
    ] = 0
    assert changed[outside].mean() < 0.02


def test_a_hanger_is_drawn_above_the_box() -> None:
    spec = one(view="hanger", category="toptee")
    above = draw(spec)[: int(spec.box.y) - 4].mean(axis=2)
    assert above.min() < above.mean() - 40
    beside = draw(one(view="flat", category="toptee", background="studio"))
    assert beside[:8].mean(axis=2).min() > beside[:8].mean() - 25


def test_the_view_dim_is_darker_and_warmer() -> None:
    views = {spec.view: spec for spec in drawn_specs(items=1, views=6)}
    dim, flat = (draw(views[name])[garment_mask(views[name]) > 254].mean(axis=0) for name in ("dim", "flat"))
    assert dim.mean() < flat.mean()
    assert dim[2] / dim[0] < flat[2] / flat[0]


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_backgrounds_are_pictures_within_range(name: str) -> None:
    scene = background(name, Dice("ground", name), 120)
    assert (scene.shape, scene.dtype) == ((120, 120, 3), np.float32)
    assert scene.min() >= 0
    assert scene.max() < 300
    assert 0.2 < scene.std() < 45


@given(size=st.integers(32, 300), number=st.integers(0, 179))
@DRAWING
def test_any_size_can_be_drawn(size: int, number: int) -> None:
    pixels = draw(SPECS[number], size)
    assert (pixels.shape, pixels.dtype) == ((size, size, 3), np.uint8)
    assert pixels.std() > 3


def test_sizes_are_the_same_picture() -> None:
    small, large = draw(SPECS[9], 160).astype(float), draw(SPECS[9], 320).astype(float)
    shrunk = large.reshape(160, 2, 160, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - shrunk).mean() < 9


@pytest.mark.parametrize("size", [0, 31, 2049, -5])
def test_impossible_sizes_are_refused(size: int) -> None:
    for action in (draw, garment_mask):
        with pytest.raises(CatalogueError, match=f"{size} pixels.*32 to 2,048"):
            action(SPECS[0], size)
    with pytest.raises(CatalogueError, match="32 to 2,048"):
        DrawnCatalogue(items=1, size=size)


# As a catalogue and as a folder


def test_the_catalogue_gives_photos_with_their_attributes() -> None:
    catalogue = DrawnCatalogue(items=2, views=2, seed=4, size=96)
    items = list(catalogue)
    assert len(catalogue) == len(items) == 4
    for item, spec in zip(items, catalogue.specs, strict=True):
        assert isinstance(item.image, bytes)
        shown, drawn = images.decode(item.image), draw(spec, 96)
        assert shown.shape == (96, 96, 3)
        assert np.abs(shown.astype(float) - drawn).mean() < 6
        assert (item.id, dict(item.attributes)) == (spec.id, dict(spec.attributes))
        assert spec.attributes["colour"] in item.text


def test_the_catalogue_can_be_read_twice() -> None:
    catalogue = DrawnCatalogue(items=1, views=2, size=48)
    assert list(catalogue) == list(catalogue)


def test_catalogue_boxes_are_in_pixels_of_its_photos() -> None:
    assert DrawnCatalogue(items=1, size=64).specs[0] == drawn_specs(1)[0].scaled_to(64)


def test_write_leaves_photos_by_category_and_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "đồ"
    assert write_catalogue(folder, items=4, views=2, seed=1, size=64) == 8
    with (folder / "items.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    specs = drawn_specs(4, 2, 1)
    assert [row["id"] for row in rows] == [spec.id for spec in specs]
    for row, spec in zip(rows, specs, strict=True):
        assert row["image"] == f"{spec.attributes['category']}/{spec.id}.jpg"
        assert images.decode(folder / row["image"]).shape == (64, 64, 3)
        assert {name: row[name] for name in spec.attributes} == dict(spec.attributes)
    assert list(rows[0]) == [
        "id", "image", "category", "colour", "pattern", "sleeve", "neckline", "length", "item", "view", "background",
    ]  # fmt: skip


def test_writing_twice_gives_the_same_files(tmp_path: Path) -> None:
    def kept() -> dict[str, bytes]:
        return {str(f.relative_to(tmp_path)): f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}

    write_catalogue(tmp_path, items=1, views=1, size=48)
    before = kept()
    write_catalogue(tmp_path, items=1, views=1, size=48)
    assert kept() == before


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(CatalogueError, match=r"taken.*choose a folder"):
        write_catalogue(tmp_path / "taken", items=1, views=1, size=48)


# Chance


@given(key=st.text(), options=st.lists(st.integers(), min_size=1, max_size=20, unique=True))
@settings(max_examples=50)
def test_a_deck_deals_every_card_before_any_again(key: str, options: list[int]) -> None:
    cards = deck(Dice(key), options)
    for _ in range(3):
        assert sorted(next(cards) for _ in options) == sorted(options)


def test_dice_are_even() -> None:
    dice = Dice("even")
    numbers = np.array([dice.unit() for _ in range(4000)])
    assert 0 <= numbers.min() < numbers.max() < 1
    assert np.allclose(np.histogram(numbers, 10, (0, 1))[0], 400, atol=80)
    assert 120 < dice.noise(64, 64).mean() < 135


def test_keys_name_streams() -> None:
    assert Dice("a", 1).unit() != Dice("a", 2).unit() != Dice("b", 2).unit()
    assert Dice("a", 1).unit() == Dice("a", 1).unit()

"""Distorted photos: nothing at strength 0, ever more of what the name says, the same each time, at any size."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs, garment_mask
from lookseek.catalogue.drawn.chance import Dice
from lookseek.catalogue.myntra import read_catalogue
from lookseek.evaluate.distortions.clutter import INSET, backdrop, edge_colour, scene
from lookseek.evaluate.distortions.distort import DISTORTIONS, LOST_AREA, distort
from lookseek.types import Pixels

STEPS = (0.25, 0.5, 0.75, 1.0)
SAME_SIZE = [name for name in DISTORTIONS if name not in ("crop", "rotate")]
SPEC = next(spec for spec in drawn_specs(30, 3) if spec.attributes["colour"] == "red" and spec.view == "flat")
PHOTO = draw(SPEC, 128)

pictures = stnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)))
names = st.sampled_from(list(DISTORTIONS))
strengths = st.floats(0, 1)


def away(a: Pixels, b: Pixels) -> float:
    """Mean distance of two pictures of one size, in levels."""
    return float(np.abs(a.astype(float) - b).mean())


def done(name: str, strength: float, pixels: Pixels = PHOTO, seed: int = 0, photo: str = "p") -> Pixels:
    return distort(pixels, name, strength, seed=seed, photo=photo)


def grid(height: int = 90, width: int = 120) -> Pixels:
    """A picture in which each pixel says where it is."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=2).astype(np.uint8)


def on_white(height: int = 120, width: int = 90, colour: tuple[int, int, int] = (200, 30, 60)) -> Pixels:
    """A shop's photo: a garment in the middle of pure white."""
    picture = np.full((height, width, 3), 255, np.uint8)
    picture[height // 4 : -height // 4, width // 4 : -width // 4] = colour
    return picture


# For all of them


def test_the_distortions_are_those_that_are_promised() -> None:
    assert list(DISTORTIONS) == ["crop", "dark", "colour", "blur", "rotate", "jpeg", "clutter"]


@given(pixels=pictures, name=names, seed=st.integers(-5, 2**70))
@settings(max_examples=60, deadline=None)
def test_strength_0_leaves_every_pixel(pixels: Pixels, name: str, seed: int) -> None:
    assert np.array_equal(done(name, 0, pixels, seed), pixels)


@given(pixels=pictures, name=names, strength=strengths, seed=st.integers(-5, 2**70), photo=st.text())
@example(np.zeros((1, 1, 3), np.uint8), "rotate", 1.0, 0, "")
@example(np.full((1, 1, 3), 255, np.uint8), "clutter", 1.0, 0, "")
@example(np.full((1, 40, 3), 255, np.uint8), "clutter", 0.5, 0, "")
@example(np.full((2, 3, 3), 9, np.uint8), "crop", 1.0, 0, "")
@example(np.zeros((3, 2, 3), np.uint8), "blur", 5e-324, 0, "")
@settings(max_examples=150, deadline=None)
def test_any_picture_gives_a_picture(pixels: Pixels, name: str, strength: float, seed: int, photo: str) -> None:
    before = pixels.copy()
    made = done(name, strength, pixels, seed, photo)
    assert made.dtype == np.uint8
    assert made.ndim == 3
    assert made.shape[2] == 3
    assert min(made.shape) >= 1
    assert made.flags.c_contiguous
    assert np.array_equal(pixels, before)
    if name in SAME_SIZE:
        assert made.shape == pixels.shape
    assert np.array_equal(made, done(name, strength, pixels, seed, photo))


@pytest.mark.parametrize("name", DISTORTIONS)
@pytest.mark.parametrize("flip", [lambda p: p[::-1], lambda p: p[:, ::-1], lambda p: p.transpose(1, 0, 2)])
def test_views_of_arrays_are_as_good_as_copies(name: str, flip: object) -> None:
    view = flip(PHOTO)  # type: ignore[operator]
    view.flags.writeable = False
    assert np.array_equal(done(name, 0.7, view), done(name, 0.7, view.copy()))


@pytest.mark.parametrize("name", [name for name in SAME_SIZE if name != "clutter"])
@pytest.mark.parametrize("number", range(0, 60, 7))
def test_more_strength_is_more_damage(name: str, number: int) -> None:
    pixels = draw(drawn_specs(20, 3, 5)[number], 128)
    damage = [away(done(name, strength, pixels, photo=str(number)), pixels) for strength in (0, *STEPS)]
    assert damage[0] == 0
    assert damage == sorted(damage)
    assert damage[4] > 1.3 * damage[1] > 0


def test_more_clutter_is_more_damage_to_most_photos() -> None:
    """Not to each: things may be of the colour of what they hide."""
    pixels = [draw(spec, 96) for spec in drawn_specs(8, 3, 5)]
    damage = [
        np.mean([away(done("clutter", strength, one, photo=str(n)), one) for n, one in enumerate(pixels)])
        for strength in (0, *STEPS)
    ]
    assert damage == sorted(damage)
    assert damage[4] > 1.15 * damage[1]


@pytest.mark.parametrize("name", DISTORTIONS)
@pytest.mark.parametrize("strength", STEPS)
def test_each_strength_that_is_measured_is_seen(name: str, strength: float) -> None:
    made = done(name, strength)
    assert made.shape != PHOTO.shape or away(made, PHOTO) > 0.3


@pytest.mark.parametrize("name", ["crop", "colour", "rotate", "clutter"])
def test_chance_differs_by_photo_and_by_seed(name: str) -> None:
    made = [done(name, 0.6, seed=seed, photo=photo).tobytes() for seed in (0, 1) for photo in "abcde"]
    assert len(set(made)) > 5 or (name == "rotate" and len(set(made)) == 2)  # one side or the other


@pytest.mark.parametrize("name", ["dark", "blur", "jpeg"])
def test_where_nothing_is_left_to_chance_all_photos_fare_alike(name: str) -> None:
    assert np.array_equal(done(name, 0.6, seed=0, photo="a"), done(name, 0.6, seed=1, photo="b"))


def test_another_process_distorts_alike() -> None:
    program = (
        "import hashlib; from lookseek.catalogue.drawn import draw, drawn_specs;"
        "from lookseek.evaluate.distortions.distort import *;"
        "p = draw(drawn_specs()[4], 64);"
        "print(*(hashlib.sha256(distort(p, n, 0.8, seed=3, photo='x').tobytes()).hexdigest() for n in DISTORTIONS))"
    )
    environment = {"PYTHONHASHSEED": "77", "PYTHONPATH": ":".join(p for p in sys.path if p)}
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env).stdout
        for env in (environment, environment | {"PYTHONHASHSEED": "78"})
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0].split())) == len(DISTORTIONS)


@pytest.mark.parametrize("strength", [-0.01, 1.01, float("nan"), float("inf")])
def test_strengths_out_of_range_are_refused(strength: float) -> None:
    with pytest.raises(ValueError, match=r"strength .* give 0 to 1"):
        done("blur", strength)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'snow'.*choose crop, dark"):
        done("snow", 0.5)


# Each for itself


@given(height=st.integers(1, 200), width=st.integers(1, 200), strength=st.floats(0.01, 1), photo=st.text(max_size=3))
@settings(max_examples=60, deadline=None)
def test_crop_keeps_a_window_of_the_same_proportions(height: int, width: int, strength: float, photo: str) -> None:
    whole = grid(height, width)
    window = done("crop", strength, whole, photo=photo)
    top, left = (int(n) for n in window[0, 0, :2])
    assert np.array_equal(window, whole[top : top + window.shape[0], left : left + window.shape[1]])
    times = np.sqrt(1 - LOST_AREA * strength)
    assert abs(window.shape[0] - height * times) <= max(0.5, 1 - height * times)
    assert abs(window.shape[1] - width * times) <= max(0.5, 1 - width * times)


def test_crop_leaves_two_fifths_of_the_area_at_the_most() -> None:
    window = done("crop", 1.0, grid(200, 200))
    assert window.shape[0] * window.shape[1] / 40_000 == pytest.approx(0.4, abs=0.01)


@given(photo=st.text(max_size=4))
@settings(max_examples=30, deadline=None)
def test_a_stronger_crop_lies_inside_of_a_weaker_one(photo: str) -> None:
    kept = [{(int(r), int(c)) for r, c, _ in done("crop", s, grid(40, 50), photo=photo).reshape(-1, 3)} for s in STEPS]
    for wide, narrow in pairwise(kept):
        assert len(narrow - wide) <= 0.1 * len(narrow)  # a pixel at an edge, by rounding
        assert len(narrow) < len(wide)


def test_crops_fall_everywhere() -> None:
    corners = np.array([done("crop", 1.0, grid(), photo=str(n))[0, 0, :2] for n in range(60)])
    assert corners.min(axis=0).tolist() <= [4, 4]
    assert (corners.max(axis=0) >= np.array([28, 38])).all()


def test_dark_keeps_hue_and_order_of_lights() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    for strength in STEPS:
        made = done("dark", strength, ramp)[:, 0].astype(int)
        assert (made[:, 0] == made[:, 2]).all()
        assert (np.diff(made[:, 0]) >= 0).all()
        assert (made[:, 0] <= np.arange(256)).all()


def test_dark_halves_light_not_numbers() -> None:
    """Where a half of the linear light is left, white shows as 188 (IEC 61966-2-1)."""
    strength = np.log(0.5) / np.log(0.02)
    assert done("dark", float(strength), np.full((1, 1, 3), 255, np.uint8))[0, 0].tolist() == [188] * 3


def test_dark_at_the_most_is_nearly_black() -> None:
    assert 30 < done("dark", 1.0, np.full((1, 1, 3), 255, np.uint8)).max() < 45


def test_colour_drives_the_channels_of_grey_apart_in_any_direction() -> None:
    grey = np.full((1, 1, 3), 120, np.uint8)
    shown = np.array([done("colour", 1.0, grey, photo=str(n))[0, 0] for n in range(40)]).astype(int)
    assert (np.ptp(shown, axis=1) > 50).all()
    assert set(shown.argmax(axis=1)) == set(shown.argmin(axis=1)) == {0, 1, 2}
    spread = [np.ptp(done("colour", s, grey, photo="a").astype(int)) for s in STEPS]
    assert spread == sorted(set(spread))


def test_colour_keeps_the_brightness_of_what_it_does_not_overexpose() -> None:
    for n in range(20):
        shown = done("colour", 1.0, np.full((1, 1, 3), 60, np.uint8), photo=str(n))[0, 0] / 255
        light = (((shown + 0.055) / 1.055) ** 2.4 * (0.2126, 0.7152, 0.0722)).sum()
        assert light == pytest.approx(((60 / 255 + 0.055) / 1.055) ** 2.4, rel=0.03)


def test_colour_is_the_same_all_over_the_photo() -> None:
    """Light falls on all things alike: equal pixels stay equal."""
    made = done("colour", 0.8, on_white())
    assert len(np.unique(made.reshape(-1, 3), axis=0)) == 2


def test_blur_takes_detail_and_leaves_the_mean() -> None:
    rough = [float(np.abs(np.diff(done("blur", s).astype(float), axis=1)).mean()) for s in (0, *STEPS)]
    assert rough == sorted(rough, reverse=True)
    assert rough[4] < 0.5 * rough[0]
    assert np.allclose(done("blur", 1.0).mean(axis=(0, 1)), PHOTO.mean(axis=(0, 1)), atol=2)


def test_blur_grows_with_the_picture() -> None:
    """A photo and the same photo twice as large look alike when blurred alike."""
    large = PHOTO.repeat(2, axis=0).repeat(2, axis=1)
    shrunk = done("blur", 1.0, large).astype(float).reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    assert np.abs(done("blur", 1.0, PHOTO) - shrunk).mean() < 1.5


def test_rotate_cuts_nothing_off_and_fills_with_the_borders_colour() -> None:
    picture = np.full((80, 60, 3), (10, 200, 30), np.uint8)
    picture[20:60, 20:40] = (250, 0, 0)
    for strength in STEPS:
        made = done("rotate", strength, picture)
        assert made[0, 0].tolist() == [10, 200, 30]
        red = (made[..., 0] > 128).sum()
        assert red == pytest.approx(800, rel=0.08)
        assert (np.abs(made - np.array((10, 200, 30))).max(axis=2) < 3).mean() > 0.6


def test_rotate_turns_by_45_degrees_at_the_most_to_either_side() -> None:
    shape = done("rotate", 1.0, np.zeros((100, 100, 3), np.uint8)).shape
    assert shape[0] == pytest.approx(141, abs=3)
    bar = np.full((101, 101, 3), 255, np.uint8)
    bar[20:50, 48:53] = 0
    ways = set()
    for n in range(20):
        made = done("rotate", 0.5, bar, photo=str(n))
        rows, columns = np.nonzero(made.max(axis=2) < 128)
        slope = np.polyfit(rows, columns, 1)[0]
        assert abs(np.degrees(np.arctan(slope))) == pytest.approx(22.5, abs=1.5)
        ways.add(bool(slope > 0))
    assert ways == {True, False}


def test_jpeg_is_what_saving_as_jpeg_makes_of_it() -> None:
    assert np.array_equal(done("jpeg", 1.0), images.decode(images.to_jpeg(PHOTO, 5)))
    assert away(done("jpeg", 1e-9), images.decode(images.to_jpeg(PHOTO, 95))) == 0


# Clutter


@given(height=st.integers(40, 120), width=st.integers(40, 120), red=st.integers(0, 200), strength=st.floats(0.1, 1))
@settings(max_examples=30, deadline=None)
def test_clutter_replaces_a_plain_backdrop_and_spares_the_garment(
    height: int, width: int, red: int, strength: float
) -> None:
    picture = on_white(height, width, (red, 30, 60))
    garment = (picture != 255).any(axis=2)
    made = done("clutter", strength, picture)
    inner = garment.copy()
    inner[1:-1, 1:-1] &= garment[:-2, 1:-1] & garment[2:, 1:-1] & garment[1:-1, :-2] & garment[1:-1, 2:]
    assert np.abs(made[inner].astype(int) - picture[inner]).mean() < 12  # its edge is soft
    assert away(made[~garment], picture[~garment]) > 10


def test_clutter_keeps_what_the_backdrop_does_not_reach() -> None:
    picture = on_white()
    picture[55:60, 40:45] = 255  # a white button
    assert done("clutter", 1.0, picture)[57, 42].tolist() == [255] * 3


def test_a_backdrop_is_found_to_the_pixel() -> None:
    picture = on_white()
    behind = backdrop(picture)
    assert np.array_equal(behind, (picture == 255).all(axis=2))


def test_a_backdrop_may_be_of_any_colour_and_a_little_uneven() -> None:
    noise = Dice("noise").noise(120, 90)[..., None] % 7
    picture = np.where(on_white() == 255, 120 + noise, on_white()).astype(np.uint8)
    assert (backdrop(picture) == (on_white() == 255).all(axis=2)).mean() > 0.99


def test_a_garment_that_reaches_the_border_is_no_backdrop() -> None:
    picture = on_white()
    picture[60:, 30:60] = (90, 40, 20)  # legs
    behind = backdrop(picture)
    assert not behind[61:, 31:59].any()
    assert behind[:, :20].all()


def test_white_cloth_on_white_keeps_its_inside() -> None:
    """The rim of a white shirt is seen faintly and broken in places."""
    picture = np.full((240, 180, 3), 255, np.uint8)
    picture[60:180, 45:135] = 252
    picture[60:62, 45:135] = picture[178:180, 45:135] = picture[60:180, 45:47] = picture[60:180, 133:135] = 235
    picture[100, 45:47] = 255  # a gap a pixel wide
    assert not backdrop(picture)[70:170, 55:125].any()
    assert backdrop(picture)[:50].all()


def test_the_backdrop_is_followed_around_corners() -> None:
    picture = np.full((160, 160, 3), 255, np.uint8)
    for edge, opening in ((20, (slice(20, 30), slice(60, 100))), (50, (slice(100, 110), slice(60, 100)))):
        picture[edge:-edge, edge:-edge] = (30, 30, 90)
        picture[edge + 10 : -edge - 10, edge + 10 : -edge - 10] = 255
        picture[opening] = 255
    assert np.array_equal(backdrop(picture), (picture == 255).all(axis=2))
    picture[20:30] = np.where(picture[20:30] == 255, 30, picture[20:30])  # now the way in is closed
    assert not backdrop(picture)[31:-31, 31:-31].any()


def test_there_is_no_backdrop_where_the_border_varies() -> None:
    assert not backdrop(grid()).any()


@pytest.mark.parametrize("busy", ["noise", "all of one colour"])
def test_a_photo_without_a_plain_backdrop_is_set_among_things(busy: str) -> None:
    picture = np.full((100, 80, 3), 77, np.uint8)
    if busy == "noise":
        picture = Dice("noise").noise(100, 240).reshape(100, 80, 3)
    places = set()
    for strength in STEPS:
        made = done("clutter", strength, picture)
        assert made.shape == picture.shape
        if busy != "noise":
            times = 1 - INSET * strength
            rows, columns = np.nonzero((made == 77).all(axis=2))
            assert (rows.max() - rows.min() + 1) == pytest.approx(100 * times, abs=1.5)
            assert (columns.max() - columns.min() + 1) == pytest.approx(80 * times, abs=1.5)
            places.add((rows.min(), columns.min()))
    assert busy == "noise" or len(places) > 1


def test_more_strength_is_more_things() -> None:
    def edges(strength: float) -> float:
        made = [scene(96, 96, strength, Dice("scene", n)).astype(float) for n in range(8)]
        return float(
            np.mean([np.abs(np.diff(one, axis=0)).mean() + np.abs(np.diff(one, axis=1)).mean() for one in made])
        )

    rough = [edges(strength) for strength in STEPS]
    assert rough == sorted(rough)
    assert rough[3] > 1.25 * rough[0]


def test_scenes_are_of_many_colours() -> None:
    made = scene(100, 140, 1.0, Dice("scene"))
    assert made.shape == (100, 140, 3)
    assert (np.ptp(made.astype(int), axis=2) > 80).mean() > 0.2


def test_the_edge_colour_is_the_borders_and_not_the_middles() -> None:
    assert edge_colour(on_white()).tolist() == [255, 255, 255]
    assert edge_colour(np.full((1, 1, 3), 8, np.uint8)).tolist() == [8, 8, 8]


def test_a_drawn_garment_before_a_studio_stays_itself() -> None:
    specs = [s for s in drawn_specs(40, 6) if s.attributes["background"] == "studio" and s.view == "flat"]
    kept = []
    for spec in specs[:6]:
        pixels = draw(spec, 160)
        solid = garment_mask(spec, 160) > 254
        kept.append(
            away(done("clutter", 1.0, pixels)[solid], pixels[solid]) if 0.05 < backdrop(pixels).mean() < 0.9 else 0
        )
    assert max(kept) < 10
    assert sum(n > 0 for n in kept) >= 3


# Real photos


def test_most_shop_photos_have_a_plain_backdrop(data: Path) -> None:
    articles = [article for article in read_catalogue(data / "myntra", "val") if article.category][::60]
    shares = np.array([backdrop(images.decode(article.image)).mean() for article in articles])
    assert ((shares > 0.05) & (shares < 0.9)).mean() > 0.9


def test_amateur_photos_survive_everything(data: Path) -> None:
    for path in sorted((data / "clothing" / "images").iterdir())[:3]:
        pixels = images.decode(path)
        for name in DISTORTIONS:
            made = done(name, 1.0, pixels, photo=path.stem)
            assert made.std() > 1
            if name in SAME_SIZE:
                assert made.shape == pixels.shape

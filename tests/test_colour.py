"""The colour vector: near for one colour in another light, far for another colour, whatever the picture's shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.golden import picture
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.encode import ColourEncoder
from lookseek.encode.colour import lattice, to_lab, to_lattice_space
from lookseek.types import Pixels, Vector

ENCODER = ColourEncoder()
WHITE, RED, BLUE, NAVY, BLACK = (245, 245, 245), (190, 30, 45), (40, 80, 180), (28, 34, 66), (20, 20, 22)


def vector(pixels: Pixels) -> Vector:
    return ENCODER.encode([ENCODER.prepare(pixels)])[0]


def cosine(a: Pixels, b: Pixels) -> float:
    return float(vector(a) @ vector(b))


def garment(colour: tuple[int, int, int], ground: tuple[int, int, int] = WHITE, side: int = 120) -> Pixels:
    pixels = np.full((side, side, 3), ground, np.uint8)
    pixels[side // 5 : -side // 8, side // 4 : -side // 4] = colour
    return pixels


def lit(pixels: Pixels, factor: float) -> Pixels:
    return np.clip(pixels * factor, 0, 255).astype(np.uint8)


class TestNearAndFar:
    @pytest.mark.parametrize("other", [BLUE, BLACK, NAVY, (60, 140, 60), (230, 200, 60)])
    def test_another_colour_is_far(self, other: tuple[int, int, int]) -> None:
        assert cosine(garment(RED), garment(other)) < 0.5

    @pytest.mark.parametrize("colour", [RED, BLUE, (60, 140, 60), (128, 128, 128), (210, 180, 140)])
    @pytest.mark.parametrize("factor", [0.85, 1.1])
    def test_another_light_is_near(self, colour: tuple[int, int, int], factor: float) -> None:
        assert cosine(garment(colour), lit(garment(colour), factor)) > 0.7

    def test_the_more_alike_the_closer(self) -> None:
        reds = [cosine(garment(RED), garment(c)) for c in (RED, (200, 45, 55), (220, 90, 90), (150, 150, 60))]
        assert reds == sorted(reds, reverse=True)
        assert reds[0] == pytest.approx(1, abs=1e-6)

    def test_navy_is_not_black(self) -> None:
        assert cosine(garment(NAVY), garment(BLACK)) < cosine(garment(NAVY), garment((34, 42, 78)))

    def test_the_wall_behind_counts_little(self) -> None:
        same_garment = cosine(garment(RED), garment(RED, ground=(120, 150, 120)))
        same_wall = cosine(garment(RED, ground=(120, 150, 120)), garment(BLUE, ground=(120, 150, 120)))
        assert same_garment > same_wall + 0.2

    def test_white_on_white_stays_white(self) -> None:
        assert cosine(garment(WHITE), garment(WHITE, ground=(90, 90, 90))) > 0.7

    def test_a_pattern_is_between_its_colours(self) -> None:
        striped = garment(RED)
        striped[30:90:8, 30:90] = striped[31:91:8, 30:90] = striped[32:92:8, 30:90] = BLUE
        for plain in (RED, BLUE):
            assert cosine(garment(RED), garment(BLUE)) < cosine(striped, garment(plain)) < 0.99

    def test_turning_and_mirroring_change_nothing(self) -> None:
        noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        for turned in (noise[:, ::-1], noise[::-1], noise.transpose(1, 0, 2)):
            np.testing.assert_allclose(vector(noise), vector(turned), atol=1e-6)

    def test_size_changes_little(self) -> None:
        assert cosine(garment(RED, side=96), garment(RED, side=480)) > 0.98

    def test_small_changes_move_it_little(self) -> None:
        """Hard bins would jump where a colour crosses an edge."""
        for grey in range(10, 245, 5):
            assert cosine(garment((grey, grey, grey)), garment((grey + 4,) * 3)) > 0.9


class TestForm:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1))
    @example(1, 1, 0)
    @example(1, 500, 0)
    @example(500, 1, 0)
    def test_any_picture_gives_a_unit_vector(self, height: int, width: int, seed: int) -> None:
        noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        got = vector(noise)
        assert (got.shape, got.dtype) == ((ENCODER.dim,), np.float32)
        assert got.min() >= 0
        assert np.linalg.norm(got) == pytest.approx(1, abs=1e-5)

    @settings(deadline=None)
    @given(st.tuples(*[st.integers(0, 255)] * 3))
    @example((0, 0, 0))
    @example((255, 255, 255))
    def test_any_plain_colour_falls_on_eight_points_at_most(self, colour: tuple[int, int, int]) -> None:
        got = vector(np.full((3, 3, 3), colour, np.uint8))
        assert 1 <= np.count_nonzero(got) <= 8

    def test_the_same_twice(self) -> None:
        assert np.array_equal(vector(picture()), vector(picture()))

    def test_a_picture_that_is_a_view(self) -> None:
        assert np.array_equal(vector(picture()[::2, ::-1]), vector(picture()[::2, ::-1].copy()))

    def test_golden_vector(self) -> None:
        got = vector(picture())
        assert {i: float(got[i]) for i in GOLDEN} == pytest.approx(GOLDEN, abs=2e-3)

    def test_its_version_goes_with_its_golden_vector(self) -> None:
        assert ENCODER.version == "din99-lattice-1", "a new version needs a new golden vector, and the reverse"

    def test_no_photos(self) -> None:
        assert ENCODER.encode([]).shape == (0, ENCODER.dim)

    def test_rows_are_the_photos(self) -> None:
        prepared = [ENCODER.prepare(garment(c)) for c in (RED, BLUE, BLACK)]
        got = ENCODER.encode(prepared)
        assert got.flags.c_contiguous
        assert np.array_equal(got, np.stack(prepared))

    def test_small(self) -> None:
        assert (ENCODER.name, ENCODER.min_side) == ("colour", 64)
        assert 64 < ENCODER.dim <= 160


GOLDEN = {19: 0.4138, 28: 0.4011, 53: 0.4753, 54: 0.2461, 58: 0.2516}
"""The five largest numbers of the picture's colour vector, by place."""


class TestLattice:
    # Source: Bruce Lindbloom's calculator, sRGB, D65.
    @pytest.mark.parametrize(
        ("rgb", "lab"),
        [
            ((255, 255, 255), (100, 0, 0)),
            ((0, 0, 0), (0, 0, 0)),
            ((255, 0, 0), (53.24, 80.09, 67.20)),
            ((0, 255, 0), (87.73, -86.18, 83.18)),
            ((0, 0, 255), (32.30, 79.19, -107.86)),
            ((119, 119, 119), (50.03, 0, 0)),
        ],
    )
    def test_lab(self, rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
        assert to_lab(np.array(rgb, float)).tolist() == pytest.approx(lab, abs=0.05)

    def test_compression_keeps_hue_lightness_and_order(self) -> None:
        lab = np.array([[50.0, 3, 4], [50, 30, 40], [50, 60, 80], [50, 0, 0]])
        got = to_lattice_space(lab)
        assert got[:, 0].tolist() == [50] * 4
        np.testing.assert_allclose(got[:3, 2] / got[:3, 1], 4 / 3)
        chroma = np.hypot(got[:, 1], got[:, 2])
        assert chroma[0] == pytest.approx(np.log(1 + 0.045 * 5) / 0.045)
        assert 0 == chroma[3] < chroma[0] < chroma[1] < chroma[2] < 100

    def test_every_colour_has_its_shares(self) -> None:
        table = lattice(ENCODER.levels, ENCODER.step)
        assert table.index.shape == table.share.shape == (32_768, 8)
        assert table.share.min() >= 0
        np.testing.assert_allclose(table.share.sum(axis=1), 1)
        assert set(np.unique(table.index)) <= set(range(len(table.points)))

    def test_shares_lie_on_the_points_around_the_colour(self) -> None:
        table = lattice(ENCODER.levels, ENCODER.step)
        levels = (np.arange(32) + 0.5) * 8
        for code in range(0, 32_768, 997):
            rgb = levels[[code >> 10, code >> 5 & 31, code & 31]]
            place = to_lattice_space(to_lab(rgb))
            near = table.points[table.index[code][table.share[code] > 0]]
            assert (abs(near - place) <= np.array([25, 12, 12]) + 1e-9).all()

    def test_greys_go_up_the_middle(self) -> None:
        centre = np.hypot(*lattice(ENCODER.levels, ENCODER.step).points[:, 1:].T) < 1e-9
        assert sorted(lattice(ENCODER.levels, ENCODER.step).points[centre, 0]) == [0, 25, 50, 75, 100]


def test_real_photos_of_one_colour_are_closer(data: Path) -> None:
    import pyarrow.parquet as parquet

    table = parquet.ParquetFile(data / "myntra" / "catalogue.parquet").read_row_group(
        0, columns=["baseColour", "articleType", "split", "image"]
    )
    rows = [r for r in table.slice(0, 3000).to_pylist() if r["split"] == "train" and r["articleType"] == "Tshirts"]
    found = {c: [r["image"] for r in rows if r["baseColour"] == c][:10] for c in ("Red", "Black")}
    vectors = {c: np.stack([vector(images.decode(p, 64)) for p in found[c]]) for c in found}
    assert all(len(v) >= 3 for v in vectors.values())
    within = min((v @ v.T).mean() for v in vectors.values())
    assert within > (vectors["Red"] @ vectors["Black"].T).mean() + 0.15

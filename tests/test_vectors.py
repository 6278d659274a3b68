"""Vectors of length 1 and cosines: exact, and bit for bit what published figures were computed with."""

from __future__ import annotations

import numpy as np
import pytest

from lookseek.errors import ModelError
from lookseek.vectors import cosine, unit


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((400, 384)).astype(np.float32) * 3


def test_rows_get_length_1_in_float32_and_in_float64(rows: np.ndarray) -> None:
    made = unit(rows)
    assert (made.dtype, made.shape, made.flags.c_contiguous) == (np.float32, rows.shape, True)
    np.testing.assert_allclose(np.linalg.norm(made.astype(np.float64), axis=1), 1, atol=1e-7)
    wide = unit(rows, out=np.float64)
    assert wide.dtype == np.float64
    np.testing.assert_allclose(np.linalg.norm(wide, axis=1), 1, atol=1e-15)
    np.testing.assert_array_equal(made, wide.astype(np.float32))
    np.testing.assert_array_equal(unit(rows[7]), made[7])


def test_what_is_computed_in_float32_stays_as_routers_and_the_combiner_s_judge_had_it(rows: np.ndarray) -> None:
    rows[5] = 0
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    made = unit(rows, inside=np.float32, zeros="keep")
    np.testing.assert_array_equal(made, rows / np.maximum(lengths, np.float32(1e-30)))  # routers
    np.testing.assert_array_equal(made, rows / np.maximum(lengths, np.float32(1e-12)))  # the Combiner's judge


def test_short_and_long_vectors_have_a_direction_too() -> None:
    for scale in (1e-30, 1e30):  # their squares are no float32
        made = unit(np.array([3, 4], np.float32) * np.float32(scale))
        np.testing.assert_allclose(made, [0.6, 0.8], atol=1e-6)


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_a_vector_without_direction_is_refused(rows: np.ndarray, value: float) -> None:
    rows[3] = value
    with pytest.raises(ModelError, match=r"^1 of 400 vectors are all zeros or not finite: .*export it again"):
        unit(rows)
    with pytest.raises(ModelError, match="1 of 1"):
        unit(rows[3])


def test_zeros_stay_zeros_where_they_are_kept(rows: np.ndarray) -> None:
    rows[3] = 0
    made = unit(rows, zeros="keep")
    assert not made[3].any()
    np.testing.assert_array_equal(np.delete(made, 3, axis=0), unit(np.delete(rows, 3, axis=0)))


def test_cosines(rows: np.ndarray) -> None:
    np.testing.assert_allclose(cosine(rows, rows * 2), 1, atol=1e-12)
    np.testing.assert_allclose(cosine(rows, -rows), -1, atol=1e-12)
    others = np.roll(rows, 1, axis=0)
    np.testing.assert_allclose(cosine(rows, others), (unit(rows) * unit(others)).sum(axis=1), atol=1e-6)
    assert float(cosine(rows[0], others[0])) == pytest.approx(float(cosine(rows, others)[0]), abs=1e-15)


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_the_cosine_of_what_has_no_direction_is_0(rows: np.ndarray, value: float) -> None:
    others = rows.copy()
    others[3] = value
    found = cosine(rows, others)
    assert found[3] == 0
    np.testing.assert_allclose(np.delete(found, 3), 1, atol=1e-12)

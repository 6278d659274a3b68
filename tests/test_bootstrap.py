"""Intervals and tests by resampling: against plain loops, on data whose truth is known, and at their limits."""

from __future__ import annotations

import math
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookseek.evaluate import bootstrap
from lookseek.evaluate.bootstrap import intervals, paired

Table = NDArray[np.float64]


def some(questions: int, metrics: int = 1, seed: int = 0) -> Table:
    return np.random.default_rng(seed).random((questions, metrics))


def loop(strata: list[list[float]], resamples: int, seed: int) -> list[float]:
    """The figures of resamples of one metric, sorted, in plain Python."""
    random = np.random.default_rng(seed)
    figures = []
    for _ in range(resamples):
        means = []
        for values in strata:
            drawn = [values[int(random.integers(len(values)))] for _ in values]
            means.append(sum(drawn) / len(drawn))
        figures.append(sum(means) / len(means))
    return sorted(figures)


tables = st.lists(
    st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, 0.1, 1 / 3, 0.7])] * 2), min_size=1, max_size=9).map(np.array),
    min_size=1,
    max_size=3,
)


# intervals


@given(strata=tables, seed=st.integers(0, 5))
@settings(deadline=None)
def test_an_interval_holds_its_value_and_stays_among_the_data(strata: list[Table], seed: int) -> None:
    for column, (value, low, high) in enumerate(intervals(strata, seed, resamples=50)):
        every = np.concatenate([stratum[:, column] for stratum in strata])
        assert every.min() - 1e-12 <= low <= value <= high <= every.max() + 1e-12
        means = [float(stratum[:, column].mean()) for stratum in strata]
        assert value == pytest.approx(sum(means) / len(means), abs=1e-12)


def test_strata_count_alike_however_many_questions_they_have() -> None:
    few, many = np.array([[1.0]] * 2), np.array([[0.0]] * 98)
    assert intervals([few, many])[0].tolist() == [0.5, 0.5, 0.5]
    assert intervals([np.concatenate([few, many])])[0, 0] == pytest.approx(0.02)


def test_intervals_equal_those_of_a_plain_loop() -> None:
    """Also that each stratum is drawn from alone: mixed draws would be five times as wide."""
    random = np.random.default_rng(4)
    strata = [random.beta(2, 5, 40), 10 + random.beta(5, 2, 13), np.array([20.0, 21.0, 23.0])]
    ((value, low, high),) = intervals([stratum[:, None] for stratum in strata], seed=1, resamples=20_000)
    figures = loop([stratum.tolist() for stratum in strata], 4000, seed=2)
    width = high - low
    assert value == pytest.approx(np.mean([stratum.mean() for stratum in strata]))
    assert low == pytest.approx(figures[100], abs=0.05 * width)
    assert high == pytest.approx(figures[3900], abs=0.05 * width)


def test_the_interval_of_a_normal_mean_is_the_textbook_s() -> None:
    values = np.random.default_rng(5).normal(3, 2, (400, 1))
    ((value, low, high),) = intervals([values], resamples=20_000)
    half = 1.96 * values.std() / 20
    assert (value - low, high - value) == (pytest.approx(half, rel=0.04), pytest.approx(half, rel=0.04))


@pytest.mark.parametrize("kind", ["hit rates", "skewed", "two strata"])
def test_intervals_cover_the_truth_as_often_as_they_say(kind: str) -> None:
    """A column is a data set of its own: 1,000 of them in one go."""
    random = np.random.default_rng(6)
    if kind == "hit rates":
        strata, truth = [(random.random((150, 1000)) < 0.3).astype(float)], 0.3
    elif kind == "skewed":
        strata, truth = [random.beta(0.5, 2, (150, 1000))], 0.2
    else:
        strata, truth = [random.normal(0, 1, (60, 1000)), random.normal(1, 3, (90, 1000))], 0.5
    found = intervals(strata, seed=7)
    covered = np.mean((found[:, 1] <= truth) & (truth <= found[:, 2]))
    assert 0.92 <= covered <= 0.97


def test_one_question_is_its_own_interval() -> None:
    assert intervals([np.array([[0.3, 1.0]])]).tolist() == [[0.3] * 3, [1.0] * 3]


@given(value=st.floats(0, 1), questions=st.integers(1, 60))
@settings(deadline=None)
def test_equal_values_have_no_width(value: float, questions: int) -> None:
    ((middle, low, high),) = intervals([np.full((questions, 1), value)], resamples=40)
    assert low <= middle <= high
    assert (low, middle, high) == (pytest.approx(value, abs=1e-12),) * 3


def test_the_same_seed_draws_the_same() -> None:
    strata = [some(50, 3), some(20, 3, seed=1)]
    assert np.array_equal(intervals(strata, seed=3), intervals(strata, seed=3))
    assert not np.array_equal(intervals(strata, seed=3)[:, 1:], intervals(strata, seed=4)[:, 1:])
    assert np.array_equal(intervals(strata, seed=3)[:, 0], intervals(strata, seed=4)[:, 0])


def test_all_metrics_share_the_draws() -> None:
    """So a metric's interval does not depend on which others were asked for."""
    strata = [some(50, 3), some(20, 3, seed=1)]
    together = intervals(strata)
    for column in range(3):
        alone = intervals([stratum[:, [column]] for stratum in strata])
        assert together[column] == pytest.approx(alone[0], abs=1e-12)


def test_strata_are_drawn_apart_from_each_other() -> None:
    """Two equal strata halve the variance; the same draws for both would leave it."""
    values = some(100)
    widths = [float(np.diff(intervals([values] * count, resamples=4000)[0, 1:])[0]) for count in (1, 2)]
    assert widths[1] / widths[0] == pytest.approx(math.sqrt(0.5), rel=0.06)


@pytest.mark.parametrize("draws", [1, 100, 999])
def test_the_size_of_blocks_changes_nothing(draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    strata = [some(50, 2)]
    whole = intervals(strata, resamples=101)
    monkeypatch.setattr(bootstrap, "_DRAWS", draws)
    assert intervals(strata, resamples=101) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("strata", [[], [np.zeros((0, 2))], [np.zeros((3, 2)), np.zeros((0, 2))]])
def test_nothing_to_average_is_a_bug(strata: list[Table]) -> None:
    with pytest.raises(ValueError, match="at least one stratum, and each stratum a question"):
        intervals(strata)
    with pytest.raises(ValueError, match="at least one stratum, and each stratum a question"):
        paired(strata, strata)


# paired


def test_equal_systems_do_not_differ() -> None:
    strata = [some(30, 4), some(5, 4, seed=1)]
    assert paired(strata, [stratum.copy() for stratum in strata]).tolist() == [[0, 0, 0, 1]] * 4


def test_a_real_difference_is_seen() -> None:
    a = some(200, 2)
    b = a + np.array([0.05, 0.0]) + np.random.default_rng(1).normal(0, 0.1, a.shape)
    real, none = paired([a], [b], resamples=2000)
    assert real[0] == pytest.approx((b - a)[:, 0].mean())
    assert 0 < real[1] < real[0] < real[2]
    assert real[3] == 1 / 2001
    assert none[1] < 0 < none[2]
    assert none[3] > 0.05


def test_the_pairs_make_small_differences_visible() -> None:
    """Questions differ far more than systems: intervals of the two overlap, their difference is certain."""
    a = some(100)
    b = a + np.random.default_rng(1).normal(0.02, 0.02, a.shape)
    apart = intervals([a]), intervals([b])
    assert apart[0][0, 2] > apart[1][0, 1]
    assert paired([a], [b])[0, 3] < 0.001


def test_the_other_way_round_is_the_same_with_the_other_sign() -> None:
    a, b = [some(40, 3), some(9, 3, 1)], [some(40, 3, 2), some(9, 3, 3)]
    there, back = paired(a, b, resamples=500), paired(b, a, resamples=500)
    assert back[:, 0] == pytest.approx(-there[:, 0])
    assert back[:, 1] == pytest.approx(-there[:, 2])
    assert back[:, 2] == pytest.approx(-there[:, 1])
    assert back[:, 3] == pytest.approx(there[:, 3])


def test_p_is_uniform_where_systems_are_equally_good() -> None:
    """A column is a data set of its own."""
    random = np.random.default_rng(8)
    a = [random.beta(2, 3, (80, 1000)), random.beta(1, 1, (50, 1000))]
    b = [random.beta(2, 3, (80, 1000)), random.beta(1, 1, (50, 1000))]
    p = paired(a, b, resamples=1000)[:, 3]
    for level in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9):
        assert np.mean(p <= level) == pytest.approx(level, abs=0.035)


def test_p_of_hit_rates_is_uniform_too() -> None:
    """Few values: many resamples reach the difference exactly, and count."""
    random = np.random.default_rng(9)
    a, b = ((random.random((120, 1000)) < 0.4).astype(float) for _ in range(2))
    p = paired([a], [b], resamples=1000)[:, 3]
    assert 0.02 <= np.mean(p <= 0.05) <= 0.07
    assert 0.4 <= np.mean(p <= 0.5) <= 0.55


def test_p_is_near_to_that_of_a_normal_test() -> None:
    random = np.random.default_rng(10)
    a = random.normal(0, 1, (300, 40))
    b = a + random.normal(0.05, 0.6, a.shape)
    for (difference, _, _, p), each in zip(paired([a], [b]), (b - a).T, strict=True):
        z = abs(difference) / (each.std() / math.sqrt(len(each)))
        assert p == pytest.approx(math.erfc(z / math.sqrt(2)), abs=0.03)


def test_p_equals_that_of_a_plain_loop() -> None:
    random = np.random.default_rng(11)
    strata = [random.normal(0.1, 0.5, 30), random.normal(0.1, 1, 12)]
    zero = [np.zeros((len(stratum), 1)) for stratum in strata]
    ((difference, low, high, p),) = paired(zero, [stratum[:, None] for stratum in strata])
    assert difference == pytest.approx(np.mean([stratum.mean() for stratum in strata]))
    shifted = [(stratum - stratum.mean()).tolist() for stratum in strata]
    far = np.mean(np.abs(loop(shifted, 4000, seed=1)) >= difference)
    assert 0.1 < p < 0.9
    assert p == pytest.approx(far, abs=0.03)
    figures = loop([stratum.tolist() for stratum in strata], 4000, seed=2)
    assert low == pytest.approx(figures[100], abs=0.05 * (high - low))
    assert high == pytest.approx(figures[3900], abs=0.05 * (high - low))


@pytest.mark.parametrize("gain", [1, 0.3, 0.6])
def test_resamples_that_reach_the_difference_exactly_count(gain: float) -> None:
    """Six better, two worse of eight: a resample has X better ones, X binomial; it reaches half if X <= 4 or X = 8."""
    b = gain * np.array([[1.0]] * 6 + [[-1.0]] * 2)
    chance = [math.comb(8, x) * 0.75**x * 0.25 ** (8 - x) for x in range(9)]
    assert paired([np.zeros((8, 1))], [b], resamples=20_000)[0, 3] == pytest.approx(
        sum(chance[:5]) + chance[8], abs=0.01
    )


def test_p_is_never_zero() -> None:
    a, b = np.zeros((500, 1)), np.ones((500, 1))
    for resamples in (1, 10, 100):
        assert paired([a], [b], resamples=resamples)[0].tolist() == [1, 1, 1, 1 / (resamples + 1)]


@pytest.mark.parametrize(("differ", "least"), [(1, 1.0), (2, 0.5), (3, 0.25), (5, 1 / 16), (6, 1 / 32)])
@pytest.mark.parametrize("others", [0, 300])
def test_few_questions_that_differ_prove_little(differ: int, least: float, others: int) -> None:
    """However clear they are: one question has no variance to resample, and would be certain without this."""
    a = np.zeros((differ + others, 1))
    b = a.copy()
    b[:differ] = 0.4
    assert paired([a], [b])[0, 3] >= least
    if not others:
        assert paired([a], [b])[0, 3] == least


def test_few_questions_that_differ_are_counted_over_all_strata() -> None:
    a, b = [np.zeros((2, 1)), np.zeros((3, 1))], [np.ones((2, 1)), np.ones((3, 1))]
    assert paired(a, b)[0, 3] == 1 / 16


def test_pairs_need_the_same_shape() -> None:
    for a, b in (([some(5)], [some(6)]), ([some(5)], [some(5), some(5)]), ([some(5)], [some(5, 2)])):
        with pytest.raises(ValueError, match="the same strata, questions and metrics"):
            paired(a, b)


def test_paired_is_the_same_for_the_same_seed() -> None:
    a, b = [some(40, 3)], [some(40, 3, 2)]
    assert np.array_equal(paired(a, b, seed=5, resamples=200), paired(a, b, seed=5, resamples=200))
    assert not np.array_equal(paired(a, b, seed=5, resamples=200), paired(a, b, seed=6, resamples=200))


# cost


def test_thousands_of_questions_take_under_a_second_and_little_memory() -> None:
    strata = [some(6900, 20)]
    took = []
    for _ in range(3):
        start = time.perf_counter()
        intervals(strata)
        took.append(time.perf_counter() - start)
    assert min(took) < 1
    tracemalloc.start()
    intervals(strata)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6

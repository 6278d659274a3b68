"""Intervals and tests by resampling units: against plain loops, on data whose truth is known, and at their limits."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookseek.evaluate import bootstrap
from lookseek.evaluate.bootstrap import intervals, paired

Table = NDArray[np.float64]


def some(queries: int, metrics: int = 1, seed: int = 0) -> Table:
    return np.random.default_rng(seed).random((queries, metrics))


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


def loop_of_units(strata: list[list[float]], units: list[list[str]], resamples: int, seed: int) -> list[float]:
    """As ``loop``, but units are drawn, with all that they asked in all strata, from one urn."""
    random = np.random.default_rng(seed)
    names = sorted({name for some in units for name in some})
    figures = []
    for _ in range(resamples):
        drawn = [names[int(random.integers(len(names)))] for _ in names]
        means = []
        for values, some in zip(strata, units, strict=True):
            got = [value for name in drawn for value, unit in zip(values, some, strict=True) if unit == name]
            means.append(sum(got or values) / len(got or values))
        figures.append(sum(means) / len(means))
    return sorted(figures)


def numbered(*sizes: int, shared: bool = False) -> list[list[str]]:
    """A unit for each query, the same in all strata if shared."""
    return [[f"{0 if shared else place}-{i}" for i in range(size)] for place, size in enumerate(sizes)]


def width(strata: list[Table], units: list[list[str]] | None = None, resamples: int = 4000) -> float:
    ((_, low, high),) = intervals(strata, units, resamples=resamples).tolist()
    return float(high - low)


tables = st.lists(
    st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, 0.1, 1 / 3, 0.7])] * 2), min_size=1, max_size=9).map(np.array),
    min_size=1,
    max_size=3,
)


# intervals


@given(strata=tables, seed=st.integers(0, 5))
@settings(deadline=None)
def test_an_interval_holds_its_value_and_stays_among_the_data(strata: list[Table], seed: int) -> None:
    for column, (value, low, high) in enumerate(intervals(strata, seed=seed, resamples=50)):
        every = np.concatenate([stratum[:, column] for stratum in strata])
        assert every.min() - 1e-12 <= low <= value <= high <= every.max() + 1e-12
        means = [float(stratum[:, column].mean()) for stratum in strata]
        assert value == pytest.approx(sum(means) / len(means), abs=1e-12)


def test_strata_count_alike_however_many_queries_they_have() -> None:
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


def test_one_query_is_its_own_interval() -> None:
    assert intervals([np.array([[0.3, 1.0]])]).tolist() == [[0.3] * 3, [1.0] * 3]


@given(value=st.floats(0, 1), queries=st.integers(1, 60))
@settings(deadline=None)
def test_equal_values_have_no_width(value: float, queries: int) -> None:
    ((middle, low, high),) = intervals([np.full((queries, 1), value)], resamples=40)
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
    with pytest.raises(ValueError, match="at least one stratum, and each stratum a query"):
        intervals(strata)
    with pytest.raises(ValueError, match="at least one stratum, and each stratum a query"):
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
    """Queries differ far more than systems: intervals of the two overlap, their difference is certain."""
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
def test_few_queries_that_differ_prove_little(differ: int, least: float, others: int) -> None:
    """However clear they are: one query has no variance to resample, and would be certain without this."""
    a = np.zeros((differ + others, 1))
    b = a.copy()
    b[:differ] = 0.4
    assert paired([a], [b])[0, 3] >= least
    if not others:
        assert paired([a], [b])[0, 3] == least


def test_few_queries_that_differ_are_counted_over_all_strata() -> None:
    a, b = [np.zeros((2, 1)), np.zeros((3, 1))], [np.ones((2, 1)), np.ones((3, 1))]
    assert paired(a, b)[0, 3] == 1 / 16


def test_pairs_need_the_same_shape() -> None:
    for a, b in (([some(5)], [some(6)]), ([some(5)], [some(5), some(5)]), ([some(5)], [some(5, 2)])):
        with pytest.raises(ValueError, match="the same strata, queries and metrics"):
            paired(a, b)


def test_paired_is_the_same_for_the_same_seed() -> None:
    a, b = [some(40, 3)], [some(40, 3, 2)]
    assert np.array_equal(paired(a, b, seed=5, resamples=200), paired(a, b, seed=5, resamples=200))
    assert not np.array_equal(paired(a, b, seed=5, resamples=200), paired(a, b, seed=6, resamples=200))


# units


@given(strata=tables, draw=st.data())
@settings(deadline=None)
def test_whatever_the_units_an_interval_holds_its_value_and_stays_among_the_data(
    strata: list[Table], draw: st.DataObject
) -> None:
    """Also where a resample leaves a stratum empty."""
    units = [draw.draw(st.lists(st.sampled_from("abcdef"), min_size=len(s), max_size=len(s))) for s in strata]
    found = intervals(strata, units, resamples=50)
    assert found[:, 0].tolist() == intervals(strata)[:, 0].tolist()
    for column, (value, low, high) in enumerate(found):
        least, most = (np.mean([side(s[:, column]) for s in strata]) for side in (np.min, np.max))
        assert least - 1e-12 <= low <= value <= high <= most + 1e-12


@pytest.mark.parametrize(
    "units",
    [
        pytest.param(["aabbccdefgh", "abcdefgh"], id="in both strata"),
        pytest.param(["aabbccdefgh", "abxyzzzz"], id="some in one stratum only"),
        pytest.param(["abcdefghijk", "ffffgggk"], id="few in one stratum"),
        pytest.param(["abcdefghijk", "kkkkkkkk"], id="a stratum of one unit, often empty"),
    ],
)
def test_units_equal_a_plain_loop(units: list[str]) -> None:
    random = np.random.default_rng(12)
    strata, names = [random.normal(0, 1, 11), random.normal(3, 1, 8)], [list(some) for some in units]
    tall = [stratum[:, None] for stratum in strata]
    ((value, low, high),) = intervals(tall, names, resamples=20_000)
    figures = loop_of_units([stratum.tolist() for stratum in strata], names, 4000, seed=2)
    assert value == pytest.approx(np.mean([stratum.mean() for stratum in strata]))
    assert low == pytest.approx(figures[100], abs=0.05 * (high - low))
    assert high == pytest.approx(figures[3900], abs=0.05 * (high - low))


@pytest.mark.parametrize("order", ["fsb", "sfb", "fbs", "bsf"])
def test_strata_that_share_units_through_others_are_drawn_from_together(order: str) -> None:
    """The first and the second share none, but each shares with both; yet another stratum stands alone."""
    random = np.random.default_rng(13)
    level = dict(zip("abcdefghixyzpqrstu", random.normal(0, [0.3] * 9 + [1] * 9), strict=True))
    named = {"f": "abcdefghi", "s": "xyzpqrstu", "b": "cdxyzpqrs"}
    units = [list(named[letter]) for letter in order]
    strata = [np.array([level[name] for name in some]) + place for place, some in enumerate(units)]
    alone, more = random.normal(0, 0.3, 5), list("12345")
    tall = [stratum[:, None] for stratum in (*strata, alone)]
    ((_, low, high),) = intervals(tall, [*units, more], resamples=20_000)
    together = np.array(loop_of_units([stratum.tolist() for stratum in strata], units, 4000, seed=2))
    apart = np.random.default_rng(3).permutation(loop([alone.tolist()], 4000, seed=4))
    expected = np.quantile((together * 3 + apart) / 4, [0.025, 0.975])
    assert [low, high] == pytest.approx(expected.tolist(), abs=0.05 * (high - low))


@pytest.mark.parametrize("copies", [2, 28])
def test_asking_the_same_again_does_not_narrow_the_interval(copies: int) -> None:
    values = some(60)
    once = intervals([values])
    assert width([values] * copies) < 0.8 * width([values])
    over_strata = intervals([values] * copies, numbered(*[60] * copies, shared=True))
    in_one = intervals([np.repeat(values, copies, axis=0)], [[name for name in numbered(60)[0] for _ in range(copies)]])
    assert over_strata == pytest.approx(once, abs=1e-12)
    assert in_one == pytest.approx(once, abs=1e-12)


def test_equal_differences_under_one_unit_prove_no_more_than_one() -> None:
    b = np.random.default_rng(14).normal(0.2, 1, (60, 1))
    once, again = paired([b * 0], [b]), paired([b * 0] * 28, [b] * 28, numbered(*[60] * 28, shared=True))
    assert again == pytest.approx(once, abs=1e-12)
    assert once[0, 3] > 0.02 > paired([b * 0] * 28, [b] * 28)[0, 3]


def clustered(kind: str) -> tuple[list[Table], list[list[str]]]:
    """Units with a level of their own, around 0; a column is a data set of its own."""
    random = np.random.default_rng(15)
    level, units = random.normal(0, 1, (150, 1000)), np.array(numbered(150)[0])
    strata, names = [], []
    if kind == "several in one stratum":
        rows = np.repeat(np.arange(150), random.integers(1, 12, 150))
        strata.append(level[rows] + random.normal(0, 0.5, (len(rows), 1000)))
        names.append(units[rows].tolist())
    for _ in range(0 if strata else 8):
        rows = np.flatnonzero(random.random(150) < (1 if kind == "all strata" else 0.5))
        strata.append(level[rows] + random.normal(0, 0.5, (len(rows), 1000)))
        names.append(units[rows].tolist())
    return strata, names


@pytest.mark.parametrize("kind", ["several in one stratum", "all strata", "any of the strata"])
def test_intervals_cover_the_truth_where_queries_depend_on_each_other(kind: str) -> None:
    """Those of queries alone do not. In any of the strata: most units are the only one in just their strata."""
    strata, units = clustered(kind)
    naive, found = intervals(strata), intervals(strata, units)
    assert np.mean((naive[:, 1] <= 0) & (naive[:, 2] >= 0)) < 0.75
    assert 0.92 <= np.mean((found[:, 1] <= 0) & (found[:, 2] >= 0)) <= 0.97


def test_p_is_uniform_where_queries_depend_on_each_other() -> None:
    strata, units = clustered("any of the strata")
    p = paired([stratum * 0 for stratum in strata], strata, units, resamples=1000)[:, 3]
    for level in (0.05, 0.25, 0.5, 0.75):
        assert np.mean(p <= level) == pytest.approx(level, abs=0.035)
    assert np.mean(paired([stratum * 0 for stratum in strata], strata, resamples=1000)[:, 3] <= 0.05) > 0.3


def test_a_unit_for_each_query_is_as_no_units() -> None:
    a, b = [some(40, 3), some(1, 3, 4), some(9, 3, 1)], [some(40, 3, 2), some(1, 3, 5), some(9, 3, 3)]
    units = [[f"unit {name}" for name in names] for names in numbered(40, 1, 9)]
    assert np.array_equal(intervals(a, units, seed=3), intervals(a, seed=3))
    assert np.array_equal(paired(a, b, units, seed=3), paired(a, b, seed=3))


def test_the_names_of_units_do_not_matter() -> None:
    random = np.random.default_rng(16)
    strata, units = [some(30, 2), some(20, 2, 1)], [random.integers(0, 15, size).tolist() for size in (30, 20)]
    plain, other = ([[name(unit) for unit in each] for each in units] for name in ("{:02}".format, lambda u: f"{-u} é"))
    assert np.array_equal(intervals(strata, plain), intervals(strata, other))
    twice = [stratum * 2 for stratum in strata]
    assert np.array_equal(paired(strata, twice, plain), paired(strata, twice, other))


def test_the_same_seed_draws_the_same_units() -> None:
    strata, units = [some(30, 2), some(30, 2, 1)], numbered(30, 30, shared=True)
    assert np.array_equal(intervals(strata, units, seed=3), intervals(strata, units, seed=3))
    assert not np.array_equal(intervals(strata, units, seed=3)[:, 1:], intervals(strata, units, seed=4)[:, 1:])


def test_one_unit_is_its_own_interval() -> None:
    strata, units = [some(5), some(3, seed=1)], [["a"] * 5, ["a"] * 3]
    ((value, low, high),) = intervals(strata, units)
    assert (low, high) == (pytest.approx(value, abs=1e-12),) * 2
    assert paired(strata, [stratum + 1 for stratum in strata], units)[0, 3] == 1


@pytest.mark.parametrize(("units", "least"), [("aaaaaa", 1.0), ("aaabbb", 0.5), ("aabbcc", 0.25), ("abcdef", 1 / 32)])
def test_few_units_that_differ_prove_little(units: str, least: float) -> None:
    """However many queries they ask, in one stratum or in two."""
    zero, one, names = np.zeros((6, 1)), np.ones((6, 1)), list(units)
    assert paired([zero], [one], [names])[0, 3] == least
    assert paired([zero, zero], [one, one], [names, names])[0, 3] == least
    # units that don't differ prove nothing, nor does one whose queries outweigh each other
    more = np.concatenate([one, np.zeros((300, 1)), [[1.0], [-1.0]]])
    assert paired([more * 0], [more], [[*names, *numbered(300)[0], "even", "even"]])[0, 3] >= least


@pytest.mark.parametrize("draws", [1, 100, 999])
def test_the_size_of_blocks_changes_nothing_for_units(draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    strata = [some(50, 2), some(40, 2, 1)]
    units = numbered(50, 40, shared=True)
    whole = intervals(strata, units, resamples=101)
    monkeypatch.setattr(bootstrap, "_DRAWS", draws)
    assert intervals(strata, units, resamples=101) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("units", [[], numbered(5), numbered(5, 4), numbered(3, 5), numbered(5, 3, 1)])
def test_units_are_one_for_each_query(units: list[list[str]]) -> None:
    strata = [some(5), some(3)]
    with pytest.raises(ValueError, match="each query needs a unit"):
        intervals(strata, units)
    with pytest.raises(ValueError, match="each query needs a unit"):
        paired(strata, strata, units)


# cost


@pytest.mark.parametrize("kind", ["many queries", "many strata", "many units"])
def test_large_benchmarks_take_little_memory(kind: str) -> None:
    random = np.random.default_rng(17)
    if kind == "many queries":
        strata, units = [some(6900, 20)], [[f"{i // 2}" for i in range(6900)]]
    elif kind == "many strata":
        strata, units = [some(150, 6, place) for place in range(28)], numbered(*[150] * 28, shared=True)
    else:
        strata = [some(6000, 6, place) for place in range(3)]
        units = [list(map(str, random.integers(0, 15_000, 6000))) for _ in strata]
    for names in (None, units):
        tracemalloc.start()
        intervals(strata, names)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100e6

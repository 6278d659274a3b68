"""Metrics of rankings: by hand, against trec_eval, and at their limits."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek.errors import QueryError
from lookseek.evaluate import metrics
from lookseek.evaluate.metrics import WHOLE, Ranked, measure, parse

CUTS = (1, 2, 3, 5, 10, 30)
NAMES = [
    *(f"{name}@{k}" for name in ("recall", "any", "fraction", "precision", "map", "ndcg", "accuracy") for k in CUTS),
    *("map", "mrr", "ndcg", "r-precision", "accuracy"),
]


def one(grades: list[int], right: list[int], size: int = 1000) -> Ranked:
    """A single query."""
    return Ranked(np.array([grades], np.int8), np.array([right], np.int64), np.array([size]))


def value(name: str, ranked: Ranked) -> float:
    (only,) = measure([name], ranked)[name]
    return float(only)


def stacked(queries: int, depth: int, share: float, seed: int = 0) -> Ranked:
    """Random grades 0 to 2 with a share of right ones; half of the right items are found."""
    random = np.random.default_rng(seed)
    grades = np.where(random.random((queries, depth)) < share, random.integers(1, 3, (queries, depth)), 0)
    right = 2 * np.stack([(grades == 1).sum(axis=1), (grades == 2).sum(axis=1)], axis=1)
    return Ranked(grades.astype(np.int8), right, np.full(queries, 4 * depth))


# by hand


def test_a_worked_example() -> None:
    """Right answers at ranks 2, 3 and 5 of grades 1, 2, 1; a fourth right item of grade 2 was not found."""
    ranked = one([0, 1, 2, 0, 1], [2, 2])
    assert value("recall@1", ranked) == 0
    assert value("recall@2", ranked) == 1
    assert value("any@2", ranked) == 1
    assert value("accuracy", ranked) == 0
    assert value("accuracy@2", ranked) == 1
    assert value("fraction@3", ranked) == 2 / 4
    assert value("precision@3", ranked) == 2 / 3
    assert value("precision@10", ranked) == 3 / 10
    assert value("mrr", ranked) == 1 / 2
    assert value("r-precision", ranked) == 2 / 4
    assert value("map", ranked) == pytest.approx((1 / 2 + 2 / 3 + 3 / 5) / 4, abs=1e-15)
    assert value("map@3", ranked) == pytest.approx((1 / 2 + 2 / 3) / 3, abs=1e-15)
    discount = np.log2(np.arange(2, 7))
    ideal = 2 / discount[0] + 2 / discount[1] + 1 / discount[2] + 1 / discount[3]
    assert value("ndcg", ranked) == pytest.approx((1 / discount[1] + 2 / discount[2] + 1 / discount[4]) / ideal)
    assert value("ndcg@2", ranked) == pytest.approx((1 / discount[1]) / (2 / discount[0] + 2 / discount[1]))


def test_precision_divides_by_a_gallery_that_is_smaller_than_k() -> None:
    ranked = one([1, 0, 1], [2], size=3)
    assert value("precision@10", ranked) == 2 / 3
    assert value("precision@3", ranked) == 2 / 3
    assert value("precision@2", ranked) == 1 / 2


def test_map_at_k_divides_by_what_can_be_found() -> None:
    """trec_eval's map_cut_2 of this perfect ranking is 2 / 50."""
    assert value("map@2", one([1, 1, 1], [50])) == 1
    assert value("map@10", one([1, 0, 0], [1])) == 1


def test_a_perfect_ranking_has_one_everywhere_but_in_shares_of_more_than_k() -> None:
    ranked = one([3, 2, 2, 1, 0, 0], [1, 2, 1], size=6)
    for name, (perfect,) in measure(NAMES, ranked).items():
        metric, _, k = name.partition("@")
        if metric == "fraction":
            assert perfect == min(int(k), 4) / 4
        elif metric == "precision":
            assert perfect == min(4, int(k)) / min(6, int(k))
        else:
            assert perfect == pytest.approx(1, abs=1e-15), name


def test_better_items_first_is_better_for_ndcg_alone() -> None:
    good, bad = one([2, 1], [1, 1]), one([1, 2], [1, 1])
    assert value("ndcg", good) == 1 > value("ndcg", bad)
    for name in NAMES:
        if not name.startswith("ndcg"):
            assert value(name, good) == value(name, bad), name


def test_the_gain_is_linear() -> None:
    """A grade of 3 counts three times a grade of 1, not seven times."""
    assert value("ndcg@1", one([1, 3], [1, 0, 1])) == pytest.approx(1 / 3)


def test_each_query_has_its_own_value() -> None:
    ranked = Ranked(np.array([[1, 0], [0, 1], [0, 0]], np.int8), np.array([[1], [1], [1]]), np.array([2, 2, 2]))
    assert measure(["mrr"], ranked)["mrr"].tolist() == [1, 0.5, 0]
    assert measure(["recall@1"], ranked)["recall@1"].tolist() == [1, 0, 0]


# limits


@pytest.mark.parametrize("name", NAMES)
def test_nothing_right_is_zero(name: str) -> None:
    for right in ([], [0], [0, 0]):
        assert value(name, one([0, 0, 0], right, size=3)) == 0
        assert value(name, one([], right, size=0)) == 0


@pytest.mark.parametrize("name", NAMES)
def test_nothing_found_is_zero(name: str) -> None:
    assert value(name, one([0, 0], [1])) == 0
    assert value(name, one([], [5, 3])) == 0


@pytest.mark.parametrize("name", NAMES)
def test_no_queries_no_values(name: str) -> None:
    empty = Ranked(np.zeros((0, 5), np.int8), np.zeros((0, 1), np.int64), np.zeros(0, np.int64))
    values = measure([name], empty)[name]
    assert values.shape == (0,)
    assert values.dtype == np.float64


def test_no_names_no_metrics() -> None:
    assert measure([], one([1], [1])) == {}


def test_what_stands_below_the_depth_counts_as_wrong() -> None:
    short, long = one([0, 1], [3]), one([0, 1, 0, 0, 0, 0], [3])
    assert all(value(name, short) == value(name, long) for name in NAMES)


def test_a_k_beyond_everything_is_the_whole_ranking() -> None:
    ranked = stacked(20, 30, 0.2)
    values = measure([f"map@{WHOLE}", "map", f"ndcg@{WHOLE}", "ndcg", f"fraction@{WHOLE}"], ranked)
    assert np.array_equal(values[f"map@{WHOLE}"], values["map"])
    assert np.array_equal(values[f"ndcg@{WHOLE}"], values["ndcg"])
    assert values[f"fraction@{WHOLE}"].tolist() == [0.5] * 20


def test_huge_numbers_of_right_items_cost_no_more_than_k() -> None:
    """The ideal of ndcg@10 does not go through a billion right items."""
    assert value("ndcg@10", one([1] * 10, [WHOLE], size=WHOLE)) == pytest.approx(1)
    assert value("precision@10", one([1] * 10, [WHOLE], size=np.iinfo(np.int64).max)) == 1


@given(
    grades=st.lists(st.integers(0, 3), max_size=12),
    more=st.lists(st.integers(0, 4), min_size=3, max_size=3),
    k=st.integers(1, 15),
)
@settings(deadline=None)
def test_values_lie_from_0_to_1_and_no_metric_falls_by_a_better_first_answer(
    grades: list[int], more: list[int], k: int
) -> None:
    right = [grades.count(grade) + more[grade - 1] for grade in (1, 2, 3)]
    names = [name.partition("@")[0] + f"@{k}" * ("@" in name) for name in NAMES]
    size = len(grades) + sum(more)
    now = measure(names, one(grades, right, size))
    better = measure(names, one(sorted(grades, reverse=True), right, size))
    for name in names:
        assert 0 <= now[name][0] <= better[name][0] + 1e-12 <= 1 + 2e-12


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_the_size_of_blocks_changes_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ranked = stacked(53, 17, 0.3)
    whole = measure(NAMES, ranked)
    monkeypatch.setattr(metrics, "_BLOCK", block)
    for name, values in measure(NAMES, ranked).items():
        assert np.array_equal(values, whole[name]), name


# against trec_eval

MEASURES = {
    *("map", "ndcg", "Rprec", "recip_rank"),
    *(f"{name}.{','.join(map(str, CUTS))}" for name in ("P", "recall", "success", "map_cut", "ndcg_cut")),
}


@st.composite
def judged(draw: st.DrawFn) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, int]]]:
    """A run and qrels: ties, also such as only float32 has; unjudged, missed and wrong documents; rightless queries."""
    documents = [f"d{n}" for n in range(14)]
    scores = st.sampled_from([0.5, 0.5 + 1e-12, 0.25, -1.0, 3.0, 0.1, 0.1 + 1e-10])
    run, qrels = {}, {}
    for query in range(draw(st.integers(1, 4))):
        run[f"q{query}"] = draw(st.dictionaries(st.sampled_from(documents), scores, min_size=1))
        grades = draw(st.dictionaries(st.sampled_from(documents), st.integers(-1, 4), min_size=1))
        # where no grade reaches 0, trec_eval reads memory of the query before
        qrels[f"q{query}"] = grades | ({} if max(grades.values()) >= 0 else {"judged": 0})
    return run, qrels


def as_ranked(run: Mapping[str, Mapping[str, float]], qrels: Mapping[str, Mapping[str, int]]) -> Ranked:
    """Ranked as trec_eval does: by score as float32, ties by descending id."""
    depth = max(map(len, run.values()))
    grades = np.zeros((len(run), depth), np.int8)
    right = np.zeros((len(run), 4), np.int64)
    for row, (query, scores) in enumerate(run.items()):
        order = sorted(scores, key=lambda document: (np.float32(scores[document]), document), reverse=True)
        for rank, document in enumerate(order):
            grades[row, rank] = max(0, qrels[query].get(document, 0))
        for grade in qrels[query].values():
            if grade > 0:
                right[row, grade - 1] += 1
    return Ranked(grades, right, np.full(len(run), 10**12))


@given(pair=judged())
@settings(deadline=None, max_examples=150)
def test_every_metric_equals_trec_eval(
    pair: tuple[dict[str, dict[str, float]], dict[str, dict[str, int]]],
) -> None:
    run, qrels = pair
    theirs = pytrec_eval.RelevanceEvaluator(qrels, MEASURES).evaluate(run)
    ranked = as_ranked(run, qrels)
    ours = measure(NAMES, ranked)
    for row, query in enumerate(run):
        expected, right = theirs[query], int(ranked.right[row].sum())
        same = {"map": "map", "ndcg": "ndcg", "r-precision": "Rprec", "mrr": "recip_rank", "accuracy": "success_1"}
        for k in CUTS:
            for name in ("recall", "any", "accuracy"):
                same[f"{name}@{k}"] = f"success_{k}"
            same |= {f"fraction@{k}": f"recall_{k}", f"precision@{k}": f"P_{k}", f"ndcg@{k}": f"ndcg_cut_{k}"}
            share = right / max(1, min(k, right))  # trec_eval divides by R
            assert ours[f"map@{k}"][row] == pytest.approx(expected[f"map_cut_{k}"] * share, abs=1e-12)
        assert len(same) == len(NAMES) - len(CUTS)
        for name, measure_name in same.items():
            assert ours[name][row] == pytest.approx(expected[measure_name], abs=1e-12), name


def test_a_large_run_equals_trec_eval() -> None:
    """Long sums round alike: 1,000 answers, 300 of them right in several grades."""
    random = np.random.default_rng(3)
    run = {f"q{q}": {f"d{d:04}": float(s) for d, s in enumerate(random.random(1000))} for q in range(20)}
    qrels = {q: {f"d{d:04}": int(random.integers(0, 5)) for d in random.choice(2000, 600, False)} for q in run}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, MEASURES).evaluate(run)
    ours = measure(["ndcg", "map", "fraction@30"], as_ranked(run, qrels))
    for row, query in enumerate(run):
        assert ours["ndcg"][row] == pytest.approx(theirs[query]["ndcg"], abs=1e-12)
        assert ours["map"][row] == pytest.approx(theirs[query]["map"], abs=1e-12)
        assert ours["fraction@30"][row] == pytest.approx(theirs[query]["recall_30"], abs=1e-12)


# names


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_read(name: str) -> None:
    _, k = parse(name)
    cut = name.partition("@")[2]
    assert k == (int(cut) if cut else 1 if name == "accuracy" else WHOLE)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "recall",
        "any",
        "fraction",
        "precision",
        "mrr@10",
        "r-precision@5",
        "Recall@10",
        "hits@1",
        "@5",
        " map",
        "map ",
        "ndcg-10",
    ],
)
def test_unknown_names_are_refused_with_all_that_there_are(name: str) -> None:
    with pytest.raises(QueryError, match="is unknown") as caught:
        measure(["map", name], one([1], [1]))
    said = str(caught.value)
    assert repr(name) in said
    for form in ("recall@k", "any@k", "fraction@k", "precision@k", "map@k", "map", "mrr", "ndcg@k", "ndcg"):
        assert f" {form}," in said
    assert "r-precision" in said


@pytest.mark.parametrize(
    "k", ["", "0", "-1", "1.5", "010", "+5", "1e3", " 5", "5 ", "٣", "k", "1_0", "5@5", "9" * 5000]
)
def test_a_bad_k_is_refused(k: str) -> None:
    with pytest.raises(QueryError, match=r"has the k .* from 1 to 1,000,000,000") as caught:
        parse(f"recall@{k}")
    assert len(str(caught.value)) < 500


def test_k_has_a_largest_value() -> None:
    assert parse(f"recall@{WHOLE}") == ("recall@k", WHOLE)
    with pytest.raises(QueryError, match="has the k '1000000001'"):
        parse(f"recall@{WHOLE + 1}")


# cost


def test_memory_does_not_grow_with_the_judgements() -> None:
    ranked = stacked(2000, 4000, 1.0)
    tracemalloc.start()
    measure(["map", "ndcg", "recall@10"], ranked)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80e6

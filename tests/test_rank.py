"""The order of a ranking is total, and what is barred or not found never counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lookseek.errors import QueryError
from lookseek.evaluate.metrics import measure
from lookseek.evaluate.rank import Block, rank
from lookseek.evaluate.retrieval import Retrieval, similarities
from lookseek.evaluate.task import EvaluationQuery, Task
from lookseek.evaluate.timing import milliseconds
from lookseek.evaluate.truth import BARRED, Listed, SameLabel
from lookseek.evaluate.votes import NEIGHBOURS, neighbours, vote_scores

IDS = ("a", "b", "c", "d", "e", "f")


def task_of(grades: list[list[int]], ids: tuple[str, ...]) -> Task:
    """A task whose truth is these grades, BARRED among them."""
    right = tuple({column: grade for column, grade in enumerate(row) if grade > 0} for row in grades)
    barred = tuple(tuple(column for column, grade in enumerate(row) if grade == BARRED) for row in grades)
    queries = tuple(EvaluationQuery(f"q{number}", text="words") for number in range(len(grades)))
    return Task(queries, ids, Listed(len(ids), right, barred), ("recall@1",))


def ranked(task: Task, scores: np.ndarray, depth: int | None = None) -> Block:
    (block,) = rank(task, task.gallery, lambda rows: scores[rows], depth)
    return block


some_score = st.sampled_from([-np.inf, -1.5, -0.0, 0.0, 0.25, 0.5, 1e-30, 3.0])


@given(st.data())
@settings(max_examples=200)
def test_the_order_is_by_score_then_by_descending_id(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, len(IDS)))
    ids = tuple(data.draw(st.permutations(IDS[:width])))
    count = data.draw(st.integers(1, 4))
    scores = np.array(
        data.draw(st.lists(st.lists(some_score, min_size=width, max_size=width), min_size=count, max_size=count)),
        np.float32,
    )
    grades = data.draw(
        st.lists(st.lists(st.integers(-1, 2), min_size=width, max_size=width), min_size=count, max_size=count)
    )
    depth = data.draw(st.none() | st.integers(1, width))
    block = ranked(task_of(grades, ids), scores, depth)

    for row in range(count):
        # Python's own sort, twice: stable, so that the second keeps the first's order among equals
        found = [c for c in range(width) if grades[row][c] != BARRED and scores[row, c] > -np.inf]
        expected = sorted(sorted(found, key=lambda c: ids[c], reverse=True), key=lambda c: -scores[row, c])
        expected = expected[: width if depth is None else depth]
        got = [int(column) for column in block.order[row] if column >= 0]
        assert got == expected
        assert block.ranked.grades[row, : len(got)].tolist() == [grades[row][column] for column in expected]
        assert not block.ranked.grades[row, len(got) :].any()
        assert np.isnan(block.scores[row, len(got) :]).all()
        assert block.scores[row, : len(got)].tolist() == [scores[row, column] for column in expected]
        assert block.ranked.sizes[row] == sum(grade != BARRED for grade in grades[row])
        for grade in range(1, block.ranked.right.shape[1] + 1):
            assert block.ranked.right[row, grade - 1] == grades[row].count(grade)


def test_a_gallery_of_any_width_is_ranked_in_blocks_that_meet() -> None:
    random = np.random.default_rng(0)
    width, count = 50_000, 200  # 10 million scores: several blocks
    ids = tuple(f"{number:06}" for number in range(width))
    scores = random.random((count, width), np.float32)
    truth = Listed(width, tuple({int(random.integers(width)): 1} for _ in range(count)))
    task = Task(tuple(EvaluationQuery(str(q), text="x") for q in range(count)), ids, truth, ("recall@1",))
    rows = []
    for block in rank(task, ids, lambda some: scores[some], 3):
        rows += list(range(block.rows.start, block.rows.stop))
        assert (block.order == np.argsort(-scores[block.rows], axis=1, kind="stable")[:, :3]).all()
    assert rows == list(range(count))


def test_a_score_that_is_no_number_is_an_error_and_not_a_rank() -> None:
    scores = np.zeros((2, 3), np.float32)
    scores[1, 2] = np.nan
    with pytest.raises(QueryError, match="not a number"):
        ranked(task_of([[1, 0, 0], [0, 1, 0]], ("a", "b", "c")), scores)


def test_what_nothing_found_is_no_answer() -> None:
    task = task_of([[0, 1, 0]], ("a", "b", "c"))
    block = ranked(task, np.array([[0.5, -np.inf, 0.1]], np.float32))
    assert block.order.tolist() == [[0, 2, -1]]
    assert measure(["recall@3"], block.ranked)["recall@3"].tolist() == [0.0]


@given(
    st.integers(1, 6),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
)
@example(1, 1, 0)
def test_cosine_and_distance_order_as_their_formulas(count: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    asked, shown = random.normal(size=(count, 4)).astype(np.float32), random.normal(size=(width, 4)).astype(np.float32)
    distances = np.array([[np.linalg.norm(a - b) for b in shown] for a in asked])
    assert np.allclose(similarities(asked, shown, "euclidean")(slice(None)), -distances, atol=1e-4)
    assert np.allclose(similarities(asked, shown, "cosine")(slice(None)), asked @ shown.T, atol=1e-5)
    itself = similarities(asked, asked, "euclidean")(slice(0, 1))[0, 0]
    assert itself == pytest.approx(0, abs=5e-3)  # of float32 squares


def line(count: int) -> np.ndarray:
    """Photos on a line, at distance 0, 1, 2 ... of the first."""
    return np.arange(count, dtype=np.float32)[:, None]


def nearest(asked: np.ndarray, shown: np.ndarray, own: list[int]) -> list[list[int]]:
    ids = [f"{number:03}" for number in range(len(shown))]
    return neighbours(similarities(asked, shown, "euclidean"), np.array(own), ids).tolist()


def test_the_nearest_photos_are_found_and_a_photo_is_not_its_own_neighbour() -> None:
    asked = np.array([[0], [3.1]], np.float32)
    assert nearest(asked, line(6), [-1, -1]) == [[0, 1, 2, 3, 4, 5], [3, 4, 2, 5, 1, 0]]
    assert nearest(asked, line(6), [0, 3]) == [[1, 2, 3, 4, 5, -1], [4, 2, 5, 1, 0, -1]]
    assert nearest(asked, line(500), [-1, -1])[0] == list(range(NEIGHBOURS))


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 5))
def test_neighbours_are_those_of_a_plain_sort(seed: int, count: int, asked: int) -> None:
    random = np.random.default_rng(seed)
    shown = random.integers(0, 4, (count, 2)).astype(np.float32)  # many ties
    some = random.integers(0, 4, (asked, 2)).astype(np.float32)
    ids = [f"{number:03}" for number in range(count)]
    found = neighbours(similarities(some, shown, "euclidean"), np.full(asked, -1), ids)
    for row in range(asked):
        distance = np.sqrt(((shown - some[row]) ** 2).sum(axis=1))
        assert len(set(found[row])) == min(NEIGHBOURS, count)
        assert np.allclose(distance[found[row]], np.sort(distance)[:NEIGHBOURS], atol=1e-2)


def test_each_neighbour_has_one_vote_and_a_missing_one_none() -> None:
    classes = np.array([[True, False], [True, True], [False, True]])
    votes = vote_scores(np.array([[0, 1, -1], [2, -1, -1]]), classes)(slice(None))
    assert votes.astype(int).tolist() == [[2, 1], [0, 1]]


def test_where_votes_are_equal_the_nearer_photos_class_comes_first() -> None:
    classes = np.array([[True, False], [False, True], [False, True]])  # the second class is the more frequent
    votes = vote_scores(np.array([[0, 1], [1, 0]]), classes)(slice(None))
    assert votes.astype(int).tolist() == [[1, 1], [1, 1]]
    assert votes.argmax(axis=1).tolist() == [0, 1]


def test_a_class_without_votes_comes_last_the_frequent_before_the_rare() -> None:
    classes = np.zeros((60, 3), np.bool_)
    classes[:20, 0] = classes[20:55, 1] = classes[55:, 2] = True
    names = ("a", "b", "c")
    task = Task((EvaluationQuery("q", "x"),), tuple(map(str, range(60))), Listed(3, ({0: 1},)), ("accuracy",))
    (block,) = rank(task, names, vote_scores(np.arange(10)[None], classes), None)
    assert [names[column] for column in block.order[0]] == ["a", "b", "c"]


def test_a_label_s_own_photo_is_barred() -> None:
    truth = SameLabel(np.array([0, 1]), np.array([0, 0, 1]), np.array([1, -1]))
    assert truth.grades(slice(None)).tolist() == [[1, BARRED, 0], [0, 0, 1]]
    kept = truth.keep(np.array([0]), np.array([1, 2]))
    assert kept.grades(slice(None)).tolist() == [[BARRED, 0]]
    without = truth.keep(np.array([0, 1]), np.array([2, 0]))
    assert without.grades(slice(None)).tolist() == [[0, 1], [1, 0]]


def test_a_list_may_name_the_only_candidates() -> None:
    truth = Listed(4, ({1: 2}, {0: 1}), among=((1, 3), (0,)))
    assert truth.grades(slice(None)).tolist() == [[BARRED, 2, BARRED, 0], [1, BARRED, BARRED, BARRED]]
    assert truth.keep(np.array([0]), np.array([3, 1])).grades(slice(None)).tolist() == [[0, 2]]


def test_distances_are_the_same_wherever_the_points_lie() -> None:
    random = np.random.default_rng(0)
    asked, shown = random.normal(size=(20, 32)).astype(np.float32), random.normal(size=(300, 32)).astype(np.float32)
    here = similarities(asked, shown, "euclidean")(slice(None))
    for offset in (100, 3000):
        there = similarities(asked + np.float32(offset), shown + np.float32(offset), "euclidean")(slice(None))
        assert np.allclose(here, there, atol=2e-3 * offset / 100)


def test_times_are_measured_for_every_query_and_depth() -> None:
    vectors = np.eye(5, dtype=np.float32)
    took = milliseconds(Retrieval({"look": vectors}, {"look": vectors}, {"look": 1.0}, "cosine"), [1, 5, 1000])
    assert [some.shape for some in took] == [(5,)] * 3
    assert all((some > 0).all() for some in took)

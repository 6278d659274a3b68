"""The report: its numbers, its pictures, its page, and how that looks in a real browser."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.chromium import Tab, chromium, find
from helpers.evaluations import (
    HTML,
    abstract,
    changed_photos,
    garments,
    hostile,
    instance,
    many_classes,
    outcome,
    result,
    seen,
)
from helpers.markup import Html
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookseek import images
from lookseek.encode.colour import to_lab
from lookseek.errors import ItemError, QueryError
from lookseek.evaluate.outcome import KEPT, Evaluation
from lookseek.evaluate.report import (
    confusion,
    curves,
    heading,
    parts,
    strengths,
    strips,
    style,
    tables,
    themes,
    words,
    write_report,
)
from lookseek.evaluate.report.answers import Answer, answered_query, extremes
from lookseek.evaluate.report.headline import first_metric, headline_outcomes, shown_outcome
from lookseek.evaluate.result import Figure
from lookseek.evaluate.task import EvaluationQuery, Loaded, Task
from lookseek.evaluate.truth import Listed
from lookseek.render.tile import CELL, MARGIN, tile_position
from lookseek.types import Photo, Pixels

pytest.importorskip("matplotlib", reason="a report needs matplotlib: pip install 'lookseek[evaluate]'")

GREEN, RED, INK = (26, 138, 74), (204, 48, 46), (34, 36, 40)


class Page(Html):
    """A page of a report, in its folder."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.source = path.read_text(encoding="utf-8")
        super().__init__(self.source)

    def headings(self) -> list[str]:
        return [text for within, text in self.words if within == "h2"]


MADE = {
    "instance": instance,
    "abstract": lambda: abstract(400, 30, parts=12),
    "hostile": hostile,
    "changed": changed_photos,
    "classes": many_classes,
    "one": lambda: abstract(1, 1),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Evaluations by name, each written as a report once."""
    written: dict[str, tuple[Evaluation, Page]] = {}

    def report(name: str) -> tuple[Evaluation, Page]:
        if name not in written:
            evaluation = MADE[name]()
            written[name] = evaluation, Page(write_report(evaluation, tmp_path_factory.mktemp(name) / "new" / "report"))
        return written[name]

    return report


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts are not drawn, for tests of words."""
    monkeypatch.setattr("lookseek.evaluate.report.sections.save", lambda chart, folder: None)


def page_of(evaluation: Evaluation, folder: Path) -> Page:
    return Page(write_report(evaluation, folder))


def small(scores: list[list[float]], right: list[dict[int, int]], **changed: Any) -> Task:
    ids = tuple(f"g{number}" for number in range(len(scores[0])))
    asked = tuple(EvaluationQuery(f"q{number}", f"q{number}") for number in range(len(scores)))
    return replace(Task(asked, ids, Listed(len(ids), tuple(right)), ("recall@1",)), **changed)


def evaluation_of(*measured: Any, loaded: Loaded | None = None, metrics: dict[str, Figure] | None = None) -> Evaluation:
    tasks = tuple(one.task for one in measured)
    return Evaluation(result(metrics or {}), loaded or Loaded(tasks, {}), tuple(measured), None)


# Words


@given(st.text(st.characters(codec=None), max_size=400), st.integers(3, 90))
@settings(max_examples=200, deadline=None)
def test_any_text_can_stand_in_a_page(text: str, longest: int) -> None:
    line = words.one_line(text, longest)
    assert len(line) <= longest
    assert line.encode("utf-8").decode("utf-8") == line
    assert not set(line) & set("\n\r\t\0\u2028\u202e")
    assert bool(line) == bool(text.strip())
    escaped = words.escaped(text, longest)
    assert not set(escaped) & set("<>\"'")
    assert re.sub(r"&(amp|lt|gt|quot|#x27);", "", escaped).count("&") == 0


def test_long_ids_keep_both_ends() -> None:
    line = words.one_line("begin" + "x" * 10_000_000 + "end.jpg")
    assert line.startswith("begin")
    assert line.endswith("end.jpg")
    assert "…" in line
    assert len(line) == words.LONGEST


def test_signs_that_turn_text_around_are_shown_as_unknown() -> None:
    assert words.one_line("a\u202eb\x00c\ud800d") == "a\ufffdb\ufffdc\ufffdd"
    assert words.one_line("đa\u0302\u0300m\t\n đỏ") == "đầm đỏ"


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.5, "0.500"), (1, "1.000"), (0.00049, "0.000"), (12.3456, "12.35"), (1234.5, "1234"), (98765.4, "98,765")],
)
def test_numbers(value: float, written: str) -> None:
    assert words.number(value) == written


def test_what_is_no_number_is_not_written() -> None:
    assert words.number(float("nan")) == words.number(float("inf")) == ""
    assert words.interval(Figure(0.5, float("nan"), 0.7)) == ""
    assert words.interval(Figure(0.5, 0.4, 0.7)) == "0.400–0.700"


@pytest.mark.parametrize(("took", "said"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 1 s"), (7322, "2 h 2 min")])
def test_times(took: float, said: str) -> None:
    assert words.seconds(took) == said


def test_every_kind_of_metric_is_explained_once() -> None:
    kinds = ["recall@1", "recall@10", "any@5", "fraction@10", "precision@10", "map@10", "mrr", "ndcg@10", "r-precision"]
    legend = dict(words.legend([*kinds, "accuracy", "accuracy@3", "map", "query_ms@10", "unheard@3"]))
    assert list(legend) == [
        "recall@k", "any@k", "fraction@k", "precision@k", "map@k", "mrr", "ndcg@k", "r-precision", "accuracy@k",
        "query_ms@k",
    ]  # fmt: skip
    assert "R@k" in legend["recall@k"]
    assert "TREC" in legend["fraction@k"]
    assert all(meaning.endswith(".") for meaning in legend.values())
    assert "first 10" in words.brief("recall@10")
    assert words.brief("recall@1") == "the first answer is right"
    assert words.brief("unheard@3") == ""


# Curves


def test_a_curve_counts_first_right_answers() -> None:
    scores = [[0.9, 0.8, 0.7], [0.1, 0.2, 0.3], [0.5, 0.4, 0.3], [0.5, 0.4, 0.3]]
    task = small(scores, [{0: 1}, {0: 1}, {1: 1}, {}], parts={"a": np.array([0, 1]), "b": np.array([1, 2, 3])})
    shown = curves.curves(evaluation_of(outcome(task, np.array(scores))))
    assert shown is not None
    assert shown.ranks.tolist() == [1, 2, 3]
    assert shown.mean.tolist() == [0.25, 0.5, 0.75]
    assert list(shown.lines) == ["b", "a"]  # most queries first
    assert shown.lines["a"].tolist() == [0.5, 0.5, 1]


def test_strata_count_alike_however_large() -> None:
    large = outcome(small([[2.0, 1.0]] * 9, [{0: 1}] * 9, stratum="large"), np.array([[2.0, 1.0]] * 9))
    little = outcome(small([[2.0, 1.0]], [{1: 1}], stratum="little"), np.array([[2.0, 1.0]]))
    beside = outcome(small([[2.0, 1.0]], [{1: 1}], name="beside"), np.array([[2.0, 1.0]]))
    shown = curves.curves(evaluation_of(little, large, beside))
    assert shown is not None
    assert shown.mean.tolist() == [0.5, 1]
    assert list(shown.lines) == ["large", "little"]


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_curves_rise_and_are_right_at_every_rank(first: list[int]) -> None:
    made = abstract(len(first), 12)
    measured = replace(made.outcomes[0], first=np.array(first, np.int64))
    shown = curves.curves(replace(made, outcomes=(measured,)))
    assert shown is not None
    assert shown.ranks[-1] == max(10, *first)
    assert (np.diff(shown.ranks) > 0).all()
    for rank, share in zip(shown.ranks.tolist(), shown.mean.tolist(), strict=True):
        assert share == pytest.approx(sum(0 < one <= rank for one in first) / len(first))
    for rank, place in shown.at((1, 10, 99_999)):
        assert shown.ranks[place] == rank


def test_one_answer_is_no_curve() -> None:
    assert curves.curves(abstract(1, 1)) is None
    assert curves.curves(evaluation_of()) is None


def test_tasks_beside_the_headline_are_not_the_headline() -> None:
    made = changed_photos()
    assert {one.task.name for one in headline_outcomes(made)} == {""}
    assert len(headline_outcomes(made)) == 6
    assert first_metric(made) == "recall@1"
    only = replace(made, outcomes=made.outcomes[-1:])
    assert [one.task.name for one in headline_outcomes(only)] == ["clean"]
    assert shown_outcome(many_classes()) is None
    assert shown_outcome(instance(6, 2)) is not None


# Parts and strengths


def test_parts_come_best_first_and_by_task() -> None:
    figures = {
        "m": Figure(0.5, 0.4, 0.6),
        "m/a": Figure(0.2, 0.1, 0.3),
        "m/c": Figure(0.9, 0.8, 1),
        "other/z": Figure(1, 1, 1),
    }
    figures |= {"m/b": Figure(0.9, 0.8, 1), "m/bad": Figure(float("nan"), 0, 0)}
    figures |= {"m/kind": Figure(0.7, 0.6, 0.8), "m/kind-x": Figure(0.1, 0, 0.2), "m/kind-y": Figure(0.3, 0.2, 0.4)}
    beside = small([[1.0, 0.0]], [{0: 1}], name="kind", stratum="x", parts={"y": np.array([0]), "w": np.array([0])})
    lonely = small([[1.0, 0.0]], [{0: 1}], name="a")
    measured = [outcome(task, np.array([[1.0, 0.0]])) for task in (beside, lonely)]
    first, second = parts.parts(evaluation_of(*measured, metrics=figures), "m")
    assert (first.name, list(first.figures), first.overall) == ("", ["b", "c", "a"], figures["m"])
    assert (second.name, list(second.figures), second.overall) == ("kind", ["y", "x"], figures["m/kind"])


def test_strengths_are_no_parts() -> None:
    made = changed_photos()
    assert parts.parts(made, "recall@1") == []
    assert parts.parts(made, "map@10") == []  # clean is the dashed line
    assert parts.parts(evaluation_of(metrics={"m/clean": Figure(1, 1, 1)}), "m") != []


def test_strengths_ascend_and_know_what_is_clean() -> None:
    of = {"m/blur=2": 0.1, "m/blur=.5": 0.3, "m/colour shift=-1": 0.2, "m/clean": 0.5, "m/a=b": 0.9, "m/k=1=2": 0.8}
    made = result({name: Figure(value, value, value) for name, value in of.items()} | {"m/x=1e9": Figure(1, 1, 1)})
    (found,) = strengths.strengths(made)
    assert found.clean == Figure(0.5, 0.5, 0.5)
    assert {change: [strength for strength, _ in line] for change, line in found.lines.items()} == {
        "blur": [0.5, 2],
        "colour shift": [-1],
        "k=1": [2],
    }
    assert strengths.strengths(result({"m/a": Figure(1, 1, 1)})) == []


def test_many_changes_are_bounded() -> None:
    made = result({f"m{m}/change {c}=1": Figure(0.5, 0.4, 0.6) for m in range(9) for c in range(99)})
    found = strengths.strengths(made)
    assert len(found) == strengths.CHARTS
    assert {len(one.lines) for one in found} == {strengths.PANELS}


# What is taken for what


def classified(given: list[int], right: list[dict[int, int]], names: tuple[str, ...] = ("a", "b", "c")) -> Evaluation:
    scores = np.eye(len(names))[given]
    classes = np.ones((len(names), len(names)), np.bool_)
    task = small(scores.tolist(), right, classes=classes, class_names=names, metrics=("accuracy",))
    return evaluation_of(outcome(task, scores))


def test_classes_are_counted_by_truth_and_answer() -> None:
    made = classified([0, 1, 1, 2, 0], [{0: 1}, {0: 1}, {0: 1}, {1: 1}, {1: 1}])
    (found,) = confusion.confusions(made)
    assert (found.true, found.given) == (("a", "b"), ("a", "b", "c"))
    assert found.counts.tolist() == [[1, 2, 0], [1, 0, 1]]
    assert found.mistakes(2) == [("a", "b", 2, 3), ("b", "a", 1, 2)]
    assert not found.labels


def test_of_several_true_classes_the_answered_one_counts() -> None:
    (found,) = confusion.confusions(classified([1, 2], [{0: 1, 1: 1}, {0: 1, 1: 1}]))
    assert (found.true, found.given) == (("a", "b"), ("a", "b", "c"))
    assert found.counts.tolist() == [[0, 0, 1], [0, 1, 0]]


def test_of_many_classes_the_commonest_are_shown_and_the_rest_counted() -> None:
    made = many_classes()
    (found,) = confusion.confusions(made)
    assert found.title == "kinds"
    assert len(found.true) == confusion.CLASSES
    assert found.given == (*found.true, confusion.OTHER)
    assert found.counts.sum() + found.left_out == len(made.outcomes[0].task.queries)
    assert 0 < found.left_out < 100
    asked = found.counts.sum(axis=1)
    assert (np.diff(asked) <= 0).all()
    agree = sum(int(one) for one in made.outcomes[0].values["accuracy"])
    assert int(np.trace(found.counts)) <= agree
    assert confusion.OTHER in {given for _, given, *_ in found.mistakes(999)}


def test_labels_of_photos_are_compared_with_those_found_first() -> None:
    made = instance()
    classes, labels = confusion.confusions(made)
    assert not classes.labels
    assert labels.labels
    assert labels.true == ("dress", "shirt", "toptee")
    task, best = made.outcomes[0].task, made.outcomes[0].best[:, 0]
    same = sum(
        made.loaded.labels[query.photo] == made.loaded.labels[task.gallery[row]]
        for query, row in zip(task.queries, best, strict=True)
    )
    assert int(np.trace(labels.counts)) == same
    assert int(labels.counts.sum()) == len(task.queries)


def test_names_of_single_photos_are_no_kinds() -> None:
    made = instance(6, 2)
    names = {id: f"photo {id}" for id in made.loaded.photos}
    assert len(confusion.confusions(replace(made, loaded=replace(made.loaded, labels=names)))) == 1
    assert len(confusion.confusions(replace(made, loaded=replace(made.loaded, labels={})))) == 1
    alike = dict.fromkeys(names, "garment")
    assert len(confusion.confusions(replace(made, loaded=replace(made.loaded, labels=alike)))) == 1


# Best and worst queries


def test_ties_go_by_the_score_of_the_right_answer_then_its_rank() -> None:
    far = [[0.9] * 12 + [0.1], [0.9] * 11 + [0.1, 0.2]]  # right at ranks 13 and 12, beyond the answers kept
    scores = [[0.5, 0.4, *[0.0] * 11], [0.9, 0.1, *[0.0] * 11], [0.3, 0.8, *[0.0] * 11], *far]
    right = [{0: 1}, {0: 1}, {0: 1}, {12: 1}, {12: 1}]
    measured = outcome(small(scores, right), np.array(scores))
    best, worst = extremes(measured, 2)
    assert best == [1, 0]
    assert worst == [3, 4]
    assert extremes(measured, 9) == ([1, 0, 2], [3, 4])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40), st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_best_and_worst_are_apart_and_in_order(made: list[tuple[int, int]], count: int) -> None:
    scores = np.array([[a, b] for a, b in made], np.float64)
    measured = outcome(small(scores.tolist(), [{0: 1}] * len(made)), scores)
    best, worst = extremes(measured, count)
    value = measured.values["recall@1"]
    assert len(best) == min(count, -(-len(made) // 2))
    assert len(worst) == min(count, len(made) - len(best))
    assert not set(best) & set(worst)
    ordered = [value[row] for row in (*best, *reversed(worst))]
    assert ordered == sorted(ordered, reverse=True)
    rest = set(range(len(made))) - set(best) - set(worst)
    assert all(value[row] <= value[best[-1]] for row in rest)
    assert extremes(measured, count) == (best, worst)


def test_answers_say_what_was_found_and_what_would_have_been_right() -> None:
    scores = [[0.1, 0.9, *[0.5] * 12], [0.9, 0.1, *[0.5] * 12]]
    measured = outcome(small(scores, [{0: 2, 1: 1}, {1: 1, 13: 3}], metrics=("mrr",)), np.array(scores))
    found, missed = (answered_query(measured, row) for row in (0, 1))
    assert (found.metric, found.value, found.first) == ("mrr", 1, 1)
    assert [answer.rank for answer in found.answers] == list(range(1, KEPT + 1))
    assert found.answers[0] == Answer(1, "g1", pytest.approx(0.9), True)
    assert found.targets == ()
    assert missed.targets == ("g13", "g1")  # the most right first
    few = answered_query(outcome(small([[2.0, 1.0]], [{1: 1}]), np.array([[2.0, 1.0]])), 0)
    assert [answer.right for answer in few.answers] == [False, True]


# Strips


def drawn(evaluation: Evaluation, row: int = 0) -> Pixels:
    measured = shown_outcome(evaluation)
    assert measured is not None
    sheet = strips.strip(answered_query(measured, row), evaluation)
    assert sheet is not None
    return sheet


def cell(sheet: Pixels, number: int, titled: bool = False) -> Pixels:
    x, y = tile_position(number, strips.COLUMNS, titled)
    return sheet[y : y + CELL, x : x + CELL]


def below_query(sheet: Pixels, titled: bool = False) -> Pixels:
    top = tile_position(strips.COLUMNS, strips.COLUMNS, titled)[1]
    return sheet[top : top + CELL, MARGIN : MARGIN + CELL]


def test_frames_say_which_answers_are_right() -> None:
    made = instance()
    best = extremes(made.outcomes[0], 1)[0][0]
    sheet, answers = drawn(made, best), answered_query(made.outcomes[0], best).answers
    assert {answer.right for answer in answers} == {True, False}
    for number, answer in enumerate(answers):
        assert tuple(cell(sheet, number)[CELL // 2, 0]) == (GREEN if answer.right else RED)


def test_what_the_model_saw_stands_below_the_query() -> None:
    flat: Pixels = np.full((50, 50, 3), (200, 30, 90), np.uint8)
    made = replace(instance(), seen=lambda photo: flat)
    sheet = drawn(made)
    assert tuple(below_query(sheet)[CELL // 2, CELL // 2]) == (200, 30, 90)
    assert tuple(below_query(sheet)[CELL // 2, 0]) == INK
    assert sheet.shape == drawn(replace(made, seen=None)).shape
    assert (below_query(drawn(replace(made, seen=None))) == 255).all()


def test_few_answers_leave_room_for_what_the_model_saw() -> None:
    photos = garments(6, 2)[0]
    ids = tuple(photos)[:3]
    scores = [[0.9, 0.8, 0.7]]
    task = small(scores, [{0: 1}], gallery=ids, queries=(EvaluationQuery("q", ids[0], "in red"),))
    made = Evaluation(result({}), Loaded((task,), photos), (outcome(task, np.array(scores)),), seen)
    sheet = drawn(made)
    assert below_query(sheet, titled=True).shape == (CELL, CELL, 3)
    assert len(np.unique(below_query(sheet, titled=True).reshape(-1, 3), axis=0)) > 100
    assert (sheet[-MARGIN // 2 :] == 255).all()


def test_a_model_that_can_t_see_a_photo_costs_nothing_else() -> None:
    def blind(photo: Photo) -> Pixels:
        raise ItemError("no such file")

    made = instance()
    assert np.array_equal(drawn(replace(made, seen=blind)), drawn(replace(made, seen=None)))


def test_photos_that_can_t_be_read_are_placeholders() -> None:
    made = instance()
    id = made.outcomes[0].task.gallery[made.outcomes[0].best[0, 0]]
    for broken in ({id: b"no picture"}, {id: Path("/nowhere/at/all.jpg")}):
        sheet = drawn(replace(made, loaded=replace(made.loaded, photos={**made.loaded.photos, **broken})))
        inside = cell(sheet, 0)[8:-8, 8:-40]
        assert (
            len(np.unique(inside.reshape(-1, 3), axis=0)) < 120 < len(np.unique(cell(sheet, 1).reshape(-1, 3), axis=0))
        )


def test_words_that_stand_for_photos_are_written_on_cards() -> None:
    made = hostile()
    measured = made.outcomes[0]
    place = next(n for n, row in enumerate(measured.best[2]) if measured.task.gallery[row] in made.loaded.texts)
    text = made.loaded.texts[measured.task.gallery[measured.best[2, place]]]
    inside = np.s_[6:-6, 6 : -6 - 26]
    assert np.array_equal(cell(drawn(made, 2), place)[inside], strips.card(text)[inside])
    query = drawn(made, 2)[MARGIN : MARGIN + CELL, MARGIN : MARGIN + CELL]
    assert np.array_equal(query[6:-6, 6:-6], strips.card("đầm hoa đỏ")[6:-6, 6:-6])


def test_a_change_in_words_stands_above_its_photo() -> None:
    made = instance()
    asked = answered_query(made.outcomes[0], 0)
    worded = replace(asked, query=replace(asked.query, text="the same in blue"))
    plain, titled = strips.strip(asked, made), strips.strip(worded, made)
    assert plain is not None
    assert titled is not None
    assert titled.shape[0] > plain.shape[0]
    assert np.array_equal(cell(titled, 0, titled=True), cell(plain, 0))


def test_nothing_is_drawn_where_there_is_nothing_to_see() -> None:
    made = abstract(3, 4)
    assert strips.strip(answered_query(made.outcomes[0], 0), made) is None


@pytest.mark.parametrize("text", ["", "red", "a " * 999, "x" * 9999, "đầm hoa đỏ tay ngắn " * 30, "ア" * 300, "\ud800"])
def test_cards_hold_any_words(text: str) -> None:
    made = strips.card(text)
    assert made.shape == (CELL, CELL, 3)
    edge = np.concatenate(
        [made[:6].reshape(-1, 3), made[-6:].reshape(-1, 3), made[:, :6].reshape(-1, 3), made[:, -6:].reshape(-1, 3)]
    )
    assert len(np.unique(edge, axis=0)) == 1
    assert (len(np.unique(made.reshape(-1, 3), axis=0)) > 1) == bool(text.strip())


def test_more_words_take_more_lines() -> None:
    def lines(text: str) -> int:
        dark = (strips.card(text) < 120).any(axis=(1, 2))
        return int((np.diff(dark.astype(int)) == 1).sum())

    assert lines("red") == 1
    assert lines("a long red floral dress with short sleeves") == 2
    assert 6 <= lines("mamma " * 99) <= 8


# Charts


@pytest.mark.parametrize("theme", [themes.LIGHT, themes.DARK])
def test_colours_stand_out_from_the_paper(theme: themes.Theme) -> None:
    """Source: Web Content Accessibility Guidelines 2.2: 3 to 1 for graphics (1.4.11), 4.5 to 1 for letters (1.4.3)."""
    for line in (*theme.lines, theme.accent, theme.bar):
        assert contrast(line, theme.paper) >= 3, line
    for letters in (theme.ink, theme.faint):
        assert contrast(letters, theme.paper) >= 4.5, letters
    assert contrast(theme.ink, theme.bar) >= 3  # whiskers on bars
    assert len(set(theme.lines)) == len(theme.lines)


SIGHT = {
    "usual": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
"""Source: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
IEEE TVCG 15 (6), 2009: matrices of severity 1, for linear red, green, blue."""


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", [themes.LIGHT, themes.DARK])
def test_the_colour_blind_tell_lines_apart(theme: themes.Theme, sight: str) -> None:
    """By 15 in Lab, where a difference of 2 to 3 is just seen."""
    seen_so = {colour: np.clip(np.array(SIGHT[sight]) @ linear(colour), 0, 1) for colour in (*theme.lines, theme.ink)}
    encoded = {
        colour: np.where(one <= 0.0031308, 12.92 * one, 1.055 * np.maximum(one, 1e-9) ** (1 / 2.4) - 0.055) * 255
        for colour, one in seen_so.items()
    }
    for one, other in itertools.combinations(encoded, 2):
        assert np.linalg.norm(to_lab(encoded[one]) - to_lab(encoded[other])) > 15, (one, other)


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        return float(np.dot((0.2126, 0.7152, 0.0722), linear(colour))) + 0.05

    high, low = sorted((light(one), light(other)), reverse=True)
    return high / low


@pytest.mark.parametrize("theme", [themes.LIGHT, themes.DARK])
def test_letters_on_a_heat_map_can_be_read_on_every_shade(theme: themes.Theme) -> None:
    ends = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (theme.paper, theme.accent)])
    for share in np.linspace(0, 1, 21):
        shade = ends[0] * (1 - share) + ends[1] * share
        letters = themes.text_colour((shade / 255).tolist(), theme)
        assert contrast(letters, "#" + "".join(f"{round(c):02x}" for c in shade)) >= 3.9


def test_the_page_has_the_colours_of_the_charts() -> None:
    source = Path(style.__file__).with_name("page.html").read_text(encoding="utf-8")
    light, dark = re.findall(
        r"--card: (#\w+); --ink: (#\w+); --faint: (#\w+); --line: (#\w+); --accent: (#\w+);", source
    )
    for colours, theme in ((light, themes.LIGHT), (dark, themes.DARK)):
        assert colours == (theme.paper, theme.ink, theme.faint, theme.grid, theme.accent)
    assert f"@media {themes.DARK.media}" in source
    assert "@media (max-width: 640px)" in source
    assert "(max-width: 640px)" in style.Chart("", "", lambda theme: 1, lambda figure, theme: None).themes[0].media


@given(st.floats(1e-6, 1e6))
def test_axes_end_a_little_above_what_they_hold(highest: float) -> None:
    end = style.ceiling(highest)
    assert highest <= end * (1 + 1e-9)
    assert end <= 2.01 * highest or end == 1


def test_charts_come_in_twice_the_pixels_of_the_page(reports: Any) -> None:
    _, page = reports("instance")
    shown = [*page.all("img"), *page.all("source")]
    charts = [attrs for attrs in shown if not re.match(r"(best|worst)-", attrs.get("src") or attrs["srcset"] or "")]
    assert len(charts) == 2 * 4 + 2 * 2  # curve and parts in four themes, two confusions in two
    for attrs in charts:
        with Image.open(page.folder / str(attrs.get("src") or attrs.get("srcset"))) as picture:
            assert picture.size == (2 * int(attrs["width"] or 0), 2 * int(attrs["height"] or 0))
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20


def test_dark_charts_are_dark_and_light_ones_light(reports: Any) -> None:
    _, page = reports("abstract")
    for name, paper in (("recall-curve", themes.LIGHT), ("recall-curve-narrow-dark", themes.DARK)):
        with Image.open(page.folder / f"{name}.png") as picture:
            corner = picture.convert("RGB").getpixel((3, 3))
        assert "#{:02x}{:02x}{:02x}".format(*corner) == paper.paper


def painted(chart: style.Chart, theme: themes.Theme = themes.LIGHT) -> Any:
    """The axes of a chart, to be asked what they show."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas((9, 5))
    chart.paint(canvas, theme)
    return canvas.axes


def test_the_curve_chart_shows_lines_named_and_grey_and_the_mean() -> None:
    made = abstract(400, 30, parts=12)
    shown = curves.curves(made)
    assert shown is not None
    (axes,) = painted(curves.curve_chart(shown))
    lines = [line for line in axes.get_lines() if len(line.get_xdata())]
    assert len(lines) == 13
    mean = max(lines, key=lambda line: line.get_linewidth())
    assert (mean.get_ydata() == shown.mean).all()
    assert mean.get_zorder() >= max(line.get_zorder() for line in lines)
    grey = [line for line in lines if line.get_color() == themes.LIGHT.grey]
    assert len(grey) == 12 - curves.LINES
    coloured = [line for line in lines if line not in grey and line is not mean]
    assert len({(line.get_color(), line.get_linestyle()) for line in coloured}) == curves.LINES
    legend = [text.get_text().strip() for text in axes.figure.legends[0].get_texts()]
    assert legend == ["mean", *list(shown.lines)[: curves.LINES], "4 more"]
    assert axes.get_xscale() == "log"


def test_bars_are_as_long_as_their_figures_with_whiskers_as_wide_as_intervals() -> None:
    figures = {f"part {n:02d}": Figure(1 - n / 100, 0.9 - n / 100, 1.05 - n / 100) for n in range(60)}
    shown = parts.Parts("", Figure(0.7, 0.6, 0.8), figures)
    chart = parts.bars_chart(shown, "m", "x")
    (axes,) = painted(chart)
    lengths = [bar.get_width() for bar in axes.patches]
    kept = [*list(figures)[:20], *list(figures)[-20:]]
    assert lengths == pytest.approx([figures[part].value for part in kept])
    assert [label.get_text() for label in axes.get_yticklabels()] == kept
    whiskers = axes.collections[0].get_segments()
    np.testing.assert_allclose(np.array(whiskers)[:, :, 0], [[figures[part].low, figures[part].high] for part in kept])
    dashed = [line for line in axes.get_lines() if line.get_linestyle() == "--"]
    assert [line.get_xdata()[0] for line in dashed] == [0.7]
    assert "from part 00 with 1.000 down to part 59 with 0.410" in chart.alt
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the best at the top


def test_the_heat_map_shades_shares_and_writes_counts() -> None:
    (found,) = confusion.confusions(classified([0, 1, 1, 2, 0], [{0: 1}, {0: 1}, {0: 1}, {1: 1}, {1: 1}]))
    (axes,) = painted(confusion.confusion_chart(found, "x"))
    np.testing.assert_allclose(axes.collections[0].get_array(), [[1 / 3, 2 / 3, 0], [0.5, 0, 0.5]])
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0.5, 0.5): "1", (1.5, 0.5): "2", (0.5, 1.5): "1", (2.5, 1.5): "1"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]


def test_each_change_has_a_panel_with_its_clean_value() -> None:
    recall, average = strengths.strengths(changed_photos().result)
    assert (recall.clean, average.clean) == (None, Figure(0.5, 0.4, 0.6))
    panels = [axes for axes in painted(strengths.strengths_chart(average, "x")) if axes.get_visible()]
    assert [panel.get_title("left") for panel in panels] == ["blur", "dark"]
    line, dashed = panels[0].get_lines()
    assert line.get_xdata().tolist() == [0.25, 0.5, 1]
    assert line.get_ydata().tolist() == pytest.approx([0.3375, 0.275, 0.15])
    assert list(dashed.get_ydata()) == [0.5, 0.5]
    assert panels[0].get_xticks().tolist() == [0.25, 0.5, 1]
    assert all(len(panel.get_lines()) == 1 for panel in painted(strengths.strengths_chart(recall, "x"))[:2])


def test_strengths_too_near_each_other_are_not_written_over_each_other() -> None:
    figures = {f"m/jpeg={strength}": Figure(0.5, 0.4, 0.6) for strength in (1, 2, 3, 50, 98, 100)}
    (found,) = strengths.strengths(result(figures | {"m/one=3": Figure(0.5, 0.4, 0.6)}))
    jpeg, one, *_ = painted(strengths.strengths_chart(found, "x"))
    assert jpeg.get_xticks().tolist() == [3, 50, 100]
    assert one.get_xticks().tolist() == [3]


@pytest.mark.parametrize("name", ["W" * 40, "i" * 40, "đ" * 40, "字" * 40, r"$\frac$", "_hidden", "\u202e" * 9])
def test_charts_take_any_names_without_a_warning(name: str, tmp_path: Path) -> None:
    names = tuple(name + str(number) for number in range(3))
    usual = many_classes(3).outcomes[0]
    task = replace(usual.task, name="", class_names=names, parts={name: np.arange(3) for name in names})
    figures = {"accuracy": Figure(0.5, 0.4, 0.6)} | {f"accuracy/{name}": Figure(0.5, 0.4, 0.6) for name in names}
    figures |= {f"map/{name}=1": Figure(0.5, 0.4, 0.6) for name in names}
    made = evaluation_of(replace(usual, task=task), metrics=figures)
    shown = curves.curves(made)
    assert shown is not None
    (bars,), (map_,), (lines,) = (
        parts.parts(made, "accuracy"),
        confusion.confusions(made),
        strengths.strengths(made.result),
    )
    charts = [
        curves.curve_chart(shown),
        parts.bars_chart(bars, "accuracy", "parts"),
        confusion.confusion_chart(map_, "confusion"),
        strengths.strengths_chart(lines, "strengths"),
    ]
    for chart in charts:
        style.save(chart, tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == 14


@given(st.text(max_size=80), st.integers(20, 250))
@settings(max_examples=60, deadline=None)
def test_names_in_charts_are_as_wide_as_there_is_room(text: str, width: int) -> None:
    name = style.fitted(text, width, themes.LIGHT)
    assert style.breadth(name, themes.LIGHT) <= width or len(name) <= 3
    assert style.fitted("dress", width, themes.LIGHT) == "dress" or width < 45


def test_a_chart_needs_matplotlib_and_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(QueryError, match=r"pip install 'lookseek\[evaluate\]'"):
        write_report(instance(6, 2), tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_charts_leave_matplotlib_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    def settings() -> dict[str, Any]:
        return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}

    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # opens windows where there are any
    before = settings()
    style.save(style.Chart("x", "", lambda theme: 100, lambda figure, theme: None), tmp_path)
    assert settings() == before


# The page


@pytest.mark.parametrize("name", MADE)
def test_pages_are_whole_and_accessible(name: str, reports: Any) -> None:
    _, page = reports(name)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert page.said("title")
    assert not page.all("script")
    assert not re.search(r"\bon\w+=|javascript:|https?:|@import|url\(", page.source)
    for picture in page.all("img"):
        assert picture["alt"]
        assert (page.folder / str(picture["src"])).read_bytes().startswith(b"\x89PNG")
    for source in page.all("source"):
        assert (page.folder / str(source["srcset"])).is_file()
    for link in page.all("a"):
        target = str(link["href"])
        assert target[1:] in {attrs.get("id") for _, attrs in page.tags} or (page.folder / target).is_file()
    assert all(cell.get("scope") in ("row", "col") for cell in page.all("th"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(set(ids)) == len(ids)
    assert all(region["aria-label"] for region in page.all("div") if region.get("role") == "region")
    assert len(page.source) < 200_000
    linked = {str(attrs.get("src") or attrs.get("srcset")) for attrs in (*page.all("img"), *page.all("source"))}
    assert linked == {path.name for path in page.folder.glob("*.png")}


def test_the_head_says_all_that_figures_depend_on(reports: Any) -> None:
    _, page = reports("instance")
    said = page.said()
    for fact in ("drawn-instance", "leave-one-out", "test", "96 items", "96 queries", "0.25", "cosine", "3.2 s"):
        assert fact in said
    assert "0123456789ab" in said
    assert "0123456789abc" not in said
    assert "ab1d68600000" in said
    assert "ab1d686000000" not in said
    assert re.search(r"Date 20\d\d-\d\d-\d\d", said)
    assert "its own view is left out" in said
    assert "Not comparable" not in said


def test_sections_come_in_order_and_only_where_there_is_something(reports: Any) -> None:
    assert reports("instance")[1].headings() == [
        "Read this first",
        "The main figures",
        "All figures",
        "How soon the first right answer comes",
        "What is found well, what badly",
        "What is taken for what",
        "Queries answered best",
        "Queries answered worst",
    ]
    assert reports("one")[1].headings() == ["The main figures", "All figures", "Queries answered best"]
    assert "How it bears changed photos" in reports("changed")[1].headings()
    assert "What is found well, what badly" not in reports("changed")[1].headings()
    assert "The main figures" not in reports("classes")[1].headings()


def test_main_figures_are_large_with_their_intervals(reports: Any) -> None:
    evaluation, page = reports("instance")
    bare = {name: figure for name, figure in evaluation.result.metrics.items() if "/" not in name}
    assert page.said("strong").split() == [f"{figure.value:.3f}" for figure in bare.values()]
    for figure in bare.values():
        assert f"{figure.low:.3f}–{figure.high:.3f}" in page.said("b")


def test_the_table_has_every_figure_in_its_place(tmp_path: Path, quick: None) -> None:
    figures = {"m": Figure(0.111, 0.1, 0.12), "n": Figure(0.222, 0.2, 0.24), "m/a": Figure(0.333, 0.3, 0.35)}
    figures |= {"n/b": Figure(0.444, 0.4, 0.5), "n/a": Figure(float("nan"), 0, 1)}
    source = tables.table(result(figures), tmp_path)
    rows = re.findall(r'<tr(?: class=all)?><th scope="row">(.*?)</th>(.*?)</tr>', source)
    cells = {name: re.findall(r"<td>(?:([\d.]+)<small>(.*?)</small>)?</td>", row) for name, row in rows}
    assert cells == {
        "all": [("0.111", "0.100–0.120"), ("0.222", "0.200–0.240")],
        "a": [("0.333", "0.300–0.350"), ("", "")],
        "b": [("", ""), ("0.444", "0.400–0.500")],
    }
    assert not list(tmp_path.iterdir())


def test_a_table_that_is_too_long_goes_on_in_a_file(tmp_path: Path) -> None:
    figures = {f"m/part {number}": Figure(number / 5000, 0, 1) for number in range(5000)}
    source = tables.table(result(figures), tmp_path)
    assert source.count("<tr") == 1 + tables.ROWS
    assert "4,500 more parts" in source
    lines = (tmp_path / tables.FIGURES).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "metric,part,value,low,high"
    assert lines[-1] == "m,part 4999,0.9998,0,1"
    assert len(lines) == 5001


def test_files_beside_the_page_hold_any_id(tmp_path: Path) -> None:
    odd = tuple(f"\ud800 {HTML} {number}" for number in range(600))
    heading.banner(result({}, missing=odd), tmp_path)
    tables.table(result({f"m/{id}": Figure(0.5, 0.4, 0.6) for id in odd}), tmp_path)
    for name in (heading.MISSING, tables.FIGURES):
        assert "alert(1)" in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("count", "listed"), [(1, 1), (50, 50), (51, 50), (3000, 50)])
def test_missing_photos_make_a_banner(count: int, listed: int, tmp_path: Path) -> None:
    ids = tuple(f"photo {number:04d}" for number in range(count))
    source = heading.banner(result({}, missing=ids), tmp_path)
    assert f"Not comparable: {count:,} photo{'s are' if count > 1 else ' is'} missing" in source
    assert source.count("<li>") == listed
    assert (f'href="{heading.MISSING}"' in source) == (count > 50) == (tmp_path / heading.MISSING).is_file()
    if count > 50:
        assert (tmp_path / heading.MISSING).read_text(encoding="utf-8").splitlines() == list(ids)


def test_strips_are_told_in_words(reports: Any) -> None:
    evaluation, page = reports("instance")
    measured = evaluation.outcomes[0]
    best, worst = extremes(measured, 8)
    strips_shown = [attrs for attrs in page.all("img") if re.match(r"(best|worst)-\d", str(attrs["src"]))]
    assert [attrs["src"] for attrs in strips_shown] == [
        f"{kind}-{n}.png" for kind in ("best", "worst") for n in range(1, 9)
    ]
    for attrs, row in zip(strips_shown, [*best, *worst], strict=True):
        id, right = measured.task.queries[row].id, np.flatnonzero(measured.grades[row] > 0) + 1
        assert id in str(attrs["alt"])
        told = re.search(r"right at ([\d, ]+\d)", str(attrs["alt"]))
        assert [int(rank) for rank in (told[1].split(",") if told else [])] == right.tolist()
        assert id in page.said("code")
        for shown in measured.best[row]:
            assert measured.task.gallery[shown] in page.said("code")
    assert page.said("span").count("✓ right") + page.said("span").count("✗ wrong") == 160


def test_without_photos_the_answers_stand_in_words(reports: Any) -> None:
    _, page = reports("abstract")
    assert not list(page.folder.glob("best-*"))
    assert len(page.all("ol")) == 16
    assert "“words of" in page.said("p")
    assert "frame" not in page.said()


def test_html_in_ids_and_labels_is_only_letters(reports: Any) -> None:
    _, page = reports("hostile")
    assert HTML in page.said("h1")
    assert HTML in page.said("th")
    assert page.source.count("<script") == 0
    assert "đầm hoa đỏ" in page.said()
    assert max(map(len, page.source.split(">"))) < 8_000  # nothing endless, the style apart


def test_alt_texts_and_words_are_cut(reports: Any) -> None:
    _, page = reports("hostile")
    assert max(len(str(attrs["alt"])) for attrs in page.all("img")) < 700
    assert "LLLL…LLLL" in page.said("code")


def test_strengths_have_a_chart_for_each_metric(reports: Any) -> None:
    _, page = reports("changed")
    charts = [attrs for attrs in page.all("img") if str(attrs["src"]).startswith("strengths")]
    assert len(charts) == 2
    assert "blur down to 0.400" in str(charts[0]["alt"])
    assert "map@10, dashed: 0.500 for photos as they are" in page.said("h3")


def test_rare_classes_are_counted_below_the_map(reports: Any) -> None:
    _, page = reports("classes")
    assert re.search(r"Not shown: \d+ queries of rarer classes", page.said())
    assert "taken for" in page.said("li")
    assert not page.all("ol") or len(page.all("ol")) == 1


def test_twenty_thousand_queries_are_a_small_page(tmp_path: Path, quick: None) -> None:
    made = abstract(20_000, 100, parts=300)
    page = page_of(made, tmp_path)
    assert len(page.source.encode()) < 300_000
    assert "20,000 queries" in page.said()


def test_the_worst_names_still_make_a_page_below_a_megabyte(tmp_path: Path, quick: None) -> None:
    made = hostile()
    long = {f"metric{m}/{HTML * 50}{part}": Figure(0.5, 0.4, 0.6) for m in range(3) for part in range(3000)}
    worse = replace(made.result, metrics={**made.result.metrics, **long}, missing=tuple(HTML * 99 for _ in range(999)))
    page = page_of(replace(made, result=worse), tmp_path)
    assert len(page.source.encode()) < 1_000_000


def test_an_evaluation_of_nothing_is_a_page(tmp_path: Path) -> None:
    page = page_of(Evaluation(result({}, queries=0, gallery_size=0, model={}), Loaded((), {}), (), None), tmp_path)
    assert page.headings() == []
    assert "0 queries" in page.said()


def test_figures_without_intervals_or_numbers_are_shown_as_they_are(tmp_path: Path) -> None:
    nan = float("nan")
    made = instance(6, 2)
    figures = {
        "recall@1": Figure(nan, nan, nan),
        "recall@1/a": Figure(0.5, nan, nan),
        "recall@1/b=1": Figure(0.3, nan, nan),
    }
    figures |= {"recall@1/b=2": Figure(0.1, nan, nan), "recall@1/c": Figure(0, 0, 0)}
    page = page_of(replace(made, result=result(figures)), tmp_path)
    assert "nan" not in page.said().lower()
    assert "The main figures" not in page.headings()
    assert "0.500" in page.said("td")


def test_the_same_evaluation_gives_the_same_files(tmp_path: Path) -> None:
    made = instance(6, 2)
    files = []
    for name in ("one", "two"):
        write_report(made, tmp_path / name)
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert files[0] == files[1]


def test_a_report_replaces_an_older_one(tmp_path: Path, quick: None) -> None:
    write_report(instance(6, 2), tmp_path)
    page = page_of(abstract(3, 4), tmp_path)
    assert "3 queries" in page.said()


def test_photos_are_drawn_anew_and_never_copied(tmp_path: Path, quick: None) -> None:
    made = instance(6, 2)
    secret = b"<script>GPS 10.7769 N</script>"
    photos = {id: photo + secret for id, photo in made.loaded.photos.items()}
    page = page_of(replace(made, loaded=replace(made.loaded, photos=photos)), tmp_path)
    assert len(list(tmp_path.glob("best-*.png"))) == 6
    for path in page.folder.iterdir():
        assert secret not in path.read_bytes()
    with Image.open(tmp_path / "best-1.png") as picture:
        assert not picture.info


def test_the_report_of_pictures_that_are_only_asked_for_when_needed(tmp_path: Path, quick: None) -> None:
    """Photos may be drawn when they are asked for: a report asks for those that it shows, not for all."""
    made = instance()
    asked: set[str] = set()

    class Lazy(dict[str, Photo]):
        def __getitem__(self, id: str) -> Photo:
            asked.add(id)
            return super().__getitem__(id)

        def get(self, id: str, default: Any = None) -> Any:
            return self[id] if id in self.keys() else default

    few = replace(made.outcomes[0].task, queries=made.outcomes[0].task.queries[:1])
    scores = np.linspace(1, 0, len(few.gallery))[None]
    measured = outcome(replace(few, truth=Listed(len(few.gallery), ({0: 1},)), parts={}), scores)
    loaded = replace(made.loaded, tasks=(measured.task,), photos=Lazy(made.loaded.photos))
    page_of(Evaluation(made.result, loaded, (measured,), None), tmp_path)
    assert asked == {few.queries[0].photo, *few.gallery[:KEPT]}


def test_a_folder_that_can_t_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        write_report(instance(6, 2), tmp_path / "file" / "report")


def test_a_real_photo_keeps_its_shape(tmp_path: Path) -> None:
    """Of a tall photo the query cell shows all, with empty margins left and right."""
    made = instance(6, 2)
    tall = images.to_jpeg(np.full((400, 100, 3), (20, 40, 200), np.uint8))
    id = made.outcomes[0].task.queries[0].photo
    sheet = drawn(replace(made, loaded=replace(made.loaded, photos={**made.loaded.photos, id: tall})))
    query = sheet[MARGIN : MARGIN + CELL, MARGIN : MARGIN + CELL].astype(int)
    blue = (np.abs(query - (20, 40, 200)).sum(axis=2) < 30).any(axis=0)
    assert 40 <= blue.sum() <= 48


# In a real browser


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    program = find()
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with chromium(program, tmp_path_factory.mktemp("chromium") / "profile") as tab:
        yield tab


UNSEEN = """
[...document.images].filter(image => !(image.complete && image.naturalWidth > 0)).map(image => image.currentSrc)
"""

BEYOND = """
[...document.querySelectorAll('body *')].filter(element => {
  const box = element.getBoundingClientRect()
  return box.width > 0 && !element.closest('.scroll') && (box.right > innerWidth + 1 || box.left < -1)
}).map(element => element.outerHTML.slice(0, 120))
"""

FAINT = """
(() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number)
  const light = rgb => {
    const [r, g, b] = rgb.map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    return .2126 * r + .7152 * g + .0722 * b + .05
  }
  const paper = element => {
    for (let e = element; e; e = e.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor)
      if (a > 0) return [r, g, b]
    }
    return [255, 255, 255]
  }
  const found = []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node; node = texts.nextNode();) {
    if (!node.data.trim()) continue
    const of = node.parentElement
    const [high, low] = [light(parse(getComputedStyle(of).color).slice(0, 3)), light(paper(of))].sort((a, b) => b - a)
    if (high / low < 4.5) found.push(`${of.tagName} ${(high / low).toFixed(2)} ${node.data.slice(0, 40)}`)
  }
  return found
})()
"""


@pytest.mark.parametrize("width", [390, 800, 1400])
@pytest.mark.parametrize("name", MADE)
def test_nothing_sticks_out_of_the_page(name: str, width: int, reports: Any, tab: Tab) -> None:
    _, page = reports(name)
    tab.open(page.folder / "index.html", width)
    assert tab.ask("document.documentElement.scrollWidth") == tab.ask("innerWidth") == width
    assert tab.ask(BEYOND) == []
    assert tab.ask(UNSEEN) == []
    assert tab.complaints() == []
    assert {address.split(":")[0] for address in tab.asked_for()} <= {"file", "data"}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["instance", "hostile", "abstract"])
def test_all_words_can_be_read(name: str, dark: bool, reports: Any, tab: Tab) -> None:
    """Source: Web Content Accessibility Guidelines 2.2, 1.4.3: 4.5 to 1."""
    _, page = reports(name)
    tab.open(page.folder / "index.html", dark=dark)
    assert tab.ask(FAINT) == []


@pytest.mark.parametrize(
    ("width", "dark", "file"),
    [
        (1400, False, "recall-curve.png"),
        (1400, True, "recall-curve-dark.png"),
        (390, False, "recall-curve-narrow.png"),
        (390, True, "recall-curve-narrow-dark.png"),
    ],
)
def test_the_browser_takes_the_chart_that_fits(width: int, dark: bool, file: str, reports: Any, tab: Tab) -> None:
    _, page = reports("instance")
    tab.open(page.folder / "index.html", width, dark=dark)
    chosen = tab.ask("document.querySelector('#curve img').currentSrc")
    assert chosen.endswith("/" + file)
    shown = tab.ask("document.querySelector('#curve img').getBoundingClientRect().width")
    assert 300 < shown <= width
    back = tab.ask("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", back))) < 60) == dark


def test_what_is_too_wide_for_a_phone_moves_by_itself(reports: Any, tab: Tab) -> None:
    _, page = reports("instance")
    tab.open(page.folder / "index.html", 390)
    inside = "document.querySelector('.strip .scroll')"
    assert tab.ask(f"{inside}.scrollWidth") > 700 > 390 > tab.ask(f"{inside}.clientWidth")
    assert tab.ask(f"({inside}.focus(), document.activeElement === {inside})")
    tab.open(page.folder / "index.html", 1400)
    assert tab.ask(f"{inside}.scrollWidth <= {inside}.clientWidth")


def test_letters_are_large_enough_on_a_phone(reports: Any, tab: Tab) -> None:
    _, page = reports("instance")
    tab.open(page.folder / "index.html", 390)
    written = "[...document.querySelectorAll('p, td, th, li, dd, dt, small, span')]"
    assert min(tab.ask(f"{written}.map(element => parseFloat(getComputedStyle(element).fontSize))")) >= 11


def test_no_word_runs_as_a_program(reports: Any, tab: Tab) -> None:
    _, page = reports("hostile")
    tab.open(page.folder / "index.html")
    assert tab.ask("document.scripts.length") == 0
    assert not [event for event in tab.events if event.get("method") == "Page.javascriptDialogOpening"]
    assert tab.ask("document.title").startswith(HTML)


def test_the_page_can_be_printed(reports: Any, tab: Tab) -> None:
    _, page = reports("instance")
    tab.open(page.folder / "index.html", dark=True)
    printed = tab.printed()
    assert printed.startswith(b"%PDF")
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 40


def test_pictures_of_the_page_show_it_at_both_widths(reports: Any, tab: Tab) -> None:
    _, page = reports("hostile")
    for width, scale in ((1400, 1), (390, 2)):
        tab.open(page.folder / "index.html", width)
        picture = images.decode(tab.picture())
        assert picture.shape[1] == width * scale
        assert picture.shape[0] > 3000
        for frame in (GREEN, RED):
            assert (np.abs(picture.astype(np.int16) - frame).sum(axis=2) < 12).sum() > 500

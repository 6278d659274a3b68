"""``closeness``: what is absent and present, and that a decision is the search's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard
from helpers.shop import write_shop

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.errors import QueryError
from lookseek.evaluate.benchmarks.closeness import ABSENT_TYPE, KINDS, PHOTOS, blanks
from lookseek.evaluate.benchmarks.frozen import of_split
from lookseek.evaluate.closeness import decided, relevance_of
from lookseek.evaluate.registry import benchmark
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import EvaluationQuery, Options, Task
from lookseek.evaluate.truth import Listed
from lookseek.search.relevance import Limits, Relevance


def test_absent_types_are_not_in_the_gallery_and_present_ones_are(data: Path) -> None:
    options = Options(data / "myntra", "val", "types-held-out")
    loaded = benchmark("closeness").load(options)
    rows, _ = of_split("closeness", options, ("kind", "id"))
    absent = {row["id"] for row in rows if row["kind"] == ABSENT_TYPE}
    assert len(absent) >= 5
    for task in loaded.tasks:
        assert not absent & {loaded.labels[photo] for photo in task.gallery}
        answerable = (task.truth.grades(slice(None)) > 0).any(axis=1)
        assert answerable.all() if (task.stratum or task.name).startswith("present") else not answerable.any()
    assert {task.stratum for task in loaded.tasks if not task.name} == set(KINDS)


def test_photos_alone_need_no_words(data: Path) -> None:
    loaded = benchmark("closeness").load(Options(data / "myntra", "val", PHOTOS))
    assert {task.stratum for task in loaded.tasks} == set(KINDS[2:])
    assert not any(query.text for task in loaded.tasks for query in task.queries)


def test_blank_pictures_are_all_different() -> None:
    assert len(set(blanks().values())) == len(blanks()) == 10


def test_a_decision_counts_the_hits_that_stand_out() -> None:
    shown = np.eye(4, 8, dtype=np.float32)
    relevance = Relevance(shown, Limits(0.9, 0.9), Limits(0.5, 0.5))
    queries = (
        EvaluationQuery("has", "a"),
        EvaluationQuery("has not", "b"),
        EvaluationQuery("itself", "c"),
        EvaluationQuery("words", text="x"),
    )
    truth = Listed(4, ({0: 1}, {}, {}, {3: 1}), barred=((), (), (2,), ()))
    task = Task(queries, ("a", "b", "c", "d"), truth, ("decided@2",), answers_none=True)
    asked = np.stack([shown[0], shown[1], shown[2], shown[3]])
    photos = {id: images.to_jpeg(draw(spec, 64)) for id, spec in zip("abc", drawn_specs(3, 1, 0), strict=True)}
    assert decided(task, photos, asked, shown, relevance, 2).tolist() == [1, 0, 1, 1]
    blank = photos | {"a": next(iter(blanks().values()))}
    assert decided(task, blank, asked, shown, relevance, 2).tolist() == [0, 0, 1, 1]  # it shows nothing


def test_it_wants_a_model(data: Path) -> None:
    with pytest.raises(QueryError, match="wants a model that an index can be measured with"):
        evaluate(benchmark("closeness"), Options(data / "myntra", "val", PHOTOS), open_system("colour"), Heard())


def test_a_gallery_that_is_too_small_is_refused() -> None:
    with pytest.raises(QueryError, match="too small to say what is close"):
        relevance_of(["a", "b"], np.eye(2, 1280, dtype=np.float32), load_model("efficientnet-lite2"))


def test_queries_without_an_answer_stay_when_photos_are_missing(tmp_path: Path) -> None:
    write_shop(tmp_path, count=60)
    ids = [f"val-{number}" for number in range(20)]
    truth = Listed(len(ids), ({}, {0: 1}))
    queries = (EvaluationQuery("none", "val-30"), EvaluationQuery("some", "val-31"))
    task = Task(queries, tuple(ids), truth, ("recall@1",), answers_none=True)
    assert len(task.without({"val-5"}).queries) == 2

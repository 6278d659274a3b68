"""Routers in an evaluation: what they keep and visit, against brute force, and side by side with plain search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.catalogues import Heard
from test_evaluate_cli import Shell, kept, shell  # noqa: F401  fixtures

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.errors import QueryError
from lookseek.evaluate import routing
from lookseek.evaluate.outcome import Evaluation
from lookseek.evaluate.registry import BENCHMARKS
from lookseek.evaluate.routing import ROUTING, Route
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Options

pytest.importorskip("sklearn")

SIZES = {"train": 30, "val": 25, "test": 25}
CLASSES = BENCHMARKS["myntra-class"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like myntra's: drawn garments in three splits, their type a category and a pattern."""
    rows: list[dict[str, Any]] = []
    for seed, (split, items) in enumerate(SIZES.items()):
        for number, spec in enumerate(drawn_specs(items, 2, seed)):
            said = spec.attributes
            rows.append(
                {
                    "id": f"{split}-{number}",
                    "title": "",
                    "articleType": f"{said['category']} {said['colour'] in ('black', 'navy', 'white')}",
                    "category": said["category"],
                    "gender": "",
                    "baseColour": said["colour"],
                    "design": spec.item_id,
                    "split": split,
                    "image": images.to_jpeg(draw(spec, 96)),
                }
            )
    folder = tmp_path_factory.mktemp("shop")
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalogue.parquet")
    return folder


def measured(shop: Path, route: Route | None, split: str = "test") -> Evaluation:
    return evaluate(CLASSES, Options(shop, split, "leave-one-out"), open_system("colour"), Heard(), route=route)


def vectors_of(shop: Path, evaluation: Evaluation, task: int) -> np.ndarray:
    ids = list(evaluation.loaded.tasks[task].gallery)
    embedded = open_system("colour").embed(evaluation.loaded, ids, [], Heard())
    return embedded.of(ids)["colour"]


@pytest.mark.parametrize(
    "route",
    [Route("kmeans", "hard", cells=5), Route("svm", "hard", "linear"), Route("svm", "hard")],
    ids=lambda route: f"{route.kind}-{route.preset}",
)
def test_kept_and_visited_are_what_counting_gives(shop: Path, route: Route) -> None:
    evaluation = measured(shop, route)
    plain = measured(shop, None)
    assert evaluation.result.gallery_hash == plain.result.gallery_hash
    routers = list(routing._FITTED.values())[-2:]
    for number, (outcome, whole) in enumerate(zip(evaluation.outcomes, plain.outcomes, strict=True)):
        rows = vectors_of(shop, evaluation, number)
        keys = routers[number].likeliest(rows)
        scores = rows @ rows.T
        np.fill_diagonal(scores, -2)
        best = np.argsort(-scores, axis=1)[:, :10]
        same = keys[:, None] == keys
        expected = np.take_along_axis(same, best, axis=1).mean(axis=1)
        np.testing.assert_allclose(outcome.values["exact@10"], expected, atol=0.101)  # a tie may stand at the edge
        assert outcome.values["exact@10"].mean() == pytest.approx(expected.mean(), abs=0.005)
        np.testing.assert_allclose(outcome.values["visited"], same.mean(axis=1))
        assert (outcome.values["visited"] < 1).any()
        found = (outcome.best >= 0).sum(axis=1)
        np.testing.assert_array_equal(found, np.minimum(10, same.sum(axis=1) - 1))
        for name in ROUTING:
            assert (whole.values[name] == 1).all()
        for name in ("query_ms@10", "query_ms@10000"):
            assert (outcome.values[name] > 0).all()


def test_what_is_found_is_found_in_plain_order(shop: Path) -> None:
    evaluation, plain = measured(shop, Route("kmeans", "hard", cells=4)), measured(shop, None)
    for outcome, whole in zip(evaluation.outcomes, plain.outcomes, strict=True):
        for some, every in zip(outcome.best, whole.best, strict=True):
            both = [row for row in every if row in some]
            assert [row for row in some if row in both] == both


def test_soft_that_can_t_be_sure_is_exact(shop: Path) -> None:
    """Fifty queries of val can't show that 99 % are kept, even if they keep all."""
    evaluation = measured(shop, Route("svm", "soft", "linear"))
    plain = measured(shop, None)
    assert evaluation.result.model["route_mass"] == 1
    for name, figure in plain.result.metrics.items():
        if not name.startswith("query_ms"):
            assert evaluation.result.metrics[name] == figure


def test_hard_and_soft_measure_one_router(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits = 0
    real = routing.fit_kmeans

    def counted(*arguments: Any) -> Any:
        nonlocal fits
        fits += 1
        return real(*arguments)

    monkeypatch.setattr(routing, "fit_kmeans", counted)
    for mode in ("soft", "hard", "soft"):
        measured(shop, Route("kmeans", mode, cells=7))  # type: ignore[arg-type]
    assert fits == 2  # one a task
    assert len(routing._FITTED) <= routing._MOST


def test_a_result_says_how_it_was_routed(shop: Path) -> None:
    soft, hard = (measured(shop, Route("kmeans", mode, cells=5)).result.model for mode in ("soft", "hard"))  # type: ignore[arg-type]
    assert (soft["route"], soft["route_mode"], soft["route_preset"]) == ("kmeans", "soft", "5 cells")
    assert {"route_mass", "route_temperature", "route_mass/types", "route_temperature/types"} <= set(soft)
    assert "route_mass" not in hard
    assert not any(name.startswith("route") for name in measured(shop, None).result.model)


def test_train_can_t_ask_what_was_learnt_from_it(shop: Path) -> None:
    with pytest.raises(QueryError, match=r"split 'train'.*learns from train"):
        measured(shop, Route("kmeans"), "train")
    assert measured(shop, Route("kmeans", "hard"), "val").result.split == "val"


def test_side_by_side_on_the_command_line(shop: Path, shell: Shell, tmp_path: Path) -> None:  # noqa: F811
    arguments = ("evaluate", "myntra-class", shop, "--model", "colour")
    for name, options in {
        "plain": (),
        "svm": ("--route", "svm", "--route-mode", "hard", "--route-preset", "linear"),
        "cells": ("--route", "kmeans"),
    }.items():
        code, out, err = shell(*arguments, *options, "--json", tmp_path / f"{name}.json")
        assert code == 0, err
        assert "exact@10" in out
    said = json.loads((tmp_path / "svm.json").read_text())["model"]
    assert (said["route"], said["route_mode"], said["route_preset"]) == ("svm", "hard", "linear")
    code, out, err = shell("compare", *(tmp_path / f"{name}.json" for name in ("plain", "svm", "cells")))
    assert code == 0, err
    assert "svm hard linear" in out
    assert "kmeans soft 50 cells" in out
    assert "visited" in out


@pytest.mark.parametrize("name", [name for name, one in BENCHMARKS.items() if one.training_set is None])
def test_a_benchmark_without_a_split_to_learn_from_is_refused(name: str, shell: Shell, tmp_path: Path) -> None:  # noqa: F811
    code, _, err = shell("evaluate", name, tmp_path, "--route", "svm")
    assert code == 1
    assert f"{name} has no other split" in err
    assert "myntra-class" in err


def test_a_run_file_has_no_route(shell: Shell, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "run").write_text("q Q0 d 1 1 x\n")
    (tmp_path / "qrels").write_text("q 0 d 1\n")
    code, _, err = shell(
        "evaluate",
        "trec",
        tmp_path / "qrels",
        "--model",
        tmp_path / "run",
        "--route",
        "kmeans",
        "--rerank",
        "k-reciprocal",
    )
    assert code == 1
    assert "leave --route, --rerank out" in err

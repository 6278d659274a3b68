"""The trials of composers in benchmarks/: what they count, what is measured anew, what their tables say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.composers import composers, trials
from lookseek.encode import load_model
from lookseek.encode.compose import Sum
from lookseek.encode.folder import COMPOSER
from lookseek.evaluate.result import read_result
from lookseek.train.combiner.towers import FeatureTable
from lookseek.types import Vectors

DIM = 12


class TestCosts:
    def test_a_combiner_costs_what_its_layers_are(self) -> None:
        model = load_model("lookseek-base")
        trial = next(trial for trial in trials.shipped(model) if trial.name == trials.SHIPPED)
        tensors = onnx.load(str(model.folder / COMPOSER)).graph.initializer
        weights = [tensor.dims for tensor in tensors if tensor.data_type != TensorProto.INT64]
        assert trial.multiply_adds == sum(a * b for a, b in (dims for dims in weights if len(dims) == 2))
        assert trial.parameters == trial.multiply_adds + sum(dims[0] for dims in weights if len(dims) == 1)

    def test_a_matrix_that_several_rows_meet_counts_for_each(self) -> None:
        weights = numpy_helper.from_array(np.ones((3, 5), np.float32), "weights")
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["cells", "weights"], ["vectors"])],
            "five of each cell",
            [helper.make_tensor_value_info("cells", TensorProto.FLOAT, ["n", 4, 3])],
            [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", 4, 5])],
            [weights],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        onnx.checker.check_model(model)
        assert trials.costs(model, {"cells": (4, 3)}) == (15, 4 * 3 * 5)


@pytest.fixture(scope="module")
def one() -> trials.Split:
    exam = trials.photo_exam("drawn-composed", "val")
    chance = np.random.default_rng(0)
    photos = {id: chance.standard_normal(DIM).astype(np.float32) for id in exam.ids()}
    texts = {text: chance.standard_normal(DIM).astype(np.float32) for text in exam.changes()}
    made = set[str]()
    for query in exam.loaded.queries():
        id, change = exam.parse(query)
        if query.id in made:  # the same change in another language
            continue
        made.add(query.id)
        a, b = (vector / np.linalg.norm(vector) for vector in (photos[id], texts[change]))
        photos[query.id] = a + b
    rows, text_rows = ({name: row for row, name in enumerate(some)} for some in (photos, texts))
    return trials.Split(exam, FeatureTable(np.stack([*photos.values()]), rows, np.stack([*texts.values()]), text_rows))


@pytest.fixture(scope="module")
def paths(one: trials.Split, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    keep = tmp_path_factory.mktemp("results")
    some = [trials.trial_of("sum", Sum()), trials.Trial(trials.SHIPPED, lambda photos, *_: photos)]
    return {trial.name: one.measured(trial, {"name": "by chance"}, keep) for trial in some}


class TestFigures:
    """On drawn-composed, of vectors by chance in which each target is its reference plus its change in English."""

    def test_each_target_is_its_reference_plus_its_change(self, paths: dict[str, Path]) -> None:
        assert read_result(paths["sum"]).metrics["recall@1"].value == 1

    def test_only_what_is_new_is_measured(self, one: trials.Split, tmp_path: Path) -> None:
        trial, info = trials.Trial("photo alone", lambda photos, *_: photos, made_by="a"), {"name": "by chance"}
        path = one.measured(trial, info, tmp_path)
        first = path.stat().st_mtime_ns
        assert one.measured(trial, info, tmp_path) == path
        assert path.stat().st_mtime_ns == first
        one.measured(replace(trial, made_by="b"), info, tmp_path)
        assert path.stat().st_mtime_ns != first

    def test_a_difference_has_its_sign_and_none_to_itself(self, paths: dict[str, Path]) -> None:
        assert trials.difference(paths[trials.SHIPPED], paths["sum"], "recall@1").startswith("+")
        assert trials.difference(paths["sum"], paths[trials.SHIPPED], "recall@1").startswith("-")
        assert trials.difference(paths["sum"], paths["sum"], "recall@1") == ""

    def test_tables_name_protocol_and_gallery_and_have_a_line_a_way(self, paths: dict[str, Path]) -> None:
        head, table, kinds = composers.figures(composers.COLUMNS["drawn-composed"], paths)
        assert "val, protocol `reference-excluded`: 583 queries, gallery 833" in head
        assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == ["| sum", f"| {trials.SHIPPED}"]
        assert "| colour | pattern | sleeve | neckline | length |" in kinds
        assert kinds.splitlines()[2].startswith("| sum | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 0.")

    def test_time_is_of_one_query(self, one: trials.Split) -> None:
        asked: list[int] = []

        def compose(photos: Vectors, _: Vectors, __: object) -> Vectors:
            asked.append(len(photos))
            return photos

        assert one.ms(trials.Trial("counted", compose)) >= 0
        assert asked == [1] * (1 + trials.TIMED)

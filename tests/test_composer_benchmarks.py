"""The trials of composers in benchmarks/: what they count, what attention sees, and that a killed training goes on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from helpers.catalogues import Heard
from helpers.composing import StopAfter, write_triplets
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file

from lookseek.encode import load_model
from lookseek.encode.compose import Sum
from lookseek.encode.folder import COMPOSER
from lookseek.evaluate.result import read_result
from lookseek.train.combiner import step as loop
from lookseek.train.combiner.settings import settings_of
from lookseek.train.combiner.towers import Known
from lookseek.train.combiner.triplets import Triplets, read_data
from lookseek.types import Box, Vectors

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import attention_cells
import attention_training
import composers
import ways
from attention_network import Attention

DIM, PLACES, CHANNELS = 12, 32, 6

SMALL = settings_of("modern", {"precision": "32-true", "epochs": 3, "batch": 8})


@pytest.fixture(scope="module")
def triplets(tmp_path_factory: pytest.TempPathFactory) -> Triplets:
    return read_data(write_triplets(tmp_path_factory.mktemp("triplets")), 0)


@pytest.fixture(scope="module")
def features(triplets: Triplets) -> tuple[Known, attention_training.Seen]:
    """By chance, of each photo and text."""
    chance = np.random.default_rng(0)
    val = triplets.exams["val"]
    ids = list(dict.fromkeys([*triplets.photos, *val.ids()]))
    texts = list(dict.fromkeys([*(text for e in triplets.train for text in e.texts), *val.changes()]))
    vectors = chance.standard_normal((len(ids) + len(texts), DIM)).astype(np.float32)
    rows = {id: row for row, id in enumerate(ids)}
    known = Known(vectors[: len(ids)], rows, vectors[len(ids) :], {text: row for row, text in enumerate(texts)})
    cells = chance.standard_normal((len(ids), PLACES, CHANNELS)).astype(np.float16)
    return known, attention_training.Seen(cells, rows)


def lively(network: torch.nn.Module) -> torch.nn.Module:
    """With weights that are all by chance: begun ones have zeros."""
    torch.manual_seed(1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.eval()


class TestCosts:
    def test_a_combiner_costs_what_its_layers_are(self) -> None:
        model = load_model("lookseek-base")
        way = next(way for way in ways.shipped(model) if way.name == ways.SHIPPED)
        tensors = onnx.load(str(model.folder / COMPOSER)).graph.initializer
        weights = [tensor.dims for tensor in tensors if tensor.data_type != TensorProto.INT64]
        assert way.multiply_adds == sum(a * b for a, b in (dims for dims in weights if len(dims) == 2))
        assert way.parameters == way.multiply_adds + sum(dims[0] for dims in weights if len(dims) == 1)

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
        assert ways.costs(model, {"cells": (4, 3)}) == (15, 4 * 3 * 5)


class TestAttention:
    def test_it_begins_as_the_sum(self) -> None:
        network = Attention(DIM, SMALL, PLACES, CHANNELS).eval()
        photos, texts = torch.randn(2, 4, DIM)
        unit = torch.nn.functional.normalize
        wanted = unit(unit(photos) + unit(texts))
        assert torch.allclose(network(photos, texts, torch.randn(4, PLACES, CHANNELS)), wanted, atol=1e-6)

    def test_the_query_is_what_the_whole_layer_makes_of_it(self) -> None:
        network = lively(Attention(DIM, SMALL, PLACES, CHANNELS))
        tokens = torch.randn(3, 7, 256)
        with torch.no_grad():
            assert torch.allclose(network._read(tokens), network.layer(tokens)[:, 0], atol=1e-5)

    @pytest.mark.parametrize("grids", [(0,), (0, 1)])
    def test_cells_count_where_they_lie(self, grids: tuple[int, ...]) -> None:
        network = lively(Attention(DIM, SMALL, 16 * len(grids), CHANNELS))
        photos, texts = torch.randn(2, 1, DIM)
        cells = torch.randn(1, 16 * len(grids), CHANNELS)
        with torch.no_grad():
            assert not torch.allclose(network(photos, texts, cells), network(photos, texts, cells.flip(1)), atol=1e-4)

    def test_its_graph_gives_the_same(self, features: tuple[Known, attention_training.Seen]) -> None:
        known, cells = features
        network = lively(Attention(DIM, SMALL, PLACES, CHANNELS))
        ids = list(known.rows)[:5]
        given = ids, known.of(ids), known.texts[:5]
        way = ways.seeing("attention", attention_training.graph_of(network), DIM, cells.of)
        assert np.allclose(way.join(*given), attention_training.joined_by(network, cells)(*given), atol=1e-5)
        assert way.join([], known.photos[:0], known.texts[:0]).shape == (0, DIM)
        assert way.multiply_adds > PLACES * CHANNELS * 256

    def test_a_training_that_was_stopped_ends_with_the_same_weights(
        self,
        triplets: Triplets,
        features: tuple[Known, attention_training.Seen],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        known, cells = features

        def train(name: str, progress: object) -> tuple[Attention, int]:
            return attention_training.trained(cells, triplets, known, SMALL, tmp_path / name, progress)

        network, best = train("whole", Heard())
        assert 1 <= best <= SMALL.epochs
        stop = StopAfter(4)
        with monkeypatch.context() as patch:
            patch.setattr(loop, "stoppable", stop.stoppable)
            with pytest.raises(KeyboardInterrupt):
                train("stopped", stop)
        again, _ = train("stopped", Heard())
        whole, resumed = (load_file(tmp_path / name / "best.safetensors") for name in ("whole", "stopped"))
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)
        assert torch.equal(network.places, again.places)
        assert network.shape == (PLACES, CHANNELS)


class TestGarment:
    def test_it_is_what_is_not_white(self) -> None:
        pixels = np.full((80, 60, 3), 255, np.uint8)
        pixels[10:20, 5:25] = 100
        pixels[35, 2] = 0  # a speck
        assert attention_cells.garment(pixels) == Box(5, 10, 20, 10)

    def test_a_white_photo_is_all_of_it(self) -> None:
        assert attention_cells.garment(np.full((40, 30, 3), 255, np.uint8)) == Box(0, 0, 30, 40)

    def test_cells_are_means(self) -> None:
        pool = attention_cells._pool(7)  # neighbours share a line
        assert np.allclose(pool.sum(axis=1), 1)
        assert (pool > 0).any(axis=0).all()


@pytest.fixture(scope="module")
def one() -> ways.Asked:
    exam = ways.photos("drawn-composed", "val")
    chance = np.random.default_rng(0)
    photos = {id: chance.standard_normal(DIM).astype(np.float32) for id in exam.ids()}
    texts = {text: chance.standard_normal(DIM).astype(np.float32) for text in exam.changes()}
    made = set[str]()
    for question in exam.loaded.questions():
        id, change = exam.asked(question)
        if question.id in made:  # the same change in another language
            continue
        made.add(question.id)
        a, b = (vector / np.linalg.norm(vector) for vector in (photos[id], texts[change]))
        photos[question.id] = a + b
    rows, text_rows = ({name: row for row, name in enumerate(some)} for some in (photos, texts))
    return ways.Asked(exam, Known(np.stack([*photos.values()]), rows, np.stack([*texts.values()]), text_rows))


@pytest.fixture(scope="module")
def paths(one: ways.Asked, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    keep = tmp_path_factory.mktemp("results")
    some = [ways.of_composer("sum", Sum()), ways.Way(ways.SHIPPED, lambda _, photos, __: photos)]
    return {way.name: one.measured(way, {"name": "by chance"}, keep) for way in some}


class TestFigures:
    """On drawn-composed, of vectors by chance in which each target is its reference plus its change in English."""

    def test_they_are_those_of_an_exam(self, one: ways.Asked, paths: dict[str, Path]) -> None:
        wanted = one.exam.take(one.known, Sum().compose, {}, Heard()).result
        assert read_result(paths["sum"]).metrics == wanted.metrics
        assert wanted.metrics["recall@1"].value == 1

    def test_only_what_is_new_is_measured(self, one: ways.Asked, tmp_path: Path) -> None:
        way, info = ways.Way("photo alone", lambda _, photos, __: photos, made_by="a"), {"name": "by chance"}
        path = one.measured(way, info, tmp_path)
        first = path.stat().st_mtime_ns
        assert one.measured(way, info, tmp_path) == path
        assert path.stat().st_mtime_ns == first
        one.measured(replace(way, made_by="b"), info, tmp_path)
        assert path.stat().st_mtime_ns != first

    def test_a_difference_has_its_sign_and_none_to_itself(self, paths: dict[str, Path]) -> None:
        assert ways.against(paths[ways.SHIPPED], paths["sum"], "recall@1").startswith("+")
        assert ways.against(paths["sum"], paths[ways.SHIPPED], "recall@1").startswith("-")
        assert ways.against(paths["sum"], paths["sum"], "recall@1") == ""

    def test_tables_name_protocol_and_gallery_and_have_a_line_a_way(self, paths: dict[str, Path]) -> None:
        head, table, kinds = composers.figures(composers.COLUMNS["drawn-composed"], paths)
        assert "val, protocol `reference-excluded`: 583 questions, gallery 833" in head
        assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == ["| sum", f"| {ways.SHIPPED}"]
        assert "| colour | pattern | sleeve | neckline | length |" in kinds
        assert kinds.splitlines()[2].startswith("| sum | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 0.")

    def test_time_is_of_one_question(self, one: ways.Asked) -> None:
        asked: list[int] = []

        def join(ids: Sequence[str], photos: Vectors, _: Vectors) -> Vectors:
            asked.append(len(ids))
            return photos

        assert one.ms(ways.Way("counted", join)) >= 0
        assert asked == [1] * (1 + ways.TIMED)

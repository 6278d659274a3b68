"""Composers: one contract for all, what each is, and which a model has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_onnx import difference, write_model, write_words
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookseek.encode import Composer, Model, composer_of, load_model
from lookseek.encode.compose import GraphComposer, Slerp, Sum
from lookseek.errors import ModelError, QueryError

ALL: list[Composer] = [
    Sum(),
    Slerp(),
    Slerp(0.25),
    Slerp(0.0),
    Slerp(1.0),
    GraphComposer("difference", difference(), 3, "here"),
]
ROWS = st.integers(1, 5).flatmap(
    lambda rows: st.tuples(
        *[arrays(np.float32, (rows, 3), elements=st.floats(-50, 50, width=32).filter(lambda x: abs(x) > 1e-3))] * 2
    )
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(write_words(tmp_path_factory.mktemp("m"), composer=difference()), single=True)


def unit(*numbers: float) -> np.ndarray:
    return unit_rows(np.array([numbers], np.float32))


def unit_rows(rows: np.ndarray) -> np.ndarray:
    made: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


@pytest.mark.parametrize("composer", ALL, ids=lambda composer: composer.name)
class TestEveryComposer:
    @given(ROWS)
    def test_rows_of_length_one(self, composer: Composer, pair: tuple[np.ndarray, np.ndarray]) -> None:
        photos, texts = pair
        if (np.linalg.norm(unit_rows(photos) - unit_rows(texts), axis=1) < 0.01).any():
            return  # of which the difference says nothing
        rows = composer.compose(photos, texts)
        assert rows.shape == photos.shape
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(composer.compose(photos[:1], texts[:1]), rows[:1], atol=1e-6)
        np.testing.assert_allclose(composer.compose(photos * 2, texts / 4), rows, atol=1e-3)

    def test_no_rows(self, composer: Composer) -> None:
        assert composer.compose(np.empty((0, 3), np.float32), np.empty((0, 3), np.float32)).shape == (0, 3)

    @pytest.mark.parametrize("texts", [np.ones((3, 3), np.float32), np.ones((2, 4), np.float32), np.ones(3)])
    def test_shapes_that_do_not_go_together(self, composer: Composer, texts: np.ndarray) -> None:
        with pytest.raises(ModelError, match="can't be composed"):
            composer.compose(np.ones((2, 3), np.float32), texts)


def test_a_sum_is_of_rows_of_length_one() -> None:
    rows = Sum().compose(np.array([[10, 0, 0]], np.float32), np.array([[0, 0.1, 0]], np.float32))
    np.testing.assert_allclose(rows, unit(1, 1, 0), atol=1e-6)


@given(ROWS)
def test_half_way_slerp_is_the_sum(pair: tuple[np.ndarray, np.ndarray]) -> None:
    photos, texts = pair
    np.testing.assert_allclose(Slerp().compose(photos, texts), Sum().compose(photos, texts), atol=2e-3)


def test_slerp_goes_along_the_arc() -> None:
    photo, text = unit(1, 0, 0), unit(0, 1, 0)
    np.testing.assert_allclose(Slerp(1 / 3).compose(photo, text), unit(np.sqrt(3), 1, 0), atol=1e-6)
    np.testing.assert_allclose(Slerp(0).compose(photo, text), photo, atol=1e-6)
    np.testing.assert_allclose(Slerp(1).compose(photo, text), text, atol=1e-6)


@pytest.mark.parametrize("composer", [Sum(), Slerp()], ids=lambda composer: composer.name)
def test_words_that_say_the_opposite_leave_the_photo(composer: Composer) -> None:
    np.testing.assert_allclose(composer.compose(unit(1, 2, 3), -unit(1, 2, 3)), unit(1, 2, 3), atol=1e-6)


@pytest.mark.parametrize("composer", [Sum(), Slerp()], ids=lambda composer: composer.name)
@pytest.mark.parametrize("broken", [[0, 0, 0], [1, np.nan, 0], [np.inf, 0, 0]])
def test_vectors_that_are_none(composer: Composer, broken: list[float]) -> None:
    with pytest.raises(ModelError, match="zeros or not finite"):
        composer.compose(unit(1, 0, 0), np.array([broken], np.float32))


class TestByName:
    def test_none_is_the_model_s_own_else_the_sum(self, model: Model, tmp_path: Path) -> None:
        assert composer_of(model) is model.composer
        assert composer_of(load_model(write_model(tmp_path), single=True)) == Sum()

    @pytest.mark.parametrize("name", ["sum", "slerp", "slerp:0.25", "difference"])
    def test_it_is_the_one_of_that_name(self, model: Model, name: str) -> None:
        assert composer_of(model, name).name == name

    @pytest.mark.parametrize("name", ["", "Sum", "combiner", "sum:0.5", "photo"])
    def test_an_unknown_name(self, model: Model, name: str) -> None:
        with pytest.raises(QueryError, match="choose one of sum, slerp, slerp:WEIGHT, difference"):
            composer_of(model, name)

    @pytest.mark.parametrize(("name", "said"), [("slerp:2", "from 0 to 1"), ("slerp:x", "'x'"), ("slerp:nan", "nan")])
    def test_a_weight_out_of_range(self, model: Model, name: str, said: str) -> None:
        with pytest.raises(QueryError, match=said):
            composer_of(model, name)

    def test_the_model_s_own_is_its_graph(self, model: Model) -> None:
        rows = composer_of(model).compose(unit(1, 0, 0), unit(0, 1, 0))
        np.testing.assert_allclose(rows, unit(-1, 1, 0), atol=1e-6)

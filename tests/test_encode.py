"""The pipeline: order, errors in their place, bounded look-ahead, and threads that end with it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.golden import picture
from helpers.tiny_onnx import write_model
from helpers.waiting import PATIENCE, until
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.encode import ColourEncoder, Encoder, Prepared, encode_photos, load_model
from lookseek.encode.prepare import Preprocessing, Resize, min_side, prepare, resize_to_input
from lookseek.errors import ImageError, ItemError, NotAnImage
from lookseek.types import Photo, Pixels, Vectors


class Means:
    """An encoder of mean colours that remembers the sizes it was given."""

    def __init__(self, name: str = "means", min_side: int = 8) -> None:
        self.name = name
        self.dim = 3
        self.min_side = min_side
        self.batches: list[int] = []
        self.shapes: list[tuple[int, ...]] = []

    def prepare(self, pixels: Pixels) -> Prepared:
        self.shapes.append(pixels.shape)
        return pixels.reshape(-1, 3).mean(axis=0)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        self.batches.append(len(batch))
        return np.array(batch, np.float32)


def photo(value: int, side: int = 8) -> bytes:
    return images.to_png(np.full((side, side, 3), value, np.uint8))


def numbered(n: int) -> Iterator[tuple[int, Photo]]:
    for i in range(n):
        yield i, photo(i % 256)


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("lookseek-decode")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert threads() == []


class TestResults:
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 4), st.sets(st.integers(0, 39)))
    def test_every_photo_in_order_with_errors_in_place(self, n: int, batch: int, workers: int, bad: set[int]) -> None:
        encoder = Means()
        source = ((i, b"no picture" if i in bad else photo(i)) for i in range(n))
        got = list(encode_photos(source, [encoder], batch=batch, workers=workers, after=lambda p: int(p[0, 0, 0])))
        assert [key for key, _, _ in got] == list(range(n))
        for key, vectors, extra in got:
            if key in bad:
                assert isinstance(vectors, NotAnImage)
                assert extra is None
            else:
                assert not isinstance(vectors, ItemError)
                assert vectors["means"].tolist() == [key] * 3
                assert extra == key
        assert sum(encoder.batches) == n - len(bad & set(range(n)))
        assert all(1 <= size <= batch for size in encoder.batches)

    def test_the_real_encoders_give_what_they_give_alone(self) -> None:
        encoders: list[Encoder] = [load_model(single=True).image, ColourEncoder()]
        pictures = [picture(), picture(200, 300), np.full((50, 60, 3), 120, np.uint8)]
        got = list(
            encode_photos([(i, images.to_png(p)) for i, p in enumerate(pictures)], encoders, after=images.fingerprint)
        )
        for (_, vectors, extra), pixels in zip(got, pictures, strict=True):
            assert not isinstance(vectors, ItemError)
            assert set(vectors) == {"look", "colour"}
            assert extra == images.fingerprint(pixels)
            for encoder in encoders:
                (alone,) = encoder.encode([encoder.prepare(pixels)])
                np.testing.assert_allclose(vectors[encoder.name], alone, rtol=1e-3, atol=1e-4)
                assert vectors[encoder.name].dtype == np.float32

    def test_a_missing_file_is_an_error_of_its_item(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(photo(7))
        paths = [("a", tmp_path / "a.png"), ("b", tmp_path / "none.png"), ("c", tmp_path)]
        got = {key: vectors for key, vectors, _ in encode_photos(paths, [Means()])}
        assert isinstance(got["b"], ItemError)
        assert isinstance(got["c"], ItemError)
        assert not isinstance(got["a"], ItemError)

    def test_nothing_but_errors(self) -> None:
        encoder = Means()
        got = list(encode_photos(((i, b"") for i in range(10)), [encoder], batch=4))
        assert all(isinstance(vectors, ImageError) for _, vectors, _ in got)
        assert len(got) == 10
        assert encoder.batches == []

    def test_no_photos(self) -> None:
        assert list(encode_photos([], [Means()])) == []

    def test_an_item_error_of_after_is_the_items(self) -> None:
        def picky(pixels: Pixels) -> int:
            if pixels[0, 0, 0] == 3:
                raise ItemError("not this one")
            return 1

        got = [extra for _, _, extra in encode_photos(numbered(5), [Means()], after=picky)]
        assert got == [1, 1, 1, None, 1]

    def test_large_photos_are_decoded_small_if_all_encoders_allow(self) -> None:
        large = images.to_jpeg(np.full((800, 1200, 3), 90, np.uint8))
        small, whole = Means("small", 100), Means("whole", 0)
        list(encode_photos([(1, large)], [small, Means("more", 180)]))
        assert small.shapes == [(200, 300, 3)]
        list(encode_photos([(1, large)], [small, whole]))
        assert whole.shapes == [(800, 1200, 3)]

    @pytest.mark.parametrize("names", [[], ["a", "a"]])
    def test_encoders_need_names_of_their_own(self, names: list[str]) -> None:
        with pytest.raises(ValueError, match="encoders"):
            encode_photos([], [Means(name) for name in names])

    @pytest.mark.parametrize("options", [{"batch": 0}, {"workers": 0}, {"batch": -1}])
    def test_numbers_below_one(self, options: dict[str, int]) -> None:
        with pytest.raises(ValueError, match="1 or more"):
            encode_photos([], [Means()], **options)


class TestFlow:
    def test_reads_no_further_ahead_than_two_batches(self) -> None:
        read = 0

        def source() -> Iterator[tuple[int, Photo]]:
            nonlocal read
            for read in range(1, 1001):
                yield read, photo(1)

        results = encode_photos(source(), [Means()], batch=5)
        assert read == 0, "nothing begins before the first result is asked for"
        for taken, _ in enumerate(results, 1):
            assert read <= taken + 2 * 5
            if taken == 100:
                break
        results.close()
        assert read <= 110

    def test_decoding_goes_on_while_an_encoder_runs(self) -> None:
        seen: list[int] = []

        class Slow(Means):
            def encode(self, batch: Sequence[Prepared]) -> Vectors:
                if not self.batches:
                    until(lambda: len(self.shapes) >= 8, "the second batch")
                    seen.append(len(self.shapes))
                return super().encode(batch)

        list(encode_photos(numbered(12), [Slow()], batch=4, workers=1))
        assert seen == [8], "the second batch is decoded while the first is being encoded"

    def test_closing_drops_what_has_not_begun(self) -> None:
        encoder = Means()
        results = encode_photos(numbered(1000), [encoder], batch=8, workers=2)
        next(results)
        assert threads()
        results.close()
        assert threads() == []
        assert len(encoder.shapes) <= 16
        with pytest.raises(StopIteration):
            next(results)

    def test_an_abandoned_run_ends_its_threads(self) -> None:
        for _ in encode_photos(numbered(100), [Means()], batch=4):
            break
        del _
        assert threads() == []

    def test_never_started(self) -> None:
        encode_photos(numbered(10), [Means()]).close()
        assert threads() == []

    @pytest.mark.parametrize("error", [RuntimeError("the table is gone"), KeyboardInterrupt()])
    def test_an_error_of_the_source_comes_through(self, error: BaseException) -> None:
        def source() -> Iterator[tuple[int, Photo]]:
            yield from numbered(20)
            raise error

        got: list[Any] = []
        with pytest.raises(type(error)):
            got.extend(key for key, _, _ in encode_photos(source(), [Means()], batch=4))
        assert got == list(range(len(got))), "what came before it is in order"

    @pytest.mark.parametrize("where", ["prepare", "encode", "after"])
    def test_a_bug_is_not_taken_for_a_bad_photo(self, where: str) -> None:
        class Buggy(Means):
            def prepare(self, pixels: Pixels) -> Prepared:
                return self._maybe("prepare", super().prepare(pixels))

            def encode(self, batch: Sequence[Prepared]) -> Vectors:
                return self._maybe("encode", super().encode(batch))

            @staticmethod
            def _maybe(here: str, value: Any) -> Any:
                if here == where:
                    raise ZeroDivisionError
                return value

        with pytest.raises(ZeroDivisionError):
            list(encode_photos(numbered(30), [Buggy()], after=lambda p: Buggy._maybe("after", 1)))

    def test_interrupted_inside_an_encoder(self) -> None:
        class Interrupted(Means):
            def encode(self, batch: Sequence[Prepared]) -> Vectors:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            next(encode_photos(numbered(100), [Interrupted()], batch=8))

    def test_a_model_folder_in_the_pipeline(self, tmp_path: Path) -> None:
        model = load_model(write_model(tmp_path), single=True)
        got = [v for _, v, _ in encode_photos(numbered(50), [model.image], batch=7)]
        assert [v["look"][0] for v in got if not isinstance(v, ItemError)] == pytest.approx(range(50))


def how(width: int, height: int, resize: Resize, **more: Any) -> Preprocessing:
    settings_: dict[str, Any] = {"mean": (0, 0, 0), "std": (1, 1, 1), "dtype": "uint8", "layout": "nhwc"}
    return Preprocessing(width, height, resize, **(settings_ | more))


class TestPrepare:
    @settings(max_examples=60, deadline=None)
    @given(
        st.sampled_from(["squash", "crop", "pad"]),
        *[st.integers(1, 80)] * 4,
        st.floats(0.05, 1),
    )
    def test_any_picture_fits_and_a_plain_one_stays_plain(
        self, resize: Resize, height: int, width: int, h: int, w: int, crop: float
    ) -> None:
        got = resize_to_input(np.full((height, width, 3), 255, np.uint8), how(w, h, resize, crop=crop))
        assert (got.shape, got.dtype) == ((h, w, 3), np.uint8)
        assert (got == 255).all()

    def test_squash_keeps_all_of_it(self) -> None:
        got = resize_to_input(
            np.repeat(np.uint8([[[0] * 3, [200] * 3]]), 10, axis=0).repeat(50, axis=1), how(20, 20, "squash")
        )
        assert got[:, :8].max() == 0
        assert got[:, 12:].min() == 200

    def test_crop_takes_the_middle(self) -> None:
        pixels = np.zeros((40, 100, 3), np.uint8)
        pixels[:, 30:70] = 200
        assert resize_to_input(pixels, how(16, 16, "crop")).min() > 150
        assert resize_to_input(pixels, how(16, 16, "crop", crop=0.9)).min() == 200

    @pytest.mark.parametrize(("shape", "inside"), [((40, 20), np.s_[:, 5:15]), ((20, 40), np.s_[5:15])])
    def test_pad_centres_it_on_white(self, shape: tuple[int, int], inside: Any) -> None:
        got = resize_to_input(np.zeros((*shape, 3), np.uint8), how(20, 20, "pad"))
        expected = np.full((20, 20, 3), 255, np.uint8)
        expected[inside] = 0
        assert np.array_equal(got, expected)

    def test_normalising_and_layout(self) -> None:
        pixels = np.full((4, 4, 3), (10, 20, 30), np.uint8)
        settings_ = how(2, 3, "squash", mean=(10, 0, 0), std=(1, 2, 3), dtype="float32", layout="nchw")
        got = prepare(pixels, settings_)
        assert (got.shape, got.dtype, got.flags.c_contiguous) == ((3, 3, 2), np.float32, True)
        assert got[:, 0, 0].tolist() == [0, 10, 10]

    def test_uint8_is_handed_over_as_it_is(self) -> None:
        got = prepare(picture(), how(30, 20, "squash"))
        assert (got.dtype, got.flags.c_contiguous) == (np.uint8, True)
        assert np.array_equal(got, images.resize(picture(), 30, 20))

    def test_min_side_leaves_nothing_to_enlarge(self) -> None:
        assert min_side(how(200, 100, "squash")) == 200
        assert min_side(how(200, 100, "pad", crop=0.5)) == 200
        assert min_side(how(224, 224, "crop", crop=0.875)) == 256


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_threads_that_begin_at_once_do_not_wait_for_each_other_for_ever() -> None:
    code = """
import threading, numpy as np
from lookseek.encode import load_model
image = load_model(runtime="openvino").image
photo = image.prepare(np.zeros((90, 90, 3), np.uint8))
together = threading.Barrier(4)
def begin():
    together.wait()
    image.encode([photo] * 3)
threads = [threading.Thread(target=begin) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGUSR1")
def test_signals_are_survived_after_models_were_opened_and_let_go() -> None:
    code = """
import faulthandler, gc, os, signal
from lookseek.encode import load_model
faulthandler.enable()  # gives this thread a stack for signals, as pytest does
heard = []
signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
models = [load_model("efficientnet-lite2", runtime="openvino") for _ in range(3)]
while models:
    del models[0]
    gc.collect()
os.kill(os.getpid(), signal.SIGUSR1)
assert heard
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
@pytest.mark.parametrize("most", ["AVX2", "avx2_vnni", "AVX512_CORE"])
def test_a_processor_kept_to_older_instructions_is_not_asked_for_bfloat16(most: str) -> None:
    code = """
import numpy as np
from lookseek.encode import load_model
model = load_model(runtime="openvino")
assert np.isfinite(model.image.encode([model.image.prepare(np.zeros((90, 90, 3), np.uint8))])).all()
print(model.precision)
"""
    limited = {**os.environ, "ONEDNN_MAX_CPU_ISA": most}
    done = subprocess.run([sys.executable, "-c", code], env=limited, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout.strip()) == (0, "fp32"), done.stderr

"""HEIC, with its decoder and without, and TIFF: the right pixels, or one clear line, whatever the bytes."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest
from helpers.hostile import plain
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookseek import images
from lookseek.errors import ImageBroken, ImageError, ImageTooLarge, LookseekError, NotAnImage
from lookseek.images import limits
from lookseek.types import Pixels


def tiff(pixels: Pixels | None = None, mode: str = "RGB", **how: object) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(plain() if pixels is None else pixels)
    (picture if mode == "RGB" else picture.convert(mode)).save(file, "TIFF", **how)  # type: ignore[arg-type]
    return file.getvalue()


def heic(pixels: Pixels | None = None, **how: object) -> bytes:
    plugin = pytest.importorskip("pillow_heif", reason="HEIC needs lookseek[heic]")
    file = io.BytesIO()
    plugin.from_pillow(Image.fromarray(plain() if pixels is None else pixels)).save(file, quality=95, **how)
    return file.getvalue()


def tag(data: bytes, name: int, value: int) -> bytes:
    """A little-endian TIFF with another value of a tag."""
    start = struct.unpack("<I", data[4:8])[0]
    for at in range(start + 2, start + 2 + 12 * struct.unpack("<H", data[start : start + 2])[0], 12):
        if struct.unpack("<H", data[at : at + 2])[0] == name:
            return data[: at + 2] + struct.pack("<HII", 4, 1, value) + data[at + 12 :]
    raise AssertionError(f"there is no tag {name}")


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_a_tiff_is_read_however_it_is_packed(compression: str) -> None:
    data = tiff(compression=compression)
    pixels = images.decode(data)
    assert np.abs(pixels.astype(int) - plain()).mean() < (3 if compression == "jpeg" else 1e-9)
    assert images.size(data) == (40, 24)


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P", "1"])
def test_a_tiff_of_each_colour_mode_is_read(mode: str) -> None:
    expected = np.asarray(Image.fromarray(plain()).convert(mode).convert("RGB"))
    assert np.abs(images.decode(tiff(mode=mode)).astype(int) - expected).mean() < 1


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_tiff_is_turned_upright(turn: int) -> None:
    stored = images.decode(tiff())
    stored = stored.transpose(1, 0, 2) if turn >= 5 else stored
    stored = {2: stored[:, ::-1], 3: stored[::-1, ::-1], 4: stored[::-1], 6: stored[::-1], 7: stored[::-1, ::-1],
              8: stored[:, ::-1]}.get(turn, stored)  # fmt: skip
    data = tiff(np.ascontiguousarray(stored), tiffinfo={274: turn})
    assert images.size(data) == (40, 24)
    assert np.array_equal(images.decode(data), plain())


def test_a_tiff_that_is_a_bomb_or_no_photo_is_refused() -> None:
    with pytest.raises(ImageTooLarge):
        images.decode(tag(tag(tiff(), 256, 65_000), 257, 65_000))
    with pytest.raises(ImageBroken, match="bytes of metadata, 1,048,576 are taken"):
        images.decode(tiff(tiffinfo={270: "x" * (1 << 21)}))
    with pytest.raises(NotAnImage, match="a raw camera picture"):  # whose first picture is a thumbnail
        images.decode(tiff(tiffinfo={254: 1}))
    with pytest.raises(NotAnImage, match="a raw camera picture"):
        images.decode(tiff(tiffinfo={50706: b"\1\4\0\0"}))


def test_a_heic_is_read() -> None:
    data = heic()
    assert np.abs(images.decode(data).astype(int) - plain()).mean() < 4
    assert images.size(data) == (40, 24)


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_a_heic_is_turned_upright(turn: int) -> None:
    stored = {1: plain(), 3: plain()[::-1, ::-1], 6: np.rot90(plain()), 8: np.rot90(plain(), -1)}[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    data = heic(np.ascontiguousarray(stored), exif=exif.tobytes())
    assert images.size(data) == (40, 24)
    assert np.abs(images.decode(data).astype(int) - plain()).mean() < 4


def test_a_heic_of_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic()
    monkeypatch.setattr(limits, "_limit_in", lambda _: 500)
    with pytest.raises(ImageTooLarge):
        images.decode(data)


def test_without_its_decoder_a_heic_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif.as_plugin", None)
    with pytest.raises(
        NotAnImage, match=r"a HEIC photo, which is not read: pip install 'lookseek\[heic\]', or save it"
    ):
        images.decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64))


@pytest.fixture(scope="module")
def few_pixels() -> object:
    """Mutants that declare many pixels are refused at once, so that they cost no time here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "MAX_PIXELS", 300_000)
        patch.setattr(limits, "MIN_PIXELS", 0)
        limits._limit_in.cache_clear()
        yield
    limits._limit_in.cache_clear()


@pytest.mark.usefixtures("few_pixels")
@pytest.mark.parametrize("make", [tiff, lambda: tiff(compression="tiff_lzw"), heic], ids=["raw", "lzw", "heic"])
@given(edits=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=8), st.booleans()), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_changed_bytes_never_let_another_error_escape(make: object, edits: list[tuple[float, bytes, bool]]) -> None:
    data = bytearray(make())  # type: ignore[operator]
    for where, noise, cut in edits:
        at = int(where * len(data))
        data[at : at + len(noise)] = b"" if cut else noise
    try:
        pixels = images.decode(bytes(data))
        assert pixels.dtype == np.uint8
    except LookseekError as error:
        assert isinstance(error, ImageError)

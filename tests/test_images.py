"""Pictures: the same pixels whatever the file, and nothing but a LookseekError whatever the bytes."""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from helpers.hostile import HARMLESS, KINDS, MARK, REFUSED, plain, png, png_chunk, saved, with_segments
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.errors import (
    ImageBroken,
    ImageError,
    ImageTooLarge,
    ItemError,
    LookseekError,
    NotAnImage,
    QueryError,
)
from lookseek.images import limits
from lookseek.images.formats import exif_orientation, read_header
from lookseek.types import Box, Pixels

WAYS = ("with simplejpeg", "with Pillow alone")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to decode a JPEG: with the extra installed and without."""
    if request.param == WAYS[0]:
        pytest.importorskip("simplejpeg")
    else:
        monkeypatch.setattr("lookseek.images.decoder.simplejpeg", None)
    return str(request.param)


def off(a: Pixels, b: Pixels) -> int:
    """The largest difference of two pictures, 0 to 255."""
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def through(mode: str, kind: str, colour: object, **how: object) -> list[int]:
    """What a picture of one colour, saved in a mode and kind, decodes to."""
    file = io.BytesIO()
    Image.new(mode, (19, 11), colour).save(file, kind, **how)  # type: ignore[arg-type]
    pixels = images.decode(file.getvalue())
    assert pixels.shape == (11, 19, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert (pixels == pixels[0, 0]).all()
    return [int(value) for value in pixels[0, 0]]


# Colours


@pytest.mark.parametrize(
    ("mode", "kind", "colour", "expected"),
    [
        ("RGB", "PNG", (200, 100, 50), [200, 100, 50]),
        ("L", "PNG", 77, [77, 77, 77]),
        ("1", "PNG", 1, [255, 255, 255]),
        ("1", "PNG", 0, [0, 0, 0]),
        ("I;16", "PNG", 65535, [255, 255, 255]),
        ("I;16", "PNG", 30000, [117, 117, 117]),  # 30000 / 257; cut off it would be white
        ("I;16", "PNG", 128, [0, 0, 0]),
        ("I;16", "PNG", 129, [1, 1, 1]),
        ("RGBA", "PNG", (255, 0, 0, 255), [255, 0, 0]),
        ("RGBA", "PNG", (255, 0, 0, 0), [255, 255, 255]),  # hidden red stays hidden
        ("RGBA", "PNG", (255, 0, 0, 51), [255, 204, 204]),
        ("LA", "PNG", (0, 51), [204, 204, 204]),
        ("LA", "PNG", (80, 255), [80, 80, 80]),
        ("RGBA", "WEBP", (0, 0, 255, 51), [204, 204, 255]),
        ("RGB", "WEBP", (200, 100, 50), [200, 100, 50]),
        ("L", "GIF", 77, [77, 77, 77]),
    ],
)
def test_each_colour_mode_comes_out_right(mode: str, kind: str, colour: object, expected: list[int]) -> None:
    assert through(mode, kind, colour, **({"lossless": True} if kind == "WEBP" else {})) == expected


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGB", (200, 100, 50), [200, 100, 50]),
        ("L", 77, [77, 77, 77]),
        ("CMYK", (0, 0, 0, 0), [255, 255, 255]),
        ("CMYK", (255, 0, 0, 0), [0, 255, 255]),
        ("CMYK", (0, 0, 0, 155), [100, 100, 100]),
    ],
)
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.usefixtures("way")
def test_each_jpeg_mode_comes_out_right(mode: str, colour: object, expected: list[int], progressive: bool) -> None:
    found = through(mode, "JPEG", colour, quality=95, progressive=progressive)
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) <= 2


def test_a_palette_with_transparency_lies_on_white() -> None:
    pixels = np.array([[0, 1, 2, 3]], np.uint8)
    palette = png_chunk(b"PLTE", bytes([10, 20, 30, 40, 50, 60, 0, 0, 0, 0, 0, 255]))
    transparency = png_chunk(b"tRNS", bytes([255, 0, 51]))  # the fourth colour is opaque
    data = png(4, 1, 8, 3, zlib.compress(b"\0" + pixels.tobytes()), palette, transparency)
    assert images.decode(data).tolist() == [[[10, 20, 30], [255, 255, 255], [204, 204, 204], [0, 0, 255]]]


@pytest.mark.parametrize(
    ("bits", "colour", "row", "clear", "expected"),
    [
        (1, 0, b"\x40", b"\0\0", [255, 255, 255, 255]),  # black is clear
        (1, 0, b"\x40", b"\0\1", [0, 255, 0, 0]),
        (2, 0, b"\x1b", b"\0\1", [0, 255, 170, 255]),  # values 0 1 2 3, of which 1 is clear
        (4, 0, b"\x05\xaf", b"\0\x05", [0, 255, 170, 255]),
        (8, 0, b"\0\x07\x08\xff", b"\0\x07", [0, 255, 8, 255]),
        (16, 0, struct.pack(">4H", 0, 700, 701, 65535), struct.pack(">H", 700), [0, 255, 3, 255]),
    ],
)
def test_a_transparent_grey_lies_on_white(
    bits: int, colour: int, row: bytes, clear: bytes, expected: list[int]
) -> None:
    data = png(4, 1, bits, colour, zlib.compress(b"\0" + row), png_chunk(b"tRNS", clear))
    assert images.decode(data)[0, :, 1].tolist() == expected


def test_a_transparent_colour_of_16_bits_lies_on_white() -> None:
    row = struct.pack(">6H", 0x1200, 0x3400, 0x5600, 0xFF00, 0, 0)
    data = png(2, 1, 16, 2, zlib.compress(b"\0" + row), png_chunk(b"tRNS", row[:6]))
    assert images.decode(data).tolist() == [[[255, 255, 255], [255, 0, 0]]]


def test_png_of_16_and_of_8_bits_are_the_same_picture() -> None:
    grey = plain()[:, :, 0]
    file = io.BytesIO()
    Image.fromarray(grey.astype(np.uint16) * 257).save(file, "PNG")
    assert off(images.decode(file.getvalue()), images.decode(saved("PNG", grey))) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_known_by_content_and_decodes_nearly_alike(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(saved(kind))
    pixels = images.decode(path)
    assert off(pixels, images.decode(path.read_bytes())) == 0
    assert np.abs(pixels.astype(int) - plain()).mean() < 3
    assert images.size(path) == (40, 24)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    file = io.BytesIO()
    first, second = Image.fromarray(plain()), Image.new("RGB", (40, 24), "red")
    first.save(file, kind, save_all=True, append_images=[second] * 3, **({"lossless": True} if kind == "WEBP" else {}))
    assert off(images.decode(file.getvalue()), plain()) == 0


def test_a_gif_frame_smaller_than_its_canvas_lies_on_white() -> None:
    data = saved("GIF")
    colours = 2 << (data[10] & 7)
    start = data.index(b",", 13 + 3 * colours)
    control = b"!\xf9\x04\x09\0\0" + bytes([colours - 1]) + b"\0"  # the last colour is clear
    clear = data[:6] + struct.pack("<HH", 60, 50) + data[10 : 13 + 3 * colours] + control + data[start:]
    pixels = images.decode(clear)
    assert pixels.shape == (50, 60, 3)
    assert off(pixels[:24, :40], plain()) == 0
    assert (pixels[24:] == 255).all()
    assert (pixels[:, 40:] == 255).all()


# Which way is up


def turned(kind: str, turn: int, pixels: Pixels) -> bytes:
    """A file of the picture stored as a camera held that way would, so that upright it is the same."""
    stored = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: np.rot90(pixels),
        7: np.rot90(pixels.transpose(1, 0, 2), 2),
        8: np.rot90(pixels, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    return saved(kind, np.ascontiguousarray(stored), exif=exif)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.usefixtures("way")
def test_all_orientations_give_the_same_picture(kind: str, turn: int) -> None:
    data = turned(kind, turn, plain())
    assert np.abs(images.decode(data).astype(int) - plain()).mean() < (1.5 if kind in ("JPEG", "AVIF") else 1e-9)
    assert images.size(data) == (40, 24)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.usefixtures("way")
def test_a_smaller_jpeg_is_turned_too(turn: int) -> None:
    large = plain(400, 240)
    pixels = images.decode(turned("JPEG", turn, large), min_side=55)
    assert pixels.shape == (60, 100, 3)
    assert np.abs(pixels.astype(int) - images.resize(large, 100, 60)).mean() < 2


def test_large_pictures_are_converted_by_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "lookseek.images.conversion.STRIP_PIXELS", 100
    )  # two rows of 40 pixels at a time, and a single last one
    clear = np.dstack([plain(), np.full((24, 40), 128, np.uint8)])
    for pixels in (plain(), clear, plain()[:, :, 0], plain()[:23]):
        data = saved("PNG", pixels)
        by_strips = images.decode(data)
        with monkeypatch.context() as whole:
            whole.setattr("lookseek.images.conversion.STRIP_PIXELS", 1 << 19)
            assert off(by_strips, images.decode(data)) == 0
    assert off(images.decode(turned("PNG", 6, plain())), plain()) == 0
    assert off(images.decode(saved("GIF")), plain()) == 0


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("type_", "form"), [(3, "Hxx"), (4, "I")])
def test_exif_orientation_in_both_byte_orders_and_sizes(order: str, type_: int, form: str) -> None:
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    other = struct.pack(order + "HHIHxx", 0x0100, 3, 1, 7)
    entry = struct.pack(order + "HHI" + form, 0x0112, type_, 1, 6)
    body = head + struct.pack(order + "H", 2) + other + entry
    assert exif_orientation(b"Exif\0\0" + body) == exif_orientation(body) == 6


@given(st.binary(max_size=80))
def test_exif_of_noise_is_an_orientation(noise: bytes) -> None:
    for start in (b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        assert 1 <= exif_orientation(start + noise) <= 8


# Two ways to decode a JPEG


@pytest.mark.parametrize("size", [(337, 505), (400, 300), (17, 130), (8, 8), (3, 5)])
@pytest.mark.parametrize("how", [{}, {"subsampling": 2}, {"progressive": True}], ids=str)
def test_both_ways_give_the_same_jpeg(
    size: tuple[int, int], how: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("simplejpeg")
    data = saved("JPEG", plain(*size), **how)
    for min_side in (0, 1, 30, 100, 200):
        quick = images.decode(data, min_side)
        with monkeypatch.context() as alone:
            alone.setattr("lookseek.images.decoder.simplejpeg", None)
            assert off(quick, images.decode(data, min_side)) <= 2


@given(width=st.integers(1, 300), height=st.integers(1, 300), min_side=st.integers(1, 300))
@example(width=3, height=3, min_side=1)
@settings(max_examples=60)
def test_min_side_is_kept_and_only_jpegs_shrink(width: int, height: int, min_side: int) -> None:
    pixels = plain(width, height)
    found = images.decode(saved("JPEG", pixels), min_side).shape
    assert min(found[:2]) >= min(min_side, width, height)
    # as small as a JPEG can come that has whole min_side pixels, so 3 x 3 comes as 2 x 2 for 1, and not as 1 x 1
    shrink = max([1, *(times for times in (2, 4, 8) if min(width, height) // times >= min_side)])
    assert found == (-(-height // shrink), -(-width // shrink), 3)
    assert images.decode(saved("PNG", pixels), min_side).shape == (height, width, 3)


@pytest.mark.usefixtures("way")
def test_a_colour_profile_is_not_applied() -> None:
    with_profile = saved("JPEG", icc_profile=b"not a profile" * 100)
    assert off(images.decode(with_profile), images.decode(saved("JPEG"))) == 0


# What must be refused, and what must do no harm


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.usefixtures("way")
def test_hostile_bytes_are_refused(name: str) -> None:
    data, error = REFUSED[name]
    with pytest.raises(error) as caught:
        images.decode(data)
    assert str(caught.value).startswith("the picture: ")
    assert ": " in str(caught.value).removeprefix("the picture: "), "the remedy stands behind a colon"


@pytest.mark.parametrize("name", REFUSED)
def test_size_never_lets_another_error_escape(name: str) -> None:
    try:
        width, height = images.size(REFUSED[name].data)
    except ImageError:
        return
    assert 0 < width * height <= images.pixel_limit()


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.usefixtures("way")
def test_odd_pictures_do_no_harm(name: str) -> None:
    pixels = images.decode(HARMLESS[name])
    assert off(pixels, plain()) <= (4 if name.startswith("jpeg") else 0)
    for served in (images.to_png(pixels), images.to_jpeg(pixels)):
        assert MARK not in served


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("svg", "an SVG drawing, not a photo: export it as PNG or JPEG"),
        ("html", "an HTML page"),
        ("empty", "an empty file"),
        ("pdf", "a PDF document"),
        ("png: 400 million pixels", "20,000 x 20,000 = 400.0 million pixels, more than the limit of"),
        ("jpeg: 5,000 scans", "more than 32 scans"),
    ],
)
def test_a_refusal_says_what_it_is_and_what_to_do(name: str, part: str) -> None:
    with pytest.raises(ImageError, match=r": \w") as caught:
        images.decode(REFUSED[name].data)
    assert part in str(caught.value)


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dress.jpg"
    path.write_bytes(b"<html>")
    with pytest.raises(NotAnImage, match=r"dress\.jpg: this is an HTML page"):
        images.decode(path)
    with pytest.raises(NotAnImage, match=r"dress\.jpg"):
        images.size(path)


CUT_FROM = {
    **{kind: saved(kind) for kind in KINDS},
    "progressive JPEG": saved("JPEG", progressive=True),
    "interlaced GIF": saved("GIF", interlace=1),
    "lossy WEBP": saved("WEBP", lossless=False),
}


@pytest.mark.parametrize("kind", CUT_FROM)
@pytest.mark.usefixtures("way")
def test_a_picture_cut_short_is_refused_or_whole(kind: str) -> None:
    data = CUT_FROM[kind]
    whole = images.decode(data)
    for percent in range(0, 100, 5):
        try:
            pixels = images.decode(data[: len(data) * percent // 100])
        except ImageError:
            continue
        assert percent >= 80, f"{percent} % of a {kind} passed for all of it"
        assert off(pixels, whole) == 0
    assert off(images.decode(data), whole) == 0


@pytest.mark.usefixtures("way")
def test_a_large_jpeg_cut_short_is_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    data = saved("JPEG", noise)
    for percent in range(5, 100, 5):
        for min_side in (0, 40):
            with pytest.raises(ImageBroken):
                images.decode(data[: len(data) * percent // 100], min_side)


def survives(data: bytes) -> None:
    """Decoding gives a picture or a LookseekError; any other error fails the test."""
    for min_side in (0, 8):
        try:
            pixels = images.decode(data, min_side)
        except LookseekError:
            continue
        assert pixels.ndim == 3
        assert pixels.dtype == np.uint8
    try:
        images.size(data)
    except LookseekError:
        return


SEEDS = [*CUT_FROM.values(), HARMLESS["png that says it moves"], HARMLESS["webp with a broken exif"]]
EDIT = st.tuples(st.sampled_from("fid"), st.floats(0, 1), st.binary(min_size=1, max_size=12))


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
@given(seed=st.sampled_from(SEEDS), edits=st.lists(EDIT, min_size=1, max_size=6))
@settings(max_examples=250, deadline=None)
def test_changed_bytes_never_let_another_error_escape(seed: bytes, edits: list[tuple[str, float, bytes]]) -> None:
    data = bytearray(seed)
    for kind, where, noise in edits:
        at = int(where * len(data))
        if kind == "i":
            data[at:at] = noise
        else:
            data[at : at + len(noise)] = noise if kind == "f" else b""
    survives(bytes(data))


@pytest.mark.usefixtures("few_pixels")
@given(
    start=st.sampled_from(
        [
            b"",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"GIF89a",
            b"RIFF\0\1\0\0WEBPVP8X",
            b"\0\0\0\x20ftypavif",
        ]
    ),
    noise=st.binary(max_size=300),
)
@example(start=b"GIF89a", noise=b"\x01\0\x01\0\x80")
@settings(max_examples=150, deadline=None)
def test_noise_never_lets_another_error_escape(start: bytes, noise: bytes) -> None:
    survives(start + noise)


def test_strictness_of_the_host_program_is_left_alone() -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    survives(REFUSED["png: 400 million pixels"].data)
    after = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    assert after == before


def test_the_limit_of_pillow_is_no_second_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)  # it would warn from 500 pixels, and refuse from 1,000
    for kind in ("JPEG", "PNG", "GIF", "AVIF"):
        assert images.decode(saved(kind)).shape == (24, 40, 3)
    beyond = bytearray(saved("GIF"))
    beyond[6:10] = b"\x09\0\x09\0"  # a screen of 9 x 9, and a frame of 40 x 24
    assert images.decode(bytes(beyond)).shape == (24, 40, 3)


# Limits


def test_the_limit_is_checked_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookseek.images.decoder._decode_picture", lambda *_: pytest.fail("it was decoded"))
    for name, (data, error) in REFUSED.items():
        if error is ImageTooLarge:
            with pytest.raises(ImageTooLarge, match=r"save it smaller"):
                images.decode(data)
            assert len(data) < 50_000, name


@pytest.mark.usefixtures("few_pixels")
@given(st.integers(1, 2000), st.integers(1, 2000))
@settings(max_examples=40)
def test_one_limit_decides_by_declared_pixels(width: int, height: int) -> None:
    data = png(width, height, 8, 0, zlib.compress(bytes((width + 1) * height)))
    if width * height <= images.pixel_limit():
        assert images.decode(data).shape == (height, width, 3)
    else:
        with pytest.raises(ImageTooLarge, match=f"{width:,} x {height:,} .* limit of 0.3 million"):
            images.decode(data)


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


MEMINFO = {"proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, limits.ASSUMED_FREE_BYTES),
        (MEMINFO, 8_192_000_000),
        ({"proc/meminfo": "MemTotal: 16000000 kB\n"}, limits.ASSUMED_FREE_BYTES),
        (
            MEMINFO
            | {
                "proc/self/cgroup": "0::/app/web\n",
                "sys/fs/cgroup/app/memory.max": "3000000\n",
                "sys/fs/cgroup/app/memory.current": "1000000\n",
                "sys/fs/cgroup/app/memory.stat": "anon 5\ninactive_file 400\n",
                "sys/fs/cgroup/app/web/memory.max": "max\n",
                "sys/fs/cgroup/app/web/memory.current": "900000\n",
            },
            2_000_400,
        ),
        (
            MEMINFO
            | {
                "proc/self/cgroup": "3:cpu,memory:/docker/1\n2:cpuset:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "5000\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "6000\n",
            },
            0,
        ),
        (MEMINFO | {"proc/self/cgroup": "0::/../..\n", "sys/fs/cgroup/memory.max": "noise"}, 8_192_000_000),
    ],
)
def test_free_memory_is_the_tightest_of_machine_and_container(
    files: dict[str, str], expected: int, tmp_path: Path
) -> None:
    assert limits.free_memory(machine(tmp_path, files)) == expected


def test_the_limit_stays_between_its_bounds() -> None:
    assert limits.free_memory() > 0
    assert limits.MIN_PIXELS <= images.pixel_limit() <= limits.MAX_PIXELS
    assert images.pixel_limit() >= min(limits.MAX_PIXELS, limits.free_memory() // 4 // limits.WORKING_BYTES)


CHILD = """
import sys
from pathlib import Path
from lookseek import images
from lookseek.errors import ItemError
from lookseek.images import decoder
if sys.argv[1] == "pillow":
    decoder.simplejpeg = None

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

for path in sorted(Path(sys.argv[2]).iterdir()):  # the plugins, their libraries and the allocator's first blocks
    try:
        images.decode(path)
    except ItemError:
        pass
before = peak()
for path in sorted(Path(sys.argv[3]).iterdir()):
    try:
        images.decode(path, int(sys.argv[4]))
    except ItemError:
        pass
print(peak() - before)
"""

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads VmHWM from Linux's /proc")


def peak_growth(tmp_path: Path, files: dict[str, bytes], way: str = "any", min_side: int = 0) -> int:
    """Bytes by which decoding files raises the peak of a fresh process that has decoded small ones."""
    small, measured = tmp_path / "small", tmp_path / "measured"
    for folder, contents in ((small, CUT_FROM), (measured, files)):
        folder.mkdir(exist_ok=True)
        for number, data in enumerate(contents.values()):
            (folder / str(number)).write_bytes(data)
    command = [sys.executable, "-W", "error", "-c", CHILD, way, str(small), str(measured), str(min_side)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout)


@linux
def test_no_bomb_takes_50_megabytes(tmp_path: Path) -> None:
    bombs = {name: refused.data for name, refused in REFUSED.items()}
    assert peak_growth(tmp_path, bombs) < 50e6


@linux
def test_metadata_takes_no_50_megabytes_beyond_the_file(tmp_path: Path) -> None:
    assert max(map(len, HARMLESS.values())) < 45e6
    small = {name: data for name, data in HARMLESS.items() if len(data) < 10e6}
    assert peak_growth(tmp_path, small) < 50e6


def large(width: int, height: int) -> Pixels:
    return np.tile(plain(500, 500), (height // 500, width // 500, 1))


# Bytes a pixel that limits.WORKING_BYTES counts with.
@linux
@pytest.mark.parametrize(
    ("kind", "way", "how", "working"),
    [
        ("JPEG", "any", {}, 3),
        ("JPEG", "pillow", {}, 7),
        ("JPEG", "pillow", {"progressive": True}, 10),
        ("PNG", "any", {"compress_level": 1}, 7),
        ("GIF", "any", {}, 4),
        ("WEBP", "any", {"lossless": False, "quality": 50, "method": 0}, 17),
        ("AVIF", "any", {"quality": 50, "speed": 10}, 12),
    ],
)
def test_a_large_picture_takes_what_the_limit_counts_with(
    kind: str, way: str, how: dict[str, object], working: int, tmp_path: Path
) -> None:
    if way == "any" and kind == "JPEG":
        pytest.importorskip("simplejpeg")
    data = saved(kind, large(4000, 3000), **how)
    assert peak_growth(tmp_path, {"large": data}, way) < working * 12e6 + 25e6
    assert working <= limits.WORKING_BYTES


@linux
def test_a_large_jpeg_that_nobody_needs_large_takes_little(tmp_path: Path) -> None:
    data = {"large": saved("JPEG", large(6000, 4000))}
    for way in ("any", "pillow"):
        assert peak_growth(tmp_path, data, way, min_side=260) < 20e6


@pytest.mark.usefixtures("way")
def test_many_threads_decode_alike() -> None:
    odd = [*HARMLESS.values(), *(data for data, _ in REFUSED.values())]
    files = [*CUT_FROM.values(), *(data for data in odd if len(data) < 200_000)] * 3
    random.Random(1).shuffle(files)

    def outcome(data: bytes) -> object:
        try:
            return images.fingerprint(images.decode(data))
        except ImageError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(outcome, files))
    assert found == [outcome(data) for data in files]


# Files


def test_read_gives_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert images.read(path) == images.read(b"abc") == b"abc"


def test_read_names_what_is_no_readable_file(tmp_path: Path) -> None:
    cases: list[tuple[Path, str]] = [
        (tmp_path / "gone.jpg", r"gone\.jpg: there is no such file"),
        (tmp_path, "this is a folder"),
        (tmp_path / "a\0b", "can't be read"),
        (tmp_path / ("x" * 5000), "can't be read"),
    ]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        cases += [(tmp_path / "pipe", "a pipe or a device"), (Path("/dev/zero"), "a pipe or a device")]
    for path, message in cases:
        with pytest.raises(ItemError, match=message):
            images.read(path)
        with pytest.raises(ItemError, match=message):
            images.decode(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_read_names_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "locked.jpg"
    path.write_bytes(saved("JPEG"))
    path.chmod(0)
    with pytest.raises(ItemError, match="can't be read"):
        images.read(path)


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(limits.MAX_FILE_BYTES + 1)  # takes no room on the disk
    with pytest.raises(ImageTooLarge, match=r"huge\.jpg: 268 MB is more than the limit of 268 MB"):
        images.read(path)


def test_only_pixels_reach_the_decoder() -> None:
    loaded = with_segments(saved("JPEG"), b"\xff\xfe\x00\x1b" + MARK)
    assert MARK in loaded
    assert MARK not in read_header(loaded + MARK).body
    body = read_header(HARMLESS["png with a script in a text"]).body
    assert MARK not in body
    assert len(read_header(HARMLESS["png with 70 text bombs"]).body) < 300


# Working with pixels


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(0, 0, 40, 24), np.s_[:, :]),
        (Box(5, 6, 10, 8), np.s_[6:14, 5:15]),
        (Box(30, 20, 1e308, 1e308), np.s_[20:, 30:]),
        (Box(2.5, 3.5, 1, 1), np.s_[3:5, 2:4]),
        (Box(39.9, 23.9, 0.01, 0.01), np.s_[23:, 39:]),
        (Box(7, 7, 1e-30, 1e-30), np.s_[7:8, 7:8]),
    ],
)
def test_crop_keeps_what_is_inside(box: Box, expected: tuple[slice, slice]) -> None:
    assert off(images.crop(plain(), box), plain()[expected]) == 0


@pytest.mark.parametrize("box", [Box(40, 0, 5, 5), Box(0, 24, 5, 5), Box(1e300, 1e300, 1, 1)])
def test_a_box_outside_the_picture_says_how_large_it_is(box: Box) -> None:
    with pytest.raises(QueryError, match="40 x 24 pixels"):
        images.crop(plain(), box)


@given(x=st.floats(0, 50), y=st.floats(0, 50), width=st.floats(1e-9, 1e9), height=st.floats(1e-9, 1e9))
def test_crop_is_never_empty(x: float, y: float, width: float, height: float) -> None:
    try:
        part = images.crop(plain(), Box(x, y, width, height))
    except QueryError:
        assert x >= 40 or y >= 24
        return
    assert part.size > 0
    assert part.shape[1] <= width + 2


def test_resize_averages_and_keeps_flat_colours() -> None:
    assert images.resize(plain(), 13, 7).shape == (7, 13, 3)
    flat = np.full((90, 70, 3), (10, 200, 30), np.uint8)
    assert (images.resize(flat, 33, 21) == (10, 200, 30)).all()
    chess = (np.indices((400, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    grey = images.resize(np.dstack([chess] * 3), 50, 50)
    assert off(grey, np.full_like(grey, 127)) <= 1, "picking single pixels would give black or white"
    view = plain()[::-1, ::2]
    assert off(images.resize(view, 9, 9), images.resize(view.copy(), 9, 9)) == 0


def bits(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def test_a_fingerprint_tells_copies_from_other_pictures() -> None:
    rising = np.repeat(np.arange(0, 90, 10, np.uint8)[None, :, None], 8, axis=0).repeat(3, axis=2)
    assert images.fingerprint(rising) == "f" * 16 + "0" * 16
    assert images.fingerprint(rising[:, ::-1]) == "0" * 32
    assert images.fingerprint(np.transpose(rising, (1, 0, 2))) == "0" * 16 + "f" * 16
    rng = np.random.default_rng(3)
    one, other = (images.resize(rng.integers(0, 255, (6, 6, 3), np.uint8), 240, 200) for _ in range(2))
    copy = images.decode(images.to_jpeg(images.resize(one, 150, 125), quality=60))
    assert bits(images.fingerprint(one), images.fingerprint(copy)) <= 4
    assert bits(images.fingerprint(one), images.fingerprint(other)) >= 15


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_png_is_exact_and_jpeg_is_near(width: int, height: int, seed: int) -> None:
    pixels = images.resize(np.random.default_rng(seed).integers(0, 255, (3, 3, 3), np.uint8), width, height)
    assert off(images.decode(images.to_png(pixels)), pixels) == 0
    assert images.decode(images.to_jpeg(pixels)).shape == pixels.shape
    assert len(images.to_jpeg(pixels, quality=20)) <= len(images.to_jpeg(pixels, quality=95))
    assert not Image.open(io.BytesIO(images.to_jpeg(pixels))).getexif()


# metadata


def test_a_webp_is_decoded_without_its_profile() -> None:
    small = saved("WEBP")
    chunks = small[12:]
    profile = b"ICCP" + struct.pack("<I", 5_000_000) + bytes(5_000_000)
    extended = b"VP8X" + struct.pack("<I", 10) + bytes([0x2C, 0, 0, 0])  # announces a profile, EXIF and XMP
    width, height = images.size(small)
    extended += struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = extended + profile + chunks + b"XMP " + struct.pack("<I", 4) + b"<x/>"
    bomb = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    header = read_header(bomb)
    assert len(header.body) < len(small) + 40, "the decoder sees neither profile nor XMP"
    assert np.array_equal(images.decode(bomb), images.decode(small))
    with pytest.raises(ImageBroken):
        images.decode(bomb[: len(bomb) // 2 + 2_000_000])


def test_an_avif_with_much_metadata_is_refused() -> None:
    avif = saved("AVIF")
    free = (2**20 + 8).to_bytes(4, "big") + b"free" + bytes(2**20)
    with pytest.raises(ImageBroken, match="bytes of metadata"):
        images.decode(avif + free)
    assert images.decode(avif + (16).to_bytes(4, "big") + b"free" + bytes(8)).shape == images.decode(avif).shape


# blank pictures


@given(st.integers(1, 90), st.integers(1, 90), st.tuples(*[st.integers(0, 255)] * 3), st.integers(-1, 1))
def test_one_colour_and_a_ramp_are_blank_of_any_size(
    height: int, width: int, colour: tuple[int, ...], slope: int
) -> None:
    ramp = slope * np.arange(height)[:, None, None] / height * 60
    picture = (np.zeros((height, width, 3)) + np.clip(colour, 60, 195) + ramp).astype(np.uint8)
    assert images.is_blank(picture)


def test_a_garment_on_a_ground_of_its_colour_is_not_blank() -> None:
    for spec in drawn_specs(30, 1, 5):
        assert not images.is_blank(draw(spec, 96))
    faint = np.full((96, 96, 3), 240, np.uint8)
    faint[24:72, 24:72] = 232
    assert not images.is_blank(faint)

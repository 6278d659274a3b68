"""lookseek as a library: what is taken for a photo, a query and an item, and that all errors are ours."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.catalogues import write_photos
from PIL import Image

import lookseek
from lookseek import Box, Item, LookseekError, Query, Searcher, Term, build_index, images, open_catalogue
from lookseek.errors import ImageBroken, ItemError, NotAnImage, QueryError
from lookseek.photo import to_photo


@pytest.fixture(scope="module")
def photo(ready: tuple[Path, Path]) -> Path:
    return sorted(ready[0].rglob("*.jpg"))[4]


# photos


def test_a_photo_may_be_a_path_bytes_an_image_or_pixels(ready: tuple[Path, Path], photo: Path) -> None:
    pixels = images.decode(photo)
    kinds = (str(photo), photo.read_bytes(), bytearray(photo.read_bytes()), Image.open(photo), pixels, pixels[::1])
    with Searcher(ready[1]) as searcher:
        expected = searcher.search(Query(image=photo, k=3))
        for kind in kinds:
            found = searcher.search(Query(image=kind, k=3))  # type: ignore[arg-type]
            assert [hit.id for hit in found] == [hit.id for hit in expected], type(kind)
            scores = [hit.score for hit in found]
            assert scores == pytest.approx([hit.score for hit in expected], abs=0.02)
            assert Term(photo=kind).photo is not None  # type: ignore[arg-type]
        assert searcher.known(str(photo)) == searcher.known(photo)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3), (20, 30, 4)])
def test_pixels_are_kept_as_they_are(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    if len(shape) == 3 and shape[2] == 4:
        pixels[..., 3] = 255
    decoded = images.decode(pixels)
    assert (decoded == (pixels[..., None] if len(shape) == 2 else pixels[..., :3])).all()
    assert images.size(pixels) == (30, 20)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "F", "I;16"])
def test_images_of_every_mode_are_taken(mode: str) -> None:
    image = Image.new("RGB", (12, 8), "red").convert("L").convert(mode) if mode in ("F", "I;16") else None
    image = image or Image.new("RGB", (12, 8), "red").convert(mode)
    assert images.decode(image).shape == (8, 12, 3)
    if mode in ("RGB", "RGBA", "P", "CMYK", "YCbCr", "HSV"):
        assert images.decode(image)[4, 6] == pytest.approx([255, 0, 0], abs=3)


def test_an_image_is_turned_as_its_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    pixels = np.zeros((16, 40, 3), np.uint8)
    pixels[:, :20] = 255
    Image.fromarray(pixels).save(file, "JPEG", exif=exif)
    expected = images.decode(file.getvalue())
    found = images.decode(Image.open(io.BytesIO(file.getvalue())))
    assert found.shape == expected.shape == (40, 16, 3)
    assert (abs(found.astype(int) - expected) < 16).mean() > 0.95


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, "int is no photo: give a path"),
        (["a.jpg"], "list is no photo"),
        (np.zeros((4, 4, 3)), r"float64 is no photo: give uint8 .*astype\('uint8'\)"),
        (np.zeros((3, 224, 224), np.uint8), r"\(3, 224, 224\) is no photo: .*transpose\(1, 2, 0\)"),
        (np.zeros((0, 4, 3), np.uint8), "shape"),
        (np.zeros(4, np.uint8), "shape"),
    ],
)
def test_what_is_no_photo_is_explained(given: Any, said: str) -> None:
    for take in (
        to_photo,
        images.read,
        images.decode,
        lambda photo: Query(image=photo),
        lambda photo: Item("x", photo),
    ):
        with pytest.raises(NotAnImage, match=said):
            take(given)


def test_a_web_address_and_a_broken_image_are_explained(photo: Path) -> None:
    with pytest.raises(ItemError, match="nothing is fetched"):
        Query(image="https://shop.example/a.jpg")
    broken = Image.open(io.BytesIO(photo.read_bytes()[:700]))
    with pytest.raises(ImageBroken, match="can't be read"):
        Query(image=broken)


# queries


def test_parts_of_a_query_are_taken_as_people_write_them() -> None:
    query = Query(
        text="red", plus=["long sleeves", Term("silk", weight=0.5)], minus="logo", like="a", unlike=["b", "c"]
    )  # type: ignore[arg-type]
    assert query.plus == (Term("long sleeves"), Term("silk", weight=0.5))
    assert query.minus == (Term("logo"),)
    assert (query.like, query.unlike) == (("a",), ("b", "c"))
    assert Query(image=b"x", box=(1, 2, 3, 4)).box == Box(1, 2, 3, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "parts",
    [
        {"text": 3},
        {"text": "a", "filter": {"price": 3}},
        {"text": "a", "k": "5"},
        {"text": "a", "k": True},
        {"text": "a", "k": 2.0},
        {"text": "a", "plus": 3},
        {"text": "a", "plus": [3]},
        {"text": "a", "like": [3]},
        {"image": b"x", "box": "whole"},
        {"image": b"x", "box": (1, 2, 3)},
        {"image": b"x", "box": 5},
    ],
)
def test_other_types_are_errors_of_ours(parts: dict[str, Any]) -> None:
    with pytest.raises(LookseekError, match="give"):
        Query(**parts)


def test_order_is_no_trap() -> None:
    with pytest.raises(TypeError, match="positional"):
        Query(Path("a.jpg"), "red")  # type: ignore[misc]
    with pytest.raises(TypeError, match="positional"):
        Term("red", 0.5)  # type: ignore[misc]
    with pytest.raises(ItemError, match=r"attributes=\{"):
        Item("x", Path("a.jpg"), {"price": 49})  # type: ignore[arg-type]
    with pytest.raises(ItemError, match="dict"):
        Item("x", Path("a.jpg"), attributes=["price"])  # type: ignore[arg-type]


# searching


def test_results_iterate_and_have_a_length(ready: tuple[Path, Path], photo: Path) -> None:
    with Searcher(str(ready[1])) as searcher:
        results = searcher.search(Query(image=photo, k=4))
        none = searcher.search(Query(image=photo, filter="folder = nowhere"))
    assert len(results) == 4
    assert tuple(results) == results.hits
    assert results[0] is results.hits[0]
    assert results
    assert (len(none), list(none), bool(none)) == (0, [], False)


@pytest.mark.parametrize("given", ["red dress", Path("a.jpg"), None, {"text": "red"}])
def test_what_is_no_query_is_explained(ready: tuple[Path, Path], given: Any) -> None:
    with Searcher(ready[1]) as searcher:
        for ask in (searcher.search, searcher.embed):
            with pytest.raises(QueryError, match=r"write Query\(text=\.\.\.\)"):
                ask(given)


def test_a_closed_searcher_is_an_error_of_ours(ready: tuple[Path, Path], photo: Path) -> None:
    searcher = Searcher(ready[1])
    searcher.close()
    searcher.close()
    for ask in (searcher.search, searcher.embed):
        with pytest.raises(QueryError, match="is closed: open another"):
            ask(Query(image=photo))
    with pytest.raises(QueryError, match="is closed"):
        searcher.current()


def test_an_index_is_built_of_a_folder_by_its_name(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", items=3, views=1)
    made = build_index(str(tmp_path / "photos"), tmp_path / "index", model="efficientnet-lite2", store="numpy")
    assert (made.items, made.added) == (3, 3)
    again = build_index(open_catalogue(tmp_path / "photos"), tmp_path / "index")
    assert again.unchanged == 3
    with pytest.raises(LookseekError, match="not there"):
        build_index(tmp_path / "nowhere", tmp_path / "other")


def test_public_names_say_what_they_are() -> None:
    for name in lookseek.__all__:
        assert (getattr(lookseek, name).__doc__ or "").strip(), name

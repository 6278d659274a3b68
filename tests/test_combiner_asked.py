"""Triplets of a shop's attributes, of which a Combiner learns "with long sleeves" and "as shorts"."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.shop import write_shop

from lookseek.catalogue.one_change import FINER, difference, read_articles
from lookseek.train.combiner.asked import MAX_PER_FIELD, make_attribute_triplets
from lookseek.train.words.lexicon import read_lexicon, strip_diacritics


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("shop"), "train")


def test_each_leads_to_an_item_that_differs_in_what_is_asked(shop: Path) -> None:
    articles = {one.id: one for one in read_articles(shop, "train")}
    made = make_attribute_triplets(shop, "train", 0, read_lexicon())
    assert 0 < len(made) <= 20 * MAX_PER_FIELD
    fields = set()
    for reference, target, texts in made:
        one, other = articles[reference], articles[target]
        assert one.colour == other.colour and one.gender == other.gender and reference != target
        field = difference(one.facts, other.facts) or difference(one.facts, other.facts, FINER)
        assert field or one.facts["garment"] != other.facts["garment"]
        fields.add(field)
        assert len(texts) == 4 and all(texts)
        assert texts[3] == strip_diacritics(texts[3])
    assert fields - {""}


def test_the_seed_decides(shop: Path) -> None:
    lexicon = read_lexicon()
    first = make_attribute_triplets(shop, "train", 0, lexicon)
    assert (
        first
        == make_attribute_triplets(shop, "train", 0, lexicon)
        != make_attribute_triplets(shop, "train", 1, lexicon)
    )


def test_a_shop_without_details_has_none(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "catalogue.parquet").write_bytes((shop / "catalogue.parquet").read_bytes())
    assert make_attribute_triplets(tmp_path, "train", 0, read_lexicon()) == ()

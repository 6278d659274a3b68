"""What a shop's attributes and descriptions say, in one vocabulary that the lexicon has words for."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lookseek.catalogue.descriptions import MOST, sentences
from lookseek.catalogue.details import DETAILS, read_details
from lookseek.catalogue.facts import FACTS, OPEN, OTHER, TOGETHER, facts_of, lacks
from lookseek.errors import CatalogueError
from lookseek.train.words.lexicon import read_lexicon

WORDS = read_lexicon()

with FACTS.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))

PARTLY = {"Type", "Features", "Features 2", "Features 3", "Main Trend", "Back", "articleType"}
"""Attributes of which some values only are worth speaking: types of cosmetics, trends, waterproof ..."""

UNSPOKEN = {
    "Wash Care", "Multipack Set", "Water Resistance", "Units Per Bundle", "Fine Jewellery", "Movement", "Power Source",
    "Face Shape", "Make", "Warranty", "Fabric 2", "Number of Components", "Coverage", "Assorted",
    "Total Shelf Life in Months",
}  # fmt: skip
"""Frequent attributes that a photo does not show, or that repeat another."""


def test_every_fact_has_words_in_both_languages() -> None:
    for row in ROWS:
        if row["fact"] not in ("", OTHER):
            for language in ("en", "vi"):
                assert WORDS.words(row["field"], row["fact"], language), (row, language)
    with TOGETHER.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for value in (*row["values"].split(), *row["others"].split()):
                assert WORDS.words(row["field"], value, "en"), (row, value)


def test_every_value_of_the_shop_s_attributes_is_known(data: Path) -> None:
    table = pq.read_table(data / "myntra" / "details.parquet", columns=["attributes"])
    seen = Counter(pair for text in table["attributes"].to_pylist() for pair in json.loads(text or "{}").items())
    attributes = {row["attribute"] for row in ROWS}
    known = {(row["attribute"], row["value"]) for row in ROWS}
    assert not [pair for pair in seen if pair[0] in attributes - PARTLY and pair not in known]
    totals = Counter[str]()
    for (attribute, _), count in seen.items():
        totals[attribute] += count
    assert {name for name, count in totals.items() if count > 700} <= attributes | UNSPOKEN
    types = pq.read_table(data / "myntra" / "catalogue.parquet", columns=["articleType"])["articleType"].to_pylist()
    clothes = [(kind, n) for kind, n in Counter(types).items() if not facts_of(kind, {}) and n > 100]
    assert {kind for kind, _ in clothes} <= {"Perfume and Body Mist", "Deodorant", "Lipstick", "Nail Polish"}


def test_two_columns_that_say_one_thing_make_one_fact() -> None:
    shirt = facts_of(
        "Shirts", {"Pattern": "Striped", "Print or Pattern Type": "Vertical Stripes", "Collar": "Spread Collar"}
    )
    assert shirt["pattern"] == {"striped", "vertical-striped"}
    assert shirt["neckline"] == {"collar"}
    assert shirt["garment"] == {"shirt"}


def test_columns_that_disagree_count_by_what_they_name() -> None:
    assert facts_of("Tops", {"Pattern": "Printed", "Print or Pattern Type": "Solid"})["pattern"] == {"printed"}
    assert facts_of("Tops", {"Sleeve Styling": "Regular Sleeves"})["sleeve style"] == {OTHER}


def test_an_attribute_means_another_thing_for_another_type() -> None:
    assert facts_of("Socks", {"Length": "Knee Length"}) == {"sock length": {"knee"}, "garment": {"socks"}}
    assert facts_of("Dresses", {"Length": "Knee Length"})["length"] == {"knee"}
    assert "fit" not in facts_of("Heels", {"Fit": "Regular Fit"})
    assert facts_of("Kajal and Eyeliner", {"Type": "Pencil"}) == {}


def test_what_is_unknown_is_neither_had_nor_lacked() -> None:
    assert lacks("sleeve", {"short"}, "long")
    assert not lacks("sleeve", {"short"}, "short")
    assert not lacks("sleeve", (), "long")
    assert lacks("sleeve style", {OTHER}, "puff")
    assert "detail" in OPEN and not lacks("detail", {"pockets"}, "slit")


def test_values_that_come_together_do_not_exclude_each_other() -> None:
    assert not lacks("pattern", {"printed"}, "floral") and not lacks("pattern", {"floral"}, "printed")
    assert lacks("pattern", {"plain"}, "floral") and lacks("pattern", {"striped"}, "checked")
    assert not lacks("garment", {"shoes"}, "sneakers") and lacks("garment", {"heels"}, "sneakers")
    assert not lacks("garment", {"top"}, "blouse") and lacks("garment", {"dress"}, "coat")
    assert lacks("garment", {"shoes", "sneakers"}, "loafers") and not lacks("garment", {"shoes"}, "loafers")


def test_a_description_keeps_what_a_photo_shows() -> None:
    said = (
        "Style Note . Team this with denims for a cool look. Product Details . Black kurta with a V-neck, has a "
        "decorative trim. Product Details . Two pockets by Acme's tailors. Material and Care . 100% cotton. Hand wash "
        "in cold water. Size and Fit . The model (height 5'8\") is wearing a size S"
    )
    kept = sentences(said, "Acme")
    assert kept == ("Black kurta with a V-neck, has a decorative trim", "Two pockets tailors")


@pytest.mark.parametrize("said", ["", "-", "NA", "   ", "Machine wash cold. Do not bleach", "Blue top"])
def test_a_description_that_says_nothing_of_a_photo_gives_no_sentence(said: str) -> None:
    assert sentences(said) == ()


def test_real_descriptions_lose_care_sizes_and_brands(data: Path) -> None:
    table = (
        pq.read_table(data / "myntra" / "details.parquet", columns=["brand", "description"]).slice(0, 1500).to_pylist()
    )
    kept = [(row["brand"], some) for row in table for some in sentences(row["description"] or "", row["brand"] or "")]
    assert len(kept) > 1200
    for brand, some in kept:
        assert len(some.split()) >= 3 and len(some) <= MOST
        assert not {"wash", "bleach", "model", "warranty"} & set(some.lower().split())
        assert not brand or f" {brand.lower()} " not in f" {some.lower()} "


def write(folder: Path, **columns: list[object]) -> Path:
    usual: dict[str, list[object]] = {
        "id": ["1", "2"],
        "brand": ["Acme", None],
        "attributes": ['{"Neck": "V-Neck"}', None],
        "description": ["a", None],
    }
    pq.write_table(pa.table({**usual, **columns}), folder / DETAILS)
    return folder


def test_details_are_read_by_id(tmp_path: Path) -> None:
    found = read_details(write(tmp_path))
    assert set(found) == {"1", "2"}
    assert found["1"].facts("Tops")["neckline"] == {"v-neck"}
    assert (found["2"].brand, found["2"].description, found["2"].attributes) == ("", "", {})
    assert set(read_details(tmp_path, {"2"})) == {"2"}


def test_broken_details_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"there is no such file: give a folder that holds details\.parquet"):
        read_details(tmp_path)
    with pytest.raises(CatalogueError, match="row 1: the attributes are no JSON"):
        read_details(write(tmp_path, attributes=["{", None]))
    with pytest.raises(CatalogueError, match="the attributes are list, no object"):
        read_details(write(tmp_path, attributes=["[]", None]))
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / DETAILS)
    with pytest.raises(CatalogueError, match="has no column 'brand'"):
        read_details(tmp_path)

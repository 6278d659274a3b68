"""A Combiner learns drawn changes beside colours: what it is shown, in which words, and what chooses its epoch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import Heard
from hypothesis import given, settings
from hypothesis import strategies as st
from test_combiner_models import write_shop

from lookseek.catalogue.drawn import KINDS, split_seed
from lookseek.train.combiner.captions import FORMS
from lookseek.train.combiner.card import composer_section
from lookseek.train.combiner.drawn import make_drawn_triplets
from lookseek.train.combiner.run import CombinerRun
from lookseek.train.combiner.settings import settings_of
from lookseek.train.combiner.stages import train_stage_2
from lookseek.train.combiner.towers import FeatureTable
from lookseek.train.combiner.triplets import Triplets, read_triplet_folder
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.launch import launch
from lookseek.train.trainer.log import read_log
from lookseek.train.words.change_texts import make_change_texts
from lookseek.train.words.lexicon import read_lexicon, strip_diacritics

DIM = 8


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def both(shop: Path) -> Triplets:
    """A shop's triplets and drawn ones; nothing is drawn until it is asked for."""
    return read_triplet_folder(shop, 0, drawn=True)


class TestTheTriplets:
    def test_each_changes_one_attribute_both_ways(self) -> None:
        drawn = make_drawn_triplets(read_lexicon(), 0, 6)
        kinds = set()
        for reference, target, texts in drawn.generated:
            a, b = (drawn.group[id].split(" ") for id in (reference, target))
            changed = [name for name, old, new in zip(("category", *KINDS), a, b, strict=True) if old != new]
            assert len(changed) == 1 and len(texts) == FORMS
            kinds.add(changed[0])
        assert kinds == set(KINDS)
        pairs = {made[:2] for made in drawn.generated}
        assert all((target, reference) in pairs for reference, target in pairs)
        assert drawn.photos.keys() == drawn.group.keys()

    def test_they_are_in_no_benchmark(self, both: Triplets) -> None:
        asked = {id for name in ("drawn.val", "drawn.test") for id in both.sets[name].ids()}
        learned = {id for e in both.drawn for id in (e.reference, e.target)}
        assert asked and learned and not asked & learned
        seeds = [split_seed(split) for split in ("train", "val", "test")]
        assert len(set(seeds)) == 3

    def test_a_seed_words_them_anew(self) -> None:
        lexicon = read_lexicon()
        one, again, other = (make_drawn_triplets(lexicon, seed, 4).generated for seed in (0, 0, 1))
        assert one == again != other
        assert [made[:2] for made in one] == [made[:2] for made in other]


@settings(max_examples=30, deadline=None)
@given(place=st.integers(0, 10_000), seed=st.integers(0, 2**31 - 1))
def test_a_change_is_said_in_both_languages(place: int, seed: int) -> None:
    lexicon = read_lexicon()
    texts = make_change_texts("colour", "red", "black", place, seed, lexicon, "dress")
    assert all(any(word in text for word in lexicon.words("colour", "black", "en")) for text in texts[:2])
    assert "đen" in texts[2] and "den" in texts[3]
    assert texts[3] == strip_diacritics(texts[3])


class TestWhatIsMeasured:
    def test_both_vals_choose(self, both: Triplets) -> None:
        assert list(both.validation_sets()) == ["val", "drawn.val"]
        assert both.selection_rule().count("recall@10/vi-plain on drawn-composed val") == 1
        assert "any@10" in both.selection_rule() and "on myntra-composed val" in both.selection_rule()

    def test_without_drawn_ones_all_is_the_shop_s(self, shop: Path, both: Triplets) -> None:
        alone = read_triplet_folder(shop, 0)
        assert not alone.drawn and list(alone.sets) == ["val", "test"]
        assert alone.train == both.train and alone.content != both.content

    def test_drawn_photos_are_never_looked_for_in_the_folder(self, both: Triplets) -> None:
        assert not any(id.startswith("drawn") for id in both.checked_photos())
        gone = both.without({both.train[0].target: "broken"})
        assert gone.drawn == both.drawn and len(gone.sets["drawn.val"].ids()) == len(both.sets["drawn.val"].ids())

    def test_the_epoch_is_that_of_the_mean_of_both(self, both: Triplets, tmp_path: Path) -> None:
        ids = [id for e in (*both.train, *both.generated, *both.drawn) for id in (e.reference, e.target)]
        ids += [id for exam in both.validation_sets().values() for id in exam.ids()]
        texts = [text for e in (*both.train, *both.generated, *both.drawn) for text in e.texts]
        texts += [text for exam in both.validation_sets().values() for text in exam.changes()]
        rows, text_rows = ({key: row for row, key in enumerate(dict.fromkeys(keys))} for keys in (ids, texts))
        chance = np.random.default_rng(0)
        photos, said = (chance.standard_normal((len(r), DIM)).astype(np.float32) for r in (rows, text_rows))
        chosen = settings_of("modern", {"epochs": 2, "batch": 16, "precision": "32-true"})
        run = CombinerRun("combiner", "modern", chosen, "", "shop", {}, "", "", DIM, "", "", "")
        seen = replace(both, sets=both.validation_sets())
        found = FeatureTable(photos, rows, said, text_rows)
        _, best = train_stage_2(launch(Devices("cpu"), "32-true"), seen, found, run, tmp_path, Heard())
        judged = {line["epoch"]: line for line in read_log(tmp_path / "combiner") if "val" in line}
        assert judged[best]["val"] == max(line["val"] for line in judged.values())


@pytest.mark.parametrize("drawn", [0.0, 1.0])
def test_a_card_says_which_changes_no_photo_confirms(drawn: float) -> None:
    chosen = settings_of("modern", {"drawn": drawn})
    counts = {"train": 9, "generated": 4, "attributes": 0, "drawn": 7 if drawn else 0}
    run = CombinerRun("combiner", "modern", chosen, "", "shop", counts, "", "", DIM, "", "", "")
    card = composer_section(run, {}, "run", 64, 1e-7, 1e-3)
    assert ("Experimental: changes of pattern, sleeve, neckline and length" in card) == bool(drawn)
    assert ("7 of drawn garments" in card) == bool(drawn)

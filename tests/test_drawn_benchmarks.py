"""The drawn benchmarks: their truth is what was drawn, their words say it, and neither photo nor words are enough."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.catalogue.drawn import (
    KINDS,
    SPLITS,
    DrawnItem,
    DrawnPhotos,
    Family,
    draw,
    drawn_specs,
    families,
    split_seed,
    split_specs,
)
from lookseek.catalogue.drawn import splits as drawn_splits
from lookseek.catalogue.drawn.chance import Dice
from lookseek.catalogue.drawn.changes import LINE
from lookseek.catalogue.drawn.designs import (
    CATEGORIES,
    COLOURS,
    LENGTHS,
    NECKLINES,
    PATTERNS,
    SLEEVES,
    designs,
    possible_values,
)
from lookseek.catalogue.drawn.words import choose_phrase, phrases
from lookseek.errors import CatalogueError
from lookseek.evaluate.benchmarks import drawn_composed, drawn_instance
from lookseek.evaluate.benchmarks.changes import CHANGES
from lookseek.evaluate.task import Loaded, Options, Task
from lookseek.evaluate.truth import BARRED
from lookseek.types import Attributes

with CHANGES.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))

BOTH = (drawn_composed, drawn_instance)
LOOK = ("category", *KINDS)


@cache
def loaded(module: object, split: str = "val", seed: int = 0) -> Loaded:
    benchmark = module.BENCHMARK  # type: ignore[attr-defined]
    return benchmark.load(Options(Path("no/such/folder"), split, benchmark.protocols[0], seed=seed))  # type: ignore[no-any-return]


@cache
def drawn(split: str = "val") -> dict[str, Attributes]:
    """Attributes of each photo of drawn-composed, found again from the families."""
    return {
        f"{split}-{spec.id}": spec.attributes
        for family in families(drawn_composed.DESIGNS, SPLITS[split])
        for spec in (family.reference, family.again, *(change.target for change in family.changes))
    }


def look(attributes: Attributes) -> tuple[object, ...]:
    return tuple(attributes[name] for name in LOOK)


def composed(metric: str, split: str = "val") -> dict[str, Task]:
    """Kind to its task."""
    return {t.stratum: t for t in loaded(drawn_composed, split).tasks if metric in t.metrics and not t.name}


def grades(task: Task) -> np.ndarray:
    return task.truth.grades(slice(None))


# Splits


def test_splits_are_three_seeds_that_nobody_uses_by_chance() -> None:
    assert list(SPLITS) == ["train", "val", "test"]
    assert len(set(SPLITS.values())) == 3
    assert min(SPLITS.values()) > 10_000
    assert [split_seed(split) for split in SPLITS] == list(SPLITS.values())


@pytest.mark.parametrize("split", ["", "dev", "Test", "all"])
def test_other_splits_are_refused_by_name(split: str) -> None:
    with pytest.raises(CatalogueError, match=rf"no split '{split}': choose train, val, test"):
        split_specs(split, 3, 2)
    for module in BOTH:
        with pytest.raises(CatalogueError, match="choose train, val, test"):
            loaded(module, split)


@pytest.mark.parametrize("module", BOTH)
def test_splits_share_no_id_no_photo_and_no_design(module: object) -> None:
    ids = [set(loaded(module, split).photos) for split in SPLITS]
    assert all(len(some) == len(ids[0]) or module is drawn_composed for some in ids)
    assert len(set.union(*ids)) == sum(map(len, ids))
    first = [loaded(module, split).photos for split in SPLITS]
    shown = [{photos[photo] for photo in list(photos)[:6]} for photos in first]
    assert len(set.union(*shown)) == 18  # type: ignore[arg-type]


def test_photos_of_a_split_are_those_of_its_seed() -> None:
    specs = split_specs("train", 4, 3)
    assert list(specs.values()) == drawn_specs(4, 3, SPLITS["train"])
    assert all(photo == f"train-{spec.id}" for photo, spec in specs.items())


# Photos that are drawn when they are asked for


def test_photos_are_drawn_as_the_catalogue_draws_them() -> None:
    specs = split_specs("val", 2, 2)
    photos = DrawnPhotos(specs, 96)
    assert list(photos) == list(specs)
    assert len(photos) == 4
    for photo, spec in specs.items():
        shown = images.decode(photos[photo])
        assert shown.shape == (96, 96, 3)
        assert np.abs(shown.astype(float) - draw(spec, 96)).mean() < 6
        assert photos[photo] == photos[photo]


def test_nothing_is_drawn_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("drawn")

    monkeypatch.setattr(drawn_splits, "draw", refuse)
    for module in BOTH:
        benchmark = module.BENCHMARK
        photos = benchmark.load(Options(Path("drawn"), "test", benchmark.protocols[0])).photos
        first = next(iter(photos))
        assert first in photos
        assert "no such photo" not in photos
        assert photos.keys() >= {first}
        with pytest.raises(KeyError):
            photos["no such photo"]
        with pytest.raises(AssertionError, match="drawn"):
            photos[first]


def test_many_threads_may_ask_for_photos() -> None:
    photos = DrawnPhotos(split_specs("val", 4, 4), 64)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(photos.__getitem__, photos)) == [photos[photo] for photo in photos]


@pytest.mark.parametrize("size", [31, 2049])
def test_impossible_sizes_are_refused_at_once(size: int) -> None:
    with pytest.raises(CatalogueError, match="32 to 2,048"):
        DrawnPhotos({}, size)


# What can change


def test_possible_values_are_those_that_designs_have() -> None:
    made = designs(400, 1)
    for category in CATEGORIES:
        for kind in KINDS:
            seen = {design[kind] for design in made if design["category"] == category}
            assert set(possible_values(kind, category)) == seen
            assert len(set(possible_values(kind, category))) == len(possible_values(kind, category))


def test_possible_values_of_each_kind() -> None:
    assert possible_values("colour", "shirt") == tuple(COLOURS)
    assert possible_values("pattern", "dress") == PATTERNS
    assert possible_values("length", "dress") == LENGTHS["dress"]
    assert possible_values("neckline", "shirt") == NECKLINES["shirt"] == ("collar",)
    assert possible_values("sleeve", "toptee") == ("short", "long", "sleeveless")
    assert set(possible_values("sleeve", "shirt")) == set(SLEEVES["shirt"])


PLACES = [(kind, category) for kind in KINDS for category in CATEGORIES if len(possible_values(kind, category)) > 1]


@pytest.mark.parametrize(("kind", "category"), PLACES)
def test_words_mean_one_change_alone(kind: str, category: str) -> None:
    for old in possible_values(kind, category):
        asked = {new: phrases(kind, category, old, new) for new in possible_values(kind, category) if new != old}
        ways = [way for some in asked.values() for way in some]
        assert len(set(ways)) == len(ways)
        assert min(map(len, asked.values())) >= 3
        for way in ways:
            assert way == " ".join(way.split())
            assert "{" not in way
            assert way.isascii()


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("kind", ["colour", "pattern", "neckline"])
def test_words_name_no_value_that_is_neither_old_nor_new(kind: str, category: str) -> None:
    values = possible_values(kind, category)
    stems = {value: value[:4] for value in values}
    for old in values:
        for new in values:
            for way in phrases(kind, category, old, new) if old != new else ():
                others = [stem for value, stem in stems.items() if value not in (old, new)]
                assert not any(f" {stem}" in f" {way}" for stem in others), way


@pytest.mark.parametrize(
    ("change", "there", "not_there"),
    [
        (("length", "dress", "knee", "mini"), "shorter", "longer"),
        (("length", "dress", "knee", "long"), "make it longer", "shorter"),
        (("length", "dress", "long", "mini"), "make it mini", "shorter"),  # knee is shorter too
        (("length", "dress", "long", "knee"), "make it knee-length", "shorter"),
        (("length", "toptee", "crop", "regular"), "longer", "shorter"),
        (("length", "shirt", "regular", "crop"), "cropped instead of regular length", "longer"),
        (("sleeve", "shirt", "short", "long"), "with longer sleeves", "with shorter sleeves"),
        (("sleeve", "dress", "long", "sleeveless"), "without sleeves", "with shorter sleeves"),
        (("sleeve", "dress", "sleeveless", "long"), "with long sleeves instead of none", "with longer sleeves"),
        (("sleeve", "toptee", "long", "short"), "with short sleeves instead of long ones", "make it sleeveless"),
        (("pattern", "shirt", "striped", "plain"), "without a pattern", "make it striped"),
        (("pattern", "shirt", "plain", "dotted"), "with dots", "without a pattern"),
        (("neckline", "dress", "boat", "round"), "with a round neck", "with a boat neck"),
        (("neckline", "dress", "v-neck", "collar"), "with a collar instead of a v-neck", "with a v-neck"),
        (("colour", "dress", "red", "blue"), "in blue instead of red", "in red instead of blue"),
    ],
)
def test_words_by_example(change: tuple[str, str, str, str], there: str, not_there: str) -> None:
    assert there in phrases(*change)
    assert not_there not in phrases(*change)


def test_chance_chooses_among_all_ways() -> None:
    change = ("sleeve", "shirt", "short", "long")
    chosen = {choose_phrase(*change, Dice("words", n)) for n in range(60)}
    assert chosen == set(phrases(*change))


# Families


def members(family: Family) -> list[Attributes]:
    return [family.reference.attributes, family.again.attributes, *(c.target.attributes for c in family.changes)]


@given(seed=st.integers(-(2**40), 2**40), count=st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_targets_differ_in_what_was_asked_and_in_nothing_else(seed: int, count: int) -> None:
    made = families(count, seed)
    assert len(made) == count
    ids = [spec.id for family in made for spec in (family.reference, family.again)]
    ids += [change.target.id for family in made for change in family.changes]
    assert len(set(ids)) == len(ids)
    for family in made:
        before = family.reference.attributes
        assert look(family.again.attributes) == look(before)
        category = str(before["category"])
        assert [change.kind for change in family.changes] == [k for k in KINDS if len(possible_values(k, category)) > 1]
        for change in family.changes:
            after = change.target.attributes
            assert [name for name in LOOK if after[name] != before[name]] == [change.kind]
            old, new = str(before[change.kind]), str(after[change.kind])
            assert new in possible_values(change.kind, category)
            assert change.text in phrases(change.kind, category, old, new)
            assert after["item"] == before["item"]


@given(seed=st.integers(-(2**40), 2**40))
@settings(max_examples=10, deadline=None)
def test_no_answer_has_the_references_view_or_background(seed: int) -> None:
    for family in families(8, seed):
        reference, *others = members(family)
        assert len({spec["view"] for spec in others}) >= min(5, len(others))
        for one in (reference, *others):
            assert one["view"] != "hanger" or one["background"] in ("wall", "studio")
        for other in others:
            assert other["view"] != reference["view"]
            assert other["background"] != reference["background"]


def test_a_family_is_of_one_cut() -> None:
    """What chance gives a design, all its photos have: dresses of a length differ in width, two of a design do not."""

    def wide(spec: DrawnItem) -> float:
        hem, shoulders = (
            np.hypot(*np.subtract(spec.landmarks[f"{part}_left"], spec.landmarks[f"{part}_right"]))
            for part in ("hem", "shoulder")
        )
        return float(hem / shoulders)

    made = [f for f in families(150, 4) if f.reference.attributes["category"] == "dress"]
    pairs = [
        (wide(family.reference), wide(photo))
        for family in made
        for photo in (family.again, *(c.target for c in family.changes if c.kind in ("colour", "pattern")))
        if "tilted" not in (family.reference.view, photo.view) and family.reference.attributes["length"] == "mini"
    ]
    assert np.corrcoef(np.array(pairs).T)[0, 1] > 0.9


def test_lines_share_their_cloth_and_colours_occur_alike() -> None:
    by_category = defaultdict(list)
    for family in families(125, 9):
        words = family.reference.attributes
        by_category[words["category"]].append((words["colour"], words["pattern"]))
    starts = []
    for cloths in by_category.values():
        lines = [cloths[n : n + LINE] for n in range(0, len(cloths), LINE)]
        assert all(len(set(line)) == 1 for line in lines)
        starts += [line[0] for line in lines]
    for place, values in ((0, COLOURS), (1, PATTERNS)):
        counts = Counter(start[place] for start in starts)
        assert set(counts) == set(values)
        assert max(counts.values()) - min(counts.values()) <= 1


def test_the_same_seed_gives_the_same_families_and_another_others() -> None:
    assert families(6, 1) == families(6, 1)
    assert families(6, 1) != families(6, 2)
    assert families(9, 1)[:6] == families(6, 1)


# drawn-composed


@pytest.mark.parametrize("split", SPLITS)
def test_every_kind_is_asked_some_hundred_times(split: str) -> None:
    kinds = composed("recall@1", split)
    assert tuple(kinds) == KINDS
    assert all(80 <= len(task.queries) <= 130 for task in kinds.values())
    assert all(600 <= len(task.gallery) <= 1000 for task in kinds.values())
    assert composed("any@10", split).keys() == kinds.keys()


def test_what_the_benchmark_says_of_its_size_is_true() -> None:
    tasks = composed("recall@1", drawn_composed.BENCHMARK.split).values()
    asked, shown = sum(len(task.queries) for task in tasks), len(next(iter(tasks)).gallery)
    assert drawn_composed.BENCHMARK.size == f"{asked} queries, gallery {shown}"
    task = loaded(drawn_instance, drawn_instance.BENCHMARK.split).tasks[0]
    assert drawn_instance.BENCHMARK.size.startswith(f"{len(task.queries)} queries, gallery {len(task.gallery)}")


@pytest.mark.parametrize("module", BOTH)
def test_galleries_and_queries_are_of_photos_that_can_be_had(module: object) -> None:
    made = loaded(module)
    for task in made.tasks:
        assert set(task.gallery) == set(made.photos)
        assert len(set(task.gallery)) == len(task.gallery)
        assert len({query.id for query in task.queries}) == len(task.queries)
        assert all(query.photo in made.photos for query in task.queries)
        assert made.labels.keys() == set(task.gallery)
    assert all(made.labels.values())
    assert made.notes
    assert not made.missing
    assert not made.texts


@pytest.mark.parametrize("kind", KINDS)
def test_the_exact_target_is_the_one_right_answer(kind: str) -> None:
    task, truth = composed("recall@1")[kind], drawn()
    for query, row in zip(task.queries, grades(task), strict=True):
        (right,) = np.flatnonzero(row > 0)
        before, after = truth[query.photo], truth[task.gallery[right]]
        assert [name for name in LOOK if after[name] != before[name]] == [kind]
        assert query.text in phrases(kind, str(before["category"]), str(before[kind]), str(after[kind]))
        assert [task.gallery[n] for n in np.flatnonzero(row == BARRED)] == [query.photo]


@pytest.mark.parametrize("kind", KINDS)
def test_any_counts_every_garment_that_looks_as_asked(kind: str) -> None:
    exact, wide, truth = composed("recall@1")[kind], composed("any@10")[kind], drawn()
    assert wide.queries == exact.queries
    assert wide.gallery == exact.gallery
    for query, one, more in zip(wide.queries, grades(exact), grades(wide), strict=True):
        (target,) = np.flatnonzero(one > 0)
        asked_for = look(truth[exact.gallery[target]])
        expected = [n for n, photo in enumerate(wide.gallery) if look(truth[photo]) == asked_for]
        assert np.flatnonzero(more > 0).tolist() == expected
        assert [wide.gallery[n] for n in np.flatnonzero(more == BARRED)] == [query.photo]
    assert (grades(wide) > 0).sum() > (grades(exact) > 0).sum()


def test_the_gallery_holds_what_answers_to_photo_or_words_alone() -> None:
    truth = drawn()
    for kind, task in composed("recall@1").items():
        row_of = {photo: row for row, photo in enumerate(task.gallery)}
        allowed = grades(task) == 0
        for query, free in zip(task.queries, allowed, strict=True):
            before, after = truth[query.photo], truth[query.id]
            unchanged = [p for p in task.gallery if look(truth[p]) == look(before) and free[row_of[p]]]
            assert unchanged  # what a model finds that does not read
            assert any(truth[p][kind] == after[kind] and look(truth[p]) != look(after) for p in task.gallery)
            other_kinds = {
                name
                for p in task.gallery
                if truth[p]["item"] == before["item"]
                for name in KINDS
                if truth[p][name] != before[name]
            }
            assert len(other_kinds) >= 4


def share_right(task: Task, *, sees: bool = True, reads: bool = True) -> float:
    """How often the first answer is right, of those that agree best with the photo, with the words, or with both."""
    truth, total = drawn(), 0.0
    for query, row in zip(task.queries, grades(task), strict=True):
        changed = {task.stratum: truth[query.id][task.stratum]} if reads else {}
        wanted = {**truth[query.photo], **changed}
        names = LOOK if sees else (task.stratum,)
        agree = np.array([sum(truth[photo][name] == wanted[name] for name in names) for photo in task.gallery])
        agree[row == BARRED] = -1
        total += float((row[agree == agree.max()] > 0).mean())
    return total / len(task.queries)


def test_a_perfect_eye_that_reads_is_always_right_and_neither_alone_is() -> None:
    for task in composed("any@10").values():
        assert share_right(task) == 1.0
        assert share_right(task, reads=False) == 0.0
        assert share_right(task, sees=False) < 0.06


def test_the_same_is_asked_in_vietnamese() -> None:
    truth = drawn()
    for name in ("vi", "vi-plain"):
        tasks = [task for task in loaded(drawn_composed).tasks if task.name == name]
        assert {task.stratum for task in tasks} == set(KINDS)
        for task in tasks:
            english = composed(task.metrics[0])[task.stratum]
            assert task.gallery == english.gallery and np.array_equal(grades(task), grades(english))
            assert [(q.id, q.photo) for q in task.queries] == [(q.id, q.photo) for q in english.queries]
            for query in task.queries:
                old, new = (truth[id][task.stratum] for id in (query.photo, query.id))
                ways = {
                    row[name.replace("-", "_")] for row in ROWS if tuple(row.values())[:3] == (task.stratum, old, new)
                }
                assert query.text in ways


def test_the_subset_is_the_family_without_the_reference() -> None:
    (task,) = (task for task in loaded(drawn_composed).tasks if task.name == "subset")
    truth = drawn()
    assert (task.name, task.metrics, task.stratum) == ("subset", ("recall@1",), "")
    assert len(task.queries) == sum(len(one.queries) for one in composed("recall@1").values())
    for query, row in zip(task.queries, grades(task), strict=True):
        family = {p for p in task.gallery if truth[p]["item"] == truth[query.photo]["item"]}
        there = {task.gallery[n] for n in np.flatnonzero(row >= 0)}
        assert there == family - {query.photo}
        assert [task.gallery[n] for n in np.flatnonzero(row > 0)] == [query.id]
        assert 5 <= len(there) <= 6
    for kind, one in composed("recall@1").items():
        assert [task.queries[n] for n in task.parts[kind]] == list(one.queries)
    assert tuple(task.parts) == KINDS


def test_words_vary_within_a_kind() -> None:
    for task in composed("recall@1").values():
        patterns = Counter(query.text.split()[0] for query in task.queries)
        assert len(patterns) >= 3
        assert max(patterns.values()) < 0.75 * len(task.queries)


def test_every_query_is_encoded_once() -> None:
    keys = [query.key for task in composed("recall@1").values() for query in task.queries]
    assert len(set(keys)) == len(keys)


def test_no_metric_is_asked_twice_of_one_kind() -> None:
    tasks = [task for task in loaded(drawn_composed).tasks if not task.name]
    asked = [(task.stratum, metric) for task in tasks for metric in task.metrics]
    assert len(set(asked)) == len(asked)
    assert {metric for _, metric in asked} == {"recall@1", "recall@10", "mrr", "any@10"}


# drawn-instance


def test_right_are_the_other_photos_of_the_design() -> None:
    (task,) = loaded(drawn_instance).tasks
    specs = split_specs("val", drawn_instance.DESIGNS, drawn_instance.VIEWS)
    truth = grades(task)
    for query, row in zip(task.queries, truth, strict=True):
        assert query.id == query.photo
        right = {task.gallery[n] for n in np.flatnonzero(row > 0)}
        own = specs[query.photo].item_id
        assert right == {photo for photo, spec in specs.items() if spec.item_id == own} - {query.photo}
        assert len(right) == 3
        assert [task.gallery[n] for n in np.flatnonzero(row == BARRED)] == [query.photo]
        assert all(specs[photo].view != specs[query.photo].view for photo in right)
    assert task.metrics == ("recall@1", "recall@10", "map", "r-precision")


def test_parts_are_the_views_of_the_queries() -> None:
    (task,) = loaded(drawn_instance).tasks
    specs = split_specs("val", drawn_instance.DESIGNS, drawn_instance.VIEWS)
    assert set(task.parts) == {"flat", "hanger", "turned", "tilted", "mirrored", "dim"}
    for view, rows in task.parts.items():
        assert {specs[task.queries[n].photo].view for n in rows} == {view}
        assert len(rows) > 90
    assert sorted(np.concatenate(list(task.parts.values())).tolist()) == list(range(len(task.queries)))


# Both


@pytest.mark.parametrize("module", BOTH)
def test_loading_twice_gives_the_same_and_the_seed_of_the_bootstrap_changes_nothing(module: object) -> None:
    one, two = loaded(module, "val", 0), loaded(module, "val", 7)
    for a, b in zip(one.tasks, two.tasks, strict=True):
        assert (a.queries, a.gallery, a.metrics, a.name, a.stratum) == (
            b.queries, b.gallery, b.metrics, b.name, b.stratum,
        )  # fmt: skip
        assert np.array_equal(grades(a), grades(b))


@pytest.mark.parametrize(
    ("module", "name", "asked", "protocol"),
    [
        (drawn_composed, "drawn-composed", "change", "reference-excluded"),
        (drawn_instance, "drawn-instance", "photo", "leave-one-out"),
    ],
)
def test_the_benchmark_tells_of_itself(module: object, name: str, asked: str, protocol: str) -> None:
    benchmark = module.BENCHMARK  # type: ignore[attr-defined]
    assert (benchmark.name, benchmark.query_type, benchmark.protocols) == (name, asked, (protocol,))
    assert benchmark.needs == "nothing: it is drawn"
    assert benchmark.split == "test"


def test_photos_are_of_the_size_that_is_said() -> None:
    for module in BOTH:
        photos = loaded(module).photos
        assert images.size(photos[next(iter(photos))]) == (module.SIZE, module.SIZE)

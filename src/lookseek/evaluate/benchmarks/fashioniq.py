"""FashionIQ: a photo and two captions that say what to change find the photo that shows the change.

Three galleries are in use, and the same model gains up to 8 points of recall@10 from one to the other, so each is a
protocol of its own, and figures of different protocols don't compare:

    original              all images of the category's ``image_splits`` list, the reference among them
    reference-excluded    the same, without the reference
    val-split             the images that the category's triplets name, without the reference

Each ends in ``-each-caption`` where the two captions ask one at a time, else they ask joined.

Source: original: github.com/ABaldrati/CLIP4Cir, ``src/validate.py``. val-split: github.com/haokunwen/DQU-CIR,
``src/datasets.py`` and ``src/test.py``. Joined captions: both of these and the official start kit
(github.com/XiaoxiaoGuo/fashion-iq, ``start_kit/data_loader.py``). One caption at a time, empty ones left out, of the
val-split gallery: github.com/yanbeic/VAL, ``generate_caption_pairs.py``, ``test_val.py`` and issue 11.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ...catalogue.fashioniq import CATEGORIES, Triplet, find_photos, read_image_ids, read_triplets
from ...errors import CatalogueError
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed

__all__ = ["BENCHMARK", "GALLERIES", "Ask", "Cohort", "Right", "ask_joined", "read_cohort", "task_of"]

GALLERIES = {
    "original": "the gallery is the whole image_splits list of the category, the reference photo among it",
    "reference-excluded": "the gallery is the whole image_splits list of the category without the reference photo",
    "val-split": "the gallery are the photos that the category's triplets name, without the reference photo",
}
"""Protocol to what its gallery is."""

EACH = "-each-caption"
"""Ends the protocols in which each caption is a query."""

METRICS = ("recall@10", "recall@50")

Ask: TypeAlias = Callable[[str, Triplet], Sequence[EvaluationQuery]]
"""The queries that a triplet makes, given an id for it; none where nothing is said."""

Right: TypeAlias = Callable[[Triplet], Collection[str]]
"""Ids of the photos that answer a triplet; those that are not in its gallery don't count."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The triplets of one category that can be asked, and of what.

    Args:
        category: its name.
        triplets: id, category and place in the file, to triplet; the target of each is in its gallery.
        gallery: ids of photos, each once.
        excluded: whether the reference is left out of the gallery.
        notes: what was left out or is odd, a sentence each.
    """

    category: str
    triplets: dict[str, Triplet]
    gallery: tuple[str, ...]
    excluded: bool
    notes: tuple[str, ...]


def read_cohort(folder: Path, category: str, split: str, protocol: str) -> Cohort:
    """Read one category.

    Args:
        folder: in FashionIQ's layout.
        category: one of ``CATEGORIES``.
        split: train, val or whatever other the folder has.
        protocol: one of ``GALLERIES``.

    Raises:
        CatalogueError: files that can't be read, hidden targets, or no triplet that can be asked.
    """
    excluded = {"original": False, "reference-excluded": True, "val-split": True}[protocol]
    triplets = read_triplets(folder, category, split)
    hidden = sum(not triplet.target for triplet in triplets)
    if hidden:
        raise CatalogueError(
            f"{folder}: {hidden:,} of the {len(triplets):,} {category} triplets of the split {split!r} hide their "
            "target, as FashionIQ's official test split does: measure on another split, e.g. val"
        )
    named = {id for triplet in triplets for id in (triplet.candidate, triplet.target)}
    gallery = sorted(named) if protocol == "val-split" else read_image_ids(folder, category, split)
    shown = set(gallery)
    kept = {
        f"{category}/{place}": triplet
        for place, triplet in enumerate(triplets)
        if triplet.target in shown and not (excluded and triplet.candidate == triplet.target)
    }
    if not kept:
        raise CatalogueError(
            f"{folder}: none of the {len(triplets):,} {category} triplets of the split {split!r} can be asked: "
            "their targets must be in the gallery and differ from their candidates"
        )
    lost = sum(triplet.target not in shown for triplet in triplets)
    counts = {
        "are left out: their target is not in the gallery": lost,
        "are left out: their target is their own reference": len(triplets) - lost - len(kept),
        "have a reference that is not in the gallery": sum(t.candidate not in shown for t in kept.values()),
        "repeat an earlier one and count again": len(triplets) - len(set(triplets)),
    }
    notes = tuple(_counted(count, len(triplets), category, what) for what, count in counts.items() if count)
    return Cohort(category, kept, tuple(gallery), excluded, notes)


def ask_joined(id: str, triplet: Triplet) -> Sequence[EvaluationQuery]:
    """Return one query a triplet: both captions joined."""
    return [EvaluationQuery(id, triplet.candidate, triplet.joined)] if any(triplet.bare) else []


def target_alone(triplet: Triplet) -> Collection[str]:
    """Only the target is right."""
    return (triplet.target,)


def task_of(cohort: Cohort, ask: Ask, right: Right = target_alone) -> tuple[Task, tuple[str, ...]]:
    """Return the task of one category, which is a stratum, and notes on it.

    Raises:
        CatalogueError: no triplet says anything.
    """
    rows = {id: row for row, id in enumerate(cohort.gallery)}
    queries: list[EvaluationQuery] = []
    answers: list[dict[int, int]] = []
    barred: list[tuple[int, ...]] = []
    silent = 0
    for id, triplet in cohort.triplets.items():
        asked = ask(id, triplet)
        silent += not asked
        answer = {rows[photo]: 1 for photo in right(triplet) if photo in rows}
        own = (rows[triplet.candidate],) if cohort.excluded and triplet.candidate in rows else ()
        queries.extend(asked)
        answers.extend(answer for _ in asked)
        barred.extend(own for _ in asked)
    if not queries:
        raise CatalogueError(f"the captions of all {cohort.category} triplets are empty: they ask nothing")
    truth = Listed(len(rows), tuple(answers), tuple(barred) if any(barred) else ())
    what = "are left out: both of their captions are empty"
    notes = (_counted(silent, len(cohort.triplets), cohort.category, what),) if silent else ()
    return Task(tuple(queries), cohort.gallery, truth, METRICS, stratum=cohort.category), notes


def _load(options: Options) -> Loaded:
    protocol = options.protocol.removesuffix(EACH)
    each = protocol != options.protocol
    cohorts = [read_cohort(options.data, category, options.split, protocol) for category in CATEGORIES]
    made = [task_of(cohort, _ask_each if each else ask_joined) for cohort in cohorts]
    how = "each caption is a query of its own" if each else "the two captions of a triplet ask joined"
    notes = [f"In protocol {options.protocol} {GALLERIES[protocol]}; {how}."]
    notes += [note for cohort in cohorts for note in cohort.notes]
    notes += [note for _, more in made for note in more]
    empty = sum(not caption for cohort in cohorts for triplet in cohort.triplets.values() for caption in triplet.bare)
    if empty:
        notes.append(f"{empty:,} captions are empty: {'they ask nothing' if each else 'the other one asks'}.")
    labels = {
        id: cohort.category
        for cohort in cohorts
        for id in (*cohort.gallery, *(triplet.candidate for triplet in cohort.triplets.values()))
    }
    tasks = tuple(task for task, _ in made)
    return Loaded(tasks, find_photos(options.data, list(labels)), labels=labels, notes=tuple(notes))


def _ask_each(id: str, triplet: Triplet) -> Sequence[EvaluationQuery]:
    """Return one query a caption, as CLIP4Cir writes a single caption in training; none of an empty one."""
    spoken = zip("ab", triplet.bare, strict=True)
    return [EvaluationQuery(f"{id}/{mark}", triplet.candidate, text.capitalize()) for mark, text in spoken if text]


def _counted(count: int, of: int, category: str, what: str) -> str:
    return f"{count:,} of {of:,} {category} triplets {what}."


BENCHMARK = Benchmark(
    name="fashioniq",
    about="a photo and what to change about it (two human captions); right is the one photo that the captions mean",
    needs="captions/ and image_splits/ of github.com/XiaoxiaoGuo/fashion-iq, photos as images/ID.jpg or dress/ID.jpg",
    size="6,016 queries, gallery 15,536 (dress 3,817, shirt 6,346, toptee 5,373), 8,619 in val-split",
    query_type="change",
    protocols=(*GALLERIES, *(f"{protocol}{EACH}" for protocol in GALLERIES)),
    load=_load,
    split="val",
)

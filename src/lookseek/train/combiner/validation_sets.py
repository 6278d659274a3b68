"""What a Combiner is measured on: val, and test where it is there, of the benchmark that fits its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...catalogue.fashioniq import CATEGORIES, NAMES, read_triplets
from ...evaluate.benchmarks import drawn_composed
from ...evaluate.task import Benchmark, EvaluationQuery, Options
from .validation_set import ValidationSet

__all__ = [
    "CHANGES_SELECTION_METRICS",
    "NO_CAPTION",
    "NO_PHOTO",
    "SELECTION_METRICS",
    "drawn_validation_sets",
    "missing_photos",
    "notes_without_test",
    "read_validation_sets",
    "with_captions",
]

SELECTION_METRICS = ("any@10", "any@10/vi", "any@10/vi-plain")
"""Of a shop: what its colour changes find, in each language."""

CHANGES_SELECTION_METRICS = ("recall@10", "recall@10/vi", "recall@10/vi-plain")
"""Of a shop with attributes: what its changes of one attribute find."""

DRAWN_SELECTION_METRICS = ("recall@10", "recall@10/vi", "recall@10/vi-plain")
"""Of drawn garments: each is a mean over the kinds of changes."""

NO_PHOTO, NO_CAPTION = "the folder has no photo of it", "the folder has no caption of it"


def read_validation_sets(data: Path, benchmark: Benchmark, metrics: tuple[str, ...]) -> dict[str, ValidationSet]:
    """Return val, and test where it is there and its targets are given.

    Args:
        data: the folder.
        benchmark: whose queries are asked.
        metrics: those that choose the best epoch, as far as the benchmark has them.
    """
    splits = ("val", "test") if _has_test_targets(data) else ("val",)
    return {split: _read(data, split, benchmark, metrics) for split in splits}


def drawn_validation_sets() -> dict[str, ValidationSet]:
    """Return val and test of drawn garments, by the names ``drawn.val`` and ``drawn.test``."""
    benchmark, metrics = drawn_composed.BENCHMARK, DRAWN_SELECTION_METRICS
    return {f"drawn.{split}": _read(Path(), split, benchmark, metrics) for split in ("val", "test")}


def _read(data: Path, split: str, benchmark: Benchmark, metrics: tuple[str, ...]) -> ValidationSet:
    options = Options(data, split, benchmark.protocols[0])
    loaded = benchmark.load(options)
    names = {task.name for task in loaded.tasks}
    there = tuple(metric for metric in metrics if metric.partition("/")[2] in names)
    return ValidationSet(benchmark, options, loaded, {}, lambda q: (q.photo, q.text), there)


def _has_test_targets(data: Path) -> bool:
    files = [data / "captions" / NAMES["captions"].format(category, "test") for category in CATEGORIES]
    if not all(file.is_file() for file in files):
        return False
    return all(triplet.target for category in CATEGORIES for triplet in read_triplets(data, category, "test"))


def with_captions(data: Path, split: str, own: ValidationSet, captions: Mapping[str, str]) -> ValidationSet:
    """Return a set whose photos are captions. Its queries are "caption, but change"; a Combiner takes both parts."""
    triplets = {category: read_triplets(data, category, split) for category in CATEGORIES}

    def parse(query: EvaluationQuery) -> tuple[str, str]:
        category, _, place = query.id.partition("/")
        triplet = triplets[category][int(place)]
        return triplet.candidate, triplet.joined

    return replace(own, captions=captions, parse=parse)


def missing_photos(sets: Mapping[str, ValidationSet]) -> dict[str, str]:
    """Return photos that queries or galleries name and that are not there, id to the reason."""
    return {
        id: NO_CAPTION if own.captions else NO_PHOTO
        for own in sets.values()
        for id in own.ids()
        if id not in (own.captions or own.loaded.photos)
    }


def notes_without_test(sets: Mapping[str, ValidationSet]) -> tuple[str, ...]:
    """Return what a reader of the figures must know where there is no test."""
    if "test" in sets:
        return ()
    return ("There is no split test with targets: the figures are of val, on which the best epoch was chosen.",)

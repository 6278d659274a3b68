"""What a Combiner is measured on: val, and test where it is there, of the benchmark that fits its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...catalogue.fashioniq import CATEGORIES, NAMES, read_triplets
from ...evaluate.benchmarks import drawn_composed
from ...evaluate.task import Benchmark, Options, Question
from .exam import Exam

__all__ = ["JUDGED", "NO_CAPTION", "NO_PHOTO", "drawn_exams", "exams_of", "lacking", "reading", "untested"]

JUDGED = ("any@10", "any@10/vi", "any@10/vi-plain")
"""Of a shop: what its colour changes find, in each language."""

DRAWN_JUDGED = ("recall@10", "recall@10/vi", "recall@10/vi-plain")
"""Of drawn garments: each is a mean over the kinds of changes."""

NO_PHOTO, NO_CAPTION = "the folder has no photo of it", "the folder has no caption of it"


def exams_of(data: Path, benchmark: Benchmark, judged: tuple[str, ...]) -> dict[str, Exam]:
    """Val, and test where it is there and doesn't hide its targets."""
    exams = {}
    for split in ("val", "test"):
        if split == "test" and not _told(data):
            continue
        exams[split] = _exam(data, split, benchmark, judged)
    return exams


def drawn_exams() -> dict[str, Exam]:
    """Val and test of drawn garments, by the names ``drawn.val`` and ``drawn.test``."""
    return {f"drawn.{split}": _exam(Path(), split, drawn_composed.BENCHMARK, DRAWN_JUDGED) for split in ("val", "test")}


def _exam(data: Path, split: str, benchmark: Benchmark, judged: tuple[str, ...]) -> Exam:
    options = Options(data, split, benchmark.protocols[0])
    loaded = benchmark.load(options)
    names = {task.name for task in loaded.tasks}
    there = tuple(metric for metric in judged if metric.partition("/")[2] in names)
    return Exam(benchmark, options, loaded, {}, lambda q: (q.photo, q.text), there)


def _told(data: Path) -> bool:
    """Whether there is a split test that says its targets."""
    files = [data / "captions" / NAMES["captions"].format(category, "test") for category in CATEGORIES]
    if not all(file.is_file() for file in files):
        return False
    return all(triplet.target for category in CATEGORIES for triplet in read_triplets(data, category, "test"))


def reading(data: Path, split: str, exam: Exam, captions: Mapping[str, str]) -> Exam:
    """The exam of captions: its questions are "caption, but change", which a Combiner is asked in two parts."""
    triplets = {category: read_triplets(data, category, split) for category in CATEGORIES}

    def asked(question: Question) -> tuple[str, str]:
        category, _, place = question.id.partition("/")
        triplet = triplets[category][int(place)]
        return triplet.candidate, triplet.joined

    return replace(exam, captions=captions, asked=asked)


def lacking(exams: Mapping[str, Exam]) -> dict[str, str]:
    """Photos that what asks names, and that are not there: id to the reason."""
    return {
        id: NO_CAPTION if exam.captions else NO_PHOTO
        for exam in exams.values()
        for id in exam.ids()
        if id not in (exam.captions or exam.loaded.photos)
    }


def untested(exams: Mapping[str, Exam]) -> tuple[str, ...]:
    """What is to be said where there is no test."""
    if "test" in exams:
        return ()
    return ("There is no split test with targets: the figures are of val, on which the best epoch was chosen.",)

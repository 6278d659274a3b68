"""A Combiner that has seen no photo: it learns human changes from FashionIQ's captions, and is then used with photos.

    python benchmarks/language_only.py FOLDER [--model lookseek-base] [--write]

FashionIQ's photos can't be had, its changes in people's words can, and a caption that a machine wrote of every photo.
In a joint space a caption lies near its photo, so what composes captions with changes may compose photos with them.
FOLDER gets the training; what is there is gone on with. First it is measured where it learned, on captions (a proxy,
val, on which its epoch was chosen too), then on photos that it never saw: myntra-composed and drawn-composed, test.
--write puts the tables into docs/benchmarks/language-only.md. Needs ``pip install 'lookseek[train]'`` and the folder
of LOOKSEEK_DATA. Some 20 minutes for the texts on 2 cores, once, then 3 for each model.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from lookseek.encode import load_model
from lookseek.encode.compose import Slerp, Sum, composer_of
from lookseek.encode.model import DEFAULT
from lookseek.evaluate.registry import BENCHMARKS
from lookseek.evaluate.result import Result, short_commit
from lookseek.evaluate.task import Options, Question
from lookseek.train.combiner.exam import Compose, Exam
from lookseek.train.combiner.job import train_combiner
from lookseek.train.combiner.join import composed
from lookseek.train.combiner.run import read_run
from lookseek.train.combiner.towers import ModelTowers, known
from lookseek.train.combiner.triplets import read_data
from lookseek.train.machine import Machine, Silent

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs" / "benchmarks" / "language-only.md"
DATA = Path(os.environ.get("LOOKSEEK_DATA") or TOP / ".." / "shared" / "data")
SHOWN = ("recall@10", "recall@50", "any@10")


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    source = DATA / "fashioniq"
    trained = train_combiner(
        str(source), given.folder, changes={}, model=given.model, machine=Machine("cpu"), progress=Silent()
    )
    run = read_run(given.folder)
    combiner = run.combiner(given.folder)
    model = load_model(given.model)
    ways: dict[str, Compose] = {
        "learned from captions": lambda photos, texts: composed(combiner, photos, texts),
        "the model's own": composer_of(model).compose,
        "sum": Sum().compose,
        "slerp, .7 words": Slerp(0.7).compose,
        "reference alone": lambda photos, _: photos,
        "words alone": lambda _, texts: texts,
    }
    towers = ModelTowers(model)
    captions = read_data(source, run.settings.seed).exams["val"]
    exams = {"fashioniq-text, val": captions, **{f"{name}, test": photos(name) for name in PHOTOS}}
    tables = [table(title, exam, towers, ways) for title, exam in exams.items()]
    best = f"Best epoch {trained.best_epoch}, chosen by the mean of {', '.join(captions.judged)} on fashioniq-text val."
    text = "\n\n".join([best, *tables])
    print(text)
    if given.write:
        made = f"{datetime.now(UTC):%Y-%m-%d} from commit {short_commit(trained.figures['val'].commit)}"
        head = (
            "# A Combiner that has seen no photo\n\n"
            f"Written by `python benchmarks/language_only.py FOLDER --write` on {made}. Model {model.name} "
            f"(`{model.checksum[:12]}`, words `{model.words[:12]}`); {run.triplets['train']:,} triplets of FashionIQ's "
            f"train split, captions in place of photos, seed {run.settings.seed}. Brackets: 95 % bootstrap intervals "
            "over what asks.\n\n"
        )
        PAGE.write_text(head + text + "\n", encoding="utf-8")


PHOTOS: Mapping[str, str] = {"myntra-composed": "myntra", "drawn-composed": "drawn"}


def photos(name: str) -> Exam:
    """A benchmark of photos and changes, test."""
    benchmark = BENCHMARKS[name]
    options = Options(DATA / PHOTOS[name], "test", benchmark.protocols[0])
    loaded = benchmark.load(options)

    def asked(question: Question) -> tuple[str, str]:
        return question.photo, question.text

    return Exam(benchmark, options, loaded, {}, asked, ())


def table(title: str, exam: Exam, towers: ModelTowers, ways: Mapping[str, Compose]) -> str:
    """A line for each way."""
    found = known(towers, exam.loaded.photos, exam.ids(), exam.captions, exam.changes(), Silent())
    lines, result = [], None
    for name, way in ways.items():
        result = exam.take(found, way, {"name": name}, Silent()).result
        lines.append(f"| {name} | " + " | ".join(figure(result, metric) for metric in SHOWN) + " |")
    assert result is not None
    head = f"**{title}**, protocol `{result.protocol}`: {result.queries:,} questions, gallery {result.gallery_size}"
    return "\n".join([f"{head}\n", f"| | {' | '.join(SHOWN)} |", "|---" * (1 + len(SHOWN)) + "|", *lines])


def figure(result: Result, metric: str) -> str:
    """A figure with its interval; empty where the benchmark has none of that name."""
    one = result.metrics.get(metric)
    return "" if one is None else f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


if __name__ == "__main__":
    main()

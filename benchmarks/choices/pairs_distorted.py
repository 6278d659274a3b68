"""What re-ranking by pairs gains where the photo that asks is turned or among clutter: drawn garments, with intervals.

    python -m benchmarks.choices.pairs_distorted MODEL                  # prints, for docs/decisions/pairs.md
    python -m benchmarks.choices.pairs_distorted MODEL --split val

MODEL is a model folder with a matcher (``lookseek train pairs``, ``lookseek export``). Every photo of
``drawn-instance`` asks for the other three of its garment among all photos of the split: as it is, turned and cluttered
as ``robustness`` distorts photos, at half and full strength; the gallery is not distorted. Each is ranked by the
model's vectors alone and with ``--rerank pairs``; 95 % intervals and p of the paired bootstrap over photos.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.progress import Stages
from lookseek.encode.pairs.load import load_matcher
from lookseek.evaluate.benchmarks import drawn_instance
from lookseek.evaluate.benchmarks.robustness import DistortedPhotos, distorted
from lookseek.evaluate.bootstrap import paired
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import Embedded, open_system
from lookseek.evaluate.task import Benchmark, EvaluationQuery, Loaded, Options, Task
from lookseek.search.pairs import PairReranker

WAYS = ("rotate", "clutter")
STRENGTHS = (0.5, 1.0)
METRICS = ("recall@1", "map", "r-precision")


def load(options: Options) -> Loaded:
    """Drawn garments, asked for as they are and distorted: one task each, of the same gallery."""
    plain = drawn_instance.load(options)
    (task,) = plain.tasks
    tasks = [Task(task.queries, task.gallery, task.truth, METRICS)]
    for way in WAYS:
        for strength in STRENGTHS:
            made = [(photo, distorted(photo, way, strength)) for photo in task.gallery]
            queries = tuple(EvaluationQuery(name, name, source_photo=photo) for photo, name in made)
            tasks.append(Task(queries, task.gallery, task.truth, METRICS, name=f"{way} {strength:g}"))
    return Loaded(tuple(tasks), DistortedPhotos(plain.photos, task.gallery, options.seed))


BENCHMARK = Benchmark(
    name="drawn-instance-distorted",
    about="a drawn garment, turned or among clutter: its other photos",
    needs="nothing: it is drawn",
    size="4,000 queries, gallery 800",
    query_type="photo",
    protocols=("leave-one-out",),
    load=load,
    drawn=True,
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--split", default="test")
    given = parser.parse_args()
    options = Options(Path("drawn"), given.split, "leave-one-out")
    system = open_system(given.model, pairs=True)
    if system.model is None:
        raise SystemExit(f"{given.model} is no model: give a model folder with a matcher")
    embedded: list[Embedded] = []  # both rankings are of the same vectors

    def embed(*asked: Any) -> Embedded:
        if not embedded:
            embedded.append(system.embed(*asked))
        return embedded[0]

    once, matcher = replace(system, embed=embed), PairReranker(load_matcher(system.model))
    alone = evaluate(BENCHMARK, options, once, Stages())
    again = evaluate(BENCHMARK, options, once, Stages(), reranker=matcher)
    print(f"{system.model.name}, {given.split}, {date.today().isoformat()}\n")
    print("| asked | queries | metric | vectors alone | re-ranked | difference |\n|---|---|---|---|---|---|")
    for one, other in zip(alone.outcomes, again.outcomes, strict=True):
        units = [[query.unit for query in one.task.queries]]
        for metric in METRICS:
            before, after = one.values[metric][:, None], other.values[metric][:, None]
            gain, low, high, p = paired([before], [after], units)[0].tolist()
            print(
                f"| {one.task.name or 'as it is'} | {len(before):,} | {metric} | {before.mean():.3f} | "
                f"{after.mean():.3f} | {gain:+.3f} ({low:+.3f} to {high:+.3f}), p {p:.4f} |"
            )


if __name__ == "__main__":
    main()

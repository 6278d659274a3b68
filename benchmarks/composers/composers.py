"""All composers that ship, side by side: what each costs, and what it finds for a photo with a change.

    python -m benchmarks.composers.composers [--model lookseek-base] [--keep FOLDER] [--write]

Nothing is trained here and nothing is chosen: with the vectors kept from before, the composers are all that runs, a
minute or two. --keep (results/composers) gets the result files, which ``lookseek compare`` reads; what they hold is not
measured again. --write puts the tables into docs/benchmarks/composers.md, in place of those of commit 53fb11e, which
also have two composers that do not ship; what attention.py wrote below stays.

Needs ``pip install 'lookseek[train]'`` and the folder of LOOKSEEK_DATA.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.composers.trials import SHIPPED, Split, Trial, difference, encoded, figure, photo_exam, shipped
from benchmarks.paths import DATA, PAGES, ROOT
from lookseek.encode import load_model
from lookseek.encode.model import DEFAULT
from lookseek.evaluate.result import Result, read_result, short_commit
from lookseek.train.combiner.towers import ModelTowers
from lookseek.train.combiner.triplets import read_triplet_folder

PAGE = PAGES / "composers.md"
ATTENTION = "## Attention over a reference photo's cells"
"""From here on the page is written by ``attention.py``."""


@dataclass(frozen=True, slots=True)
class Column:
    """Figures of one benchmark.

    Args:
        metrics: with their intervals.
        parts: the metric that is also shown by what is asked.
        note: what a reader must know of it.
    """

    metrics: tuple[str, ...]
    parts: str = ""
    note: str = ""


COLUMNS: Mapping[str, Column] = {
    "myntra-composed": Column(("recall@10", "recall@50", "any@10")),
    "drawn-composed": Column(("recall@10", "any@10"), "recall@10"),
    "fashioniq-text": Column(
        ("recall@10", "recall@50"),
        note="A caption that a machine wrote stands for each photo: no figure here is of FashionIQ's photos",
    ),
}


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--keep", type=Path, default=ROOT / "results" / "composers")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    model = load_model(given.model)
    towers, info = ModelTowers(model), {"name": model.name, "checksum": model.checksum, "words": model.words}
    exams = [
        photo_exam("myntra-composed"),
        photo_exam("drawn-composed"),
        read_triplet_folder(DATA / "fashioniq", 0).sets["val"],
    ]
    splits = {exam.benchmark.name: encoded(exam, towers) for exam in exams}
    shop = splits["myntra-composed"]
    trials = list(shipped(model))
    lines, commits = [*prices(trials, shop)], set()
    for name, one in splits.items():
        paths = {trial.name: one.measured(trial, info, given.keep) for trial in trials}
        lines += figures(COLUMNS[name], paths)
        commits |= {short_commit(read_result(path).commit) for path in paths.values()}
    head = (
        f"Written by `python -m benchmarks.composers.composers --write` on "
        f"{datetime.now(UTC):%Y-%m-%d} from commit {' and '.join(sorted(commits))}. Model {model.name} "
        f"(`{model.checksum[:12]}`, words `{model.words[:12]}`). Brackets: 95 % bootstrap intervals over queries "
        "(seed 0); differences by the paired bootstrap. Nothing was chosen on test."
    )
    text = "\n\n".join(["# Composers side by side", head, *lines]) + "\n"
    print(text)
    if given.write:
        _, heading, rest = PAGE.read_text(encoding="utf-8").partition(ATTENTION)
        PAGE.write_text(f"{text}\n{heading}{rest}" if heading else text, encoding="utf-8")


def prices(trials: list[Trial], shop: Split) -> Iterator[str]:
    """What each costs."""
    lines = ["| | parameters | multiply-adds | ms a query |", "|---|---|---|---|"]
    lines += [
        f"| {trial.name} | {trial.parameters:,} | {trial.multiply_adds:,} | {shop.ms(trial):.2f} |" for trial in trials
    ]
    yield "\n".join(lines)
    yield (
        "Of the composer alone: from the vectors of one photo and one change to the vector that is searched for, in "
        "one thread, median. Multiply-adds are those of matrix products."
    )


def figures(column: Column, paths: Mapping[str, Path]) -> Iterator[str]:
    """A benchmark's table, and one by what is asked."""
    results = {name: read_result(path) for name, path in paths.items()}
    first = results[SHIPPED]
    yield (
        f"**{first.benchmark}**, {first.split}, protocol `{first.protocol}`: {first.queries:,} queries, gallery "
        f"{first.gallery_size:,} (`{first.gallery_hash[:12]}`)." + (f" {column.note}." if column.note else "")
    )
    heads = [*column.metrics, f"{column.metrics[0]} beyond the {SHIPPED}"]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for name, result in results.items():
        beyond = difference(paths[SHIPPED], paths[name], column.metrics[0])
        lines.append(f"| {name} | {' | '.join(figure(result, metric) for metric in column.metrics)} | {beyond} |")
    yield "\n".join(lines)
    if column.parts:
        yield parts(column.parts, results)


def parts(metric: str, results: Mapping[str, Result]) -> str:
    """One metric by what is asked."""
    named = [name for name in results[SHIPPED].metrics if name.startswith(f"{metric}/")]
    lines = [f"| {metric} | {' | '.join(name.partition('/')[2] for name in named)} |", "|---" * (1 + len(named)) + "|"]
    for name, result in results.items():
        lines.append(f"| {name} | {' | '.join(f'{result.metrics[one].value:.3f}' for one in named)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

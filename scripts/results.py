"""Measures every benchmark that can run with the data at hand, and writes docs/results.md: no figure there is typed.

    scripts/results [--data FOLDER] [--only BENCHMARK]... [--model NAME] [--keep FOLDER]
                    [--page]

FOLDER (default: LOOKSEEK_DATA) holds clothing/, myntra/, ccp/ and fashioniq/. Result files go to
--keep (default: results/), a folder for each benchmark and split; ``lookseek compare`` reads them. What was encoded
before is not encoded again, so that a second run takes minutes. --only measures some again, and takes the others from
the files that are there, and --model measures one model alone; --page measures nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from lookseek.atomic import write_text
from lookseek.encode import load_model
from lookseek.encode.model import DEFAULT, PLAIN
from lookseek.errors import LookseekError
from lookseek.evaluate.details import details_path, write_details
from lookseek.evaluate.registry import BENCHMARKS
from lookseek.evaluate.result import Figure, Result, read_result, short_commit
from lookseek.evaluate.routing import Route
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Options
from lookseek.types import Metric, Skipped

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs" / "results.md"
MOST_PARTS = 12


@dataclass(frozen=True)
class System:
    """One row: what ``lookseek evaluate`` was given."""

    name: str
    model: str
    metric: Metric = "cosine"
    colour_weight: float = 0.0
    shuffle: bool = False
    route: Route | None = None


LOOK = System(f"{DEFAULT}, the default", DEFAULT)
BEFORE = System("lookseek-base, the default before", "lookseek-base")
COLOUR = System("colour alone", "colour")
CHANCE = System("chance (scores dealt out anew)", DEFAULT, shuffle=True)
SYSTEMS = (
    LOOK,
    BEFORE,
    System(f"{PLAIN}, which saw no clothes", PLAIN),
    System(f"{PLAIN}, Euclidean", PLAIN, metric="euclidean"),
    COLOUR,
    CHANCE,
)
WORDS = (LOOK, BEFORE, CHANCE)
ROUTED = (
    System(f"{DEFAULT}, SVM hard", DEFAULT, route=Route("svm", "hard")),
    System(f"{DEFAULT}, SVM soft", DEFAULT, route=Route("svm", "soft")),
    System(f"{DEFAULT}, SVM (linear) soft", DEFAULT, route=Route("svm", "soft", "linear")),
    System(f"{DEFAULT}, k-means hard", DEFAULT, route=Route("kmeans", "hard")),
    System(f"{DEFAULT}, k-means soft", DEFAULT, route=Route("kmeans", "soft")),
)
CEILING = System("ceiling: a classifier of type and colour", "ceiling.npy")
SENTENCES = System("multilingual-e5-small, caption and change", "sentences.npy")
BLIND = System("chance (scores dealt out anew)", "sentences.npy", shuffle=True)
CEILING_CHANCE = System("chance of the ceiling", "ceiling.npy", shuffle=True)


@dataclass(frozen=True)
class Measured:
    """One benchmark to be measured, on some splits, by some protocols."""

    benchmark: str
    place: str
    splits: tuple[str, ...] = ("val", "test")
    protocols: tuple[str, ...] = ()
    by: str = ""
    systems: tuple[System, ...] = SYSTEMS


PLAN = (
    Measured("clothing", "clothing"),
    Measured("clothing-judged", "clothing", ("test",)),
    Measured("myntra-class", "myntra", systems=(*SYSTEMS, *ROUTED)),
    Measured("myntra-text", "myntra", ("test",), systems=(LOOK, BEFORE)),
    Measured("myntra-text-all", "myntra", ("test",), systems=(LOOK, BEFORE)),
    Measured("myntra-description", "myntra", ("test",), systems=(LOOK, BEFORE)),
    Measured("myntra-attributes", "myntra", systems=(*WORDS, CEILING, CEILING_CHANCE)),
    Measured("myntra-words", "myntra", systems=WORDS),
    Measured("myntra-fine", "myntra", systems=WORDS),
    Measured("myntra-plus-minus", "myntra", systems=WORDS),
    Measured("closeness", "myntra", systems=(LOOK, BEFORE)),
    Measured("myntra-composed", "myntra"),
    Measured("myntra-changes", "myntra"),
    Measured("drawn-composed", "drawn"),
    Measured("drawn-instance", "drawn"),
    Measured("fashioniq", "fashioniq", ("val",), systems=(LOOK,)),
    Measured("fashioniq-text", "fashioniq", ("val",), BENCHMARKS["fashioniq-text"].protocols, "", (SENTENCES, BLIND)),
    Measured("attributes", "myntra/catalogue.parquet", by="articleType,baseColour,gender,season,usage"),
    Measured("instance", "drawn:200", ("test",)),
    Measured("instance", "myntra/catalogue.parquet", by="design"),
    Measured("ccp-types", "ccp"),
    Measured("robustness", "clothing", systems=(LOOK, BEFORE, COLOUR, CHANCE)),
    Measured("robustness", "myntra", ("test",), systems=(LOOK, BEFORE, COLOUR, CHANCE)),
)


class Line:
    """A progress of one line that is written over."""

    def phase(self, name: str, total: int | None) -> None:
        self._name, self._done, self._total = name, 0, total

    def advance(self, entries: int) -> None:
        self._done += entries
        if sys.stderr.isatty():
            print(f"\r\033[K  {self._name} {self._done:,} of {self._total or 0:,}", end="", file=sys.stderr)

    def skipped(self, skipped: Skipped) -> None:
        print(f"skipped {skipped.where}: {skipped.reason}", file=sys.stderr)


def path_of(keep: Path, plan: Measured, split: str, protocol: str, system: System) -> Path:
    """Where a result stands."""
    letters = "".join(sign if sign.isalnum() else "-" for sign in system.name).strip("-")
    place = plan.place.replace("/", "-").replace(":", "-")
    return keep / f"{plan.benchmark}-{place}" / split / f"{protocol}--{letters}.json"


def vectors(model: str, keep: Path, data: Path, plan: Measured, split: str) -> str:
    """The model as ``open_system`` takes it; vectors of other programs are made once."""
    if not model.endswith(".npy"):
        return model
    keep, data = keep.resolve(), data.resolve()  # benchmarks run from the checkout
    out = keep / "vectors" / f"{plan.benchmark}-{load_model(PLAIN).checksum[:12]}" / f"{split}.npy"
    if model == "ceiling.npy":
        command = [
            sys.executable,
            "-m",
            "benchmarks.choices.ceiling",
            "--data",
            data.resolve(),
            "--out",
            out.parent.resolve(),
        ]
        if not out.exists():
            subprocess.run(list(map(str, command)), check=True, cwd=TOP)
    elif not out.exists():
        inputs = keep / "inputs"
        lookseek = [sys.executable, "-m", "lookseek.cli", "evaluate", plan.benchmark, data / plan.place]
        # the first protocol asks for all that the others do
        subprocess.run([*map(str, lookseek), "--split", split, "--inputs", str(inputs)], check=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "benchmarks.choices.sentences",
            (inputs / "inputs.csv").resolve(),
            out.resolve(),
        ]
        subprocess.run(list(map(str, command)), check=True, cwd=TOP)
    return str(out)


def measure(plan: Measured, data: Path, keep: Path) -> Iterator[str]:
    """Measure one benchmark and tell how it went."""
    benchmark = BENCHMARKS[plan.benchmark]
    place = Path(plan.place) if plan.place.startswith("drawn") else data / plan.place
    for split in plan.splits:
        for protocol in plan.protocols or benchmark.protocols[:1]:
            for system in plan.systems:
                path = path_of(keep, plan, split, protocol, system)
                path.with_suffix(".error").unlink(missing_ok=True)
                try:
                    model = vectors(system.model, keep, data, plan, split)
                    opened = open_system(model, system.metric, system.colour_weight)
                    options = Options(place, split, protocol, plan.by)
                    evaluation = evaluate(
                        benchmark, options, opened, Line(), shuffle=system.shuffle, route=system.route
                    )
                except LookseekError as error:
                    write_text(path.with_suffix(".error"), str(error).replace(str(data), "FOLDER"))
                    path.unlink(missing_ok=True)
                    yield f"{plan.benchmark} {split} {protocol}, {system.name}: {error}"
                    continue
                write_text(path, evaluation.result.to_json())
                write_details(evaluation.outcomes, details_path(path))
                write_text(path.with_suffix(".notes"), "\n".join(evaluation.loaded.notes))
                yield f"{plan.benchmark} {split} {protocol}, {system.name}: {evaluation.result.took_s:.1f} s"


def page(keep: Path) -> str:
    """The page, from the result files alone."""
    lines: list[str] = []
    commits: set[str] = set()
    for plan in PLAN:
        lines += section(plan, keep, commits)
    said = " and ".join(sorted(map(short_commit, commits)))
    head = HEAD.format(date=datetime.now(UTC), commit=said or "unknown", model=DEFAULT)
    return "\n".join([head, *summary(keep), *lines, ""])


def summary(keep: Path) -> Iterator[str]:
    """The first figure of each benchmark on its last split; those that other systems alone can answer stand below."""
    yield f"\n| benchmark | split | figure | {' | '.join(system.name for system in SYSTEMS)} |"
    yield f"|---|---|---|{'---|' * len(SYSTEMS)}"
    for plan in PLAN:
        split, protocol = plan.splits[-1], BENCHMARKS[plan.benchmark].protocols[0]
        found = {s: read_result(p) for s in SYSTEMS if (p := path_of(keep, plan, split, protocol, s)).exists()}
        if LOOK in found:
            metric = next(iter(next(iter(found.values())).metrics))
            cells = (cell(metric, found[s].metrics[metric]) if s in found else "" for s in SYSTEMS)
            split = next(iter(found.values())).split
            yield f"| {name_of(plan)} | {split} | {metric} | {' | '.join(cells)} |"


def name_of(plan: Measured) -> str:
    """The benchmark, and where it is measured if that is not in its name."""
    by = f" by {plan.by}" if plan.benchmark == "instance" and plan.by else ""
    return plan.benchmark if plan.benchmark.startswith(plan.place) else f"{plan.benchmark} on {plan.place}{by}"


HEAD = """# Results

Written by `scripts/results` on {date:%Y-%m-%d} from commit {commit}; nothing here is typed. Brackets hold 95 %
bootstrap intervals over the photos that ask (1,000 resamples, seed 0). What was chosen (colour weight, input size,
neighbours that vote) was chosen on val or train, never on test. `lookseek evaluate --list` says what each benchmark
asks; [how the figures are made](decisions/evaluation.md) says why. recall@k is the hit rate, R@k in papers. The default
model is {model}; what it was trained on stands in its [card](../src/lookseek/models/{model}/README.md). What was
measured of the default before, when it was the default: [its page](results-lookseek-base.md).
"""


def section(plan: Measured, keep: Path, commits: set[str]) -> list[str]:
    """One benchmark: a table a split and protocol, and the first metric by parts."""
    benchmark = BENCHMARKS[plan.benchmark]
    lines = [f"\n## {name_of(plan)}\n", f"{benchmark.about[0].upper()}{benchmark.about[1:]}."]
    began = len(lines)
    for protocol in plan.protocols or benchmark.protocols[:1]:
        for split in plan.splits:
            lines += tables(plan, split, protocol, keep, commits)
    if len(lines) == began:
        elsewhere = f"of some benchmarks [adapt](decisions/adapt.md) has a figure of {DEFAULT}"
        lines += [f"\nNot measured for this page; {elsewhere}."]
    return lines


def tables(plan: Measured, split: str, protocol: str, keep: Path, commits: set[str]) -> Iterator[str]:
    """What is known of one split under one protocol; parts and notes of the last split alone."""
    found: list[tuple[System, Result]] = []
    errors: list[str] = []
    notes: list[str] = []
    for system in plan.systems:
        path = path_of(keep, plan, split, protocol, system)
        if path.exists():
            found.append((system, read_result(path)))
            notes = path.with_suffix(".notes").read_text(encoding="utf-8").splitlines()
        elif path.with_suffix(".error").exists():
            errors.append(f"{system.name}: {path.with_suffix('.error').read_text(encoding='utf-8')}")
    commits |= {result.commit for _, result in found}
    if found:
        first = found[0][1]
        yield (
            f"\n**{first.split}**, protocol `{first.protocol}`: {first.queries:,} queries, "
            f"gallery {first.gallery_size:,} (`{first.gallery_hash[:12]}`)"
            + (f", {len(first.missing):,} photos missing" if first.missing else "")
        )
        yield from heads(found)
        if split == plan.splits[-1]:
            yield from parts(found)
            yield ""
            yield from (f"- {note}" for note in notes)
    for error in dict.fromkeys(errors):
        yield f"\n**{split}**, protocol `{protocol}`, not measured. {error}."


def heads(found: Sequence[tuple[System, Result]]) -> Iterator[str]:
    """The bare figures, a row a system."""
    metrics = [name for name in found[0][1].metrics if "/" not in name]
    yield f"\n| | {' | '.join(metrics)} |\n|---|{'---|' * len(metrics)}"
    for system, result in found:
        yield f"| {system.name} | {' | '.join(cell(name, result.metrics[name]) for name in metrics)} |"


def parts(found: Sequence[tuple[System, Result]]) -> Iterator[str]:
    """Figures behind a slash: a row a system where there are few, else a row a part."""
    names = [name for name in found[0][1].metrics if "/" in name]
    if not names:
        return
    metric = names[0].partition("/")[0]
    some = [name.partition("/")[2] for name in names if name.startswith(f"{metric}/")]
    if len(some) <= MOST_PARTS:
        yield f"\n| {metric} | {' | '.join(some)} |\n|---|{'---|' * len(some)}"
        for system, result in found:
            cells = (f"{result.metrics[f'{metric}/{part}'].value:.3f}" for part in some)
            yield f"| {system.name} | {' | '.join(cells)} |"
        return
    shown = [(system, result) for system, result in found if not system.shuffle]
    yield f"\n| {metric} | {' | '.join(system.name for system, _ in shown)} |\n|---|{'---|' * len(shown)}"
    for part in some:
        cells = (f"{result.metrics[f'{metric}/{part}'].value:.3f}" for _, result in shown)
        yield f"| {part} | {' | '.join(cells)} |"


def cell(name: str, figure: Figure) -> str:
    """A figure with its interval."""
    if name.startswith("query_ms"):
        return f"{figure.value:.2f} ms"
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def main() -> None:
    """Measure what was asked for, write the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=Path(os.environ.get("LOOKSEEK_DATA") or "../shared/data"))
    options.add_argument("--only", action="append", choices=sorted({plan.benchmark for plan in PLAN}))
    options.add_argument("--keep", type=Path, default=TOP / "results")
    options.add_argument("--model")
    options.add_argument("--page", action="store_true")
    chosen = options.parse_args()
    for plan in PLAN:
        if not chosen.page and (chosen.only is None or plan.benchmark in chosen.only):
            systems = tuple(one for one in plan.systems if chosen.model in (None, one.model))
            for line in measure(replace(plan, systems=systems), chosen.data, chosen.keep):
                print(line, flush=True)
    PAGE.write_text(page(chosen.keep), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()

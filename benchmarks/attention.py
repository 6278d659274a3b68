"""What attention over the cells of a photo gains over the Combiner, with a model's features, which stay as they are.

    python benchmarks/attention.py RUNS [--epochs 40] [--seed 0] [--model lookseek-base] [--keep FOLDER] [--write]

Attention sees words and the photo's vector; the photo's cells too; the garment's cells too: three trainings by the loop
of ``train combiner``, on myntra's triplets of train, in the order and words of the Combiner that is trained beside
them. RUNS gets a folder a training, with its log; what is there is gone on with. Each one's best epoch is chosen on val
of myntra-composed; all are then measured on its test, and on drawn-composed, once. --keep (results/attention) gets the
result files, which ``lookseek compare`` reads. --write puts the tables into docs/benchmarks/attention.md. What follows
from them: docs/decisions/combiner.md.

Needs ``pip install 'lookseek[train]'`` and the folder of LOOKSEEK_DATA. Some 10 minutes for the cells on 2 cores, once
(they are kept where vectors are), then half an hour.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from attention_cells import CellEncoder
from attention_training import GRIDS, cells_of, graph_of, trained
from ways import DATA, SHIPPED, TOP, Asked, Way, against, asked, composing, figure, photos, seeing, shipped

from lookseek import images
from lookseek.encode import Model, load_model
from lookseek.encode.folder import read_folder
from lookseek.encode.model import DEFAULT
from lookseek.evaluate.result import read_result, short_commit
from lookseek.train.combiner.exam import Exam
from lookseek.train.combiner.export import composer_graph
from lookseek.train.combiner.job import train_combiner
from lookseek.train.combiner.run import COMBINER
from lookseek.train.combiner.settings import CombinerSettings, settings_of
from lookseek.train.combiner.stages import features
from lookseek.train.combiner.towers import ModelTowers
from lookseek.train.combiner.triplets import read_data
from lookseek.train.journal import read_journal
from lookseek.train.machine import Machine, Silent

PAGE = TOP / "docs" / "benchmarks" / "attention.md"
SHOWN = ("recall@10", "recall@50", "any@10", "any@50")
LOOKS = 50
"""Photos whose median is the time of a look at the garment's cells."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A way that was trained here, and when it was at its best."""

    way: Way
    best_epoch: int
    epochs: int


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--keep", type=Path, default=TOP / "results" / "attention")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    changes = {"precision": "32-true", "seed": given.seed, "epochs": given.epochs}
    model, settings = load_model(given.model), settings_of("modern", changes)
    towers = ModelTowers(model)
    asks = {
        name: asked(photos(*name), towers)
        for name in (("myntra-composed", "val"), ("myntra-composed", "test"), ("drawn-composed", "test"))
    }
    runs = given.runs / f"{model.checksum[:12]}-{model.words[:12]}-{given.epochs}-{given.seed}"
    learned = list(train_all(given.model, settings, changes, runs, [one.exam for one in asks.values()]))
    ways = [*shipped(model), *(one.way for one in learned)]
    said = {"name": model.name, "checksum": model.checksum, "words": model.words}
    measured = {(name, way.name): one.measured(way, said, given.keep) for name, one in asks.items() for way in ways}
    commits = {short_commit(read_result(path).commit) for path in measured.values()}
    lines = [
        "# Attention over a photo's cells",
        f"Written by `python benchmarks/attention.py RUNS --write` on {datetime.now(UTC):%Y-%m-%d} from commit "
        f"{' and '.join(sorted(commits))}. Model {model.name} (`{model.checksum[:12]}`, words `{model.words[:12]}`), "
        f"seed {settings.seed}, at most {settings.epochs} epochs of {settings.batch} triplets a step. Brackets: 95 % "
        "bootstrap intervals over what asks; differences by the paired bootstrap. Each best epoch was chosen on val by "
        "the mean of any@1, any@10 and any@50; nothing was chosen on test.",
        *costs_of(ways, learned, asks["myntra-composed", "test"], model),
        *(line for name in asks for line in table(name, ways, measured)),
    ]
    text = "\n\n".join(lines) + "\n"
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


def train_all(
    named: str, settings: CombinerSettings, changes: dict[str, object], runs: Path, exams: list[Exam]
) -> Iterator[Trained]:
    """The Combiner, and attention that sees more and more."""
    data, model = DATA / "myntra", load_model(named)
    beside = runs / "combiner"
    done = train_combiner(str(data), beside, changes=changes, model=named, machine=Machine("cpu"), progress=Silent())
    combiner = done.run.combiner(beside)
    way = composing("Combiner, trained beside", composer_graph(combiner), model.dim)
    yield Trained(way, done.best_epoch, epochs_of(beside / COMBINER))
    triplets, towers = read_data(data, settings.seed), ModelTowers(model)
    known = features(towers, triplets, settings, Silent())
    looked, ids = dict(triplets.photos), [e.reference for e in (*triplets.train, *triplets.more)]
    for exam in exams:
        looked |= {id: exam.loaded.photos[id] for id in exam.ids()}
        ids += [exam.asked(question)[0] for question in exam.loaded.questions()]
    cells = cells_of(model.folder, towers.checksum(), looked, ids, Silent())
    for name, grids in GRIDS.items():
        some, folder = cells.part(grids), runs / f"attention-{len(grids)}"
        network, best = trained(some, triplets, known, settings, folder, Silent())
        yield Trained(seeing(f"attention: {name}", graph_of(network), model.dim, some.of), best, epochs_of(folder))


def epochs_of(folder: Path) -> int:
    """Those of a training, by its log."""
    return max(line.get("epoch", 0) for line in read_journal(folder))


def costs_of(ways: list[Way], learned: list[Trained], one: Asked, model: Model) -> Iterator[str]:
    """What each way costs, and a look at the garment."""
    by_name = {entry.way.name: entry for entry in learned}
    lines = ["| | parameters | multiply-adds | ms | best epoch |", "|---|---|---|---|---|"]
    for way in ways:
        entry = by_name.get(way.name)
        best = f"{entry.best_epoch} of {entry.epochs}" if entry else ""
        lines.append(f"| {way.name} | {way.parameters:,} | {way.multiply_adds:,} | {one.ms(way):.2f} | {best} |")
    yield "\n".join(lines)
    yield (
        "Multiply-adds are those of matrix products. The ms are of one question, from vectors (and cells) to a vector, "
        f"in one thread, median. Before that, what looks at the garment's cells has to run the tower again, on the "
        f"photo cut to the garment: {look_ms(model, one):.1f} ms."
    )


def look_ms(model: Model, one: Asked) -> float:
    """Of a decoded photo: its garment found, cut out, prepared, and run through the tower; the median."""
    encoder = CellEncoder(read_folder(model.folder), of_garment=True)
    references = [one.exam.asked(question)[0] for question in one.exam.loaded.questions()]
    took = []
    for id in dict.fromkeys(references[: LOOKS + 1]):
        pixels = images.decode(one.exam.loaded.photos[id], encoder.min_side)
        began = time.perf_counter()
        encoder.encode([encoder.prepare(pixels)])
        took.append(1000 * (time.perf_counter() - began))
    return median(took[1:])


def table(name: tuple[str, str], ways: list[Way], measured: dict[tuple[tuple[str, str], str], Path]) -> Iterator[str]:
    """A benchmark's figures, a line a way, and how far each lies from the shipped Combiner."""
    results = {way.name: read_result(measured[name, way.name]) for way in ways}
    first, shown = results[SHIPPED], [metric for metric in SHOWN if metric in results[SHIPPED].metrics]
    yield (
        f"**{first.benchmark}**, {first.split}, protocol `{first.protocol}`: {first.queries:,} questions, gallery "
        f"{first.gallery_size:,} (`{first.gallery_hash[:12]}`)"
    )
    lines = [f"| | {' | '.join(shown)} | {shown[0]} beyond the shipped |", "|---" * (2 + len(shown)) + "|"]
    for way in ways:
        cells = [figure(results[way.name], metric) for metric in shown]
        cells.append(against(measured[name, SHIPPED], measured[name, way.name], shown[0]))
        lines.append(f"| {way.name} | {' | '.join(cells)} |")
    yield "\n".join(lines)


if __name__ == "__main__":
    main()

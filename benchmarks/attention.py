"""What attention over the cells of a photo gains over the Combiner, with a model's features, which stay as they are.

    python benchmarks/attention.py RUNS [--only SEES ...] [--model lookseek-base] [--keep FOLDER] [--write]

Attention sees words and the photo's vector; the photo's cells too; the garment's cells too. It is trained by the loop
of ``train combiner``, on myntra's triplets of train, in the order and words of the Combiner that is trained beside it.
RUNS gets a folder a training, with its log; what is there is gone on with. Settings and best epochs are chosen on val
of myntra-composed; what was chosen is then measured on its test, and on drawn-composed, once. --only leaves out what
sees less. --keep (results/composers) gets the result files, which ``lookseek compare`` reads; what is there is not
measured again. --write puts the tables into docs/benchmarks/attention.md. What follows from them:
docs/decisions/combiner.md.

Needs ``pip install 'lookseek[train]'`` and the folder of LOOKSEEK_DATA. Some 10 minutes for the cells on 2 cores, once
(they are kept where vectors are), then half an hour.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from attention_cells import CELLS, CellEncoder
from attention_training import GRIDS, Seen, cells_of, graph_of, read, trained
from ways import DATA, SHIPPED, TOP, Asked, Way, against, asked, composing, figure, photos, seeing, shipped

from lookseek import images
from lookseek.encode import Model, load_model
from lookseek.encode.folder import read_folder
from lookseek.encode.model import DEFAULT
from lookseek.evaluate.result import read_result, short_commit
from lookseek.train.combiner.combiner import Combiner
from lookseek.train.combiner.exam import Exam
from lookseek.train.combiner.export import composer_graph
from lookseek.train.combiner.job import train_combiner
from lookseek.train.combiner.run import COMBINER
from lookseek.train.combiner.settings import settings_of
from lookseek.train.combiner.stages import features
from lookseek.train.combiner.towers import ModelTowers
from lookseek.train.combiner.triplets import read_data
from lookseek.train.trainer.devices import Machine, Silent
from lookseek.train.trainer.log import read_journal

PAGE = TOP / "docs" / "benchmarks" / "attention.md"
JUDGED = ("any@1", "any@10", "any@50")
SHOWN = ("recall@10", "recall@50", "any@10", "any@50")
BESIDE, ATTENTION = "Combiner, trained beside", "attention to"
CHOSEN = "chosen"
"""A file in the folder of a training that was chosen on val."""

LOOKS = 50
"""Photos whose median is the time of a look at the garment's cells."""


RECIPE: Mapping[str, str | float] = {"precision": "32-true", "epochs": 40, "drawn": 0.0}
"""Of all trainings, beside the preset ``modern``."""

TRIED: Mapping[str, Mapping[str, float]] = {
    "dropout .1": {"dropout": 0.1},
    "dropout .3": {"dropout": 0.3},
}
"""What attention over all cells was trained with, beside ``RECIPE``; the best on val is that of all."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A training.

    Args:
        folder: of it.
        best_epoch: on val.
        val: the figure there that chose, the mean of the others.
        figures: any@1, any@10 and any@50 there.
        epochs: until it ended.
    """

    folder: Path
    best_epoch: int
    val: float
    figures: tuple[float, ...]
    epochs: int


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--only", choices=GRIDS, nargs="*", default=list(GRIDS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--keep", type=Path, default=TOP / "results" / "composers")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    model = load_model(given.model)
    towers, runs = ModelTowers(model), runs_of(given.runs, model, given.seed)
    beside, combiner = trained_combiner(given.model, given.seed, runs)
    asks = {name: asked(photos(name), towers) for name in ("myntra-composed", "drawn-composed")}
    learned, ways = train_all(model, given.seed, given.only, runs, [one.exam for one in asks.values()])
    ways = [*shipped(model), composing(BESIDE, composer_graph(combiner), model.dim), *ways]
    said = {"name": model.name, "checksum": model.checksum, "words": model.words}
    measured = {(name, way.name): one.measured(way, said, given.keep) for name, one in asks.items() for way in ways}
    commits = {short_commit(read_result(path).commit) for path in measured.values()}
    lines = [
        "# Attention over a photo's cells",
        f"Written by `python benchmarks/attention.py RUNS --write` on {datetime.now(UTC):%Y-%m-%d} from commit "
        f"{' and '.join(sorted(commits))}. Model {model.name} (`{model.checksum[:12]}`, words `{model.words[:12]}`), "
        f"seed {given.seed}. Brackets: 95 % bootstrap intervals over what asks; differences by the paired bootstrap. "
        "Settings and epochs were chosen on val of myntra-composed, nothing on test.",
        *choices({BESIDE: beside, **learned}),
        *costs_of(ways, asks["myntra-composed"], model),
        *(line for name in asks for line in table(name, ways, measured)),
    ]
    text = "\n\n".join(lines) + "\n"
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


def runs_of(runs: Path, model: Model, seed: int) -> Path:
    """Where the trainings on a model's features are."""
    return runs / f"{model.checksum[:12]}-{model.words[:12]}-{seed}"


def trained_combiner(named: str, seed: int, runs: Path) -> tuple[Trained, Combiner]:
    """A Combiner of the same triplets, in the same order and words."""
    changes = {**RECIPE, "seed": seed}
    done = train_combiner(
        str(DATA / "myntra"), runs / "combiner", changes=changes, model=named, machine=Machine("cpu"), progress=Silent()
    )
    return told(runs / "combiner" / COMBINER), done.run.combiner(runs / "combiner")


def train_all(
    model: Model, seed: int, only: list[str], runs: Path, exams: list[Exam]
) -> tuple[dict[str, Trained], list[Way]]:
    """Attention with all that is tried, then what sees less, as the best was trained; and those as ways."""
    triplets, towers = read_data(DATA / "myntra", seed), ModelTowers(model)
    known = features(towers, triplets, settings_of("modern", {}), Silent())
    looked, ids = dict(triplets.photos), [e.reference for e in (*triplets.train, *triplets.more)]
    for exam in (triplets.exams["val"], *exams):
        looked |= {id: exam.loaded.photos[id] for id in exam.ids()}
        ids += [exam.asked(question)[0] for question in exam.loaded.questions()]
    cells = cells_of(model.folder, towers.checksum(), looked, ids, Silent())

    def train(setting: str, sees: str) -> Trained:
        folder = runs / f"attention-{len(GRIDS[sees])}-{setting.replace(',', '').replace(' ', '-')}"
        settings = settings_of("modern", {**RECIPE, "seed": seed, **TRIED[setting]})
        trained(cells.part(GRIDS[sees]), triplets, known, settings, folder, Silent())
        return told(folder)

    *fewer, most = GRIDS
    fewer = [sees for sees in fewer if sees in only]
    tried = {setting: train(setting, most) for setting in TRIED}
    best = max(tried, key=lambda setting: tried[setting].val)
    learned = {f"{ATTENTION} {sees}": train(best, sees) for sees in (*fewer, most)}
    for training in learned.values():
        (training.folder / CHOSEN).touch()
    named = {f"{ATTENTION} {most}, {setting}": training for setting, training in tried.items()}
    named |= {f"{ATTENTION} {sees}, {best}": learned[f"{ATTENTION} {sees}"] for sees in fewer}
    return named, [way_of(name, one.folder, model, cells) for name, one in learned.items()]


def way_of(name: str, folder: Path, model: Model, cells: Seen) -> Way:
    """What a training has learned."""
    network = read(folder)
    some = cells.part(range(network.shape[0] // (CELLS * CELLS)))
    return seeing(name, graph_of(network), model.dim, some.of)


def told(folder: Path) -> Trained:
    """What a training's log says."""
    epochs = [line for line in read_journal(folder) if "val" in line]
    best = max(epochs, key=lambda line: line["val"])  # the first of equals, as the loop has it
    return Trained(folder, best["epoch"], best["val"], tuple(best[name] for name in JUDGED), len(epochs))


def choices(trainings: Mapping[str, Trained]) -> Iterator[str]:
    """What was trained, and how it did where it was chosen."""
    yield "On val of myntra-composed, at its best epoch; the mean chose:"
    lines = [f"| | mean | {' | '.join(JUDGED)} | best epoch |", "|---" * (3 + len(JUDGED)) + "|"]
    for name, one in trainings.items():
        figures = " | ".join(f"{value:.3f}" for value in (one.val, *one.figures))
        lines.append(f"| {name} | {figures} | {one.best_epoch} of {one.epochs} |")
    yield "\n".join(lines)


def costs_of(ways: list[Way], one: Asked, model: Model) -> Iterator[str]:
    """What each way costs, and a look at the garment."""
    lines = ["| | parameters | multiply-adds | ms |", "|---|---|---|---|"]
    lines += [f"| {way.name} | {way.parameters:,} | {way.multiply_adds:,} | {one.ms(way):.2f} |" for way in ways]
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


def table(name: str, ways: list[Way], measured: Mapping[tuple[str, str], Path]) -> Iterator[str]:
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

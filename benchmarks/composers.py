"""All composers side by side: what each costs, and what it finds where a photo is asked for with a change.

    python benchmarks/composers.py [--attention RUNS] [--captions RUN] [--model lookseek-base] [--keep FOLDER] [--write]

RUNS is the folder of ``attention.py``, RUN that of ``language_only.py``; what is left out has no row. Nothing is
trained here and nothing is chosen: with the vectors kept from before, the composers are all that runs, a minute or two.
--keep (results/composers) gets the result files, which ``lookseek compare`` reads; what those two have measured is not
measured again. --write puts the tables into docs/benchmarks/composers.md. Needs ``pip install 'lookseek[train]'`` and
the folder of LOOKSEEK_DATA.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from attention import ATTENTION, CHOSEN, RECIPE, look_ms, told, way_of
from attention_training import GRIDS, Seen, cells_of
from language_only import NAME
from ways import DATA, SHIPPED, TOP, Asked, Way, against, asked, composing, figure, photos, shipped

from lookseek.encode import Model, load_model
from lookseek.encode.model import DEFAULT
from lookseek.errors import TrainError
from lookseek.evaluate.result import Result, read_result, short_commit
from lookseek.train.combiner.export import composer_graph
from lookseek.train.combiner.run import read_run
from lookseek.train.combiner.towers import ModelTowers
from lookseek.train.combiner.triplets import read_data
from lookseek.train.trainer.devices import Silent

PAGE = TOP / "docs" / "benchmarks" / "composers.md"


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
        note="A caption that a machine wrote stands for each photo: no figure here is of FashionIQ's photos, and what "
        f"needs a photo's cells can't be asked. The epoch of the {NAME} was chosen on these very questions",
    ),
}


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attention", type=Path)
    parser.add_argument("--captions", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--keep", type=Path, default=TOP / "results" / "composers")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    model = load_model(given.model)
    towers, said = ModelTowers(model), {"name": model.name, "checksum": model.checksum, "words": model.words}
    exams = [photos("myntra-composed"), photos("drawn-composed"), read_data(DATA / "fashioniq", 0).exams["val"]]
    asks = {exam.benchmark.name: asked(exam, towers) for exam in exams}
    shop = asks["myntra-composed"]
    plain = [*shipped(model), *(captions(given.captions, model) if given.captions else ())]
    looking = list(attention(given.attention, model, asks)) if given.attention else []
    lines, commits = [*prices([*plain, *looking], shop, model, bool(looking))], set()
    for name, one in asks.items():
        ways = plain if one.exam.captions else [*plain, *looking]
        paths = {way.name: one.measured(way, said, given.keep) for way in ways}
        lines += figures(COLUMNS[name], paths)
        commits |= {short_commit(read_result(path).commit) for path in paths.values()}
    head = (
        f"Written by `python benchmarks/composers.py --attention RUNS --captions RUN --write` on "
        f"{datetime.now(UTC):%Y-%m-%d} from commit {' and '.join(sorted(commits))}. Model {model.name} "
        f"(`{model.checksum[:12]}`, words `{model.words[:12]}`). Brackets: 95 % bootstrap intervals over what asks "
        "(seed 0); differences by the paired bootstrap. Nothing was chosen on test."
        + (" How the Combiner of captions was trained: [language-only](language-only.md)." if given.captions else "")
        + (f" {said_of(given.attention, model)}" if looking else "")
    )
    text = "\n\n".join(["# Composers side by side", head, *lines]) + "\n"
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


def captions(run: Path, model: Model) -> Iterator[Way]:
    """The Combiner that learned from captions.

    Raises:
        TrainError: it is of another model.
    """
    said = read_run(run)
    if said.checksum != ModelTowers(model).checksum():
        raise TrainError(f"{run} was trained with other towers than {model.name} has: run language_only.py again")
    yield composing(NAME, composer_graph(said.combiner(run)), model.dim)


def attention(runs: Path, model: Model, asks: Mapping[str, Asked]) -> Iterator[Way]:
    """Attention over the most cells, as ``attention.py`` chose it.

    Raises:
        TrainError: there is none of this model.
    """
    *_, most = GRIDS
    yield way_of(f"{ATTENTION} {most}", chosen(runs, model), model, seen_by(model, asks))


def chosen(runs: Path, model: Model) -> Path:
    """The folder of its training."""
    *_, most = GRIDS
    marks = sorted(runs.glob(f"{model.checksum[:12]}-{model.words[:12]}-*/attention-{len(GRIDS[most])}-*/{CHOSEN}"))
    if not marks:
        raise TrainError(f"{runs} has no attention that was trained with the towers of {model.name}: run attention.py")
    return marks[-1].parent


def said_of(runs: Path, model: Model) -> str:
    """How attention was trained."""
    training = told(chosen(runs, model))
    setting = training.folder.name.split("-", 2)[2].replace("-", " ")
    return (
        f"Attention was trained by `benchmarks/attention.py` on myntra's triplets of train ({setting}); of its "
        f"{training.epochs} epochs ({RECIPE['epochs']} at most) the {training.best_epoch}th is measured, chosen on val "
        "of myntra-composed."
    )


def seen_by(model: Model, asks: Mapping[str, Asked]) -> Seen:
    """The cells of every photo that is asked with."""
    shown = [one.exam for one in asks.values() if not one.exam.captions]
    ids = [exam.asked(question)[0] for exam in shown for question in exam.loaded.questions()]
    there = {id: exam.loaded.photos[id] for exam in shown for id in exam.ids()}
    return cells_of(model.folder, ModelTowers(model).checksum(), there, ids, Silent())


def prices(ways: list[Way], shop: Asked, model: Model, looking: bool) -> Iterator[str]:
    """What each costs."""
    lines = ["| | parameters | multiply-adds | ms a question |", "|---|---|---|---|"]
    lines += [f"| {way.name} | {way.parameters:,} | {way.multiply_adds:,} | {shop.ms(way):.2f} |" for way in ways]
    yield "\n".join(lines)
    look = f" Attention has to look at the garment before, {look_ms(model, shop):.1f} ms more." if looking else ""
    yield (
        "Of the composer alone: from the vectors of one photo and one change to the vector that is searched for, in "
        f"one thread, median. Multiply-adds are those of matrix products.{look}"
    )


def figures(column: Column, paths: Mapping[str, Path]) -> Iterator[str]:
    """A benchmark's table, and one by what is asked."""
    results = {name: read_result(path) for name, path in paths.items()}
    first = results[SHIPPED]
    yield (
        f"**{first.benchmark}**, {first.split}, protocol `{first.protocol}`: {first.queries:,} questions, gallery "
        f"{first.gallery_size:,} (`{first.gallery_hash[:12]}`)." + (f" {column.note}." if column.note else "")
    )
    heads = [*column.metrics, f"{column.metrics[0]} beyond the {SHIPPED}"]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for name, result in results.items():
        beyond = against(paths[SHIPPED], paths[name], column.metrics[0])
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

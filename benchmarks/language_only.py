"""A Combiner that has seen no photo: it learns human changes from FashionIQ's captions, and is then used with photos.

    python benchmarks/language_only.py RUN [--model lookseek-base] [--keep results/composers] [--write]

FashionIQ's photos can't be had, its changes in people's words can, and a caption that a machine wrote of every photo.
In a joint space a caption lies near its photo, so what composes captions with changes may compose photos with them. RUN
gets the training (``lookseek train combiner FASHIONIQ RUN``); what is there is gone on with. First it is measured where
it learned, on captions (a proxy, val, on which its epoch was chosen too), then on photos that it never saw:
myntra-composed and drawn-composed, test. --keep gets the result files, which ``lookseek compare`` reads; what is there
is not measured again. --write puts the tables into docs/benchmarks/language-only.md. Needs ``pip install
'lookseek[train]'`` and the folder of LOOKSEEK_DATA. Some 20 minutes for the texts on 2 cores, once, then 5.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ways import DATA, SHIPPED, SUM, TOP, Way, against, asked, composing, figure, photos, shipped

from lookseek.encode import load_model
from lookseek.encode.model import DEFAULT
from lookseek.evaluate.result import read_result, short_commit
from lookseek.train.combiner.export import composer_graph
from lookseek.train.combiner.job import train_combiner
from lookseek.train.combiner.towers import ModelTowers
from lookseek.train.combiner.triplets import read_data
from lookseek.train.trainer.devices import Machine, Silent

PAGE = TOP / "docs" / "benchmarks" / "language-only.md"
SHOWN = ("recall@10", "recall@50", "any@10")
NAME = "Combiner of captions"
CHOSE = f"A proxy: captions of a machine stand for the photos. The epoch of the {NAME} was chosen on these questions"


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--keep", type=Path, default=TOP / "results" / "composers")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    source, model = DATA / "fashioniq", load_model(given.model)
    trained = train_combiner(
        str(source), given.run, changes={"epochs": 40}, model=given.model, machine=Machine("cpu"), progress=Silent()
    )
    run, towers = trained.run, ModelTowers(model)
    ways = [*shipped(model), composing(NAME, composer_graph(run.combiner(given.run)), model.dim)]
    captions = read_data(source, run.settings.seed).exams["val"]
    said = {"name": model.name, "checksum": model.checksum, "words": model.words}
    tables, commits = [], set()
    for exam in (captions, photos("myntra-composed"), photos("drawn-composed")):
        one = asked(exam, towers)
        paths = {way.name: one.measured(way, said, given.keep) for way in ways}
        tables += table(ways, paths, CHOSE if exam.captions else "")
        commits |= {short_commit(read_result(path).commit) for path in paths.values()}
    lines = [
        "# A Combiner that has seen no photo",
        f"Written by `python benchmarks/language_only.py RUN --write` on {datetime.now(UTC):%Y-%m-%d} from commit "
        f"{' and '.join(sorted(commits))}. Model {model.name} (`{model.checksum[:12]}`, words `{model.words[:12]}`); "
        f"{run.triplets['train']:,} triplets of FashionIQ's train split with captions of a machine in place of photos, "
        f"seed {run.settings.seed}, best epoch {trained.best_epoch} of {run.settings.epochs} by the mean of "
        f"{' and '.join(captions.judged)} on FashionIQ's val, captions again. Brackets: 95 % bootstrap intervals over "
        "what asks; differences by the paired bootstrap. Nothing was chosen on test. The model's own Combiner learned "
        "from myntra's photos of train, and from no caption.",
        *tables,
    ]
    text = "\n\n".join(lines) + "\n"
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


def table(ways: list[Way], paths: dict[str, Path], note: str) -> Iterator[str]:
    """A benchmark's figures, a line a way, and how far each lies from the plain sum."""
    results = {name: read_result(path) for name, path in paths.items()}
    first = results[SHIPPED]
    shown = [metric for metric in SHOWN if metric in first.metrics]
    yield (
        f"**{first.benchmark}**, {first.split}, protocol `{first.protocol}`: {first.queries:,} questions, gallery "
        f"{first.gallery_size:,} (`{first.gallery_hash[:12]}`)" + (f". {note}" if note else "")
    )
    lines = [f"| | {' | '.join(shown)} | {shown[0]} beyond the sum |", "|---" * (2 + len(shown)) + "|"]
    for way in ways:
        cells = [figure(results[way.name], metric) for metric in shown]
        lines.append(f"| {way.name} | {' | '.join(cells)} | {against(paths[SUM], paths[way.name], shown[0])} |")
    yield "\n".join(lines)


if __name__ == "__main__":
    main()

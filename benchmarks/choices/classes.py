"""What training for classes gives: the classifier's own accuracy, and retrieval before and after.

    python -m benchmarks.choices.classes RUN... [--model MODEL] [--keep FOLDER] [--write]

RUN are run folders that ``lookseek train classifier DATA/clothing RUN`` left, the one of MODEL first; MODEL is what
``lookseek export`` made of it. Their test photos were measured once, when each training ended; a run that has not ended
is told with its best accuracy on val. Retrieval is measured as ``lookseek evaluate`` does, before with the shipped
model, after with MODEL, paired over photos. Result files stay in FOLDER.

Needs ``pip install 'lookseek[fast,train]'`` and the folder of LOOKSEEK_DATA.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from benchmarks.paths import DATA, PAGES, ROOT
from benchmarks.progress import Stages
from lookseek.atomic import write_text
from lookseek.evaluate.compare import compare
from lookseek.evaluate.details import details_path, write_details
from lookseek.evaluate.registry import BENCHMARKS
from lookseek.evaluate.result import short_commit, source_commit
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Options
from lookseek.train.classifier.run import read_run
from lookseek.train.trainer.log import read_log
from lookseek.train.trainer.results import read_test_result

PAGE = PAGES / "classes.md"
BEFORE = "efficientnet-lite2"

ASKED = (
    ("clothing", "clothing", "val", ("map@10", "map@100", "precision@10", "accuracy")),
    ("clothing", "clothing", "test", ("map@10", "map@100", "precision@10", "accuracy")),
    ("clothing-judged", "clothing", "test", ("ndcg@10",)),
    ("drawn-instance", "", "test", ("recall@1", "recall@10", "map")),
)
"""Benchmark, its folder, the split that asks, the figures that are shown."""

HEAD = """# Training for classes: what it gives and what it takes

Written by `python -m benchmarks.choices.classes {arguments} --write` on {date}, commit {commit}, with the folder
`clothing`: 1,042 photos of train, 316 of val, 344 of test, photographers apart. Brackets are 95 % bootstrap intervals
over photos.

## Accuracy of dress, shirt, toptee

The best of the epochs is chosen on val; test is measured once, with its weights. Chance, the largest class, is .535.

| preset | backbone | first weights | epochs | val | test | dress | shirt | toptee |
|---|---|---|---|---|---|---|---|---|"""


def accuracies(run: Path) -> str:
    """One row: a run's figures."""
    said, result = read_run(run), read_test_result(run)
    epochs = [line for line in read_log(run) if "epoch" in line]
    best = max(epochs, key=lambda line: (line["val_accuracy"], -line["val_loss"]))
    gone = f"best {best['epoch']} of {len(epochs)}"
    if len(epochs) < said.settings.epochs:
        gone += f", stopped before {said.settings.epochs}"
    row = [said.preset, said.settings.backbone, said.weights, gone, f"{best['val_accuracy']:.3f}"]
    if result is None:
        return f"| {' | '.join([*row, 'not measured', '', '', ''])} |"
    figure = result.metrics["accuracy"]
    parts = [f"{result.metrics[f'accuracy/{name}'].value:.3f}" for name in said.classes]
    return f"| {' | '.join([*row, f'{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]', *parts])} |"


def retrieval(model: str, data: Path, keep: Path) -> Iterator[str]:
    """Rows: each figure before, after, and the difference."""
    for name, place, split, metrics in ASKED:
        paths = []
        for system in (BEFORE, model):
            path = keep / f"{name}-{split}-{Path(system).name}.json"
            options = Options(data / place, split, BENCHMARKS[name].protocols[0])
            done = evaluate(BENCHMARKS[name], options, open_system(system), Stages())
            write_text(path, done.result.to_json())
            write_details(done.outcomes, details_path(path))
            paths.append(path)
        both = compare(paths)
        first = both.results[0]
        for metric in metrics:
            before, after = both.metrics[metric]
            d = both.differences[metric][0]
            yield (
                f"| {name}, {split} ({first.queries:,} queries, gallery {first.gallery_size:,}) | {metric} | "
                f"{before.value:.3f} | {after.value:.3f} | {d.by:+.3f} [{d.low:+.3f}, {d.high:+.3f}] |"
            )


def main() -> None:
    """Measures, prints and perhaps writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--model")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--keep", type=Path, default=ROOT / "results" / "classes")
    parser.add_argument("--write", action="store_true", help=f"also to {PAGE.relative_to(ROOT)}")
    chosen = parser.parse_args()
    arguments = " ".join(
        [*(run.name for run in chosen.runs), *(["--model", Path(chosen.model).name] * bool(chosen.model))]
    )
    lines = [HEAD.format(arguments=arguments, date=date.today(), commit=short_commit(source_commit()))]
    lines += [accuracies(run) for run in chosen.runs]
    if chosen.model:
        lines += [
            "",
            "## Retrieval before and after",
            "",
            f"Before: the shipped model, {BEFORE}. After: the first row's network, exported. By cosine; accuracy is by",
            "the votes of the ten nearest photos.",
            "",
            "| benchmark | figure | before | after | difference |",
            "|---|---|---|---|---|",
            *retrieval(chosen.model, chosen.data, chosen.keep),
        ]
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Every loss of ``train metric``, a class layer alone and capsules, taught on drawn designs: unseen designs found.

    python -m benchmarks.choices.losses RUNS [--designs 1200] [--epochs 30] [--only NAME ...] [--write]

Each row is a training that ``lookseek train`` runs, in RUNS/NAME, one after another; one that has ended is not run
again. All but the capsules learn an embedding behind lookseek-2, frozen, whose vectors are computed once: by the first
row that runs, whose minutes hold that. Figures are of drawn-instance's test, 200 designs in four views of which
no training saw one; models as they are stand beside. The settings are those of the preset, but for the epochs: nothing
was chosen. Minutes are those of the processor, of all cores. --write puts the table into docs/benchmarks/losses.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from benchmarks.paths import PAGES
from lookseek.train.metric.settings import Loss

FIGURES = ("recall@1", "recall@10", "map")
AS_THEY_ARE = ("lookseek-2", "lookseek-base", "efficientnet-lite2")
CLASS = "class layer alone"
CAPSULES = "capsules"


def commands(designs: int, epochs: int) -> dict[str, list[str]]:
    """What each row is made by, without the run folder."""
    frozen = ["--backbone", "model:lookseek-2", "--view", "none", "--views", "1", "--epochs", str(epochs)]
    data = f"drawn:{designs}"
    losses = {loss: ["metric", data, *frozen, "--loss", loss] for loss in get_args(Loss)}
    classes = {CLASS: ["metric", data, *frozen, "--similarity", "0", "--classification", "1"]}
    return losses | classes | {CAPSULES: ["capsule", data]}


def train(row: list[str], folder: Path) -> None:
    """Train a row where its folder has no figures yet, and note the minutes."""
    if (folder / "test.json").is_file():
        return
    recipe, data, *options = row
    before = _used()
    subprocess.run([sys.executable, "-m", "lookseek.cli", "train", recipe, data, str(folder), *options], check=True)
    (folder / "minutes.txt").write_text(f"{(_used() - before) / 60:.2f}\n", encoding="ascii")


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def measure(model: str, file: Path) -> dict[str, Any]:
    """The result of a model as it is; kept in a file."""
    if not file.is_file():
        command = [sys.executable, "-m", "lookseek.cli", "evaluate", "drawn-instance", "--model", model]
        subprocess.run([*command, "--split", "test", "--json", str(file)], check=True, stdout=subprocess.DEVNULL)
    return dict(json.loads(file.read_bytes()))


def cells(result: dict[str, Any]) -> list[str]:
    """Each figure with its interval."""
    found = (result["metrics"][name] for name in FIGURES)
    return [f"{each['value']:.3f} [{each['low']:.3f}, {each['high']:.3f}]" for each in found]


def table(runs: Path, rows: dict[str, list[str]]) -> str:
    """As Markdown, the best recall@1 first, models as they are below."""
    lines = [f"| taught by | {' | '.join(FIGURES)} | minutes |", "|---" * (len(FIGURES) + 2) + "|"]
    ended = [name for name in rows if (runs / name / "test.json").is_file()]
    results = {name: json.loads((runs / name / "test.json").read_bytes()) for name in ended}
    for name in sorted(ended, key=lambda name: -results[name]["metrics"]["recall@1"]["value"]):
        minutes = float((runs / name / "minutes.txt").read_text())
        lines.append(f"| {name} | {' | '.join(cells(results[name]))} | {minutes:.1f} |")
    for model in AS_THEY_ARE:
        lines.append(f"| nothing: {model} as it is | {' | '.join(cells(measure(model, runs / f'{model}.json')))} | |")
    return "\n".join(lines)


def main() -> None:
    """Train what has not ended, and print or write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("runs", type=Path)
    options.add_argument("--designs", type=int, default=1_200)
    options.add_argument("--epochs", type=int, default=30)
    options.add_argument("--only", nargs="*", default=[], help="rows to train; without it all")
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    rows = commands(given.designs, given.epochs)
    given.runs.mkdir(parents=True, exist_ok=True)
    measure(
        "lookseek-2", given.runs / "lookseek-2.json"
    )  # the test's photos are then encoded, and no row pays for them
    for name, row in rows.items():
        if not given.only or name in given.only:
            train(row, given.runs / name)
    text = table(given.runs, rows)
    print(text)
    if given.write:
        head = f"# Losses beside each other\n\n```\n{(__doc__ or '').strip()}\n```\n"
        made = f"{given.designs:,} designs, {given.epochs} epochs, {datetime.now(UTC):%Y-%m-%d}"
        left = [name for name in rows if not (given.runs / name / "test.json").is_file()]
        told = f"\n{made}; 800 queries, gallery 800, 95 % intervals by query.\n"
        told += f"\nNot trained: {', '.join(left)}.\n" if left else ""
        (PAGES / "losses.md").write_text(f"{head}\n{text}\n{told}", encoding="utf-8")


if __name__ == "__main__":
    main()

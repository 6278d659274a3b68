"""Attribute tagging beside each other: mean AP of each attribute, of runs of ``train tags`` and ``train weak``.

    A="Pattern,Sleeve Length,Neck,Length,Fit,Material,Fastening,Toe Shape"
    lookseek train tags DATA/myntra head --attributes "$A"
    lookseek train tags DATA/myntra probe --model lookseek-base --attributes "$A" --hidden 0 --dropout 0
    the same with --no-exclusive
    lookseek train weak DATA/myntra words --words 600 --negatives 32 --dim 256 --hidden 512 --epochs 10
    python -m benchmarks.choices.tagging head probe words [--split val] [--write]

Each run measured itself when it ended, once, with ``train/tags/measure.py``: for an attribute, the photos that state it
are ranked for each of its values. The runs must be of the same data. --write puts the table into
docs/benchmarks/tagging.md.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.paths import PAGES

ATTRIBUTES = ("Pattern", "Sleeve Length", "Neck", "Length", "Fit", "Material", "Fastening", "Toe Shape")
"""Those that are told apart on a photo; calibration.json has all."""


def read(run: Path, split: str) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """A run's run.json, and by attribute its mean AP and that of chance."""
    figures = json.loads((run / "calibration.json").read_bytes())["figures"]
    if split not in figures:
        raise SystemExit(f"{run} has no figures on {split}: it has {', '.join(figures)}")
    return json.loads((run / "run.json").read_bytes()), figures[split]["mean_ap"]


def table(runs: list[tuple[dict[str, Any], dict[str, list[float]]]]) -> str:
    """As Markdown: a row for each attribute that all runs have, and their mean."""
    if len({run["data"] for run, _ in runs}) > 1:
        raise SystemExit("the runs are of different data: give runs of one folder")
    names = [name for name in ATTRIBUTES if all(name in found for _, found in runs)]
    if not names:
        raise SystemExit(f"no attribute of {', '.join(ATTRIBUTES)} is measured in all runs: give runs of the shop")
    rows = [[name, runs[0][1][name][1], *(found[name][0] for _, found in runs)] for name in names]
    rows.append(["mean", *(fmean(row[place] for row in rows) for place in range(1, len(rows[0])))])  # type: ignore[type-var]
    heads = [f"{run['recipe']} on {Path(run['model']).name}{_plain(run)}" for run, _ in runs]
    lines = [f"| attribute | chance | {' | '.join(heads)} |", "|---" * (len(heads) + 2) + "|"]
    lines += [f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |" for name, *values in rows]
    return "\n".join(lines)


def _counts(runs: list[tuple[dict[str, Any], dict[str, list[float]]]], split: str) -> str:
    return ", ".join(f"{run['photos'][split]:,}" for run, _ in runs)


def _plain(run: dict[str, Any]) -> str:
    settings = run["settings"]
    linear = ", linear" if settings["hidden"] == 0 else ""
    return linear if run["recipe"] == "weak" or settings.get("exclusive", True) else f"{linear}, values independent"


def written_table(runs: list[Path], split: str) -> str:
    """As Markdown: what the thresholds of val come to."""
    lines = [
        "| run | asked on val | right | of values there are | values written | probabilities off by |",
        "|---|---|---|---|---|---|",
    ]
    for folder in runs:
        run = json.loads((folder / "run.json").read_bytes())
        found = json.loads((folder / "calibration.json").read_bytes())["figures"][split]
        lines.append(
            f"| {run['recipe']} on {Path(run['model']).name}{_plain(run)} | {run['settings']['precise']:.2f} | "
            f"{found['precision']:.3f} | {found['recall']:.3f} | {found['written']:,} | {found['error']:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--split", default="test")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    runs = [read(run, given.split) for run in given.runs]
    text = f"""# Attribute tagging

Written by `python -m benchmarks.choices.tagging` on {datetime.now(UTC).date().isoformat()}: mean average precision on
{given.split} of {Path(runs[0][0]["data"]).name}, over the photos that state the attribute. Photos, in the
order of the columns: train {_counts(runs, "train")}; {given.split} {_counts(runs, given.split)}. Epochs, calibration
and thresholds were chosen on val. The commands: `benchmarks/choices/tagging.py`.

{table(runs)}

"Linear" is the linear probe: one layer on the model's vectors. Its values compete within their attribute as those of
the others do, but where "independent" stands.

What is written at the thresholds, of values and words that are known of a photo, {given.split}:

{written_table(given.runs, given.split)}
"""
    if given.write:
        (PAGES / "tagging.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()

"""Same-class retrieval on the amateur photos of ``clothing``, through the product's own index and search.

    python benchmarks/clothing.py [--data FOLDER] [--split test|val] [--write]

Protocol: queries are the photos of the split with a category (dress, shirt, toptee); the gallery is train and val
(for --split val: train alone) with a category; photographers stand on one side only; right means the same category.
mAP@10 = mean over queries of (1 / min(10, R)) x sum over ranks i <= 10 of precision@i x right@i, R = items of that
category in the gallery; accuracy@10 = share of the ten that are right; brackets hold 95 % bootstrap intervals over
queries (1,000 resamples, seed 0).
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lookseek import Query, Searcher, build_index, open_catalogue
from lookseek.search import COLOUR_WEIGHT
from lookseek.types import Skipped

CATEGORIES = ("dress", "shirt", "toptee")
K, RESAMPLES, SEED = 10, 1000, 0


class Quiet:
    """A progress that says nothing."""

    def phase(self, name: str, total: int | None) -> None: ...

    def advance(self, entries: int) -> None: ...

    def skipped(self, skipped: Skipped) -> None:
        print("skipped", skipped)


def interval(values: Sequence[float]) -> str:
    """Mean and 95 % bootstrap interval."""
    array = np.array(values)
    random = np.random.default_rng(SEED)
    means = [array[random.integers(len(array), size=len(array))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{array.mean():.3f} [{low:.3f}, {high:.3f}]"


def measure(data: Path, split: str, index: Path) -> str:
    """The table as Markdown."""
    build_index(open_catalogue(data / "clothing" / "items.csv"), index, metric="euclidean", progress=Quiet())
    with (data / "clothing" / "items.csv").open(newline="", encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["category"] in CATEGORIES]
    gallery_splits = ("train", "val") if split == "test" else ("train",)
    gallery = [row for row in rows if row["split"] in gallery_splits]
    queries = [row for row in rows if row["split"] == split]
    there = {name: sum(row["category"] == name for row in gallery) for name in CATEGORIES}
    chosen = f"split in ({', '.join(gallery_splits)}) and category in ({', '.join(CATEGORIES)})"
    ways = {
        "look, cosine": Query(filter=chosen, k=K, colour_weight=0.0),
        f"look and colour (weight {COLOUR_WEIGHT}, the default), cosine": Query(filter=chosen, k=K),
        "look, Euclidean": Query(filter=chosen, k=K, metric="euclidean"),
        "colour alone (the floor)": Query(filter=chosen, k=K, colour_weight=1.0),
    }
    lines = [
        f"{len(queries)} queries ({split}), gallery {len(gallery):,} "
        f"({', '.join(f'{name} {count}' for name, count in there.items())})\n",
        "| way | mAP@10 | accuracy@10 | accuracy@10 by category |",
        "|---|---|---|---|",
    ]
    with Searcher(index) as searcher:
        model = searcher.index.manifest
        for name, way in ways.items():
            precision: dict[str, list[float]] = {category: [] for category in CATEGORIES}
            average = []
            for row in queries:
                query = Query(
                    image=data / "clothing" / row["image"],
                    filter=way.filter,
                    k=K,
                    metric=way.metric,
                    colour_weight=way.colour_weight,
                )
                right = np.array([h.attributes["category"] == row["category"] for h in searcher.search(query).hits])
                at = np.cumsum(right) / np.arange(1, len(right) + 1)
                average.append(float((at * right).sum() / min(K, there[row["category"]])))
                precision[row["category"]].append(float(right.mean()))
            every = [value for values in precision.values() for value in values]
            parts = ", ".join(f"{category} {np.mean(values):.3f}" for category, values in precision.items())
            lines.append(f"| {name} | {interval(average)} | {interval(every)} | {parts} |")
    chance = np.mean([there[row["category"]] / len(gallery) for row in queries])
    lines.append(f"| chance | | {chance:.3f} | |")
    recipe = model.recipe
    lines.append(f"\nModel {recipe.model} {recipe.checksum[:12]}, {model.runtime}, {datetime.now(UTC):%Y-%m-%d}.")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write the page where that was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=Path(os.environ.get("LOOKSEEK_DATA") or "../shared/data"))
    options.add_argument("--split", default="test", choices=["test", "val"])
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = measure(chosen.data, chosen.split, Path(folder) / "index")
    print(text)
    if chosen.write:
        page = Path(__file__).parents[1] / "docs" / "benchmarks" / "clothing.md"
        head = f"# Same-class retrieval on clothing\n\n```\n{(__doc__ or '').strip()}\n```\n\n"
        page.write_text(head + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

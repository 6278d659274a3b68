"""How many neighbours vote on a photo's class, and with what weight: accuracy on val of ``clothing``.

    python -m benchmarks.choices.votes [--data FOLDER]

Queries are val's photos, voters train's; the shipped model by cosine; dress, shirt, toptee, and the 17 clear labels.
Equal sums go to the nearer photos. "plain" counts each neighbour alike, "weighted" by exp(cosine / 0.07), as Wu et al.,
"Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018, do.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.paths import DATA
from benchmarks.progress import Stages
from lookseek.evaluate.registry import BENCHMARKS
from lookseek.evaluate.system import open_system
from lookseek.evaluate.task import Options


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA)
    data = options.parse_args().data / "clothing"
    loaded = BENCHMARKS["clothing"].load(Options(data, "val", "photographers-apart"))
    made = open_system("efficientnet-lite2").embed(loaded, loaded.photo_ids(), loaded.queries(), Stages())
    tasks = [task for task in loaded.tasks if task.classes is not None]
    print("| neighbours | categories, plain | categories, weighted | labels, plain | labels, weighted |")
    print("|---|---|---|---|---|")
    for count in (1, 3, 5, 10, 20, 40):
        cells = []
        for task in tasks:
            asked = made.of(query.key for query in task.queries)["look"]
            scores = asked @ made.of(task.gallery)["look"].T
            near = np.argsort(-scores, axis=1, kind="stable")[:, :count]
            nearer = 1 + np.arange(count, 0, -1) / 1000
            right = task.truth.grades(slice(None)).argmax(axis=1)
            for weights in (nearer * np.ones_like(near), np.exp(np.take_along_axis(scores, near, axis=1) / 0.07)):
                votes = np.einsum("qn,qnc->qc", weights, task.classes[near])
                cells.append(f"{(votes.argmax(axis=1) == right).mean():.3f}")
        print(f"| {count} | {' | '.join(cells)} |")
    print(
        f"\n{len(tasks[0].queries):,} and {len(tasks[1].queries):,} queries, "
        f"{len(tasks[0].gallery):,} and {len(tasks[1].gallery):,} voters."
    )


if __name__ == "__main__":
    main()

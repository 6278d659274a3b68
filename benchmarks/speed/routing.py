"""What routing spares and what it loses: the trade-off, a router's own cost, and where plain search wins.

    python -m benchmarks.speed.routing [--data FOLDER] [--work FOLDER] [--write]

Vectors are of ``myntra`` by the shipped model: routers learn from train, masses are chosen on val, test has the
queries and is the gallery, leave-one-out, of its 20 largest article types. For 50,000 items those of test are repeated
with noise of a tenth of their length. One thread: OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import os
import platform
import warnings
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.paths import DATA, PAGES
from benchmarks.speed.routed_search import QUERIES, ROUNDS, costs, searches
from benchmarks.speed.routers import nearest, read, routers
from benchmarks.speed.routing_trade_off import Posteriors, curve, trade_off

MANY = 50_000
"""Items of the larger search."""

HEAD = """# Routing

Written by `python -m benchmarks.speed.routing --write` on {date:%Y-%m-%d}, {machine}, {cores} cores, one used{load}.
`myntra`, the 20 largest article types of test, vectors of the shipped model ({dim} numbers): {train:,} photos of train
are learnt from, {val:,} of val choose temperature and mass, {test:,} of test ask and are the gallery, leave-one-out.
"Kept" is the share of the exact top-10 that is found, "visited" the share of the gallery that is compared. Times are
medians over {queries} queries and {rounds} interleaved rounds.
"""


def main() -> None:
    """Measure and print; with --write, replace the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--work", type=Path, default=Path("/tmp/lookseek-bench"))
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    data = read(chosen.data / "myntra")
    made = routers(*data["train"], chosen.work)
    posteriors = {name: Posteriors(router, data) for name, (router, _) in made.items()}
    best = {split: nearest(data[split][0]) for split in ("val", "test")}
    busy = os.getloadavg()[0]
    lines = [
        HEAD.format(
            date=datetime.now(UTC),
            machine=platform.machine(),
            cores=os.cpu_count(),
            load=f" (others kept the machine busy: load {busy:.1f})" if busy > 1.5 else "",
            dim=data["test"][0].shape[1],
            queries=QUERIES,
            rounds=ROUNDS,
            **{split: len(rows) for split, (rows, _) in data.items()},
        ),
        "## What soft keeps and visits\n",
        *trade_off(made, posteriors, best),
        "\n## What a promise costs\n",
        *curve(posteriors, best),
        "\n## A router's own cost\n",
        *costs(made, data),
        "\n## End to end, the router included\n",
        *searches(posteriors, best, 0, chosen.work),
        "",
        *searches(posteriors, best, MANY, chosen.work),
        "\nBelow 1 routing wins, above 1 plain search does. For 50,000 items those of test are repeated with noise.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.write:
        page = PAGES / "routing.md"
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

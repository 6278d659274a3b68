"""What the shares of a model's two parts do, photo to photo: the joint one, which words reach, and the instance part.

    python -m benchmarks.choices.parts [--model NAME_OR_FOLDER] [--data FOLDER]

A photo's cosine is the weighted mean of the cosines of both parts; the weights are in the model (of lookseek-2 .2 and
.8). Prints figures of val for other weights; same design is recall@1 of ``instance --by design`` on myntra. Vectors
come from the cache where they are there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.paths import DATA
from lookseek.encode import load_model
from lookseek.errors import ModelError
from lookseek.evaluate.registry import BENCHMARKS
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import Embedded, System, open_system
from lookseek.evaluate.task import EvaluationQuery, Loaded, Options
from lookseek.progress import NoProgress, Progress
from lookseek.store.schema import LOOK
from lookseek.vectors import unit

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
ASKED = (
    ("clothing", "clothing", "", "map@10"),
    ("ccp-types", "ccp", "", "precision@10"),
    ("instance", "myntra/catalogue.parquet", "design", "recall@1"),
    ("drawn-instance", "drawn", "", "recall@1"),
)


def weighted(system: System, joint: int, share: float, known: dict[str, Embedded]) -> System:
    """Return a system whose photos are compared with another share of the joint part.

    Args:
        system: of a model with two parts.
        joint: numbers of the joint part, the first ones.
        share: of its cosine, 0 to 1.
        known: what was embedded before, by what was asked; added to.
    """

    def embed(loaded: Loaded, ids: Sequence[str], queries: Sequence[EvaluationQuery], progress: Progress) -> Embedded:
        asked = f"{ids[0]} {len(ids)} {len(queries)}"
        if asked not in known:
            known[asked] = system.embed(loaded, ids, queries, progress)
        found = known[asked]
        look = found.vectors[LOOK]
        parts = np.sqrt(share) * unit(look[:, :joint]), np.sqrt(1 - share) * unit(look[:, joint:])
        return replace(found, vectors={**found.vectors, LOOK: np.hstack(parts).astype(np.float32)})

    return replace(system, embed=embed)


def main() -> None:
    """Print a row for each share."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default="lookseek-2")
    options.add_argument("--data", type=Path, default=DATA)
    given = options.parse_args()
    parts = load_model(given.model).parts
    if not parts:
        raise ModelError(f"{given.model} has one part: give a model of train adapt")
    system = open_system(given.model)
    print("| share of the joint part |", *(f"{name} {figure} |" for name, _, _, figure in ASKED), flush=True)
    print("|---" * (len(ASKED) + 1) + "|")
    known: dict[str, dict[str, Embedded]] = {name: {} for name, *_ in ASKED}
    for share in SHARES:
        cells = []
        for name, place, by, figure in ASKED:
            benchmark = BENCHMARKS[name]
            asked = Options(Path(place) if place == "drawn" else given.data / place, "val", benchmark.protocols[0], by)
            found = evaluate(benchmark, asked, weighted(system, parts["joint"], share, known[name]), NoProgress())
            cells.append(f"{found.result.metrics[figure].value:.3f}")
        print(f"| {share:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

"""What a matcher of pairs gains and costs on the views of val that its training kept: by kind of view, with intervals.

    python -m benchmarks.choices.pairs RUN DATA                  # prints, for docs/decisions/pairs.md
    python -m benchmarks.choices.pairs RUN DATA --share .2

RUN is what ``lookseek train pairs DATA RUN`` wrote, its cache among it. Each view of val asks among the plain views of
val, itself left out: photos of the shop and strong views of them find photos of their design, drawn views and cluttered
or turned ones find views of theirs. By the model's vectors alone, and with the 50 first re-ranked; 95 % intervals of
the paired bootstrap over items. Whole benchmarks: ``lookseek evaluate instance``, ``ccp-types`` and ``robustness``,
with ``--rerank pairs``.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path

import numpy as np

from lookseek.encode.pairs.matcher import match_scores
from lookseek.evaluate.bootstrap import paired
from lookseek.progress import NoProgress
from lookseek.train.pairs.examples import PairView, read_examples
from lookseek.train.pairs.features import compute_cells
from lookseek.train.pairs.job import CACHE
from lookseek.train.pairs.reduction import reduced
from lookseek.train.pairs.run import read_reduction, read_run
from lookseek.train.pairs.training import DEPTH


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("data")
    parser.add_argument("--share", type=float, action="append", help="of the match score; may be repeated")
    given = parser.parse_args()
    run = read_run(given.run)
    weights = run.network(given.run).weights(read_reduction(given.run), run.settings.share)
    examples = read_examples(given.data, "val", run.settings)
    content = f"{examples.content} {run.checksum}"
    kept = compute_cells(given.run / CACHE, "val", examples, _no_tower, content, NoProgress())
    cells, kinds = reduced(kept, weights.reduction), np.array([_kind(item) for item in examples.items])
    gallery, shares = np.flatnonzero(cells.plain & cells.usable), given.share or [weights.share]
    hits: dict[str, list[tuple[str, float, list[float]]]] = {}
    took = []
    for row in np.flatnonzero(cells.usable):
        right = (cells.groups[gallery] == cells.groups[row]) & (gallery != row)
        if not right.any():
            continue
        cosines = cells.vectors[gallery] @ cells.vectors[row]
        cosines[gallery == row] = -2
        best = np.argsort(-cosines, kind="stable")[:DEPTH]
        began = time.thread_time()
        matches = match_scores(cells.cells[row], cells.cells[gallery[best]], weights)
        took.append(1000 * (time.thread_time() - began))
        found = [right[best[int(np.argmax((1 - s) * cosines[best] + s * matches))]] for s in shares]
        asked = (str(cells.groups[row]), float(right[best[0]]), [float(one) for one in found])
        hits.setdefault(str(kinds[row]), []).append(asked)
    print(
        f"{given.run.name} on {run.model}, val, {len(gallery):,} photos, {date.today().isoformat()}; "
        f"{min(DEPTH, len(gallery))} photos take {np.median(took):.0f} ms of a processor\n"
    )
    print("| views that ask | queries | share | recall@1, vectors alone | re-ranked | difference |")
    print("|---|---|---|---|---|---|")
    for kind, some in sorted(hits.items()):
        before, units = np.array([[first] for _, first, _ in some]), [[unit for unit, _, _ in some]]
        for column, share in enumerate(shares):
            after = np.array([[found[column]] for _, _, found in some])
            gain, low, high, p = paired([before], [after], units)[0].tolist()
            print(
                f"| {kind} | {len(some):,} | {share:g} | {before.mean():.3f} | {after.mean():.3f} | "
                f"{gain:+.3f} ({low:+.3f} to {high:+.3f}), p {p:.4f} |"
            )


def _kind(item: PairView) -> str:
    drawn = item.photo.startswith("val-")
    return ("drawn" if drawn else "shop") + (f", {item.view}" if item.view else "")


def _no_tower() -> None:
    raise SystemExit("the run's cache lacks views of val: run lookseek train pairs to its end first")


if __name__ == "__main__":
    main()

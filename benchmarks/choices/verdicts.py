"""From which likelihood of the landmarks on a verdict on a region is claimed: how many are, and how many are right.

    python -m benchmarks.choices.verdicts MYNTRA            # MYNTRA is laid out like myntra/; val, 100 designs each

Verdicts on the regions of ``drawn-copied`` and ``myntra-copied``: at each limit the share that is claimed, of those the
share that is right, and the share that would be right where all of the claimed were called the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.progress import Stages
from lookseek.encode.regions import compare_regions, load_regions
from lookseek.evaluate.copied.asked import AskedDesign
from lookseek.evaluate.copied.benchmark import DRAWN_COPIED, OTHERS, PASTED_COPIED
from lookseek.evaluate.copied.drawn import drawn_designs
from lookseek.evaluate.copied.pasted import pasted_designs

LIMITS = (0.0, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)


class Judged(NamedTuple):
    """A region of an original and of its copy."""

    likely: float
    differs: bool
    changed: bool


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("myntra", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--designs", type=int, default=100)
    given = parser.parse_args()
    encoder = load_regions()
    Stages().phase(DRAWN_COPIED, given.designs)
    drawn = judged(drawn_designs(given.split, given.designs, OTHERS))
    Stages().phase(PASTED_COPIED, given.designs)
    pasted = judged(pasted_designs(given.myntra, given.split, encoder, given.designs, OTHERS))
    print(f"{encoder.config.name}, {given.split}, {given.designs} designs each, {date.today().isoformat()}\n")
    columns = "claimed | right | all the same"
    print(f"| limit | {DRAWN_COPIED}: {columns} | {PASTED_COPIED}: {columns} |\n|---|---|---|---|---|---|---|")
    for limit in LIMITS:
        print(f"| {limit:.2f} | {shares(drawn, limit)} | {shares(pasted, limit)} |")


def judged(designs: Iterable[AskedDesign]) -> list[Judged]:
    """All regions of the designs and their copies."""
    encoder, found = load_regions(), []
    for one in designs:
        original = encoder.encode(one.original.pixels())
        for copy in one.copies:
            match = compare_regions(original, encoder.encode(copy.photo.pixels()), encoder.config.thresholds)
            found += [
                Judged(match.likely[name], name in match.differing, name in copy.changed) for name in match.cosines
            ]
    return found


def shares(found: list[Judged], limit: float) -> str:
    """Cells of a row: claimed, right, right where all are called the same."""
    claimed = [one for one in found if one.likely >= limit]
    if not claimed:
        return "0.000 | | "
    right = np.mean([one.differs == one.changed for one in claimed])
    same = np.mean([not one.changed for one in claimed])
    return f"{len(claimed) / len(found):.3f} | {right:.3f} | {same:.3f}"


if __name__ == "__main__":
    main()

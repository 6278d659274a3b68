"""From which confidence on a garment is listed: boxes that are right, and what they add to a search.

    python -m benchmarks.choices.garment_boxes CCP               # CCP is laid out like ccp/; prints, val

At each limit: boxes a photo, the share of them that is right (cover half of a true box of their kind and of themselves)
and of the true ones that is found, as the benchmark ``garments`` has them; and which share of what true boxes add to
precision@10 of ``ccp-types`` the found ones add, those that overlap the true ones most, as a person taps on them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.progress import Stages
from lookseek import images
from lookseek.catalogue.ccp import read_labels
from lookseek.catalogue.garment_kinds import KINDS
from lookseek.catalogue.garment_masks import kinds_of_labels, read_kinds
from lookseek.encode import load_model
from lookseek.encode.garments import ParsedPhoto, garment_regions, load_parser
from lookseek.encode.garments.folder import DEFAULT_PARSER
from lookseek.encode.model import DEFAULT
from lookseek.evaluate.benchmarks.ccp_types import LEAST as PHOTOS
from lookseek.evaluate.benchmarks.ccp_types import Garment, garments_of
from lookseek.evaluate.garments.benchmark import LEAST
from lookseek.evaluate.garments.boxes import box_iou, match_boxes
from lookseek.evaluate.task import Options
from lookseek.types import Box, Region, Vector
from lookseek.vectors import unit

LIMITS = (0.3, 0.4, 0.5, 0.6)
DEPTH = 10


class Street:
    """The photos of a split, parsed; vectors of their boxes, each made once.

    Args:
        ccp: the folder.
        split: of it.
        parser: a name or folder.
    """

    def __init__(self, ccp: Path, split: str, parser: str) -> None:
        self.garments, _ = garments_of(Options(ccp, split, "other-photos"))
        counts = Counter(garment.label for garment in self.garments)
        self.asked = [row for row, garment in enumerate(self.garments) if counts[garment.label] >= PHOTOS]
        loaded, labels = load_parser(parser, single=True), kinds_of_labels(read_labels(ccp))
        self.parsed: dict[str, ParsedPhoto] = {}
        self.true: dict[str, tuple[Region, ...]] = {}
        for photo in {garment.photo.id: garment.photo for garment in self.garments}.values():
            pixels = images.decode(photo.path)
            self.parsed[photo.id] = loaded.parse(pixels)
            kinds = read_kinds(photo.mask or photo.path, labels, pixels.shape[:2])
            self.true[photo.id] = garment_regions(kinds, KINDS, least=LEAST)
        self._image, self._vectors = load_model(DEFAULT, single=True).image, dict[tuple[str, Box | None], Vector]()
        gallery = np.stack([self.vector(garment, garment.box) for garment in self.garments])
        self._gallery, self._labels = gallery, np.array([garment.label for garment in self.garments])
        self._photos = np.array([garment.photo.id for garment in self.garments])

    def vector(self, garment: Garment, box: Box | None) -> Vector:
        """Of a box of a garment's photo; None for the whole photo."""
        key = garment.photo.id, box
        if key not in self._vectors:
            pixels = images.decode(garment.photo.path)
            cut = pixels if box is None else images.crop(pixels, box)
            self._vectors[key] = unit(self._image.encode([self._image.prepare(cut)]))[0]
        return self._vectors[key]

    def precision(self, boxes: list[Box | None]) -> float:
        """precision@10 of the garments that ask, by these boxes: the mean of the labels."""
        right: dict[str, list[float]] = {}
        for row, box in zip(self.asked, boxes, strict=True):
            scores = self._gallery @ self.vector(self.garments[row], box)
            scores[self._photos == self._photos[row]] = -2
            best = np.argsort(-scores, kind="stable")[:DEPTH]
            right.setdefault(self._labels[row], []).append(float((self._labels[best] == self._labels[row]).mean()))
        return float(np.mean([np.mean(values) for values in right.values()]))

    def found(self, limit: float) -> list[Box | None]:
        """For each garment that asks the found box that overlaps its own most; None where none does."""
        listed = {name: parsed.regions(limit) for name, parsed in self.parsed.items()}
        boxes: list[Box | None] = []
        for row in self.asked:
            own = self.garments[row].box
            best = max(
                (each.box for each in listed[self._photos[row]]), key=lambda box: box_iou(box, own), default=None
            )
            boxes.append(best if best is not None and box_iou(best, own) > 0 else None)
        return boxes

    def matched(self, limit: float) -> NDArray[np.int64]:
        """Right boxes, found ones and true ones."""
        counts = np.zeros(3, np.int64)
        for name, parsed in self.parsed.items():
            small = LEAST * parsed.size[0] * parsed.size[1] / 4
            listed = [each for each in parsed.regions(limit) if each.box.width * each.box.height >= small]
            for kind in KINDS:
                some = match_boxes(
                    [each for each in listed if each.label == kind],
                    [each for each in self.true[name] if each.label == kind],
                )
                counts += sum(some.right), len(some.right), some.true
        return counts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ccp", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--parser", default=DEFAULT_PARSER, help="a name or folder")
    given = parser.parse_args()
    Stages().phase("parsing and encoding", None)
    street = Street(given.ccp, given.split, given.parser)
    whole = street.precision([None for _ in street.asked])
    true = street.precision([street.garments[row].box for row in street.asked])
    print(f"{given.parser}, {given.split}, {len(street.parsed)} photos, {date.today().isoformat()}; precision@10 of")
    print(f"{len(street.asked)} garments by the whole photo {whole:.3f}, by the true box {true:.3f}\n")
    print("| limit | boxes a photo | right | of the true ones found | precision@10 | share of what true boxes add |")
    print("|---|---|---|---|---|---|")
    for limit in LIMITS:
        right, found, there = street.matched(limit).tolist()
        reached = street.precision(street.found(limit))
        print(
            f"| {limit:.1f} | {found / len(street.parsed):.1f} | {right / found:.3f} | {right / there:.3f} | "
            f"{reached:.3f} | {(reached - whole) / (true - whole):.3f} |"
        )


if __name__ == "__main__":
    main()

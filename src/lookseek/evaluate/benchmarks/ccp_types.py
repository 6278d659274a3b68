"""``ccp-types``: the box of a garment in a street photo finds garments of its label in other street photos.

Another domain than a shop's: whole persons, streets behind them, garments half hidden. A photo's masks say which
garments it shows; each that covers half a percent of it has a box, and asks with the pixels in that box. The gallery
are the boxes of all photos of the split, those of the query's own photo left out. Right means the same label.

Bare figures are means over the labels, each counting alike, so that shoes do not speak for all; /LABEL is one of them.
``whole`` asks with the whole photo for each of its garments, of the same boxes: what a box adds is the difference.
``found`` asks with the box of the parser that ships which overlaps the true one most, as a person taps on it; with the
whole photo where none does. What is found of what a box adds is the quality of the parser in a search.

Labels are one person's word: a blouse may be called top or shirt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ... import images
from ...catalogue.ccp import StreetPhoto, garment_boxes, read_labels, read_street
from ...encode.garments import DEFAULT_PARSER, load_parser
from ...errors import CatalogueError, ItemError
from ...types import Box, Photo
from ..garments.boxes import box_iou
from ..task import Benchmark, EvaluationQuery, Loaded, Options, Task
from ..truth import Listed

__all__ = ["BENCHMARK", "Garment", "GarmentPhotos", "garments_of"]

METRICS = ("precision@10", "map@10", "recall@1", "recall@10")

LEAST = 5
"""Photos that show a label; it is not asked for where there are fewer, though its garments stay in the gallery."""


@dataclass(frozen=True, slots=True)
class Garment:
    """One box.

    Args:
        id: photo and label: "0002/dress".
        photo: that shows it.
        label: of the garment.
        box: in pixels of the photo.
    """

    id: str
    photo: StreetPhoto
    label: str
    box: Box


class GarmentPhotos(Mapping[str, Photo]):
    """The pixels of boxes, cut out when they are asked for, and the whole photos.

    Args:
        garments: the boxes, true ones and found ones.
    """

    def __init__(self, garments: tuple[Garment, ...]) -> None:
        self._garments = {garment.id: garment for garment in garments}
        self._whole = {garment.photo.id: garment.photo.path for garment in garments}

    def __getitem__(self, key: str) -> Photo:
        if key not in self._garments:
            return self._whole[key]
        garment = self._garments[key]
        return images.to_png(images.crop(images.decode(garment.photo.path), garment.box))

    def __contains__(self, key: object) -> bool:
        return key in self._garments or key in self._whole  # Mapping's own would cut it out

    def __iter__(self) -> Iterator[str]:
        yield from self._garments
        yield from self._whole

    def __len__(self) -> int:
        return len(self._garments) + len(self._whole)


def garments_of(options: Options) -> tuple[tuple[Garment, ...], tuple[str, ...]]:
    """Return the garments of a split's photos, and the ids of photos whose mask can't be had.

    Raises:
        CatalogueError: the folder can't be read, or no photo of the split has a mask.
    """
    labels, missing, found = read_labels(options.data), [], []
    for photo in read_street(options.data, options.split):
        try:
            boxes = garment_boxes(photo, labels)
        except ItemError:
            missing.append(photo.id)
            continue
        found += [Garment(f"{photo.id}/{label}", photo, label, box) for label, box in boxes.items()]
    if not found:
        raise CatalogueError(f"no photo of {options.split} in {options.data} has a mask with garments: check masks/")
    return tuple(found), tuple(missing)


def found_boxes(garments: Sequence[Garment]) -> dict[str, Garment]:
    """Return, by the id of a garment, the box that the parser finds in its place; none where none overlaps with it.

    Raises:
        ModelError: the parser can't be loaded.
    """
    parser, found = load_parser(single=True), {}
    of_photo: dict[str, list[Garment]] = {}
    for garment in garments:
        of_photo.setdefault(garment.photo.id, []).append(garment)
    for some in of_photo.values():
        try:
            regions = parser.parse(images.decode(some[0].photo.path)).regions()
        except ItemError:
            continue  # whoever encodes the photo receives the error
        for garment in some:
            best = max(regions, key=lambda each: box_iou(each.box, garment.box), default=None)
            if best is not None and box_iou(best.box, garment.box) > 0:
                found[garment.id] = replace(garment, id=f"{garment.id} found", box=best.box)
    return found


def load(options: Options) -> Loaded:
    """Read the benchmark. See Benchmark."""
    garments, missing = garments_of(options)
    counts = Counter(garment.label for garment in garments)
    asked = [row for row, garment in enumerate(garments) if counts[garment.label] >= LEAST]
    few = sum(count < LEAST for count in counts.values())
    if not asked:
        raise CatalogueError(f"no garment of {options.split} in {options.data} is in {LEAST} photos: nothing to find")
    of_label = {label: {row: 1 for row, g in enumerate(garments) if g.label == label} for label in counts}
    of_photo: dict[str, list[int]] = {}
    for row, garment in enumerate(garments):
        of_photo.setdefault(garment.photo.id, []).append(row)
    gallery = tuple(garment.id for garment in garments)
    found = found_boxes([garments[row] for row in asked])
    tasks = []
    for label in sorted({garments[row].label for row in asked}):
        rows = [row for row in asked if garments[row].label == label]
        truth = Listed(
            len(garments),
            tuple(of_label[label] for _ in rows),
            tuple(tuple(of_photo[garments[row].photo.id]) for row in rows),
        )
        boxes = tuple(EvaluationQuery(garments[row].id, garments[row].id) for row in rows)
        whole = tuple(EvaluationQuery(f"{garments[row].id} whole", garments[row].photo.id) for row in rows)
        tasks.append(Task(boxes, gallery, truth, METRICS, stratum=label))
        told = tuple(
            EvaluationQuery(f"{one.id} found", found[one.id].id if one.id in found else one.photo.id)
            for one in (garments[row] for row in rows)
        )
        tasks.append(Task(whole, gallery, truth, METRICS, name="whole", stratum=label))
        tasks.append(Task(told, gallery, truth, METRICS, name="found", stratum=label))
    return Loaded(
        tasks=tuple(tasks),
        photos=GarmentPhotos((*garments, *found.values())),
        missing=missing,
        labels={garment.id: garment.label for garment in garments},
        notes=(
            f"{len(asked)} garments of {len(of_photo)} photos of {options.split} ask, {len(garments)} are shown; {few} "
            f"labels stand in fewer than {LEAST} photos and do not ask.",
            f"Labels are rare: no order reaches more than precision@10 {_ceiling(counts):.3f}.",
            "Bare figures are means over labels of boxes that ask; /whole asks with the whole photo, /found with the "
            f"box that {DEFAULT_PARSER} finds ({len(found)} of {len(asked)} overlap with one); it learned from train.",
            "Whether a model learned from photos of ccp's train split must be said beside its figure.",
        ),
    )


def _ceiling(counts: Mapping[str, int]) -> float:
    """Return the precision@10 of the best possible order: a label in six photos has five other right ones."""
    return sum(min(count - 1, 10) / 10 for count in counts.values() if count >= LEAST) / sum(
        count >= LEAST for count in counts.values()
    )


BENCHMARK = Benchmark(
    name="ccp-types",
    about="the box of a garment in a street photo finds garments of its label in others; whole photo, found box beside",
    needs="items.csv, labels.txt, images/ and masks/ (the folder ccp)",
    size="477 queries, gallery 506",
    query_type="photo",
    protocols=("other-photos",),
    load=load,
)

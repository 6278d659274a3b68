"""``ccp-types``: the box of a garment in a street photo finds garments of its label in other street photos.

Another domain than a shop's: whole persons, streets behind them, garments half hidden. A photo's masks say which
garments it shows; each that covers half a percent of it has a box, and asks with the pixels in that box. The gallery
are the boxes of all photos of the split, those of the query's own photo left out. Right means the same label.

Bare figures are means over the labels, each counting alike, so that shoes do not speak for all; /LABEL is one of them.
``whole`` asks with the whole photo for each of its garments, of the same boxes: what a box adds is the difference.

Labels are one person's word: a blouse may be called top or shirt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ... import images
from ...catalogue.ccp import StreetPhoto, garment_boxes, read_labels, read_street
from ...errors import CatalogueError, ItemError
from ...types import Box, Photo
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
        garments: the boxes.
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
        tasks.append(Task(whole, gallery, truth, METRICS, name="whole", stratum=label))
    return Loaded(
        tasks=tuple(tasks),
        photos=GarmentPhotos(garments),
        missing=missing,
        labels={garment.id: garment.label for garment in garments},
        notes=(
            f"{len(asked)} garments of {len(of_photo)} photos of {options.split} ask, {len(garments)} are shown; {few} "
            f"labels stand in fewer than {LEAST} photos and do not ask.",
            f"Labels are rare: no order reaches more than precision@10 {_ceiling(counts):.3f}.",
            "Bare figures are means over labels of boxes that ask; /whole asks with the whole photo.",
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
    about="the box of a garment in a street photo finds garments of its label in others; whole photo beside box",
    needs="items.csv, labels.txt, images/ and masks/ (the folder ccp)",
    size="477 queries, gallery 506",
    query_type="photo",
    protocols=("other-photos",),
    load=load,
)

"""``garments``: the kind at each pixel and the box of each garment, beside masks made by people.

    miou        intersection over union of the pixels of each kind over all photos, the mean of the kinds
    ap50        average precision of boxes that cover half of a true one and of themselves, the mean of the kinds
    clothes     intersection over union of all kinds together against the rest

/KIND is one kind. True boxes are made of the masks by the rule that makes the found ones of what is found
(``encode.garments.boxes``), and cover half a percent of the photo at the least; found ones below that count nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import images
from ...catalogue.ccp import StreetPhoto, read_labels, read_street
from ...catalogue.garment_kinds import KINDS
from ...catalogue.garment_masks import UNKNOWN, kinds_of_labels, read_kinds
from ...encode.garments import GarmentParser, garment_regions, load_parser
from ...errors import CatalogueError, ItemError, QueryError
from ...progress import Progress
from ..outcome import Evaluation
from ..result import Figure, Result, source_commit
from ..task import Loaded
from .boxes import BoxMatches, average_precision, match_boxes

__all__ = ["GARMENTS", "PhotoParse", "figures_of", "measure_parser"]

GARMENTS = "garments"

LEAST = 0.005
"""Share of the photo that a true garment covers, as in ccp-types."""

RESAMPLES = 300


@dataclass(frozen=True, slots=True, eq=False)
class PhotoParse:
    """One photo, measured.

    Args:
        id: of the photo.
        counts: pixels by true kind and found kind, int64 (kinds + 1, kinds + 1).
        boxes: of each kind.
        milliseconds: from pixels to boxes.
    """

    id: str
    counts: NDArray[np.int64]
    boxes: tuple[BoxMatches, ...]
    milliseconds: float


def measure_parser(data: Path, split: str, model: str, progress: Progress, seed: int = 0) -> Evaluation:
    """Measure a parser.

    Args:
        data: a folder laid out like ``ccp/``.
        split: whose photos with masks are parsed.
        model: the parser's name or folder.
        progress: notified of every photo.
        seed: of the bootstrap.

    Raises:
        CatalogueError: the folder can't be read, or has no mask of the split.
        ModelError: no such parser.
        QueryError: a parser of other kinds.
    """
    began = time.perf_counter()
    parser = load_parser(model, single=True)
    if parser.config.kinds != KINDS:
        raise QueryError(
            f"the parser {parser.config.name} tells {', '.join(parser.config.kinds)}; {GARMENTS} measures "
            f"{', '.join(KINDS)}: give one that lookseek train garments made"
        )
    labels = kinds_of_labels(read_labels(data))
    photos = [photo for photo in read_street(data, split) if photo.mask is not None]
    if not photos:
        raise CatalogueError(f"no photo of {split} in {data} has a mask: choose another --split")
    progress.phase("parsing", len(photos))
    parsed, missing = [], []
    for photo in photos:
        try:
            parsed.append(_measured(photo, labels, parser))
        except ItemError:
            missing.append(photo.id)
        progress.advance(1)
    if not parsed:
        raise CatalogueError(
            f"none of {len(photos):,} photos of {split} in {data} can be decoded: check images/, masks/"
        )
    boxes = sum(each.true for one in parsed for each in one.boxes)
    truth = "\n".join(f"{one.id} {one.counts.sum(1).tolist()}" for one in parsed)
    result = Result(
        benchmark=GARMENTS,
        protocol="masks",
        split=split,
        gallery_size=boxes,
        gallery_hash=sha256(truth.encode()).hexdigest(),
        queries=len(parsed),
        missing=tuple(missing),
        metrics=figures_of(parsed, seed),
        model={"name": parser.config.name, "checksum": parser.config.checksum, "side": parser.config.side},
        seed=seed,
        commit=source_commit(),
        took_s=round(time.perf_counter() - began, 3),
    )
    median = float(np.median([one.milliseconds for one in parsed]))
    notes = (
        f"{len(parsed)} photos of {split} with {boxes} garments; a photo takes {median:.0f} ms from pixels to boxes.",
        "Labels are one person's word: a blouse may be called top or shirt; both are the kind top.",
    )
    return Evaluation(result, Loaded((), {}, notes=notes), (), None)


def figures_of(photos: Sequence[PhotoParse], seed: int) -> dict[str, Figure]:
    """Return all figures with their 95 % intervals by a bootstrap over photos, the means over kinds first."""
    whole = _figures(photos)
    chance = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in whole}
    for _ in range(RESAMPLES):
        some = _figures([photos[row] for row in chance.integers(0, len(photos), len(photos))])
        for name, value in some.items():
            if name in drawn:
                drawn[name].append(value)
    return {name: Figure(value, *np.quantile(drawn[name], (0.025, 0.975)).tolist()) for name, value in whole.items()}


def _figures(photos: Sequence[PhotoParse]) -> Mapping[str, float]:
    counts = np.sum([photo.counts for photo in photos], axis=0)
    shown = counts.sum(0) + counts.sum(1) - counts.diagonal()
    iou = {kind: float(counts[row, row] / shown[row]) for row, kind in enumerate(KINDS, 1) if counts[row].any()}
    ap = {kind: average_precision([photo.boxes[row] for photo in photos]) for row, kind in enumerate(KINDS)}
    ap = {kind: value for kind, value in ap.items() if not np.isnan(value)}
    clothes = float(counts[1:, 1:].sum() / max(1, counts.sum() - counts[0, 0]))
    means = {"miou": float(np.mean(list(iou.values()) or [0.0])), "ap50": float(np.mean(list(ap.values()) or [0.0]))}
    by_kind = {f"miou/{kind}": value for kind, value in iou.items()} | {f"ap50/{k}": value for k, value in ap.items()}
    return {**means, "clothes": clothes, **by_kind}


def _measured(photo: StreetPhoto, labels: NDArray[np.uint8], parser: GarmentParser) -> PhotoParse:
    pixels = images.decode(photo.path)
    height, width = pixels.shape[:2]
    true = read_kinds(photo.mask or photo.path, labels, (height, width))
    began = time.perf_counter()
    parsed = parser.parse(pixels)
    found = parsed.regions(0.0)
    took = (time.perf_counter() - began) * 1000
    size, known = len(KINDS) + 1, true != UNKNOWN
    pairs = size * true[known].astype(np.int64) + parsed.at_photo_size()[known]
    counts = np.bincount(pairs, minlength=size * size).reshape(size, size)
    regions = garment_regions(true, KINDS, least=LEAST)
    small = LEAST * height * width / 4  # a box is larger than its garment
    boxes = tuple(
        match_boxes(
            [one for one in found if one.label == kind and one.box.width * one.box.height >= small],
            [one for one in regions if one.label == kind],
        )
        for kind in KINDS
    )
    return PhotoParse(photo.id, counts, boxes, took)

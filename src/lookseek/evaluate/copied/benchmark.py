"""``drawn-copied`` and ``myntra-copied``: copies with 0, 1 and 2 changed regions, among others of colour and kind.

    map               mean average precision of a design's copies, as ``search --copied 2`` orders the gallery: the 60
                      nearest by the whole photo, by their regions without the two that differ most and the whole photo
    map_all           the same with all of the gallery compared by regions
    map_regions       the 60 nearest in the order of their regions alone
    map_whole         the same by the whole photo alone, look and colour as a search weighs them
    map/N changed     of the one copy with N changed regions, the design's other copies left out; likewise the other two
    candidates        share of the copies among the 60 nearest by the whole photo, the most that ``map`` can reach
    verdicts          share of right verdicts on a region of a design and of a copy of it, of those that are claimed;
                      verdicts/REGION on one region; neither is given where none is claimed
    claimed           share of the regions with a verdict, not "not sure"
    always_same       share of right verdicts where each one were that the region is the same
    changed_found     share of the changed regions whose verdict is that they differ
    verdicts_forced   share of right verdicts where all were claimed, by the thresholds alone

No photo of a real copy is among them: drawn garments are drawn anew (``drawn.py``), photos of a shop have regions
pasted from other photos (``pasted.py``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import chain
from pathlib import Path

import numpy as np

from ...encode import load_model, photo_encoders
from ...encode.model import DEFAULT
from ...encode.regions import GarmentRegions, compare_regions, load_regions
from ...encode.runtime import cores
from ...progress import Progress
from ...query_checks import MAX_COPIED
from ...search.vector_weights import look_and_colour
from ...vectors import unit
from ..outcome import Evaluation
from ..result import Result, source_commit
from ..task import Loaded
from .asked import AskedDesign, DesignPhoto
from .drawn import drawn_designs
from .figures import ranking_figures, verdict_figures
from .pasted import pasted_designs

__all__ = ["DESIGNS", "DRAWN_COPIED", "PASTED_COPIED", "measure_copied"]

DRAWN_COPIED, PASTED_COPIED = "drawn-copied", "myntra-copied"

DESIGNS = 300
OTHERS = 3
"""Distractors of each design."""

LEFT_OUT = 2
"""Regions that the score leaves out."""


def measure_copied(
    split: str, model: str, progress: Progress, *, folder: Path | None = None, designs: int = DESIGNS, seed: int = 0
) -> Evaluation:
    """Measure a model of regions, and whole photos by the default model beside it.

    Args:
        split: val or test.
        model: the name or folder of a model of regions.
        progress: notified of every photo.
        folder: of a shop's photos, laid out like ``myntra``; None draws.
        designs: how many queries, >= 1.
        seed: of the bootstrap.

    Raises:
        CatalogueError: there is no such split, or the folder can't be read.
        QueryError: the folder has no photo of use.
        ModelError: no such model.
    """
    began = time.perf_counter()
    encoder, whole = load_regions(model), load_model(DEFAULT)
    if folder is None:
        made = tuple(drawn_designs(split, designs, OTHERS))
    else:
        progress.phase("pasting regions", designs)
        made = tuple(_told(pasted_designs(folder, split, encoder, designs, OTHERS), progress))
        designs = len(made)
    weights = look_and_colour(whole.colour_weight)
    encoders = photo_encoders(whole, weights)
    photos = [*(one.original for one in made), *chain.from_iterable(map(_gallery, made))]
    progress.phase("encoding", len(photos))
    vectors = {each.name: np.zeros((len(photos), each.dim), np.float32) for each in encoders}

    def encode(row: int) -> GarmentRegions:
        pixels = photos[row].pixels()
        for each in encoders:
            vectors[each.name][row] = each.encode([each.prepare(pixels)])[0]
        return encoder.encode(pixels)

    regions: list[GarmentRegions] = []
    with ThreadPoolExecutor(cores()) as pool:
        for found in pool.map(encode, range(len(photos))):
            regions.append(found)
            progress.advance(1)
    thresholds = encoder.config.thresholds
    progress.phase("comparing", None)
    matches = [[compare_regions(one, other, thresholds) for other in regions[designs:]] for one in regions[:designs]]
    by_regions = np.array([[match.score(LEFT_OUT) for match in row] for row in matches])
    by_photo = np.zeros(by_regions.shape)
    for name, weight in weights.items():
        by_photo += weight * (unit(vectors[name][:designs]) @ unit(vectors[name][designs:]).T)
    gallery = [photo.id for photo in photos[designs:]]
    result = Result(
        benchmark=DRAWN_COPIED if folder is None else PASTED_COPIED,
        protocol="copies",
        split=split,
        gallery_size=len(gallery),
        gallery_hash=sha256("\n".join(gallery).encode()).hexdigest(),
        queries=designs,
        missing=(),
        metrics=ranking_figures(made, by_regions, by_photo, MAX_COPIED, seed) | verdict_figures(made, matches, seed),
        model={"name": encoder.config.name, "checksum": encoder.config.checksum, "side": encoder.config.side},
        seed=seed,
        commit=source_commit(),
        took_s=round(time.perf_counter() - began, 3),
    )
    shown = "drawn photos" if folder is None else "synthetic: regions pasted from other photos of the shop"
    notes = (f"{shown}; whole photos are compared by {whole.name}, as a search does",)
    return Evaluation(result, Loaded((), {}, notes=notes), (), None)


def _gallery(one: AskedDesign) -> Iterator[DesignPhoto]:
    """Yield a design's copies and its distractors."""
    yield from (copy.photo for copy in one.copies)
    yield from one.others


def _told(made: Iterator[AskedDesign], progress: Progress) -> Iterator[AskedDesign]:
    for one in made:
        progress.advance(1)
        yield one

"""``drawn-copied``: copies of drawn designs with 0, 1 and 2 changed regions, among others of their colour and kind.

    map               mean average precision of a design's copies, as ``search --copied 2`` orders the gallery: the 60
                      nearest by the whole photo, in the order of their regions without the two that differ most
    map_all           the same with all of the gallery compared by regions
    map_whole         the same by the whole photo alone, look and colour as a search weighs them
    map/N changed     of the one copy with N changed regions, the design's other copies left out; likewise the other two
    candidates        share of the copies among the 60 nearest by the whole photo, the most that ``map`` can reach
    verdicts          share of right verdicts on a region of a design and of a copy of it; verdicts/REGION on one region
    always_same       the same where each verdict were that the region is the same
    changed_found     share of the changed regions whose verdict is that they differ

Photos are drawn, so the figures show what a changed cloth of a region does, not how photos of real copies rank.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import chain

import numpy as np

from ...catalogue.drawn import DrawnItem, draw, split_seed
from ...catalogue.drawn.copies import CopiedDesign, copied_designs
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
from .figures import ranking_figures, verdict_figures

__all__ = ["COPIED", "DESIGNS", "measure_copied"]

COPIED = "drawn-copied"

DESIGNS = 300
OTHERS = 3
"""Distractors of each design."""

LEFT_OUT = 2
"""Regions that the score leaves out."""

_SIZE = 320


def measure_copied(split: str, model: str, progress: Progress, designs: int = DESIGNS, seed: int = 0) -> Evaluation:
    """Measure a model of regions, and whole photos by the default model beside it.

    Args:
        split: val or test.
        model: the name or folder of a model of regions.
        progress: notified of every photo.
        designs: how many queries, >= 1.
        seed: of the bootstrap.

    Raises:
        CatalogueError: there is no such split.
        ModelError: no such model.
    """
    began = time.perf_counter()
    encoder, whole = load_regions(model), load_model(DEFAULT)
    weights = look_and_colour(whole.colour_weight)
    encoders = photo_encoders(whole, weights)
    made = tuple(copied_designs(designs, split_seed(split), others=OTHERS))
    photos = [*(one.original for one in made), *chain.from_iterable(map(_gallery, made))]
    progress.phase("drawing and encoding", len(photos))
    vectors = {each.name: np.zeros((len(photos), each.dim), np.float32) for each in encoders}

    def encode(row: int) -> GarmentRegions:
        pixels = draw(photos[row], _SIZE)
        for each in encoders:
            vectors[each.name][row] = each.encode([each.prepare(pixels)])[0]
        return encoder.encode(pixels)

    regions: list[GarmentRegions] = []
    with ThreadPoolExecutor(cores()) as pool:
        for found in pool.map(encode, range(len(photos))):
            regions.append(found)
            progress.advance(1)
    thresholds = encoder.config.thresholds
    matches = [[compare_regions(one, other, thresholds) for other in regions[designs:]] for one in regions[:designs]]
    by_regions = np.array([[match.score(LEFT_OUT) for match in row] for row in matches])
    by_photo = np.zeros(by_regions.shape)
    for name, weight in weights.items():
        by_photo += weight * (unit(vectors[name][:designs]) @ unit(vectors[name][designs:]).T)
    gallery = [photo.id for photo in photos[designs:]]
    result = Result(
        benchmark=COPIED,
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
    notes = (f"drawn photos; whole photos are compared by {whole.name}, as a search does",)
    return Evaluation(result, Loaded((), {}, notes=notes), (), None)


def _gallery(one: CopiedDesign) -> Iterator[DrawnItem]:
    """Yield a design's copies and its distractors."""
    yield from (copy.photo for copy in one.copies)
    yield from one.others

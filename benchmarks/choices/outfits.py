"""Complete the look: given one garment of a street photo, rank the garment worn with it among 100 of its part.

    python -m benchmarks.choices.outfits FOLDER     # FOLDER is laid out like ccp/

Split test; the model was learned on train and its size chosen on val (scripts/make_outfits.py). Garments are cut out by
the masks; each pair of parts of one photo is a query, the other 99 are garments of that part from other photos of test
and val. Beside it: chance, and the most alike colours.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookseek import images
from lookseek.catalogue.ccp import garment_boxes, read_labels, read_street
from lookseek.encode import ColourEncoder
from lookseek.search.outfits.harmony import load_harmony, to_colours
from lookseek.search.outfits.parts import part_of_words

CANDIDATES, SEED, BOOTSTRAPS = 100, 0, 1_000


@dataclass(frozen=True)
class Garment:
    """A garment of a photo: its part, its colour vector, float32 (dim,), and colours as ``to_colours`` gives them."""

    photo: str
    part: str
    vector: np.ndarray
    colours: np.ndarray


def read_garments(folder: Path, split: str) -> list[Garment]:
    """All garments of a split whose label is a part of an outfit; of a part the largest."""
    labels, encoder, garments = read_labels(folder), ColourEncoder(), []
    number_of = {name: number for number, name in labels.items()}
    for photo in read_street(folder, split):
        if photo.mask is None:
            continue
        largest: dict[str, tuple[float, np.ndarray]] = {}
        pixels, mask = images.decode(photo.path), images.decode(photo.mask)[..., 0]
        for label, box in garment_boxes(photo, labels).items():
            part = part_of_words(label)
            if part is None or largest.get(part, (0.0,))[0] >= box.width * box.height:
                continue
            x, y = int(box.x), int(box.y)
            place = np.s_[y : y + int(box.height), x : x + int(box.width)]
            worn = (mask[place] == number_of[label])[..., None]
            crop = np.where(worn, pixels[place], np.uint8(255))  # on white, as shops show it: streets tell who wears it
            largest[part] = box.width * box.height, encoder.prepare(crop)
        for name, (_, vector) in largest.items():
            garments.append(Garment(photo.id, name, vector, to_colours(vector[None])[0]))
    return garments


def ranks(garments: list[Garment], more: list[Garment]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By method: the place of the true garment among the candidates, from 1, and the photo of each query.

    Args:
        garments: of the split that asks.
        more: of another split: strangers alone.
    """
    generator, harmony = np.random.default_rng(SEED), load_harmony()
    by_part: dict[str, list[Garment]] = {}
    for garment in (*garments, *more):
        by_part.setdefault(garment.part, []).append(garment)
    places: dict[str, list[int]] = {"chance": [], "same colour": [], "complete the look": []}
    photos = []
    for one in garments:
        for true in (other for other in garments if other.photo == one.photo and other.part != one.part):
            strangers = [other for other in by_part[true.part] if other.photo != one.photo]
            if len(strangers) < CANDIDATES - 1:
                continue
            chosen = generator.choice(len(strangers), CANDIDATES - 1, replace=False)
            candidates = [true, *(strangers[row] for row in chosen)]
            scores = {
                "chance": generator.random(CANDIDATES),
                "same colour": np.array([other.vector for other in candidates]) @ one.vector,
                "complete the look": harmony.score(one.colours, np.array([other.colours for other in candidates])),
            }
            for method, values in scores.items():
                places[method].append(1 + int((values[1:] > values[0]).sum()))
            photos.append(one.photo)
    return {method: (np.array(found), np.array(photos)) for method, found in places.items()}


def interval(values: np.ndarray, photos: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a mean, photos drawn with replacement."""
    generator = np.random.default_rng(SEED)
    names, rows = np.unique(photos, return_inverse=True)
    sums, counts = np.bincount(rows, values), np.bincount(rows)
    drawn = generator.integers(0, len(names), (BOOTSTRAPS, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    """Print a table."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    found = ranks(read_garments(folder, "test"), read_garments(folder, "val"))
    print("| method | queries | recall@10 of 100 | mean place |")
    print("|---|---|---|---|")
    for method, (places, photos) in found.items():
        hits = (places <= 10).astype(float)
        low, high = interval(hits, photos)
        print(f"| {method} | {len(places):,} | {hits.mean():.3f} [{low:.3f}, {high:.3f}] | {places.mean():.1f} |")


if __name__ == "__main__":
    main()

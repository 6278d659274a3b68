"""Whether the lit cells of a photo are what its score hangs on: they are deleted, and the score is measured again.

    python -m benchmarks.choices.faithfulness [--queries 60]        # prints, for docs/decisions/explain.md

Each pair is a photo of ``clothing`` val and one of its ten nearest among photos of train. Cells of the found photo are
blurred, in the order of a map or at random, and its cosine with the query is measured again.
Four orders: the contributions that lookseek shows, Grad-CAM's map, chance, and chance among cells that show a garment.
A map is faithful if the cosine falls faster by it than by chance. Figures have 95 % intervals by query.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks.choices.val import clothing
from lookseek import images
from lookseek.encode import Model, load_model
from lookseek.encode.cells import CellEncoder
from lookseek.encode.garments import GarmentParser, load_parser
from lookseek.encode.model import DEFAULT, load_cells
from lookseek.evaluate.bootstrap import intervals, paired
from lookseek.types import Pixels, Vector
from lookseek.vectors import unit

NEAREST, SIDE = 10, 3
"""Among how many a found photo is drawn; cells along a side of a region."""

DELETED = (2, 5, 10, 20)
"""Cells of 49 that are deleted."""

BLUR = 16
"""Radius in pixels of 224, half a cell."""


@dataclass(frozen=True)
class Pair:
    """A query's vector, and a found photo as the tower's input, uint8 (224, 224, 3), with its maps by name."""

    query: Vector
    photo: Pixels
    maps: dict[str, NDArray[np.float64]]


def pairs(model: Model, cells: CellEncoder, parser: GarmentParser, queries: int, seed: int = 0) -> list[Pair]:
    """Pairs of a val photo and a near one of train, with what each order is made by."""
    chance, data = np.random.default_rng(seed), clothing()
    asking = chance.permutation(np.flatnonzero(data.val))[:queries]
    gallery = chance.permutation(np.flatnonzero(~data.val))[: 4 * queries]
    inputs = {row: model.image.prepare(images.decode(data.photos[row])) for row in (*asking, *gallery)}
    vectors = {row: unit(model.image.encode([inputs[row]])[0]) for row in inputs}
    found = np.stack([vectors[row] for row in gallery])
    made = []
    for row in asking:
        near = np.argsort(-(found @ vectors[row]))[chance.integers(NEAREST)]
        photo = inputs[gallery[near]]
        by_cell = cells.encode(photo)  # the input itself: it is not resized again
        worn = parser.parse(photo).at_photo_size() > 0
        garment = worn.reshape(by_cell.rows, -1, by_cell.columns, worn.shape[1] // by_cell.columns).mean((1, 3))
        dice = chance.random((by_cell.rows, by_cell.columns))
        maps = {
            "contributions": cells.contributions(by_cell, vectors[row]).cells,
            "Grad-CAM": cells.gradient(by_cell, vectors[row]),
            "chance": dice,
            "chance on the garment": dice + (garment > 0.5),
        }
        made.append(Pair(vectors[row], photo, {name: map_.astype(np.float64) for name, map_ in maps.items()}))
    return made


def falls(model: Model, pair: Pair, cells: list[NDArray[np.bool_]]) -> Vector:
    """How much the cosine falls where cells are deleted, float32 (len(cells),)."""
    other = np.asarray(Image.fromarray(pair.photo).filter(ImageFilter.GaussianBlur(BLUR)))
    photos = [pair.photo]
    for chosen in cells:
        side = pair.photo.shape[0] // len(chosen)
        photos.append(np.where(np.kron(chosen, np.ones((side, side), bool))[..., None], other, pair.photo))
    cosines = unit(model.image.encode(photos)) @ pair.query
    fall: Vector = cosines[0] - cosines[1:]
    return fall


def first_cells(map_: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """The cells of the largest numbers."""
    chosen = np.zeros(map_.size, bool)
    chosen[np.argsort(-map_.ravel(), kind="stable")[:count]] = True
    return chosen.reshape(map_.shape)


def largest_region(map_: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The square of cells with the largest sum."""
    sums = np.lib.stride_tricks.sliding_window_view(map_, (SIDE, SIDE)).sum((2, 3))
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    chosen = np.zeros(map_.shape, bool)
    chosen[row : row + SIDE, column : column + SIDE] = True
    return chosen


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--queries", type=int, default=60, help="the gallery has four times as many photos")
    queries = options.parse_args().queries
    model, parser = load_model(DEFAULT, runtime="onnxruntime"), load_parser()
    cells = load_cells(DEFAULT)
    assert cells is not None
    asked = pairs(model, cells, parser, queries)
    print(f"{model.name}, {len(asked)} pairs of clothing val and train, {date.today().isoformat()}\n")
    names = list(asked[0].maps)
    table: dict[str, list[Vector]] = {name: [] for name in names}
    for pair in asked:
        for name, map_ in pair.maps.items():
            chosen = [first_cells(map_, count) for count in DELETED]
            table[name].append(falls(model, pair, [*chosen, largest_region(map_)]))
    print("| cells that are blurred | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    values = {name: np.array(rows, np.float64) for name, rows in table.items()}
    for column, label in enumerate([*(f"{count} of 49" for count in DELETED), "largest region, 3 x 3"]):
        found = [intervals([values[name][:, column : column + 1]])[0] for name in names]
        print(f"| {label} | " + " | ".join(f"{v:.3f} ({low:.3f} to {high:.3f})" for v, low, high in found) + " |")
    areas = {name: rows[:, : len(DELETED)].mean(1, keepdims=True) for name, rows in values.items()}
    for name in names[1:]:
        more, low, high, p = paired([areas[name]], [areas["contributions"]])[0]
        print(f"\ncontributions over {name}, mean of the curve: {more:+.3f} ({low:+.3f} to {high:+.3f}), p = {p:.4f}")


if __name__ == "__main__":
    main()

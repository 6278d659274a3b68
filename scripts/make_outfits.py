"""Learns what goes together from street photos, and writes src/lookseek/search/outfits/harmony.json.

    python scripts/make_outfits.py FOLDER          # FOLDER is laid out like ccp/

How often two parts of an outfit are in one photo, and a logistic model that tells pairs of one photo from pairs of two,
by colours alone, learned on the split train. ``python -m benchmarks.choices.outfits FOLDER`` measures it on the split
test.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.choices.outfits import Garment, read_garments
from lookseek.search.outfits.harmony import pair_features
from lookseek.search.outfits.parts import PARTS

TARGET = Path(__file__).parents[1] / "src" / "lookseek" / "search" / "outfits" / "harmony.json"
NEGATIVES, RIDGE, STEPS, SEED = 8, 3.0, 60, 0


def pairs(garments: list[Garment], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features of pairs of one photo, and of each first garment with others of the second one's part; 1 and 0."""
    by_photo: dict[str, list[Garment]] = {}
    by_part: dict[str, list[Garment]] = {}
    for garment in garments:
        by_photo.setdefault(garment.photo, []).append(garment)
        by_part.setdefault(garment.part, []).append(garment)
    features, labels = [], []
    for worn in by_photo.values():
        for one in worn:
            for other in worn:
                if one.part == other.part:
                    continue
                chosen = generator.choice(len(by_part[other.part]), NEGATIVES)
                strangers = [by_part[other.part][row] for row in chosen if by_part[other.part][row].photo != one.photo]
                both = np.array([other.colours, *(stranger.colours for stranger in strangers)])
                features.append(pair_features(one.colours, both))
                labels.append(np.array([1.0, *(0.0 for _ in strangers)]))
    return np.concatenate(features), np.concatenate(labels)


def fit(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of a logistic regression with a ridge, by Newton's method, and the scale of the features."""
    scale = features.std(0)
    matrix = np.column_stack([features / scale, np.ones(len(features))])
    weights = np.zeros(matrix.shape[1])
    penalty = np.full(matrix.shape[1], RIDGE)
    penalty[-1] = 0
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-matrix @ weights))
        slope = matrix.T @ (chance - labels) + penalty * weights
        curve = (matrix * (chance * (1 - chance))[:, None]).T @ matrix + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights[:-1], scale


def together(garments: list[Garment]) -> np.ndarray:
    """How often photos with one part have another, (parts, parts)."""
    photos: dict[str, set[str]] = {}
    for garment in garments:
        photos.setdefault(garment.photo, set()).add(garment.part)
    worn = np.array([[part in parts for part in PARTS] for parts in photos.values()], float)
    counts: np.ndarray = worn.T @ worn
    return counts / np.maximum(worn.sum(0), 1)[:, None]


def main() -> None:
    """Learn and write."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    garments = read_garments(Path(sys.argv[1]), "train")
    features, labels = pairs(garments, np.random.default_rng(SEED))
    weights, scale = fit(features, labels)
    kept = {"weights": weights, "scale": scale, "together": together(garments)}
    rounded = {name: np.round(values, 5).tolist() for name, values in kept.items()}
    TARGET.write_text(json.dumps(rounded) + "\n", encoding="utf-8")
    print(f"{len(garments):,} garments, {len(labels):,} pairs, wrote {TARGET}")


if __name__ == "__main__":
    main()

"""Learns what goes together from street photos, and writes src/lookseek/search/outfits/harmony.json.

    python scripts/make_outfits.py FOLDER          # FOLDER is laid out like ccp/

How often two parts of an outfit are in one photo, and a model that chooses the garment of the same photo among others,
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
NEGATIVES, AXES, RIDGE, STEPS, RATE, SEED = 40, 6, 0.003, 400, 0.05, 0
"""Chosen on the split val: without axes the model ties with the most alike colours."""


def choices(garments: list[Garment], generator: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each pair of parts of a photo the first garment's colours, and those of the second and of strangers."""
    by_photo: dict[str, list[Garment]] = {}
    by_part: dict[str, list[Garment]] = {}
    for garment in garments:
        by_photo.setdefault(garment.photo, []).append(garment)
        by_part.setdefault(garment.part, []).append(garment)
    made = []
    for worn in by_photo.values():
        for one in worn:
            for other in worn:
                strangers = [garment for garment in by_part[other.part] if garment.photo != one.photo]
                if one.part != other.part and len(strangers) >= NEGATIVES:
                    chosen = generator.choice(len(strangers), NEGATIVES, replace=False)
                    made.append((one.colours, np.array([other.colours, *(strangers[row].colours for row in chosen)])))
    return made


def fit(features: np.ndarray) -> np.ndarray:
    """Weights with which a softmax over each row chooses its first entry, by Adam with a ridge.

    Args:
        features: (choices, 1 + NEGATIVES, features).
    """
    scale = features.reshape(-1, features.shape[-1]).std(0) + 1e-9
    scaled = features / scale
    weights = np.zeros(scaled.shape[-1])
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    wanted = scaled[:, 0].mean(0)
    for step in range(1, STEPS + 1):
        logits = scaled @ weights
        chance = np.exp(logits - logits.max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        slope = np.einsum("cn,cnf->f", chance, scaled) / len(scaled) - wanted + RIDGE * weights
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        weights = weights - RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    fitted: np.ndarray = weights / scale
    return fitted


def together(garments: list[Garment]) -> np.ndarray:
    """How often photos with one part have another, (parts, parts)."""
    photos: dict[str, set[str]] = {}
    for garment in garments:
        photos.setdefault(garment.photo, set()).add(garment.part)
    worn = np.array([[part in parts for part in PARTS] for parts in photos.values()], float)
    shares: np.ndarray = (worn.T @ worn) / np.maximum(worn.sum(0), 1)[:, None]
    return shares


def main() -> None:
    """Learn and write."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    garments = read_garments(Path(sys.argv[1]), "train")
    vectors = np.array([garment.vector for garment in garments], np.float64)
    mean = vectors.mean(0)
    basis = np.linalg.svd(vectors - mean, full_matrices=False)[2][:AXES].T
    asked = choices(garments, np.random.default_rng(SEED))
    weights = fit(np.array([pair_features(one, others, mean, basis) for one, others in asked]))
    kept = {"weights": weights, "mean": mean, "basis": basis, "together": together(garments)}
    rounded = {name: np.round(values, 6).tolist() for name, values in kept.items()}
    TARGET.write_text(json.dumps(rounded) + "\n", encoding="utf-8")
    print(f"{len(garments):,} garments, {len(asked):,} choices, wrote {TARGET}")


if __name__ == "__main__":
    main()

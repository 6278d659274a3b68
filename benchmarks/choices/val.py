"""What the choices for the encoders are measured on: val photos as queries, train photos as gallery, never test.

``clothing``: 316 photos of dress, shirt and toptee against 1,042; right is the same category.
``myntra``: a seeded sample; right is the same articleType and baseColour, or the same baseColour alone.
Near-duplicates are already out of the data and no photographer or design is on both sides.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

from benchmarks.paths import DATA

K = 10


@dataclass(frozen=True)
class Photos:
    """Photos of val and train.

    Args:
        name: of the protocol.
        photos: files or bytes.
        val: bool (n,): True for a query, False for the gallery.
        labels: str (n,) by rule: what must agree for an answer to be right.
    """

    name: str
    photos: list[Path | bytes]
    val: np.ndarray
    labels: dict[str, np.ndarray]


def clothing() -> Photos:
    """All val and train photos with a category."""
    folder = DATA / "clothing"
    with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["category"] and r["split"] in ("train", "val")]
    return Photos(
        "clothing",
        [folder / r["image"] for r in rows],
        np.array([r["split"] == "val" for r in rows]),
        {"category": np.array([r["category"] for r in rows])},
    )


def myntra(queries: int, gallery: int, seed: int = 0) -> Photos:
    """A sample of val and train."""
    file = DATA / "myntra" / "catalogue.parquet"
    table = parquet.read_table(file, columns=["split", "articleType", "baseColour"]).to_pydict()
    split = np.array(table["split"])
    generator = np.random.default_rng(seed)
    rows = np.concatenate(
        [generator.permutation(np.flatnonzero(split == name))[:n] for name, n in (("val", queries), ("train", gallery))]
    )
    kinds, colours = np.array(table["articleType"])[rows], np.array(table["baseColour"])[rows]
    column = parquet.read_table(file, columns=["image"])["image"]
    return Photos(
        "myntra",
        [column[int(row)].as_py() for row in rows],
        split[rows] == "val",
        {"colour": colours, "type+colour": np.char.add(np.char.add(kinds, "|"), colours)},
    )


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def similarities(vectors: np.ndarray, val: np.ndarray) -> np.ndarray:
    """Cosines, (queries, gallery)."""
    scaled = unit(vectors)
    return scaled[val] @ scaled[~val].T


def measure(scores: np.ndarray, labels: np.ndarray, val: np.ndarray) -> tuple[float, float, int]:
    """mAP@10 and P@10 over the queries that have a right answer, and how many those are.

    AP@10 = sum of precision at each right answer among the first 10 / min(10, right answers there are).
    """
    order = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    right = labels[~val][order] == labels[val][:, None]
    there = (labels[~val][None] == labels[val][:, None]).sum(axis=1)
    precision = right.cumsum(axis=1) / np.arange(1, K + 1)
    average = (precision * right).sum(axis=1) / np.maximum(np.minimum(there, K), 1)
    asked = there > 0
    return float(average[asked].mean()), float(right[asked].mean()), int(asked.sum())

"""What a supervised classifier of type and colour reaches on ``myntra-attributes``: the ceiling for a joint space.

    python benchmarks/ceiling.py [--data FOLDER] [--split test|val] --out VECTORS.npy
    lookseek evaluate myntra-attributes FOLDER/myntra --model VECTORS.npy

Logistic regression (scikit-learn) of the article type and of the base colour on the shipped model's vector beside the
colour vector, each of unit length, trained on train; the inverse regularisation is chosen on val by the
classifiers' accuracy. A query's photos are ranked by log P(type) + log P(colour), written as vectors: of a photo the
logarithms, of a query ones where its type and colour stand, and one more number for photos so that all are equally
long and the cosine ranks as the sum does. It sees the labels that are also the truth, which no reader of words does.
"""

from __future__ import annotations

import argparse
import csv
import os
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from lookseek.catalogue.myntra import MyntraItem, read_catalogue
from lookseek.encode import ColourEncoder, load_model
from lookseek.evaluate.cache import embed_photos
from lookseek.types import Skipped

STRENGTHS = (1.0, 10.0, 100.0)
STEPS = 60


class Quiet:
    """A progress that names its stages."""

    def phase(self, name: str, total: int | None) -> None:
        print(name, total)

    def advance(self, entries: int) -> None: ...

    def skipped(self, skipped: Skipped) -> None:
        print(skipped.reason)


def features(items: list[MyntraItem]) -> tuple[np.ndarray, list[MyntraItem]]:
    """float32 (n, 1385), and the items in the order of the rows."""
    model, colour = load_model(), ColourEncoder()
    key = f"{model.checksum[:32]}-{model.runtime}-{model.precision}"
    photos = {item.id: item.image for item in items}
    vectors, rows = embed_photos(photos, list(photos), {key: model.image, colour.version: colour}, Quiet())
    unit = [some / np.maximum(np.linalg.norm(some, axis=1, keepdims=True), 1e-12) for some in vectors.values()]
    return np.concatenate(unit, axis=1), [item for item in items if item.id in rows]


def main() -> None:
    """Train, choose on val, write vectors."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=Path(os.environ.get("LOOKSEEK_DATA") or "../shared/data"))
    options.add_argument("--split", default="test")
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # STEPS steps, converged or not: the figure is by accuracy
    folder = chosen.data / "myntra"
    train, train_items = features(read_catalogue(folder, "train"))
    val, val_items = features(read_catalogue(folder, "val"))
    shown, items = features(read_catalogue(folder, chosen.split))
    parts, columns = [], {}
    for field in ("article_type", "base_colour"):
        truth = np.array([getattr(item, field) for item in train_items])
        wanted = np.array([getattr(item, field) for item in val_items])
        fitted = []
        for strength in STRENGTHS:
            classifier = LogisticRegression(C=strength, max_iter=STEPS).fit(train, truth)
            fitted.append((float((classifier.predict(val) == wanted).mean()), strength, classifier))
        accuracy, strength, best = max(fitted, key=lambda one: one[0])
        print(f"{field}: accuracy on val {accuracy:.3f} with C = {strength:g}, {len(best.classes_)} classes")
        columns[field] = {value: place for place, value in enumerate(best.classes_)}
        parts.append(best.predict_log_proba(shown))
    logs = np.maximum(np.concatenate(parts, axis=1), -50)
    lengths = (logs**2).sum(axis=1)
    photos = np.concatenate([logs, np.sqrt(lengths.max() - lengths)[:, None]], axis=1)
    types, width = len(columns["article_type"]), photos.shape[1]
    keys, rows = [item.id for item in items], [photos]
    with (folder / "queries.csv").open(newline="", encoding="utf-8") as file:
        for query in csv.DictReader(file):
            if query["split"] == chosen.split:
                one = np.zeros((1, width))
                kind, colour = (
                    columns["article_type"].get(query["articleType"]),
                    columns["base_colour"].get(query["baseColour"]),
                )
                if kind is not None:
                    one[0, kind] = 1
                if colour is not None:
                    one[0, types + colour] = 1
                for language in ("en", "vi", "vi_plain"):
                    keys.append(f"words:{query[language]}")
                    rows.append(one)
    kept = {key: row for row, key in enumerate(keys)}  # a text of two languages has one vector
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    np.save(chosen.out, np.concatenate(rows)[list(kept.values())].astype(np.float32))
    chosen.out.with_suffix(".txt").write_text("\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

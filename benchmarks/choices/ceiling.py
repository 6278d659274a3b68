"""What a supervised classifier of type and colour reaches on ``myntra-attributes``: the ceiling for a joint space.

    python -m benchmarks.choices.ceiling [--data FOLDER] --out VECTORS   # some five minutes; val.npy and test.npy
    lookseek evaluate myntra-attributes FOLDER/myntra --model VECTORS/test.npy

Logistic regression (scikit-learn) of the article type and of the base colour on the shipped model's vector beside the
colour vector, each of unit length, trained on train; the inverse regularisation is chosen on val by the
classifiers' accuracy. A query's photos are ranked by log P(type) + log P(colour), written as vectors: of a photo the
logarithms, of a query ones where its type and colour stand, and one more number for photos so that all are equally
long and the cosine ranks as the sum does. It sees the labels that are also the truth, which no reader of words does.
"""

from __future__ import annotations

import argparse
import csv
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from benchmarks.paths import DATA
from benchmarks.progress import Stages
from lookseek.catalogue.myntra import MyntraItem, read_catalogue
from lookseek.encode import ColourEncoder, load_model
from lookseek.encode.model import PLAIN
from lookseek.evaluate.cache import cache_key, embed_photos

STRENGTHS = (1.0, 10.0, 100.0)
STEPS = 60
FIELDS = ("article_type", "base_colour")


def features(items: list[MyntraItem]) -> tuple[np.ndarray, list[MyntraItem]]:
    """float32 (n, 1385), and the items in the order of the rows."""
    model, colour = load_model(PLAIN), ColourEncoder()
    photos = {item.id: item.image for item in items}
    vectors, rows = embed_photos(
        photos, list(photos), {cache_key(model): model.image, colour.version: colour}, Stages()
    )
    unit = [some / np.maximum(np.linalg.norm(some, axis=1, keepdims=True), 1e-12) for some in vectors.values()]
    return np.concatenate(unit, axis=1), [item for item in items if item.id in rows]


def classifiers(train: list[MyntraItem], val: list[MyntraItem]) -> list[LogisticRegression]:
    """One of the type and one of the colour, each the best on val."""
    warnings.simplefilter("ignore", ConvergenceWarning)  # STEPS steps, converged or not: val chooses
    (learned, train), (queries, val) = features(train), features(val)
    best = []
    for field in FIELDS:
        truth, wanted = (np.array([getattr(item, field) for item in items]) for items in (train, val))
        fitted = [LogisticRegression(C=strength, max_iter=STEPS).fit(learned, truth) for strength in STRENGTHS]
        accuracies = [float((one.predict(queries) == wanted).mean()) for one in fitted]
        best.append(fitted[int(np.argmax(accuracies))])
        print(f"{field}: accuracy on val {max(accuracies):.3f}, C = {best[-1].C:g}, {len(best[-1].classes_)} classes")
    return best


def write_vectors(fitted: list[LogisticRegression], folder: Path, split: str, out: Path) -> None:
    """Vectors of a split's photos and of its queries."""
    shown, items = features(read_catalogue(folder, split))
    logs = np.maximum(np.concatenate([one.predict_log_proba(shown) for one in fitted], axis=1), -50)
    lengths = (logs**2).sum(axis=1)
    photos = np.concatenate([logs, np.sqrt(lengths.max() - lengths)[:, None]], axis=1)
    place = {(kind, value): n for n, (kind, value) in enumerate((i, v) for i in (0, 1) for v in fitted[i].classes_)}
    vectors = {item.id: row for item, row in zip(items, photos, strict=True)}
    with (folder / "queries.csv").open(newline="", encoding="utf-8") as file:
        for query in csv.DictReader(file):
            if query["split"] == split:
                ones = np.zeros(photos.shape[1])
                named = [place[key] for key in enumerate((query["articleType"], query["baseColour"])) if key in place]
                ones[named] = 1
                vectors |= {f"words:{query[language]}": ones for language in ("en", "vi", "vi_plain")}
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / f"{split}.npy", np.array(list(vectors.values()), np.float32))
    (out / f"{split}.txt").write_text("\n".join(vectors) + "\n", encoding="utf-8")


def main() -> None:
    """Train, choose on val, write vectors."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    folder = chosen.data / "myntra"
    fitted = classifiers(read_catalogue(folder, "train"), read_catalogue(folder, "val"))
    for split in ("val", "test"):
        write_vectors(fitted, folder, split, chosen.out)


if __name__ == "__main__":
    main()

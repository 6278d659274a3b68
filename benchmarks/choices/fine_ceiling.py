"""What a linear probe on a model's own vectors reaches on ``myntra-fine`` and ``myntra-plus-minus``: their ceiling.

    python -m benchmarks.choices.fine_ceiling [--data FOLDER] [--model M] [--split val] --out VECTORS
    lookseek evaluate myntra-fine FOLDER/myntra --split val --model VECTORS/val.npy

Logistic regression (scikit-learn) on the model's look, each vector of length 1, trained on train: one of the article
type, one of each value of each field against those known to lack it. A query's photos are ranked by log P(type) + log
P(value), for a sign that takes away log P(not the value), written as vectors: of a photo the logarithms, of a query
ones where its type and values stand, and one more number for photos so that all are equally long and the cosine ranks
as the sum does. It sees the labels that are also the truth, which no reader of words does. Values that fewer than ten
items of train have, or lack, have no probe: their queries are ranked by the type.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from benchmarks.paths import DATA
from benchmarks.progress import Stages
from lookseek.catalogue.details import read_details
from lookseek.catalogue.facts import Facts, lacks
from lookseek.catalogue.myntra import MyntraItem, read_catalogue
from lookseek.encode import load_model
from lookseek.encode.model import DEFAULT
from lookseek.evaluate.benchmarks import myntra_fine, myntra_plus_minus
from lookseek.evaluate.benchmarks.frozen import LANGUAGES, of_split
from lookseek.evaluate.cache import cache_key, embed_photos
from lookseek.evaluate.task import EvaluationQuery, Options

STRENGTH = 10.0
STEPS = 60
LEAST = 10
LOWEST = -20.0
"""The logarithm of a probability is no lower: one probe must not outweigh another by its certainty."""


def looks(name: str, items: list[MyntraItem]) -> tuple[np.ndarray, list[MyntraItem]]:
    """The model's vectors at length 1, and the items in the order of the rows."""
    model = load_model(name)
    photos = {item.id: item.image for item in items}
    vectors, rows = embed_photos(photos, list(photos), {cache_key(model): model.image}, Stages())
    (some,) = vectors.values()
    return some / np.linalg.norm(some, axis=1, keepdims=True), [item for item in items if item.id in rows]


def probes(
    vectors: np.ndarray, facts: list[Facts], asked: set[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], LogisticRegression]]:
    """A probe for each field and value that enough items have and enough lack."""
    for field, value in sorted(asked):
        has = np.array([value in one.get(field, ()) for one in facts])
        lack = np.array([lacks(field, one.get(field, ()), value) for one in facts])
        if min(has.sum(), lack.sum()) >= LEAST:
            known = has | lack
            probe = LogisticRegression(C=STRENGTH, max_iter=STEPS, class_weight="balanced")
            yield (field, value), probe.fit(vectors[known], has[known])


def queries(options: Options) -> Iterator[tuple[str, str, list[tuple[str, str]], list[tuple[str, str]]]]:
    """Each query's key, type, values that it wants, and values that it does not."""
    for row in of_split(myntra_fine.NAME, options, myntra_fine.COLUMNS)[0]:
        kind = "" if row["field"] == myntra_fine.KIND else row["articleType"]
        for language in LANGUAGES:
            yield EvaluationQuery("", text=row[language]).key, kind, [(row["field"], row["value"])], []
    for row in of_split(myntra_plus_minus.NAME, options, myntra_plus_minus.COLUMNS)[0]:
        plus, minus = ([(row[f"{s}_field"], row[f"{s}_value"])] if row[f"{s}_field"] else [] for s in ("plus", "minus"))
        for language in LANGUAGES:
            text, added, taken = (row[f"{term}_{language}"] for term in myntra_plus_minus.TERMS)
            yield EvaluationQuery("", text=text, plus=added, minus=taken).key, row["articleType"], plus, minus


def table(
    types: LogisticRegression, values: Mapping[tuple[str, str], LogisticRegression], vectors: np.ndarray
) -> tuple[np.ndarray, dict[tuple[str, str, str], int]]:
    """Logarithms of photos, (n, columns), and the column of each type, of each value, and of each value's absence."""
    columns = [types.predict_log_proba(vectors)]
    place = {("type", kind, ""): n for n, kind in enumerate(types.classes_)}
    for (field, value), probe in values.items():
        place["has", field, value], place["not", field, value] = len(place) + 1, len(place)
        columns.append(probe.predict_log_proba(vectors))  # of absence first
    logs: np.ndarray = np.maximum(np.concatenate(columns, axis=1), LOWEST)
    return logs, place


def main() -> None:
    """Train, and write the vectors of a split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--split", default="val")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # STEPS steps, converged or not
    folder = chosen.data / "myntra" if (chosen.data / "myntra").is_dir() else chosen.data
    asked = list(queries(Options(folder, chosen.split, "")))
    seen, train = looks(chosen.model, read_catalogue(folder, "train"))
    facts = myntra_fine.facts_of_items(train, read_details(folder, {item.id for item in train}))
    types = LogisticRegression(C=STRENGTH, max_iter=STEPS).fit(seen, [item.article_type for item in train])
    values = dict(probes(seen, facts, {fact for _, _, plus, minus in asked for fact in (*plus, *minus)}))
    shown, items = looks(chosen.model, read_catalogue(folder, chosen.split))
    logs, place = table(types, values, shown)
    lengths = (logs**2).sum(axis=1)
    photos = np.concatenate([logs, np.sqrt(lengths.max() - lengths)[:, None]], axis=1)
    written = {item.id: row for item, row in zip(items, photos, strict=True)}
    for key, kind, plus, minus in asked:
        ones = np.zeros(photos.shape[1])
        wanted = [("type", kind, ""), *(("has", *fact) for fact in plus), *(("not", *fact) for fact in minus)]
        ones[[place[one] for one in wanted if one in place]] = 1
        ones[-1] = not ones.any()  # a kind without a probe: any order
        written[key] = ones
    chosen.out.mkdir(parents=True, exist_ok=True)
    np.save(chosen.out / f"{chosen.split}.npy", np.array(list(written.values()), np.float32))
    (chosen.out / f"{chosen.split}.txt").write_text("\n".join(written) + "\n", encoding="utf-8")
    print(f"{len(values)} probes of {len(types.classes_)} types, {len(written):,} vectors in {chosen.out}")


if __name__ == "__main__":
    main()

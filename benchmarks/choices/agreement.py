"""From which cosines on two photos agree in kind, in design and in colour: the constants of render/agreement.py.

    python -m benchmarks.choices.agreement          # prints, for docs/decisions/explain.md

Photos of ``myntra`` val, lookseek-2. Two photos agree in kind where their articleType is one, in design where they show
one design of the shop, in colour where their baseColour is one; of colours within one articleType, since a shoe and a
dress of a colour share little. Printed: the cosine that 10 % of pairs that agree stay below, and the one that 10 % of
pairs that do not agree reach.
"""

from __future__ import annotations

import argparse
from datetime import date

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from benchmarks.paths import DATA
from lookseek.encode import ColourEncoder, encode_photos, load_model
from lookseek.errors import ItemError
from lookseek.vectors import unit

PHOTOS, SHARE = 1_500, 0.10


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    columns = ["split", "articleType", "baseColour", "design", "image"]
    table = parquet.read_table(DATA / "myntra" / "catalogue.parquet", columns=columns).filter(
        parquet.read_table(DATA / "myntra" / "catalogue.parquet", columns=["split"])["split"].to_numpy() == "val"
    )
    designs = table["design"].to_numpy(zero_copy_only=False)
    order = np.argsort([str(design) for design in designs], kind="stable")[:PHOTOS]  # designs stay together
    rows = table.take(order)
    model, found, kept = load_model(), [], []
    encoders = [model.image, ColourEncoder()]
    photos = ((row, image.as_py()) for row, image in enumerate(rows["image"]))
    for row, vectors, _ in encode_photos(photos, encoders):
        if not isinstance(vectors, ItemError):
            kept.append(row)
            found.append(vectors)
    labels = {name: np.array(rows[name].to_pylist(), object)[kept].astype(str) for name in columns[1:4]}
    look = unit(np.array([each["look"] for each in found]))
    joint = model.parts["joint"]
    vectors = {"kind": look[:, :joint], "design": look[:, joint:], "colour": np.array([e["colour"] for e in found])}
    same = {name: labels[column][:, None] == labels[column] for name, column in
            (("kind", "articleType"), ("design", "design"), ("colour", "baseColour"))}  # fmt: skip
    pairs = np.triu(np.ones((len(kept), len(kept)), bool), 1)
    print(f"{model.name}, {len(kept):,} photos of myntra val, {date.today().isoformat()}\n")
    print("| aspect | pairs that agree | 10 % of them are below | 10 % of the others reach |\n|---|---|---|---|")
    for name, of in vectors.items():
        cosines = unit(of) @ unit(of).T
        among = pairs & same["kind"] if name == "colour" else pairs
        yes, no = cosines[among & same[name]], cosines[among & ~same[name]]
        print(f"| {name} | {len(yes):,} | {_quantile(yes, SHARE):.3f} | {_quantile(no, 1 - SHARE):.3f} |")


def _quantile(values: NDArray[np.float32], share: float) -> float:
    return float(np.quantile(values, share))


if __name__ == "__main__":
    main()

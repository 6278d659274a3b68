"""Two models' first five hits of 60 varied queries, side by side and blind, to be graded by eye; and the grades summed.

    python -m benchmarks.choices.by_eye --sheets OUT [--models lookseek-base lookseek-2] [--data FOLDER]
    python -m benchmarks.choices.by_eye --grades

Queries: judgements/by_eye.csv, written before any of them was asked; "@Shirts" is the first item of that type by
SHA-256 of its id. Gallery: myntra's split test, 6,865 items, of which no model learned. A sheet has ten queries; which
model stands left is drawn by seed 0. judgements/by_eye_grades.txt has a line a query, ``NUMBER LEFT RIGHT``: 2 where
four or five of the five are what was asked, 1 where two or three are, else 0. The judge is one of lookseek's makers.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from benchmarks.paths import DATA
from lookseek import Query, Searcher, build_index, images
from lookseek.catalogue.myntra import MyntraItem, read_catalogue
from lookseek.query import Term
from lookseek.render.lettering import choose_font, load_font

JUDGED = Path(__file__).with_name("judgements")
QUERIES, GRADES = JUDGED / "by_eye.csv", JUDGED / "by_eye_grades.txt"
SHOWN, ROWS, CELL, LABEL = 5, 10, 110, 210
MODELS = ("lookseek-base", "lookseek-2")


def asked(row: dict[str, str], items: dict[str, MyntraItem]) -> Query:
    """The query of a line of the file."""
    photo = None
    if row["photo"]:
        some = [item for item in items.values() if item.article_type == row["photo"].removeprefix("@")]
        photo = min(some, key=lambda item: sha256(item.id.encode()).hexdigest())
    terms = {name: (Term(row[key]),) for name, key in (("plus", "more"), ("minus", "less")) if row[key]}
    return Query(item=photo.id if photo else "", text=row["text"], k=SHOWN, **terms)


def swapped(number: int) -> bool:
    """Whether the second model stands left."""
    return Random(f"0 {number}").random() < 0.5


def sheets(out: Path, data: Path, models: tuple[str, ...]) -> None:
    """Write a picture of every ten queries."""
    items = {item.id: item for item in read_catalogue(data, "test")}
    with QUERIES.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, list[list[str]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        table = pq.read_table(data / "catalogue.parquet", columns=["id", "image"], filters=[("split", "=", "test")])
        pq.write_table(table, Path(folder) / "test.parquet")
        for model in models:
            build_index(Path(folder) / "test.parquet", Path(folder) / model, model=model)
            with Searcher(Path(folder) / model) as searcher:
                found[model] = [[hit.id for hit in searcher.search(asked(row, items)).hits] for row in rows]
    out.mkdir(parents=True, exist_ok=True)
    for at in range(0, len(rows), ROWS):
        page = Image.new("RGB", (LABEL + (2 * SHOWN + 1) * CELL, ROWS * CELL), "white")
        for line, row in enumerate(rows[at : at + ROWS]):
            order = reversed(models) if swapped(int(row["number"])) else models
            draw_row(page, line, row, asked(row, items), [found[model][at + line] for model in order], items)
        page.save(out / f"sheet-{at // ROWS + 1}.png")


def draw_row(
    page: Image.Image,
    line: int,
    row: dict[str, str],
    query: Query,
    sides: list[list[str]],
    items: dict[str, MyntraItem],
) -> None:
    """One query and the hits of both models."""
    words = " ".join(filter(None, [row["text"], row["more"], f"- {row['less']}" if row["less"] else ""]))
    font = load_font(choose_font([words]), 13)
    ImageDraw.Draw(page).text((4, line * CELL + 40), f"{row['number']}. {words}", fill="black", font=font)
    if query.item:
        paste(page, items[query.item], LABEL - 80, line)
    for side, ids in enumerate(sides):
        for place, id in enumerate(ids):
            paste(page, items[id], LABEL + (side * (SHOWN + 1) + place) * CELL, line)


def paste(page: Image.Image, item: MyntraItem, x: int, line: int) -> None:
    """An item's photo, as high as a row."""
    photo = Image.fromarray(np.asarray(images.decode(item.image)))
    photo.thumbnail((CELL - 6, CELL - 6))
    photo = photo.resize((round(photo.width * (CELL - 6) / photo.height), CELL - 6))
    page.paste(photo, (x, line * CELL + 3))


def grades() -> None:
    """Print how many of each kind got 2, 1 and 0, and the mean, of each model."""
    with QUERIES.open(newline="", encoding="utf-8") as file:
        kinds = {int(row["number"]): row["kind"] for row in csv.DictReader(file)}
    given: dict[tuple[str, str], list[int]] = defaultdict(list)
    for line in GRADES.read_text().split("\n"):
        if line.strip() and not line.startswith("#"):
            number, left, right = map(int, line.split()[:3])
            first, second = (right, left) if swapped(number) else (left, right)
            for model, grade in zip(MODELS, (first, second), strict=True):
                given[model, kinds[number]].append(grade)
                given[model, "all"].append(grade)
    print("| kind | queries | model | 2 | 1 | 0 | mean |\n|---|---|---|---|---|---|---|")
    for kind in [*dict.fromkeys(kinds.values()), "all"]:
        for model in MODELS:
            some = given[model, kind]
            counts = " | ".join(str(some.count(grade)) for grade in (2, 1, 0))
            print(f"| {kind} | {len(some)} | {model} | {counts} | {np.mean(some):.2f} |")


def main() -> None:
    """Write sheets, or print the grades."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sheets", type=Path)
    options.add_argument("--grades", action="store_true")
    options.add_argument("--models", nargs=2, default=MODELS)
    options.add_argument("--data", type=Path, default=DATA)
    chosen = options.parse_args()
    if chosen.sheets:
        sheets(chosen.sheets, chosen.data / "myntra", tuple(chosen.models))
    if chosen.grades:
        grades()


if __name__ == "__main__":
    main()

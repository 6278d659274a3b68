"""How ``clothing-judged`` was made: which photos ask, which candidates were judged, and the sheets to judge by eye.

    python -m benchmarks.choices.judging [--data FOLDER] --sheets OUT  # 40 sheets of 30 numbered candidates each
    python -m benchmarks.choices.judging [--data FOLDER] --write       # judgements/first.txt -> the benchmark
    python -m benchmarks.choices.judging --agreement                   # the second judge's grades against the first's

Queries: 40 test photos, dealt out over the 17 clear labels in turn, seed 0. Candidates: of all train and val photos
those that five ways of looking put first, taken in turn until there are 26 (the shipped model by cosine, by Euclidean
distance, mixed with colour, of the middle of the photo alone; the colours alone), and 4 by chance, seed 0. A sheet
shows them in an order by chance, so that nobody sees what found them. A judge's file has a line a sheet: its number and
thirty digits 0, 1 or 2 in the order of the sheet. The guideline: docs/judging.md.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.paths import DATA, ROOT
from lookseek import images
from lookseek.catalogue.clothing import UNCLEAR, ClothingItem, read_clothing
from lookseek.encode import ColourEncoder, load_model
from lookseek.encode.model import PLAIN
from lookseek.render.lettering import load_font
from lookseek.types import Box, Pixels

QUERIES, POOLED, CHANCE, SEED = 40, 26, 4, 0
CELL, COLUMNS = 190, 7
PAGE = ROOT / "src" / "lookseek" / "evaluate" / "benchmarks" / "clothing_judged.csv"
FIRST, SECOND = (Path(__file__).with_name("judgements") / f"{name}.txt" for name in ("first", "second"))


def queries(items: list[ClothingItem]) -> list[ClothingItem]:
    """Forty test photos, the labels in turn."""
    random = np.random.default_rng(SEED)
    test = [item for item in items if item.split == "test" and item.label not in UNCLEAR and item.path.exists()]
    piles = {label: [item for item in test if item.label == label] for label in sorted({item.label for item in test})}
    for pile in piles.values():
        random.shuffle(pile)  # type: ignore[arg-type]
    dealt = [pile[turn] for turn in range(max(map(len, piles.values()))) for pile in piles.values() if turn < len(pile)]
    return dealt[:QUERIES]


def middle(pixels: Pixels) -> Pixels:
    """The middle 60 % of a photo along each side."""
    height, width = pixels.shape[:2]
    return images.crop(pixels, Box(width * 0.2, height * 0.2, width * 0.6, height * 0.6))


def pools(items: list[ClothingItem], asked: list[ClothingItem]) -> list[list[ClothingItem]]:
    """For each query its thirty candidates, in the order of the sheet."""
    shown = [item for item in items if item.split in ("train", "val") and item.path.exists()]
    look, colour = load_model(PLAIN, runtime="onnxruntime").image, ColourEncoder()

    def vectors(of: list[ClothingItem]) -> list[np.ndarray]:
        rows: list[list[np.ndarray]] = [[], [], []]
        for item in of:
            pixels = images.decode(item.path)
            rows[0].append(look.encode([look.prepare(pixels)])[0])
            rows[1].append(look.encode([look.prepare(middle(pixels))])[0])
            rows[2].append(colour.encode([colour.prepare(pixels)])[0])
        return [np.array(some) for some in rows]

    (q, q_middle, q_colour), (g, g_middle, g_colour) = vectors(asked), vectors(shown)

    def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T

    euclidean = -np.sqrt(np.maximum((q**2).sum(1)[:, None] + (g**2).sum(1) - 2 * q @ g.T, 0))
    colours = cosine(q_colour, g_colour)
    ways = [cosine(q, g), euclidean, 0.7 * cosine(q, g) + 0.3 * colours, cosine(q_middle, g_middle), colours]
    orders = [np.argsort(-way, axis=1, kind="stable") for way in ways]
    random, made = np.random.default_rng(SEED), []
    for row in range(len(asked)):
        turns = (int(order[row, turn]) for turn in range(len(shown)) for order in orders)
        pool = list(dict.fromkeys(next(turns) for _ in range(len(ways) * POOLED)))[:POOLED]
        others = [place for place in random.permutation(len(shown)) if place not in pool]
        pool += [int(place) for place in others[:CHANCE]]
        made.append([shown[pool[place]] for place in random.permutation(len(pool))])
    return made


def sheet(query: ClothingItem, pool: list[ClothingItem], number: int) -> Pixels:
    """A query, framed, and its numbered candidates."""
    rows = -(-(len(pool) + 1) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * CELL, rows * CELL), (255, 255, 255))
    pen = ImageDraw.Draw(page)
    for place, item in enumerate([query, *pool]):
        x, y = place % COLUMNS * CELL, place // COLUMNS * CELL
        pixels = images.decode(item.path)
        times = (CELL - 6) / max(pixels.shape[:2])
        small = images.resize(pixels, max(1, round(pixels.shape[1] * times)), max(1, round(pixels.shape[0] * times)))
        page.paste(Image.fromarray(small), (x + 3, y + 3))
        text = f"SHEET {number}" if place == 0 else str(place)
        pen.rectangle((x + 3, y + 3, x + 3 + (92 if place == 0 else 28), y + 23), fill=(0, 0, 0))
        pen.text((x + 7, y + 5), text, (255, 255, 255), load_font("", 15))
    pen.rectangle((0, 0, CELL - 1, CELL - 1), outline=(220, 0, 0), width=4)
    return np.array(page)


def read_grades(path: Path) -> dict[int, str]:
    """Sheet number to its thirty digits."""
    read = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            number, digits = line.split()
            if len(digits) != POOLED + CHANCE or set(digits) - set("012"):
                raise SystemExit(f"sheet {number} has {len(digits)} grades ({digits}): type 30 digits 0, 1 or 2")
            read[int(number)] = digits
    return read


def agreement(first: dict[int, str], second: dict[int, str]) -> str:
    """Share of equal grades and Cohen's kappa with linear weights, of the sheets that both judged."""
    pairs = np.array([(int(a), int(b)) for n in second for a, b in zip(first[n], second[n], strict=True)])
    seen = np.histogram2d(pairs[:, 0], pairs[:, 1], bins=3, range=[[0, 3], [0, 3]])[0] / len(pairs)
    apart = np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    expected = np.outer(seen.sum(1), seen.sum(0))
    kappa = 1 - (apart * seen).sum() / (apart * expected).sum()
    equal = (pairs[:, 0] == pairs[:, 1]).mean()
    stricter, laxer = (int(count) for count in ((pairs[:, 1] < pairs[:, 0]).sum(), (pairs[:, 1] > pairs[:, 0]).sum()))
    said = f"{len(second)} sheets, {len(pairs)} grades: {equal:.1%} equal, weighted kappa {kappa:.2f}"
    return f"{said}; the second is stricter in {stricter}, laxer in {laxer}"


def main() -> None:
    """Draw the sheets, or write the judgements."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--sheets", type=Path)
    options.add_argument("--write", action="store_true")
    options.add_argument("--agreement", action="store_true")
    chosen = options.parse_args()
    if chosen.agreement:
        print(agreement(read_grades(FIRST), read_grades(SECOND)))
        return
    items = read_clothing(chosen.data / "clothing", "test")
    asked = queries(items)
    made = pools(items, asked)
    if chosen.sheets:
        chosen.sheets.mkdir(parents=True, exist_ok=True)
        for number, (query, pool) in enumerate(zip(asked, made, strict=True), 1):
            (chosen.sheets / f"{number:02}.png").write_bytes(images.to_png(sheet(query, pool, number)))
    if chosen.write:
        grades = read_grades(FIRST)
        with PAGE.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["query", "candidate", "grade"])
            for number, (query, pool) in enumerate(zip(asked, made, strict=True), 1):
                for item, grade in zip(pool, grades[number], strict=True):
                    table.writerow([query.id, item.id, grade])
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()

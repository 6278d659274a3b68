"""How far near-identical photos lie apart, and how near other photos come: the thresholds of index/duplicates.py.

    python -m benchmarks.choices.duplicates [--data FOLDER] [--split val] [--write]

300 photos of ``clothing`` (train) are saved again in several ways and compared with themselves; then every pair of
different photos of its whole train split is compared, and every pair of different items of a split of ``myntra``, where
a pair is right if the shop gives both items one title without colours (``design``).
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.paths import DATA, PAGES
from lookseek import images
from lookseek.catalogue.myntra import MyntraItem, read_catalogue
from lookseek.encode import ColourEncoder, encode_photos, load_model
from lookseek.encode.model import DEFAULT
from lookseek.index.duplicates import COLOUR_AT_LEAST, DISTANCE, LOOK_AT_LEAST
from lookseek.types import Photo, Pixels

PHOTOS = 300

COSMETICS = (
    "Lipstick", "Nail Polish", "Lip Gloss", "Lip Liner", "Lip Care", "Foundation and Primer", "Compact", "Concealer",
    "Kajal and Eyeliner", "Highlighter and Blush", "Eyeshadow", "Mascara", "Makeup Remover", "Perfume and Body Mist",
    "Deodorant", "Fragrance Gift Set",
)  # fmt: skip
"""Types of which all shades share one photo of a tube: no clothes, and counted apart."""


def scaled(share: float) -> Callable[[Pixels], bytes]:
    """Saved at a share of the size, quality 80."""

    def save(pixels: Pixels) -> bytes:
        height, width, _ = pixels.shape
        return images.to_jpeg(images.resize(pixels, int(width * share), int(height * share)), quality=80)

    return save


WAYS: dict[str, Callable[[Pixels], bytes]] = {
    "PNG": images.to_png,
    "JPEG 90": lambda pixels: images.to_jpeg(pixels, quality=90),
    "JPEG 70": lambda pixels: images.to_jpeg(pixels, quality=70),
    "JPEG 60": lambda pixels: images.to_jpeg(pixels, quality=60),
    "80 % of the size": scaled(0.8),
    "50 % of the size": scaled(0.5),
}


def encoded(photos: list[Photo], encoders: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors of look and colour, and fingerprints."""
    done = list(encode_photos(enumerate(photos), encoders, after=images.fingerprint))
    found = [(v, f) for _, v, f in done if isinstance(v, dict)]
    unit = [np.array([v[name] / np.linalg.norm(v[name]) for v, _ in found]) for name in ("look", "colour")]
    return unit[0], unit[1], np.array([(int(f[:16], 16), int(f[16:], 16)) for _, f in found], np.uint64)


def near_pairs(look: np.ndarray, colour: np.ndarray, prints: np.ndarray) -> list[tuple[int, int]]:
    """Rows of all pairs that are called near-identical, the lower first."""
    pairs: list[tuple[int, int]] = []
    for start, end in pairwise([*range(0, len(look), 500), len(look)]):
        near = np.bitwise_count(prints[start:end, None] ^ prints[None]).max(axis=2) <= DISTANCE
        near &= look[start:end] @ look.T >= LOOK_AT_LEAST
        near &= colour[start:end] @ colour.T >= COLOUR_AT_LEAST
        pairs += [(start + int(r), int(c)) for r, c in zip(*np.nonzero(near), strict=True) if start + r < c]
    return pairs


def of_designs(items: list[MyntraItem], encoders: list[Any], split: str) -> str:
    """A sentence on how many of the pairs that are called near-identical are of one design."""
    pairs = near_pairs(*encoded([item.image for item in items], encoders))
    shades = [(a, b) for a, b in pairs if {items[a].article_type, items[b].article_type} & {*COSMETICS}]
    clothes = [pair for pair in pairs if pair not in set(shades)]
    right = sum(bool(items[a].design) and items[a].design == items[b].design for a, b in clothes)
    others = [f"{items[a].id} and {items[b].id}" for a, b in clothes if items[a].design != items[b].design]
    return (
        f"Of {len(items) * (len(items) - 1) // 2:,} pairs of items of myntra {split}, {len(clothes)} of clothes were "
        f"called near-identical: {right} are of one design. Not: {', '.join(others) or 'none'}. Beside them "
        f"{len(shades)} pairs of cosmetics, whose shades share one photo."
    )


def main() -> None:
    """Measure and print; with --write, replace the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--split", default="val", help="of myntra")
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    folder = chosen.data / "clothing"
    with (folder / "items.csv").open(newline="", encoding="utf-8") as table:
        photos: list[Photo] = [folder / row["image"] for row in csv.DictReader(table) if row["split"] == "train"]
    encoders = [load_model(DEFAULT).image, ColourEncoder()]
    look, colour, prints = encoded(photos, encoders)
    lines = [
        "| saved again as | bits apart in a half, 95 % | cos look, 5 % | cos colour, 5 % | found |",
        "|---|---|---|---|---|",
    ]
    for name, way in WAYS.items():
        again = encoded([way(images.decode(photo)) for photo in photos[:PHOTOS]], encoders)
        bits = np.bitwise_count(prints[:PHOTOS] ^ again[2]).max(axis=1)
        a, b = (look[:PHOTOS] * again[0]).sum(1), (colour[:PHOTOS] * again[1]).sum(1)
        found = np.mean((bits <= DISTANCE) & (a >= LOOK_AT_LEAST) & (b >= COLOUR_AT_LEAST))
        figures = f"{np.quantile(bits, 0.95):.1f} | {np.quantile(a, 0.05):.3f} | {np.quantile(b, 0.05):.3f}"
        lines.append(f"| {name} | {figures} | {found:.3f} |")
    pairs = near_pairs(look, colour, prints)
    compared = len(look) * (len(look) - 1) // 2
    lines += [f"\npair called near-identical: {photos[r]} {photos[c]}" for r, c in pairs if not chosen.write]
    lines.append(f"\nOf {compared:,} pairs of different files, {len(pairs)} were called near-identical.")
    lines.append(f"\n{of_designs(read_catalogue(chosen.data / 'myntra', chosen.split), encoders, chosen.split)}")
    limits = f"look at least {LOOK_AT_LEAST}, colour at least {COLOUR_AT_LEAST}, at most {DISTANCE} bits apart"
    lines.append(f"\nModel {DEFAULT}; {limits}.")
    text = "\n".join(lines)
    print(text)
    if chosen.write:
        page = PAGES / "duplicates.md"
        head = f"# Near-identical photos\n\n```\n{(__doc__ or '').strip()}\n```\n\n"
        page.write_text(f"{head}{text}\n\n{datetime.now(UTC):%Y-%m-%d}.\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""A small shop laid out like ``myntra/``: drawn photos, types, colours and attributes that are known."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs

SLEEVES = ("Short Sleeves", "Long Sleeves", "Sleeveless")
NECKS = ("Round Neck", "V-Neck")
PATTERNS = ("Solid", "Striped")
TYPES = ("Tshirts", "Tops", "Watches")
COLOURS = ("Red", "Blue")


def write_shop(folder: Path, split: str = "val", count: int = 240) -> Path:
    """Write catalogue.parquet and details.parquet; of every sixth item the shop says nothing more than its type."""
    specs = drawn_specs(8, 1, 5)
    photos = [images.to_png(draw(spec, 48)) for spec in specs]
    items, details = [], []
    for number in range(count):
        kind, colour = TYPES[number % 3], COLOURS[number // 3 % 2]
        said = {
            "Sleeve Length": SLEEVES[number // 6 % 3], "Neck": NECKS[number // 18 % 2],
            "Pattern": PATTERNS[number // 36 % 2],
        } if kind != "Watches" and number % 7 else {}  # fmt: skip
        items.append({
            "id": f"{split}-{number}", "title": f"{colour} {kind} {number}", "articleType": kind, "category": "",
            "gender": "Women", "baseColour": colour, "season": "", "year": 2020, "usage": "", "design": "",
            "split": split, "image": photos[number % len(photos)],
        })  # fmt: skip
        words = f"{colour} top, has {SLEEVES[number // 6 % 3].lower()}. Machine wash cold" if said else ""
        details.append(
            {"id": f"{split}-{number}", "brand": "Acme", "attributes": json.dumps(said), "description": words}
        )
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(items), folder / "catalogue.parquet")
    pq.write_table(pa.Table.from_pylist(details), folder / "details.parquet")
    return folder

"""Times a photo's way to 260 x 260 pixels: plain Pillow against lookseek, and what lookseek spends where.

    LOOKSEEK_DATA=FOLDER python -m benchmarks.speed.decode [--write]

Medians of milliseconds a photo, one thread, files in the page cache; the ways take turns photo by photo,
so that whatever else the machine does falls on all alike.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date

import numpy as np
from PIL import Image

from benchmarks.paths import DATA, PAGES
from lookseek import images
from lookseek.images import decoder

SIDE = 260
PHOTOS = 500
ENLARGED = 1600  # the longer side of a shop's photo, where min_side matters


def with_pillow(data: bytes) -> object:
    """What most programs do."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def with_lookseek(data: bytes) -> object:
    """As the pipeline does it."""
    return images.resize(images.decode(data, SIDE), SIDE, SIDE)


def without_simplejpeg(data: bytes) -> object:
    """The same where only the base is installed."""
    kept, decoder.simplejpeg = decoder.simplejpeg, None
    try:
        return with_lookseek(data)
    finally:
        decoder.simplejpeg = kept


def decode_alone(data: bytes) -> object:
    """The same without resizing."""
    return images.decode(data, SIDE)


WAYS: dict[str, Callable[[bytes], object]] = {
    "Pillow: open, convert, resize": with_pillow,
    "lookseek: decode, resize": with_lookseek,
    "lookseek without simplejpeg": without_simplejpeg,
    "lookseek: decode alone": decode_alone,
}


def enlarged(data: bytes) -> bytes:
    """A photo as a shop's camera would give it, JPEG."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    scale = ENLARGED / max(picture.size)
    large = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    file = io.BytesIO()
    large.save(file, "JPEG", quality=85)
    return file.getvalue()


def report(title: str, photos: list[bytes]) -> list[str]:
    """One row for each way: median, ratio to plain Pillow, photos a second."""
    took: dict[str, list[float]] = {name: [] for name in WAYS}
    for data in photos[:20] + photos:
        for name, way in WAYS.items():
            start = time.perf_counter()
            way(data)
            took[name].append((time.perf_counter() - start) * 1000)
    medians = {name: statistics.median(times[20:]) for name, times in took.items()}
    plain = medians["Pillow: open, convert, resize"]
    head = f"| {title}, {len(photos)} photos | ms a photo, median | times | a second, one thread |"
    rows = ["", head, "|---|---|---|---|"]
    for name, median in medians.items():
        rows.append(f"| {name} | {median:.2f} | {plain / median:.2f} | {1000 / median:.0f} |")
    return rows


def main() -> None:
    """Reads the photos and prints both reports."""
    paths = sorted((DATA / "clothing").rglob("*.jpg"))[:PHOTOS]
    if not paths:
        sys.exit(f"no photos in {DATA / 'clothing'}: set LOOKSEEK_DATA to the folder of the data")
    photos = [path.read_bytes() for path in paths]
    rows = report("clothing as it is (336 px)", photos)
    rows += report(f"clothing enlarged to {ENLARGED} px", [enlarged(data) for data in photos[:60]])
    print("\n".join(rows))
    if "--write" in sys.argv:
        page = PAGES / "decode.md"
        head = f"# Decoding\n\n```\n{(__doc__ or '').strip()}\n```\n"
        page.write_text(head + "\n".join(rows) + f"\n\n{date.today()}, {os.cpu_count()} cores.\n", encoding="utf-8")


if __name__ == "__main__":
    main()

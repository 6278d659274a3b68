"""How often "few good matches" is said where it is true, and where it is not.

    python -m benchmarks.choices.background CLOTHING [--work FOLDER] [--write]

An index of the train and val photos of ``clothing`` is asked with its test photos, with photos of no garment (noise,
stripes, one colour, drawn here) and with words of garments and of other things in both languages. None of these words
or photos was used when the limits of ``search/relevance.py`` were set; those were looked at with other words.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.paths import PAGES
from benchmarks.progress import Stages
from lookseek import Query, Searcher, images
from lookseek.catalogue import open_catalogue
from lookseek.index.job import build_index
from lookseek.types import Pixels

PAGE = PAGES / "background.md"
K = 20

GARMENTS = {
    "English": "yellow t-shirt, pink blouse, grey trousers, leather jacket, wool coat, pleated skirt, checked shirt, "
    "black dress, white sneakers, blue jeans, green polo shirt, summer shorts, orange top, brown boots, red hoodie, "
    "navy blazer, striped t-shirt, evening dress, baseball cap, long skirt",
    "Vietnamese": "áo thun vàng, áo kiểu hồng, quần tây xám, áo khoác da, áo len, chân váy dài, áo sơ mi kẻ, đầm đen, "
    "giày thể thao trắng, quần jean xanh, áo polo xanh lá, quần đùi, áo màu cam, bốt nâu, áo hoodie đỏ, vest xanh, "
    "áo thun kẻ sọc, đầm dạ hội, mũ lưỡi trai, váy ngắn",
}
OTHERS = {
    "English": "moon landing, coffee machine, income statement, polar bear, violin concert, tropical rain, brick wall, "
    "software update, traffic jam, apple pie, dentist appointment, river bank, bicycle tyre, election result, "
    "world map, mathematics exam, hotel room, garden fence, electric guitar, cold soup",
    "Vietnamese": "mặt trăng, máy pha cà phê, báo cáo tài chính, con mèo, đàn piano, mưa rào, bức tường gạch, "
    "cập nhật phần mềm, kẹt xe, bánh ngọt, lịch khám răng, bờ sông, lốp xe đạp, kết quả bầu cử, bản đồ thế giới, "
    "đề thi toán, phòng khách sạn, hàng rào vườn, đàn ghi ta, canh chua",
}


def indexed(data: Path, work: Path) -> tuple[Path, list[Path]]:
    """An index of train and val, and the test photos."""
    rows = list(csv.DictReader((data / "items.csv").open(encoding="utf-8")))
    work.mkdir(parents=True, exist_ok=True)
    table = work / "gallery.csv"
    with table.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow(["id", "image"])
        lines.writerows((row["image"], data.resolve() / row["image"]) for row in rows if row["split"] != "test")
    build_index(open_catalogue(str(table)), work / "index", progress=Stages())
    return work / "index", [data / row["image"] for row in rows if row["split"] == "test"]


def no_garments() -> list[bytes]:
    """Pictures of nothing: noise, one colour, stripes, soft blots."""
    made: list[Pixels] = []
    for seed in range(15):
        random = np.random.default_rng(seed)
        rows, columns = np.indices((240, 240))
        made.append(random.integers(0, 256, (240, 240, 3), dtype=np.uint8))
        made.append(np.full((240, 240, 3), random.integers(0, 256, 3), np.uint8))
        stripes = ((rows * random.integers(0, 3) + columns) // random.integers(4, 40) % 2)[..., None]
        made.append((stripes * random.integers(0, 256, 3)).astype(np.uint8))
        blots = random.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        made.append(images.resize(blots, 240, 240))
    return [images.to_png(pixels) for pixels in made]


def share(found: list[int | None]) -> str:
    """How many of the queries found at least one good hit."""
    some = sum(bool(good) for good in found)
    return f"{some} of {len(found)} ({some / len(found):.3f})"


def spread(searcher: Searcher) -> list[tuple[str, str]]:
    """Two ways to tell the best hit of words from chance: by the spread of all cosines, or by their mean alone."""
    store = searcher.index.store
    looks = np.stack([point.vectors["look"] for point in store.scan(vectors=True)])
    told = []
    for name, lists in (("garments", GARMENTS), ("other things", OTHERS)):
        words = [word.strip() for text in lists.values() for word in text.split(",")]
        vectors = [searcher.embed(Query(text=word))["look"] for word in words]
        cosines = [looks @ (vector / np.linalg.norm(vector)) for vector in vectors]
        for what, values in (
            ("standard deviations above the mean", [(c.max() - c.mean()) / c.std() for c in cosines]),
            ("cosine above the mean", [c.max() - c.mean() for c in cosines]),
        ):
            low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
            told.append((f"words of {name}: {what}", f"{middle:.2f} ({low:.2f} to {high:.2f})"))
    return told


def main() -> None:
    """Measure and print; with --write, replace the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--work", type=Path, default=Path("/tmp/lookseek-background"))
    arguments.add_argument("--write", action="store_true")
    given = arguments.parse_args()
    index, photos = indexed(given.data, given.work)
    lines = []
    with Searcher(index) as searcher:
        began = time.perf_counter()
        searcher.measure_relevance()
        seconds = time.perf_counter() - began
        items, model = searcher.index.manifest.items, searcher.model.name

        def good(queries: list[Query]) -> str:
            return share([searcher.search(query).good for query in queries])

        lines.append(("photos of garments (test)", good([Query(image=photo, k=K) for photo in photos])))
        lines.append(("pictures of no garment", good([Query(image=photo, k=K) for photo in no_garments()])))
        for name, lists in (("garments", GARMENTS), ("other things", OTHERS)):
            for language, text in lists.items():
                words = [word.strip() for word in text.split(",")]
                lines.append((f"words of {name}, {language}", good([Query(text=word, k=K) for word in words])))
        apart = [f"| {name} | {told} |" for name, told in spread(searcher)]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    text = "\n".join(
        [
            "# Few good matches",
            "",
            f"Protocol: {model}, an index of clothing's train and val photos ({items:,} items); a query counts as "
            f"answered where at least one of its {K} hits stands out. {datetime.now(UTC):%Y-%m-%d}, commit {commit}, "
            "by `python -m benchmarks.choices.background DATA/clothing --write`, which holds the words and draws the "
            "pictures.",
            "",
            "| asked with | queries that found a good match |",
            "|---|---|",
            *(f"| {name} | {found} |" for name, found in lines),
            "",
            "The limits are measured on each index itself (`search/relevance.py`;",
            f"[closeness](../decisions/closeness.md) says by what rule). Measuring them took {seconds:.1f} s here.",
            "",
            "Why not by standard deviations, as outliers are told elsewhere: of the best hit, median and 5 to 95 %:",
            "",
            "| words | |",
            "|---|---|",
            *apart,
            "",
        ]
    )
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

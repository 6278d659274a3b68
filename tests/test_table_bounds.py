"""Tables that are small on the disk and huge in memory, or wide: one clear line, in little memory and time.

Each of these once took gigabytes or minutes.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.catalogues import indexed, write_photos

from lookseek.catalogue import open_catalogue
from lookseek.catalogue.bounds import MAX_CELL, MAX_COLUMNS
from lookseek.errors import CatalogueError
from lookseek.types import Item, Skipped

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


def repeated_text(path: Path) -> None:
    """64 rows that share one text of 10 MB: 640 MB where each gets its own."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 64, pa.int32()), pa.array(["x" * 10_000_000]))
    table = pa.table({"image": ["a.jpg"] * 64, "text": text})
    pq.write_table(table, path, compression="zstd", store_schema=False, write_statistics=False)


def repeated_photo(path: Path) -> None:
    """The same with bytes."""
    photos = pa.DictionaryArray.from_arrays(pa.array([0] * 64, pa.int32()), pa.array([JPEG + bytes(10_000_000)]))
    table = pa.table({"image": photos})
    pq.write_table(table, path, compression="zstd", store_schema=False, write_statistics=False)


def zipped_text(path: Path) -> None:
    """A page of 100 MB in 10 kB."""
    texts = pa.array(["x" * 100_000_000, "y"], pa.large_string())
    table = pa.table({"image": ["a.jpg"] * 2, "text": texts})
    pq.write_table(table, path, compression="zstd", use_dictionary=False, write_statistics=False)


def long_list(path: Path) -> None:
    """A row whose list has 50 million equal numbers."""
    lists = pa.ListArray.from_arrays([0, 50_000_000], pa.nulls(50_000_000, pa.int8()))
    pq.write_table(pa.table({"image": ["a.jpg"], "sizes": lists}), path, compression="zstd")


TABLES: dict[str, tuple[Callable[[Path], None], str]] = {
    "repeated text": (repeated_text, "64 skipped: row 1: text has 10,000,000 characters, up to 131,072 are read"),
    "repeated photo": (repeated_photo, "64 items"),
    "zipped text": (zipped_text, "row group of 100,"),
    "long list": (long_list, "values of 'sizes' in a row group, 20,000,000 are read"),
}
CHILD = """
import sys
from pathlib import Path
import pyarrow.parquet
from lookseek.catalogue import open_catalogue
from lookseek.errors import CatalogueError
from lookseek.types import Item

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

before = peak()
try:
    items, skipped, first = 0, 0, ""
    for entry in open_catalogue(sys.argv[1]):
        items, skipped = items + isinstance(entry, Item), skipped + (not isinstance(entry, Item))
        first = first or ("" if isinstance(entry, Item) else entry.reason)
    print(f"{skipped} skipped: {first}" if skipped else f"{items} items")
except CatalogueError as error:
    print(error)
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads VmHWM from Linux's /proc")
@pytest.mark.parametrize("name", TABLES)
def test_a_small_parquet_takes_little_memory(name: str, tmp_path: Path) -> None:
    write, told = TABLES[name]
    path = tmp_path / "items.parquet"
    write(path)
    assert path.stat().st_size < 400_000
    (tmp_path / "a.jpg").write_bytes(JPEG)
    done = subprocess.run([sys.executable, "-c", CHILD, path], capture_output=True, text=True, check=True)
    line, grown = done.stdout.splitlines()
    assert told in line
    assert int(grown) < 250e6, f"{int(grown):,} bytes"


WIDE = MAX_COLUMNS + 1
NAMES = [f"c{n}" for n in range(WIDE)]


def wide_tables(folder: Path) -> dict[str, Path]:
    """Tables with a column too many, of each kind, and one whose cells have them."""
    texts = {
        "wide.csv": ",".join(NAMES) + "\n" + ",".join("1" * WIDE) + "\n",
        "wide.jsonl": json.dumps(dict.fromkeys(NAMES, 1)) + "\n",
        "object.jsonl": "".join(json.dumps({"image": "a.jpg", "attributes": {name: 1}}) + "\n" for name in NAMES),
        "wide.xml": f"<rss><item>{''.join(f'<{name}>1</{name}>' for name in NAMES)}</item></rss>",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    pq.write_table(pa.table({name: [1] for name in NAMES}), folder / "wide.parquet")
    return {name: folder / name for name in (*texts, "wide.parquet")}


@pytest.mark.parametrize("name", ["wide.csv", "wide.jsonl", "object.jsonl", "wide.xml", "wide.parquet"])
def test_a_table_of_too_many_columns_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    with pytest.raises(CatalogueError, match=r"has 1,00\d columns or more, up to 1,000 are read") as refused:
        open_catalogue(wide_tables(tmp_path)[name])
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_line_of_100_000_columns_costs_no_minute(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(100_000)]
    (tmp_path / "wide.csv").write_text(",".join(names) + "\n" + ",".join("1" * 100_000) + "\n")
    with pytest.raises(CatalogueError, match="100,000 columns"):
        open_catalogue(tmp_path / "wide.csv")


@pytest.mark.parametrize("length", [MAX_CELL, MAX_CELL + 1])
def test_a_row_with_a_text_too_long_is_passed_over(length: int, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    rows = [{"image": "a.jpg", "id": "1", "note": "short"}, {"image": "a.jpg", "id": "2", "note": "x" * length}]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    entries = list(open_catalogue(tmp_path / "items.jsonl"))
    assert isinstance(entries[0], Item)
    if length > MAX_CELL:
        assert isinstance(entries[1], Skipped)
        assert (entries[1].where, entries[1].kind, entries[1].column) == ("line 2", "cell too long", "note")
    else:
        assert isinstance(entries[1], Item)


def test_a_formula_of_a_table_is_text_in_skipped_csv(tmp_path: Path) -> None:
    write_photos(tmp_path, items=1, views=1)
    photo = next(tmp_path.rglob("*.jpg")).relative_to(tmp_path)
    formula = "=cmd|' /C calc'!A0"
    rows = ["image,id,price", f"{photo},fine,1", f"gone.jpg,{formula},2"]
    (tmp_path / "shop.csv").write_text("\n".join(rows) + "\n")
    indexed(tmp_path / "shop.csv", tmp_path / "index", model="efficientnet-lite2")
    with (tmp_path / "index" / "skipped.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any(formula in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]

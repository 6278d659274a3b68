"""Getting photos again from what items say of their source, and the pictures of results made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from helpers.catalogues import indexed, write_photos

from lookseek import images
from lookseek.catalogue import open_catalogue, photos_at
from lookseek.query import Query
from lookseek.render import strip
from lookseek.render.tile import CELL, MARGIN, tile_position
from lookseek.search import Searcher
from lookseek.types import Box, Item


def as_table(photos: list[Path], table: Path, column: str = "image") -> None:
    rows = {"id": [path.stem for path in photos], column: [path.read_bytes() for path in photos]}
    pq.write_table(pa.table(rows), table)


def test_files_and_rows_of_tables_come_back(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", items=3, views=2)
    as_table(photos, tmp_path / "shop.parquet")
    items = [entry for entry in open_catalogue(tmp_path / "shop.parquet") if isinstance(entry, Item)]
    sources = [items[4].source, items[0].source, str(photos[2]), items[4].source, ""]
    got = photos_at(sources)
    assert got == [photos[4].read_bytes(), photos[0].read_bytes(), photos[2], photos[4].read_bytes(), None]


def test_a_named_column_is_remembered(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", items=1, views=2)
    as_table(photos, tmp_path / "shop.parquet", column="ảnh")
    items = list(open_catalogue(tmp_path / "shop.parquet", image_column="ảnh"))
    assert isinstance(items[1], Item)
    assert photos_at([items[1].source]) == [photos[1].read_bytes()]


def test_drawn_garments_come_back() -> None:
    items = [entry for entry in open_catalogue("drawn:2") if isinstance(entry, Item)]
    assert photos_at([items[3].source]) == [items[3].image]


def test_what_is_gone_is_none(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", items=1, views=2)
    as_table(photos, tmp_path / "shop.parquet")
    source = next(iter(open_catalogue(tmp_path / "shop.parquet"))).source  # type: ignore[union-attr]
    assert photos_at([source.replace("#1/", "#99/")]) == [None]
    (tmp_path / "shop.parquet").unlink()
    assert photos_at([source, f"{tmp_path}/x.parquet#1/image"]) == [None, None]


def tile(picture: np.ndarray, number: int) -> np.ndarray:
    x, y = tile_position(number)
    return picture[y : y + CELL, x : x + CELL]


def test_results_are_drawn_from_a_table_with_its_photos_inside(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", items=4, views=1)
    as_table(photos, tmp_path / "shop.parquet")
    indexed(tmp_path / "shop.parquet", tmp_path / "index")
    with Searcher(tmp_path / "index") as searcher:
        results = searcher.search(Query(image=photos[1], k=4))
    picture = strip.draw_results(results)
    shown = tile(picture, 0)[20:-20, 20:-20].astype(int)
    asked = images.resize(images.decode(photos[1]), CELL, CELL)[20:-20, 20:-20].astype(int)
    assert np.abs(shown - asked).mean() < 12
    (tmp_path / "shop.parquet").unlink()
    assert np.abs(tile(strip.draw_results(results), 0).astype(int) - tile(picture, 0)).mean() > 10


def test_truth_frames_and_a_box_crops_the_query(ready: tuple[Path, Path]) -> None:
    photo = sorted((ready[0] / "dress").glob("*.jpg"))[0]
    with Searcher(ready[1]) as searcher:
        results = searcher.search(Query(image=photo, k=30, box=Box(0, 0, 64, 128)))
        whole = searcher.search(Query(image=photo, k=30))
    picture = strip.draw_results(results, ("folder", "dress"))
    for number, hit in enumerate(results.hits):
        red, green, _ = tile(picture, number)[2, CELL // 2].astype(int)
        assert (green > red) == (hit.attributes["folder"] == "dress"), hit.id
    left = (slice(MARGIN, MARGIN + CELL), slice(MARGIN, MARGIN + CELL))
    assert np.abs(picture[left].astype(int) - strip.draw_results(whole)[left]).mean() > 5

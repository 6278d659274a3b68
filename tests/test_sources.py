"""Several sources in one index: none takes another's place, and a folder of tables is one of them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.catalogues import indexed, published, write_photos

from lookseek import images
from lookseek.catalogue import notes_of, open_catalogue, reading_of
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.catalogue.photos import photos_at
from lookseek.index.open_index import open_index
from lookseek.types import Item

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


def ids_in(index: Path) -> set[str]:
    opened = open_index(index)
    try:
        return {point.id for point in opened.store.scan()}
    finally:
        opened.store.close()


def shoot(folder: Path, seed: int) -> Path:
    """Photos of one shoot: their names are those of every shoot."""
    folder.mkdir(parents=True)
    for number, spec in enumerate(drawn_specs(2, 1, seed)):
        (folder / f"DSC_{number:04d}.jpg").write_bytes(images.to_jpeg(draw(spec, 96)))
    return folder


def test_two_folders_with_the_same_names_keep_their_photos(tmp_path: Path) -> None:
    index = tmp_path / "index"
    monday, tuesday = shoot(tmp_path / "monday", 1), shoot(tmp_path / "tuesday", 2)
    assert indexed(monday, index, store="numpy").added == 2
    second = indexed(tuesday, index, store="numpy")
    assert (second.added, second.changed, second.items) == (2, 0, 4)
    assert any("begin with tuesday/" in note for note in second.notes)
    assert ids_in(index) == {"DSC_0000.jpg", "DSC_0001.jpg", "tuesday/DSC_0000.jpg", "tuesday/DSC_0001.jpg"}
    for source in (tuesday, monday):  # both are known again
        assert indexed(source, index).unchanged == 2
    (tuesday / "DSC_0001.jpg").unlink()
    assert indexed(tuesday, index, prune=True).removed == 1
    assert indexed(monday, index, prune=True).removed == 0
    assert ids_in(index) == {"DSC_0000.jpg", "DSC_0001.jpg", "tuesday/DSC_0000.jpg"}
    manifest = published(index)
    assert manifest is not None
    assert set(manifest.sources) == {str(monday), str(tuesday)}


def test_a_folder_that_was_moved_keeps_its_ids(tmp_path: Path) -> None:
    index = tmp_path / "index"
    before = shoot(tmp_path / "before", 1)
    indexed(before, index, store="numpy")
    after = before.rename(tmp_path / "after")
    summary = indexed(after, index, prune=True)
    assert (summary.added, summary.removed, summary.items) == (0, 0, 2)


def test_a_folder_of_tables_is_one_catalogue(tmp_path: Path) -> None:
    for shard in range(2):
        rows = [{"image": {"bytes": JPEG + bytes([shard, row]), "path": "x.jpg"}, "label": row} for row in range(3)]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"train-0000{shard}-of-00002.parquet")
    catalogue = open_catalogue(tmp_path)
    found = [entry for entry in catalogue if isinstance(entry, Item)]
    assert [item.id for item in found][2:4] == ["train-00000-of-00002/3", "train-00001-of-00002/1"]
    assert [item.attributes["label"] for item in found] == [0, 1, 2, 0, 1, 2]
    assert len(catalogue) == 6
    assert photos_at([item.source for item in found]) == [item.image for item in found]


def test_tables_beside_photos_describe_them(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        for number in range(2):
            (tmp_path / split / f"{number}.jpg").write_bytes(JPEG)
        line = {"file_name": "0.jpg", "text": f"{split} dress", "price": 10, "objects": {"bbox": [[1, 2, 3, 4]]}}
        (tmp_path / split / "metadata.jsonl").write_text(json.dumps(line))
    found = {item.id: item for item in open_catalogue(tmp_path) if isinstance(item, Item)}
    assert set(found) == {"train/0.jpg", "train/1.jpg", "test/0.jpg", "test/1.jpg"}
    assert found["train/0.jpg"].attributes == {"folder": "train", "text": "train dress", "price": 10}
    assert found["test/1.jpg"].attributes == {"folder": "test"}
    reading = reading_of(open_catalogue(tmp_path))
    assert reading is not None
    assert (reading.rows, reading.left_out) == (2, ("objects.bbox",))
    assert [column.column for column in reading.columns] == ["file_name", "text", "price"]


def test_a_table_beside_photos_that_is_not_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "0.jpg").write_bytes(JPEG)
    assert notes_of(open_catalogue(tmp_path)) == ()
    (tmp_path / "products.csv").write_text("id,image\n1,0.jpg\n")
    (note,) = notes_of(open_catalogue(tmp_path))
    assert f"give {tmp_path / 'products.csv'} as the source" in note


@pytest.mark.parametrize("name", ["#recycle/a.jpg", "$RECYCLE.BIN/a.jpg", "@eaDir/a.jpg", "x/.Trash/a.jpg"])
def test_deleted_files_are_passed_over(tmp_path: Path, name: str) -> None:
    (photo,) = write_photos(tmp_path / "photos", items=1, views=1)
    away = photo.parents[1] / name
    away.parent.mkdir(parents=True)
    away.write_bytes(photo.read_bytes())
    assert len(list(open_catalogue(tmp_path / "photos"))) == 1

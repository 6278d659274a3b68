"""Folders and tables as catalogues: what becomes an item, what is skipped, what ends the command."""

import datetime
import decimal
import json
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookseek.catalogue import check_ids, open_catalogue
from lookseek.catalogue.cells import to_attribute
from lookseek.errors import CatalogueError
from lookseek.types import Item, Skipped

# The first bytes of a JPEG, a PNG and an HTML page: catalogues look no further.
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
HTML = b"<!doctype html><title>404</title>"


def put(path: Path, content: bytes = JPEG) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def items(source: str | Path, **options: str) -> list[Item]:
    """The items, after a look at their sources: a photo in a file is found there again."""
    found = [entry for entry in open_catalogue(source, **options) if isinstance(entry, Item)]
    for item in found:
        assert item.source == str(item.image) if isinstance(item.image, Path) else item.source
    return [replace(item, source="") for item in found]


def skipped(source: str | Path, **options: str) -> list[tuple[str, str]]:
    entries = [entry for entry in open_catalogue(source, **options) if isinstance(entry, Skipped)]
    assert all(entry.reason and "\n" not in entry.reason for entry in entries)
    return [(entry.where, entry.kind) for entry in entries]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with photos a.jpg to e.jpg to put tables beside."""
    for name in "abcde":
        put(tmp_path / f"{name}.jpg")
    return tmp_path


def table(folder: Path, text: str, name: str = "items.csv", encoding: str = "utf-8") -> Path:
    return put(folder / name, text.encode(encoding))


def parquet(folder: Path, columns: dict[str, object], **options: int) -> Path:
    path = folder / "items.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


# --- folders ----------------------------------------------------------------------------------------


def test_a_folder_is_read_in_one_order_with_its_sub_folders(tmp_path: Path) -> None:
    for name in ("z.jpg", "B.PNG", "shirts/10.webp", "dresses/summer/2.jpg", "dresses/1.jpeg"):
        put(tmp_path / name)
    catalogue = open_catalogue(tmp_path)
    found = [entry for entry in catalogue if isinstance(entry, Item)]
    assert [item.id for item in found] == [
        "B.PNG",
        "z.jpg",
        "dresses/1.jpeg",
        "dresses/summer/2.jpg",
        "shirts/10.webp",
    ]
    assert [item.attributes.get("folder") for item in found] == [None, None, "dresses", "dresses", "shirts"]
    assert all(isinstance(item.image, Path) and item.image == tmp_path / item.id for item in found)
    assert list(catalogue) == found
    assert (catalogue.name, len(catalogue)) == (tmp_path.name, 5)


def test_what_is_no_photo_is_left_out_but_what_pretends_is_not(tmp_path: Path) -> None:
    kept = ["page.jpg", "photo", "really-a-photo.txt", "clip.mp4", "also.db"]
    put(tmp_path / "page.jpg", HTML)
    put(tmp_path / "photo", PNG)
    put(tmp_path / "really-a-photo.txt", JPEG)
    put(tmp_path / "clip.mp4", b"\0\0\0\x18ftypmp42")
    put(tmp_path / "also.db", b"RIFF\0\0\0\0WEBPVP8 ")
    for name in ("notes.txt", "items.csv", "page.html", "Thumbs.db", "README", "SHA256SUMS", "empty.json"):
        put(tmp_path / name, b"" if name == "empty.json" else HTML)
    for name in (".hidden.jpg", ".git/x.jpg", "__MACOSX/x.jpg", "a/@eaDir/x.jpg"):
        put(tmp_path / name)
    assert sorted(item.id for item in items(tmp_path)) == sorted(kept)
    assert skipped(tmp_path) == []


def test_links_to_files_are_followed_and_links_to_folders_are_told(tmp_path: Path) -> None:
    outside = put(tmp_path / "elsewhere" / "x.jpg")
    root = tmp_path / "root"
    put(root / "sub" / "a.jpg")
    (root / "good.jpg").symlink_to(outside)
    (root / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    (root / "circle.jpg").symlink_to(root / "circle.jpg")
    (root / "sub" / "up").symlink_to(root, target_is_directory=True)
    assert [item.id for item in items(root)] == ["good.jpg", "sub/a.jpg"]
    assert skipped(root) == [
        ("circle.jpg", "missing file"),
        ("gone.jpg", "missing file"),
        ("sub/up", "linked folder"),
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_no_photo_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    put(tmp_path / "a.jpg")
    assert [item.id for item in items(tmp_path)] == ["a.jpg"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_vietnamese_names(tmp_path: Path, form: str) -> None:
    name = unicodedata.normalize(form, "Đầm dự tiệc/đỏ thẫm.jpg")
    put(tmp_path / name)
    (item,) = items(tmp_path)
    assert item.id == name
    assert isinstance(item.image, Path)
    assert item.image.read_bytes() == JPEG
    assert item.attributes == {"folder": unicodedata.normalize("NFC", "Đầm dự tiệc")}


def test_names_that_no_index_can_hold_are_skipped(tmp_path: Path) -> None:
    put(tmp_path / "ok.jpg")
    put(tmp_path / "new\nline.jpg")
    try:
        put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")))
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    assert [item.id for item in items(tmp_path)] == ["ok.jpg"]
    kinds = Counter(kind for _, kind in skipped(tmp_path))
    assert kinds == {"unusable name": 1, "unusable id": 1}
    for where, _ in skipped(tmp_path):
        where.encode()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_locked_folder_is_told(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg")
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o000)
    try:
        assert skipped(tmp_path) == [(str(locked), "unreadable folder")]
    finally:
        locked.chmod(0o700)


def test_a_folder_without_photos_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="put photos into it"):
        open_catalogue(tmp_path)
    put(tmp_path / "items.csv", b"id\n1\n")
    with pytest.raises(CatalogueError, match=r"to read its table, give .*items\.csv"):
        open_catalogue(tmp_path)


# --- the door ---------------------------------------------------------------------------------------


def test_what_is_not_there_brings_near_names(tmp_path: Path) -> None:
    put(tmp_path / "photos" / "a.jpg")
    with pytest.raises(CatalogueError, match=r"is not there\. Near names there: photos\."):
        open_catalogue(tmp_path / "fotos")
    with pytest.raises(CatalogueError, match="Nor can the folder"):
        open_catalogue(tmp_path / "nowhere" / "x")
    with pytest.raises(CatalogueError, match="is not there"):
        open_catalogue("a\0b")
    with pytest.raises(CatalogueError, match="is not there"):
        open_catalogue("x" * 300)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("items.xlsx", "CSV UTF-8"),
        ("items.json", "one object a line"),
        ("photos.zip", "unpack"),
        ("a.JPG", "it is a photo: give the folder"),
        ("notes", "give a folder of photos, a table"),
    ],
)
def test_what_is_no_catalogue_says_what_to_do(tmp_path: Path, name: str, remedy: str) -> None:
    with pytest.raises(CatalogueError, match=remedy):
        open_catalogue(put(tmp_path / name))


def test_columns_of_what_has_none(shop: Path) -> None:
    for options in ({"image_column": "x"}, {"id_column": "x"}):
        with pytest.raises(CatalogueError, match="is no table"):
            open_catalogue(shop, **options)
        with pytest.raises(CatalogueError, match="is no table"):
            open_catalogue("drawn", **options)


def test_a_folder_called_like_a_table_is_a_folder(tmp_path: Path) -> None:
    put(tmp_path / "shop.csv" / "a.jpg")
    assert [item.id for item in items(tmp_path / "shop.csv")] == ["a.jpg"]


@pytest.mark.parametrize(
    "word", ["drawn:", "drawn:0", "drawn:-3", "drawn:x", "drawn:1.5", "drawn:٣", "drawn:9999999999"]
)
def test_a_drawn_catalogue_needs_a_number(word: str) -> None:
    with pytest.raises(CatalogueError, match="drawn:60"):
        open_catalogue(word)


def test_drawn_is_a_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = open_catalogue("drawn:1")
    assert 1 <= len(list(catalogue)) <= len(catalogue)
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "drawn" / "a.jpg")
    assert [item.id for item in items("./drawn")] == ["a.jpg"]
    assert [item.id for item in items(Path("drawn"))] == ["a.jpg"]


def test_ids_are_usable_and_there_once() -> None:
    good, late = Item("1", None, "first"), Item("1", None, "second")
    note = Skipped("line 3", "broken row", "why")
    bad = [Item(id, None) for id in ("", "  ", "a\nb", "a\x1b[31m", "\ud800", "x" * 4097)]
    out = list(check_ids([good, note, late, *bad, Item("x" * 4096, None), Item("👩‍🦰 đầm", None)]))
    assert out[:2] == [good, note]
    assert [entry.kind for entry in out if isinstance(entry, Skipped)][1:] == ["duplicate id"] + ["unusable id"] * 6
    assert [entry.id[:5] for entry in out[-2:] if isinstance(entry, Item)] == ["xxxxx", "👩‍🦰 đầm"[:5]]


@given(st.lists(st.text(max_size=3), max_size=30))
def test_every_entry_comes_out_once_and_ids_are_unique(ids: list[str]) -> None:
    out = list(check_ids(Item(id, None) for id in ids))
    assert len(out) == len(ids)
    kept = [entry.id for entry in out if isinstance(entry, Item)]
    assert len(set(kept)) == len(kept)
    for entry in out:
        (entry.id if isinstance(entry, Item) else entry.where + entry.reason).encode()


# --- tables of text ---------------------------------------------------------------------------------


def test_csv(shop: Path) -> None:
    source = table(shop, "sku,Image,title,price,kids,season\n007,a.jpg,Đầm đỏ,12.5,True,\n8,b.jpg,Áo,3,false,Fall\n")
    one, two = items(source)
    assert one == Item("007", shop / "a.jpg", "Đầm đỏ", {"title": "Đầm đỏ", "price": 12.5, "kids": True})
    assert two == Item("8", shop / "b.jpg", "Áo", {"title": "Áo", "price": 3.0, "kids": False, "season": "Fall"})
    catalogue = open_catalogue(str(source))
    assert (catalogue.name, len(catalogue)) == ("items.csv", 2)
    assert list(catalogue) == list(catalogue)  # it can be read again
    assert items(source) == [one, two]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", ""], [1, -2, None]),
        (["1", "2.5", "1.0e3"], [1.0, 2.5, 1000.0]),
        (["1", "2.5", "1e3"], ["1", "2.5", "1e3"]),
        (["007", "8", "9"], ["007", "8", "9"]),
        (["1", "x", "2"], ["1", "x", "2"]),
        (["true", "FALSE", "True"], [True, False, True]),
        (["true", "0", "1"], [True, False, True]),
        (["1", "n/a", "NaN"], [1, None, None]),
        (["true", "None", "-"], [True, None, None]),
        (["red", "n/a", "None"], ["red", "n/a", "None"]),
        (["n/a", "", "-"], ["n/a", None, "-"]),
        (["1,5", "2", "3"], [1.5, 2.0, 3.0]),
        (["+1", "2", "3"], ["+1", "2", "3"]),
        (["12345678901", "1", "2"], [12345678901, 1, 2]),
        (["123456789012345678", "1", "2"], ["123456789012345678", "1", "2"]),
        (["12345678901234567890", "1", "2"], ["12345678901234567890", "1", "2"]),
        ([" 5 ", "6", "7"], [5, 6, 7]),
        (["5\u0660", "6", "7"], ["5\u0660", "6", "7"]),
        (["2012-01-31", "", ""], ["2012-01-31", None, None]),
        (["1.0e5", "2", "9" * 400 + ".0"], ["1.0e5", "2", "9" * 400 + ".0"]),
    ],
)
def test_a_csv_column_has_the_type_of_all_its_cells(shop: Path, cells: list[str], expected: list[object]) -> None:
    rows = "".join(f"{name}.jpg;{cell}\n" for name, cell in zip("abc", cells, strict=True))
    found = [item.attributes.get("x") for item in items(table(shop, "image;x\n" + rows))]
    assert [(type(value), value) for value in found] == [(type(value), value) for value in expected]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "T.CSV"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_are_found(shop: Path, sign: str, name: str, end: str) -> None:
    rows = [
        ("image", "a b", '"x, y; z"'),
        ("a.jpg", "1", '"p, ""q""; r\ts\nt"'),
        ("", "", ""),
        ("b.jpg", "2", ""),
    ]
    text = end.join(sign.join(row) for row in rows) + end * 2
    first, second = items(table(shop, text, name, encoding="utf-8-sig"))
    assert first.attributes == {"a b": 1, "x, y; z": 'p, "q"; r\ts\nt'}
    assert second == Item("b.jpg", shop / "b.jpg", "", {"a b": 2})


def test_where_two_separators_cut_alike_the_name_decides(shop: Path) -> None:
    text = "image,x\ty\na.jpg,1\t2\n"
    (item,) = items(table(shop, text, "t.csv"))
    assert item.attributes == {"x\ty": "1\t2"}
    # Cut at the tab, one column is called "image,x", and there is no file "a.jpg,1".
    assert skipped(table(shop, text, "t.tsv"), image_column="image,x", id_column="y") == [("2", "missing file")]


def test_ids_stay_as_they_are_written(shop: Path) -> None:
    source = table(shop, "id,image\n1.50,a.jpg\n2,b.jpg\n1.5,c.jpg\n")
    assert [item.id for item in items(source)] == ["1.50", "2", "1.5"]


def test_one_column_is_a_table(shop: Path) -> None:
    assert [item.id for item in items(table(shop, "file\na.jpg\nb.jpg"))] == ["a.jpg", "b.jpg"]


def test_a_row_that_is_wrong_costs_one_line(shop: Path) -> None:
    source = table(
        shop,
        "id,image,x\n1,a.jpg,1\n\n2,b.jpg\n3,c.jpg,1,2\n4,d.jpg,1,,\n1,e.jpg,1\n,a.jpg,1\n5,,1\n6,zz.jpg,1\n"
        '7,"a.jpg"x,1\n8,https://shop.example/a.jpg,1\n9,e.jpg,1\n,,\n10,a\0b.jpg,1\n11,' + "x" * 5000 + ",1\n",
    )
    assert [item.id for item in items(source)] == ["1", "4", "9"]
    assert skipped(source) == [
        ("line 4", "ragged row"),
        ("line 5", "ragged row"),
        ("1", "duplicate id"),
        ("line 8", "empty id"),
        ("5", "empty image"),
        ("6", "missing file"),
        ("line 11", "broken row"),
        ("8", "web address"),
        ("10", "missing file"),
        ("11", "missing file"),
    ]
    assert len(list(open_catalogue(source))) == len(open_catalogue(source)) == 13
    assert all(len(entry.reason) < 600 for entry in open_catalogue(source) if isinstance(entry, Skipped))


def test_paths_are_found_as_people_write_them(shop: Path) -> None:
    put(shop / "ảnh" / unicodedata.normalize("NFD", "đầm.jpg"))
    put(shop / "more photos" / "x.jpg")
    elsewhere = put(shop.parent / f"{shop.name}-other" / "y.jpg")
    names = ["more photos\\x.jpg", "./a.jpg", f"../{elsewhere.parent.name}/y.jpg", str(elsewhere)]
    source = table(shop, "image\n" + "\n".join(names))
    assert [item.id for item in items(source)] == names
    for item in items(source):
        assert isinstance(item.image, Path)
        assert item.image.read_bytes() == JPEG


def test_a_name_in_the_other_unicode_form_is_found(shop: Path) -> None:
    put(shop / unicodedata.normalize("NFD", "đầm.jpg"))
    put(shop / unicodedata.normalize("NFC", "áo.jpg"))
    source = table(shop, "image\n" + unicodedata.normalize("NFC", "đầm.jpg\n") + unicodedata.normalize("NFD", "áo.jpg"))
    assert len(items(source)) == 2


def test_attributes_and_their_names_are_nfc(shop: Path) -> None:
    source = table(shop, unicodedata.normalize("NFD", "image,màu sắc\na.jpg,đỏ thẫm\n"))
    (item,) = items(source)
    assert item.attributes == {"màu sắc": "đỏ thẫm"}


@pytest.mark.parametrize(
    ("header", "image", "id", "text"),
    [
        ("id,image,title", "image", "id", "title"),
        ("Item ID,Photo Path,Name", "Photo Path", "Item ID", "Name"),
        ("caption,IMG,product_id,description", "IMG", "product_id", "description"),
        ("url,path,x", "path", None, None),
        ("sender_id,image_path,x", "image_path", None, None),
        ("file_name,image,x", "image", None, None),
    ],
)
def test_columns_are_found_by_name(shop: Path, header: str, image: str, id: str | None, text: str | None) -> None:
    names = header.split(",")
    row = ["a.jpg" if name == image else f"v-{name}" for name in names]
    (item,) = items(table(shop, f"{header}\n{','.join(row)}"))
    assert item.image == shop / "a.jpg"
    assert item.id == (f"v-{id}" if id else "a.jpg")
    assert item.text == (f"v-{text}" if text else "")
    assert set(item.attributes) == set(names) - {image, id}


def test_columns_can_be_named(shop: Path) -> None:
    source = table(shop, "image,front,id,code\na.jpg,b.jpg,1,x\n")
    (item,) = items(source, image_column="front", id_column="code")
    assert item == Item("x", shop / "b.jpg", "", {"image": "a.jpg", "id": 1})
    with pytest.raises(CatalogueError, match=r"no column 'Front'\. Did you mean 'front'\? There are: image, front"):
        open_catalogue(source, image_column="Front")
    with pytest.raises(CatalogueError, match=r"no column 'zzz'\. There are"):
        open_catalogue(source, id_column="zzz")
    with pytest.raises(CatalogueError, match=r"name the one that holds the photos .* There are: a, b"):
        open_catalogue(table(shop, "a,b\n1,2\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no rows"),
        (b"\n \n", "no rows"),
        (b"id,image\n", "no rows"),
        (b"id,image,id\n1,a.jpg,2\n", "'id' more than once"),
        ("image,màu\na.jpg,đỏ\n".encode("utf-16"), "line 1 is not UTF-8"),
        (
            b"image,x\na.jpg,ok\nb.jpg,caf\xe9\n",
            r"line 3 is not UTF-8 \(byte 0xE9 at 10\): save the file as UTF-8",
        ),
        (b'image,x\na.jpg,"open\nb.jpg,1\n', "from line 2 on"),
        (b'image,x\na.jpg,1\nb.jpg,"' + b"y\n" * 100_000, "from line 3 on"),
        (b"image,x\ra.jpg,1\r", "can't be read from line 1 on"),
        (b'"a"b,image\n1,a.jpg\n', "line 1, which names the columns"),
        (b"image,x\n" + b"y" * (2**24 + 1), "line 2 is longer than"),
    ],
)
def test_a_csv_that_is_wrong_as_a_whole(shop: Path, content: bytes, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        open_catalogue(put(shop / "items.csv", content))


def test_json_lines(shop: Path) -> None:
    rows = [
        {"id": 1, "image": "a.jpg", "price": 3, "rate": 2.5, "new": True, "tags": ["red", "silk", 3]},
        {
            "id": "b",
            "image": "b.jpg",
            "text": "váy",
            "none": None,
            "empty": " ",
            "deep": {"a": 1},
            "vector": [0.25] * 500,
        },
        {
            "id": 12.0,
            "image": {"path": "c.jpg", "bytes": None},
            "nan": float("nan"),
            "big": 2**70,
            "mess": "x\ud800",
        },
    ]
    source = table(shop, "\n".join(map(json.dumps, rows)) + "\n", "items.jsonl")
    assert items(source) == [
        Item("1", shop / "a.jpg", "", {"price": 3, "rate": 2.5, "new": True, "tags": ("red", "silk", "3")}),
        Item("b", shop / "b.jpg", "váy", {"text": "váy", "deep.a": 1}),
        Item("12", shop / "c.jpg", "", {"big": str(2**70), "mess": "x\ufffd"}),
    ]


def test_json_lines_that_are_wrong_cost_one_line_each(shop: Path) -> None:
    broken = [
        '{"image": ',
        "[1, 2]",
        '"a"',
        "null",
        "[" * 100_000,
        '{"id": ' + "9" * 5000 + "}",
        "{}",
        '{"image": 5, "id": 2}',
    ]
    text = '\ufeff{"image": "a.jpg", "id": 1}\n\n' + "\n".join(broken) + '\n{"id": 3, "image": "b.jpg"}'
    source = table(shop, text, "items.ndjson")
    assert [item.id for item in items(source)] == ["1", "3"]
    kinds = ["broken row"] * 6 + ["empty id", "empty image"]
    wheres = [*(f"line {n}" for n in range(3, 10)), "2"]
    assert skipped(source) == list(zip(wheres, kinds, strict=True))
    assert len(open_catalogue(source)) == 10


def test_json_lines_with_other_bytes_are_refused(shop: Path) -> None:
    with pytest.raises(CatalogueError, match="line 2 is not UTF-8"):
        open_catalogue(put(shop / "x.jsonl", b'{"image": "a.jpg"}\n{"image": "\xff.jpg"}\n'))
    with pytest.raises(CatalogueError, match="no rows"):
        open_catalogue(put(shop / "x.jsonl", b"\n"))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_catalogue_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("any.csv", "any.jsonl", "any.parquet"):
        try:
            catalogue = open_catalogue(put(folder / name, b"image,x\n" * (name == "any.csv") + content))
        except CatalogueError as error:
            str(error).encode()
        else:
            assert len(list(catalogue)) <= len(catalogue)


cell = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(st.lists(st.tuples(cell, cell), min_size=1, max_size=8))
def test_what_a_csv_writer_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    import csv

    folder = tmp_path_factory.getbasetemp()
    put(folder / "p.jpg")
    with (folder / "w.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "image", "one", "two"))
        writer.writerows((f"i{n}", "p.jpg", *pair) for n, pair in enumerate(cells))
    for item, pair in zip(items(folder / "w.csv"), cells, strict=True):
        assert item.attributes.keys() <= {"one", "two"}
        for name, written in zip(("one", "two"), pair, strict=True):
            value = item.attributes.get(name)
            if isinstance(value, str):
                assert value == unicodedata.normalize("NFC", written).strip()
            elif isinstance(value, float | int) and not isinstance(value, bool):
                assert value == float(written)


# --- Parquet ----------------------------------------------------------------------------------------


def test_parquet_keeps_types(shop: Path) -> None:
    source = parquet(
        shop,
        {
            "id": pa.array([5, 6], pa.int64()),
            "image": pa.array([JPEG, PNG], pa.binary()),
            "title": pa.array(["Đầm", None], pa.large_string()),
            "n": pa.array([1, None], pa.int32()),
            "x": pa.array([1.5, float("nan")], pa.float32()),
            "flag": [True, False],
            "day": [datetime.date(2012, 1, 31), None],
            "at": pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns", "Asia/Ho_Chi_Minh")),
            "cost": [decimal.Decimal("9.90"), None],
            "kind": pa.array(["dress", "shirt"]).dictionary_encode(),
            "tags": [["a", "b"], []],
            "vector": pa.array([[1.0, 2.0], None], pa.list_(pa.float32())),
            "thumb": pa.array([JPEG, None], pa.large_binary()),
            "deep": [{"a": 1}, None],
        },
    )
    one, two = items(source)
    assert one == Item(
        "5",
        JPEG,
        "Đầm",
        {
            "title": "Đầm",
            "n": 1,
            "x": 1.5,
            "flag": True,
            "day": "2012-01-31",
            "at": "2023-11-14T22:13:20.123456+00:00",
            "cost": 9.9,
            "kind": "dress",
            "tags": ("a", "b"),
            "deep.a": 1,
        },
    )
    assert two == Item("6", PNG, "", {"flag": False, "kind": "shirt"})


def test_parquet_of_paths_and_of_hugging_face(shop: Path) -> None:
    (item,) = items(parquet(shop, {"file": ["a.jpg"], "x": [1]}))
    assert item == Item("a.jpg", shop / "a.jpg", "", {"x": 1})
    rows = [
        {"bytes": JPEG, "path": "00.jpg"},
        {"bytes": None, "path": "b.jpg"},
        {"bytes": b"", "path": None},
        None,
    ]
    source = parquet(shop, {"image": rows, "label": [1, 2, 3, 4]})
    assert items(source) == [
        Item("1", JPEG, "", {"label": 1}),
        Item("b.jpg", shop / "b.jpg", "", {"label": 2}),
    ]
    assert skipped(source) == [("row 3", "empty image"), ("row 4", "empty image")]


def test_parquet_columns_other_than_the_photo_may_be_the_id(shop: Path) -> None:
    source = parquet(shop, {"img": [JPEG, JPEG, JPEG], "code": pa.array([1.0, None, 7.5], pa.float64())})
    assert [item.id for item in items(source, id_column="code")] == ["1", "7.5"]
    assert skipped(source, id_column="code") == [("row 2", "empty id")]
    assert [item.id for item in items(source)] == ["1", "2", "3"]


def test_parquet_that_is_wrong_as_a_whole(shop: Path) -> None:
    with pytest.raises(CatalogueError, match="can't be read as Parquet"):
        open_catalogue(put(shop / "x.parquet", b"PAR1" + b"\0" * 100 + b"PAR1"))
    with pytest.raises(CatalogueError, match="no rows"):
        open_catalogue(parquet(shop, {"image": pa.array([], pa.binary())}))
    whole = parquet(shop, {"image": [os.urandom(1000)] * 300}, data_page_size=1000).read_bytes()
    with pytest.raises(CatalogueError, match="can't be read as Parquet"):
        open_catalogue(put(shop / "cut.parquet", whole[: len(whole) // 2]))
    table = pa.table([pa.array([b"x"]), pa.array([1]), pa.array([2])], names=["image", "a", "a"])
    pq.write_table(table, shop / "twice.parquet")
    with pytest.raises(CatalogueError, match="two columns of one name"):
        open_catalogue(shop / "twice.parquet")


def test_damage_inside_a_parquet_file_ends_with_a_catalogue_error(shop: Path) -> None:
    source = parquet(shop, {"image": [bytes([n]) * 500 for n in range(200)]}, data_page_size=500)
    whole = bytearray(source.read_bytes())
    whole[4:2000] = b"\xff" * 1996
    source.write_bytes(whole)
    with pytest.raises(CatalogueError, match="can't be read as Parquet"):
        list(open_catalogue(source))


def test_one_large_row_group_is_streamed(shop: Path) -> None:
    count, size = 400, 100_000
    photos = {"image": [os.urandom(size) for _ in range(count)]}
    source = parquet(shop, photos, row_group_size=count, write_batch_size=16)
    before = pa.total_allocated_bytes()
    highest = 0
    for entry in open_catalogue(source):
        assert isinstance(entry, Item)
        highest = max(highest, pa.total_allocated_bytes() - before)
    assert 0 < highest < count * size / 2


# --- cells, and the real thing ----------------------------------------------------------------------


@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(),
            st.binary(),
            st.dates(),
            st.times(),
        ),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
        max_leaves=8,
    )
)
def test_a_cell_becomes_what_an_index_can_hold(cell: object) -> None:
    value = to_attribute(cell)
    if isinstance(value, str):
        assert value
        assert unicodedata.is_normalized("NFC", value)
        value.encode()
    elif isinstance(value, tuple):
        assert value
        assert all(isinstance(text, str) and text for text in value)
    elif value is not None:
        assert isinstance(value, bool | int | float)
        assert float("-inf") < value < float("inf")
    if isinstance(value, int):
        assert -(2**63) <= value < 2**63


def test_integers_beyond_64_bits_become_text() -> None:
    assert [to_attribute(n) for n in (2**63 - 1, -(2**63))] == [2**63 - 1, -(2**63)]
    assert [to_attribute(n) for n in (2**63, -(2**63) - 1)] == ["9223372036854775808", "-9223372036854775809"]


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    folder = Path(os.environ.get("LOOKSEEK_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real photos in {folder}: set LOOKSEEK_DATA to their folder")
    yield folder


def test_the_clothing_photos(data: Path) -> None:
    catalogue = open_catalogue(data / "clothing" / "items.csv")
    found = list(catalogue)
    assert len(catalogue) == len(found) == 4120
    first = found[0]
    assert isinstance(first, Item)
    assert first.id == "images/4285fab0-751a-4b74-8e9b-43af05deee22.jpg"
    assert first.attributes == {"label": "Not sure", "kids": False, "sender_id": 124, "split": "train"}
    assert all(isinstance(item, Item) and isinstance(item.image, Path) for item in found)
    assert len(items(data / "clothing")) == 4120


def test_the_shop_photos(data: Path) -> None:
    catalogue = open_catalogue(data / "myntra" / "catalogue.parquet")
    years: Counter[object] = Counter()
    for entry in catalogue:
        assert isinstance(entry, Item)
        assert isinstance(entry.image, bytes)
        assert entry.image.startswith(b"\xff\xd8\xff")
        assert entry.text == entry.attributes["title"]
        years[type(entry.attributes["year"])] += 1
    assert years == {int: 34_795}
    assert len(catalogue) == 34_795

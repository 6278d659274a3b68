"""Catalogues as shops and labs export them: each kind of table gives the right values, or one clear line."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.catalogue import ReadingOptions, open_catalogue, reading_of, types_of
from lookseek.catalogue.amounts import read_amount
from lookseek.catalogue.column_types import ColumnType
from lookseek.catalogue.photos import photos_at
from lookseek.catalogue.table import TableCatalogue
from lookseek.catalogue.typed_text import type_texts
from lookseek.errors import CatalogueError
from lookseek.types import AttributeValue, Item, Skipped

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with photos img/0.jpg to img/7.jpg to put tables beside."""
    (tmp_path / "img").mkdir()
    for number in range(8):
        (tmp_path / "img" / f"{number}.jpg").write_bytes(JPEG)
    return tmp_path


def write(folder: Path, text: str, name: str = "items.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def column(folder: Path, name: str, *cells: str, header: str = "id,image") -> Path:
    """A table of photos with one more column."""
    rows = [f'a{number},img/{number % 8}.jpg,"{cell}"' for number, cell in enumerate(cells)]
    return write(folder, "\n".join([f"{header},{name}", *rows]))


def items(source: Path, options: ReadingOptions | None = None) -> list[Item]:
    entries = list(open_catalogue(source, options=options or ReadingOptions()))
    assert not [entry for entry in entries if isinstance(entry, Skipped)]
    return [entry for entry in entries if isinstance(entry, Item)]


def values(source: Path, name: str, options: ReadingOptions | None = None) -> list[AttributeValue | None]:
    return [item.attributes.get(name) for item in items(source, options)]


# --- prices and other numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("gia", ["99.000", "199.000", "150.000"], [99000, 199000, 150000]),
        ("gia", ["99.000", "1.299.000", "2.890.000"], [99000, 1299000, 2890000]),
        ("price", ["1,299.00", "99.00", "1,050.00"], [1299.0, 99.0, 1050.0]),
        ("price", ["$1,299.00", "$99.00", "$50.00"], [1299.0, 99.0, 50.0]),
        ("price", ["49,90", "9,95", "120,00"], [49.9, 9.95, 120.0]),
        ("price", ["19.90 EUR", "29.90 EUR", "5 EUR"], [19.9, 29.9, 5.0]),
        ("price", ["1 299,00 €", "99,00 €", "5,00 €"], [1299.0, 99.0, 5.0]),
        ("price", ["99.000đ", "1.250.000đ", "0đ"], [99000, 1250000, 0]),
        ("price", ["CHF 1'299.50", "CHF 20.00", "CHF 3.10"], [1299.5, 20.0, 3.1]),
        ("weight", ["1.250", "2.125", "0.750"], [1.25, 2.125, 0.75]),
        ("count", ["1,299", "3,000", "12"], [1299, 3000, 12]),
        ("size", ["36", "37.5", "38"], [36.0, 37.5, 38.0]),
    ],
)
def test_numbers_are_read_in_every_common_form(shop: Path, name: str, cells: list[str], expected: list[float]) -> None:
    found = values(column(shop, name, *cells), name)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_the_currency_stands_beside_the_price(shop: Path) -> None:
    found = items(column(shop, "price", "19.90 EUR", "$5.00", "7.00"))
    assert [item.attributes.get("price_currency") for item in found] == ["EUR", "$", None]


def test_what_could_be_read_otherwise_is_told_with_the_option_that_does(shop: Path) -> None:
    path = column(shop, "gia", "99.000", "199.000")
    reading = reading_of(open_catalogue(path))
    assert reading is not None
    assert reading.notes == ("gia: 99.000 is read as 99000: if that is wrong, give --decimal point",)
    assert values(path, "gia", ReadingOptions(decimal="point")) == [99.0, 199.0]


def test_a_cell_that_is_no_number_stays_text_and_is_told_with_its_line(shop: Path) -> None:
    found = items(column(shop, "price", "100000", "200000", "300000", "Liên hệ", "500000"))
    assert [item.attributes["price"] for item in found] == [100000, 200000, 300000, "Liên hệ", 500000]
    ((remark,),) = [item.remarks for item in found if item.remarks]
    assert (remark.line, remark.column, remark.value) == (5, "price", "Liên hệ")
    assert "is no number" in remark.reason
    catalogue = open_catalogue(column(shop, "price", "100000", "200000", "300000", "Liên hệ", "500000"))
    assert catalogue.fields == {"price": "number"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("style", ["12E4", "10E2", "34E10"]),
        ("gtin", ["4006381333931", "4006381333932", "4006381333933"]),
        ("number", ["007", "8", "123"]),
        ("sku", ["100", "200", "300"]),
        ("phone", ["0901234567", "0901234568", "0901234569"]),
    ],
)
def test_codes_stay_text(shop: Path, name: str, cells: list[str]) -> None:
    options = ReadingOptions({"id": "uuid"})  # so that a column called sku is an attribute
    assert values(column(shop, name, *cells, header="uuid,image"), name, options) == cells


def test_codes_that_a_spreadsheet_touched(shop: Path) -> None:
    found = items(column(shop, "ean", "8.93460E+12", "8934602000111", "8934602000112.0"))
    assert [item.attributes["ean"] for item in found] == ["8.93460E+12", "8934602000111", "8934602000112"]
    assert [remark.reason for item in found for remark in item.remarks] == [
        "line 2: ean is '8.93460E+12', which is a code that a spreadsheet has rounded, its last digits are lost: it is "
        "kept as text"
    ]


# --- booleans, dates, lists ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cells"),
    [("sale", ["TRUE", "FALSE"]), ("new", ["Yes", "no"]), ("mới", ["có", "Không"]), ("is_new", ["1", "0"])],
)
def test_booleans_in_their_usual_words(shop: Path, name: str, cells: list[str]) -> None:
    assert values(column(shop, name, *cells), name) == [True, False]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2026-01-31", "2026/2/1"], ["2026-01-31", "2026-02-01"]),
        (["31/12/2026", "1/2/2026"], ["2026-12-31", "2026-02-01"]),
        (["12/31/2026", "1/2/2026"], ["2026-12-31", "2026-01-02"]),
        (["31.12.2026", "01.02.2026"], ["2026-12-31", "2026-02-01"]),
        (["2026-01-31 09:30:00", "2026-02-01T10:00:00Z"], ["2026-01-31T09:30:00", "2026-02-01T10:00:00Z"]),
    ],
)
def test_dates_become_iso_8601(shop: Path, cells: list[str], expected: list[str]) -> None:
    assert values(column(shop, "added", *cells), "added") == expected


def test_dates_whose_order_nothing_decides_are_told(shop: Path) -> None:
    reading = reading_of(open_catalogue(column(shop, "added", "1/2/2026", "3/4/2026")))
    assert reading is not None
    assert "day and month could be exchanged" in reading.notes[0]


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("sizes", ['[""S""]', '[""S"", ""M""]'], [("S",), ("S", "M")]),
        ("sizes", ["['S', 'M']", "[]"], [("S", "M"), None]),
        ("colours", ["red|blue", "red"], [("red", "blue"), ("red",)]),
        ("Tags", ["summer, sale", "sale"], [("summer", "sale"), ("sale",)]),
        ("note", ["red, blue", "green"], ["red, blue", "green"]),
    ],
)
def test_lists_are_lists(shop: Path, name: str, cells: list[str], expected: list[object]) -> None:
    assert values(column(shop, name, *cells), name) == expected


cells_of_all_kinds = st.lists(
    st.one_of(
        st.sampled_from(["12E4", "007", "99.000", "1.299.000", "49,90", "$5", "19.90 EUR", "yes", "no", "nan", "-"]),
        st.sampled_from(["2026-01-31", "31/12/2026", '["S", "M"]', "red|blue", "đỏ", "Liên hệ", "true", "1", "0"]),
        st.integers(-(10**6), 10**6).map(str),
        st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=20, deadline=None)
@given(cells_of_all_kinds)
def test_the_same_text_gives_the_same_value_from_every_kind_of_table(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    import csv

    folder = tmp_path_factory.getbasetemp()
    (folder / "p.jpg").write_bytes(JPEG)
    rows = [{"id": f"i{number}", "image": "p.jpg", "x": cell} for number, cell in enumerate(cells)]
    for name, sign in (("same.csv", ","), ("same.tsv", "\t")):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ("id", "image", "x"), delimiter=sign)
            writer.writeheader()
            writer.writerows(rows)
    write(folder, "\n".join(map(json.dumps, rows)), "same.jsonl")
    pq.write_table(pa.Table.from_pylist(rows), folder / "same.parquet")
    found = [values(folder / name, "x") for name in ("same.csv", "same.tsv", "same.jsonl", "same.parquet")]
    types = types_of(open_catalogue(folder / "same.csv"))
    kept = {name: ColumnType.from_dict(json.loads(json.dumps(kind.to_dict()))) for name, kind in types.items()}
    found.append([type_texts({"x": cell}, kept)[0].get("x") if kept else None for cell in cells])  # by the API
    assert all(other == found[0] for other in found)
    assert all([type(value) for value in other] == [type(value) for value in found[0]] for other in found)


@given(st.integers(0, 10**9), st.sampled_from([".", ","]))
def test_grouped_numbers_are_read_back(number: int, group: str) -> None:
    written = f"{number:,}".replace(",", group)
    amount = read_amount(written, "comma" if group == "." else "point")
    assert amount is not None
    assert amount.number == number


# --- roles and layouts --------------------------------------------------------------------------------


def roles(path: Path) -> dict[str, str]:
    return dict(TableCatalogue(path).roles)


def test_a_merchant_feed_has_its_photos_in_image_link(shop: Path) -> None:
    feed = write(
        shop,
        "id\ttitle\tlink\timage_link\tprice\titem_group_id\tbrand\n"
        "S1\tred dress\thttps://shop.example/p/1\timg/0.jpg\t19.90 EUR\tG1\tAcme\n"
        "S2\tblue dress\thttps://shop.example/p/2\timg/1.jpg\t29.90 EUR\tG1\tAcme\n",
        "feed.tsv",
    )
    first, second = items(feed)
    assert (first.id, first.image, first.text) == ("S1", shop / "img" / "0.jpg", "red dress")
    assert second.attributes["price"] == 29.9
    expected = {"title": "title", "price": "price", "link": "link", "product": "item_group_id", "brand": "brand"}
    assert roles(feed) == expected
    reading = reading_of(open_catalogue(feed))
    assert reading is not None
    assert reading.layout == "Google Merchant feed"
    prefixed = write(shop, feed.read_text(encoding="utf-8").replace("image_link", "g:image_link"), "prefixed.tsv")
    assert items(prefixed)[0].image == first.image


def test_rows_of_a_shopify_handle_inherit_what_only_the_first_has(shop: Path) -> None:
    path = write(
        shop,
        "Handle,Title,Vendor,Tags,Variant Price,Variant SKU,Image Src\n"
        'dress,Red dress,Acme,"summer, sale",49.00,000123,img/0.jpg\n'
        "dress,,,,49.00,000124,img/1.jpg\n"
        "shirt,White shirt,Acme,,20.00,000125,img/2.jpg\n",
    )
    one, two, three = items(path)
    assert two.attributes == one.attributes | {"Variant SKU": "000124"}
    assert two.attributes["Tags"] == ("summer", "sale")
    assert "Tags" not in three.attributes
    assert (one.text, two.text, three.text) == ("Red dress", "Red dress", "White shirt")
    assert roles(path)["product"] == "Handle"


def test_woocommerce_lists_several_photos_in_a_cell(shop: Path) -> None:
    path = write(
        shop,
        "ID,Type,SKU,Name,Published,Regular price,Categories,Images\n"
        '100,simple,WOO-0,black dress,1,49.9,"Clothing > Dresses, Sale","img/0.jpg, img/1.jpg"\n'
        '101,simple,WOO-1,red dress,0,59.9,"Clothing > Dresses",img/2.jpg\n',
    )
    found = items(path)
    assert [item.id for item in found] == ["100", "100/2", "101"]
    assert [item.attributes["product"] for item in found] == ["100", "100", "101"]
    assert found[0].attributes["Categories"] == ("Clothing > Dresses", "Sale")
    assert found[2].attributes["Published"] is False
    assert roles(path) == {"title": "Name", "price": "Regular price", "product": "product"}


@pytest.mark.parametrize("cell", ["img/0.jpg|img/1.jpg", "img/0.jpg;img/1.jpg", "['img/0.jpg', 'img/1.jpg']"])
def test_a_cell_with_several_paths_makes_several_items_of_a_product(shop: Path, cell: str) -> None:
    path = write(shop, f'id,image\na0,"{cell}"\n')
    assert [(item.id, item.attributes["product"]) for item in items(path)] == [("a0", "a0"), ("a0/2", "a0")]
    assert len(open_catalogue(path)) == 2


def test_an_id_that_comes_again_names_products(shop: Path) -> None:
    path = write(shop, "product_id,image,view\n0,img/0.jpg,front\n0,img/1.jpg,back\n1,img/2.jpg,front\n")
    found = items(path)
    assert [item.id for item in found] == ["img/0.jpg", "img/1.jpg", "img/2.jpg"]
    assert [item.attributes["product_id"] for item in found] == [0, 0, 1]
    assert roles(path) == {"product": "product_id"}


def test_photos_whose_place_follows_from_the_id(shop: Path) -> None:
    for place in ("images/10000.jpg", "images/10001.jpg", "images/010/0108775015.jpg"):
        (shop / place).parent.mkdir(parents=True, exist_ok=True)
        (shop / place).write_bytes(JPEG)
    kaggle = write(
        shop,
        "id,articleType,year,productDisplayName\n10000,dress,2012,Acme dress\n10001,top,2012,Acme top, Pack of 2\n",
    )
    one, two = items(kaggle)
    assert one.image == shop / "images" / "10000.jpg"
    assert two.text == "Acme top, Pack of 2"  # as Kaggle writes it, without quotes
    hm = write(shop, "article_id,product_code,prod_name\n0108775015,0108775,Strap top\n", "articles.csv")
    (item,) = items(hm)
    assert (item.id, item.image) == ("0108775015", shop / "images" / "010" / "0108775015.jpg")
    assert roles(hm) == {"product": "product_code", "title": "prod_name"}
    other = write(shop, "code,x\n0,1\n", "other.csv")
    options = ReadingOptions({"id": "code"}, image_pattern="img/{code}.jpg")
    assert items(other, options)[0].image == shop / "img" / "0.jpg"


def test_a_table_of_an_instance_benchmark_takes_its_label_for_the_product(shop: Path) -> None:
    path = write(
        shop,
        "label,path,split,is_query,is_gallery,category\n0,img/0.jpg,validation,True,True,dress\n"
        "0,img/1.jpg,validation,True,False,dress\n",
    )
    assert [item.attributes["is_gallery"] for item in items(path)] == [True, False]
    assert roles(path) == {"product": "label"}


def test_the_shape_of_the_api_is_one_of_files_too(shop: Path) -> None:
    lines = [{"id": "a", "image": "img/0.jpg", "attributes": {"colour": "black", "sizes": ["S", "M"], "price": 10}}]
    (item,) = items(write(shop, "\n".join(map(json.dumps, lines)), "items.jsonl"))
    assert item.attributes == {"colour": "black", "sizes": ("S", "M"), "price": 10}


def test_a_photo_column_is_known_by_its_cells(shop: Path) -> None:
    path = write(shop, "sku,page,front\n1,https://shop.example/1,img/0.jpg\n2,https://shop.example/2,img/1.jpg\n")
    assert [item.image for item in items(path)] == [shop / "img" / "0.jpg", shop / "img" / "1.jpg"]


def test_what_can_be_no_attribute_is_named(shop: Path) -> None:
    row = {"id": "a", "image": "img/0.jpg", "vector": [0.5] * 300, "x": 1}
    reading = reading_of(open_catalogue(write(shop, json.dumps(row), "items.jsonl")))
    assert reading is not None
    assert reading.left_out == ("vector",)


def test_a_merchant_feed_in_xml(shop: Path) -> None:
    feed = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Shop</title>
<item><g:id>S1</g:id><title>red &amp; blue dress</title><link>https://shop.example/1</link>
<g:image_link>img/0.jpg</g:image_link><g:price>19.90 EUR</g:price><g:size>S</g:size><g:size>M</g:size></item>
<item><g:id>S2</g:id><title>shirt</title><g:image_link>img/1.jpg</g:image_link><g:price>9.90 EUR</g:price></item>
</channel></rss>"""
    path = write(shop, feed, "feed.xml")
    one, two = items(path)
    assert (one.id, one.text, one.image) == ("S1", "red & blue dress", shop / "img" / "0.jpg")
    assert one.attributes["size"] == ("S", "M")
    assert two.attributes == {"title": "shirt", "price": 9.9, "price_currency": "EUR"}
    assert roles(path) == {"title": "title", "price": "price", "link": "link"}
    with pytest.raises(CatalogueError, match="document type"):
        open_catalogue(write(shop, '<!DOCTYPE x [<!ENTITY a "b">]><rss/>', "bomb.xml"))
    with pytest.raises(CatalogueError, match="as XML"):
        open_catalogue(write(shop, "<rss><item>", "cut.xml"))


def test_a_webdataset_is_read_from_its_tar(shop: Path) -> None:
    path = shop / "shard.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in {
            "000.jpg": JPEG,
            "000.json": b'{"price": 10, "key": "x"}',
            "000.txt": "đầm đỏ".encode(),
            "001.jpg": JPEG + b"1",
            "002.json": b"{}",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    entries = list(open_catalogue(path))
    one, two, three = entries
    assert isinstance(one, Item)
    assert (one.id, one.image, one.attributes) == ("000", JPEG, {"price": 10, "caption": "đầm đỏ"})
    assert isinstance(two, Item)
    assert photos_at([one.source, two.source]) == [JPEG, JPEG + b"1"]
    assert isinstance(three, Skipped)
    assert (three.where, three.kind) == ("002", "empty image")
    (shop / "cut.tar").write_bytes(path.read_bytes()[:600])
    with pytest.raises(CatalogueError, match="as tar"):
        open_catalogue(shop / "cut.tar")


# --- spreadsheets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffsep=;\nmã;image;giá\n0001;img\\0.jpg;100\n",
        "Product list 2026,,\n,,\nmã,image,giá\n0001,img/0.jpg,100\n",
        "mã|image|giá\n0001|img/0.jpg|100\n",
        ",mã,image,giá\n0,0001,img/0.jpg,100\n",
    ],
)
def test_what_spreadsheets_put_around_a_table(shop: Path, text: str) -> None:
    (item,) = items(write(shop, text))
    assert (item.id, item.image, item.attributes) == ("0001", shop / "img" / "0.jpg", {"giá": 100})


def test_a_column_without_a_name_is_told_where_it_holds_something(shop: Path) -> None:
    for text, left_out in (
        (",image,colour\n0,img/0.jpg,red\n", ("column 1, which has no name",)),
        ("image,colour,,\nimg/0.jpg,red,,\n", ()),
    ):
        catalogue = open_catalogue(write(shop, text))
        reading = reading_of(catalogue)
        assert reading is not None
        assert reading.left_out == left_out
        assert [entry.id for entry in catalogue if isinstance(entry, Item)] == ["img/0.jpg"]


@pytest.mark.parametrize(
    "name", ["my%20dress%20(1).jpg", "0.JPG", "/img/0.jpg", "./img/0.jpg?v=1699", "img\\0.jpg", "0.jpg"]
)
def test_paths_as_other_programs_write_them(shop: Path, name: str) -> None:
    (shop / "my dress (1).jpg").write_bytes(JPEG)
    assert len(items(write(shop, f"id,image\n1,{name}\n"))) == 1


def test_a_file_address_is_a_path(shop: Path) -> None:
    assert len(items(write(shop, f"id,image\n1,{(shop / 'img' / '0.jpg').as_uri()}\n"))) == 1


# --- joined tables ------------------------------------------------------------------------------------


def test_a_second_table_gives_more_columns(shop: Path) -> None:
    first = write(shop, "sku,image,title\n1,img/0.jpg,red\n2,img/1.jpg,blue\n")
    rows = [
        {"sku": "1", "title": "not taken", "price": "9,90", "attributes": '{"Neck": "Round", "Sleeve": "Short"}'},
        {"sku": "3", "title": "", "price": "7,50", "attributes": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), shop / "more.parquet")
    one, two = items(first, ReadingOptions(join=shop / "more.parquet", on="sku"))
    assert one.attributes == {"title": "red", "price": 9.9, "Neck": "Round", "Sleeve": "Short"}
    assert two.attributes == {"title": "blue"}


def test_photos_that_are_not_there_are_told_before_the_job(shop: Path) -> None:
    rows = "\n".join(f"{n}.jpg,https://shop.example/{n}.jpg" for n in range(10, 13))
    reading = reading_of(open_catalogue(write(shop, f"filename,link\n{rows}")))
    assert reading is not None
    assert reading.notes == (
        "of the first 3 files that filename names none is there: link holds addresses of photos: "
        "--image-column link --fetch takes those",
    )


def test_a_column_without_a_value_names_no_products(shop: Path) -> None:
    table = "ID,SKU,Name,Regular price,Images,Parent\n1,A-1,black dress,49.9,img/0.jpg,\n2,A-2,red dress,5,img/1.jpg,"
    reading = reading_of(open_catalogue(write(shop, table)))
    assert reading is not None
    assert not [column for column in reading.columns if column.role == "product"]


def drawn_photo(path: Path) -> Path:
    """A photo whose left half is red and whose right half is blue, 40 x 20."""
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20, 0] = pixels[:, 20:, 2] = 250
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.to_png(pixels))
    return path


def colour_of(item: Item) -> str:
    """What a cropped photo shows, the same as its source gives again."""
    (again,) = photos_at([item.source])
    assert again == item.image
    red, _, blue = images.decode(again or b"").mean(axis=(0, 1))
    return "red" if red > 200 > blue else "blue" if blue > 200 > red else "both"


def test_each_annotation_of_coco_is_an_item_cropped_to_its_box(shop: Path) -> None:
    drawn_photo(shop / "images" / "1.png")
    drawn_photo(shop / "images" / "2.png")
    coco = {
        "images": [{"id": 1, "file_name": "1.png", "width": 40}, {"id": 2, "file_name": "2.png", "shoot": "may"}],
        "annotations": [
            {"id": 7, "image_id": 1, "category_id": 3, "bbox": [0, 0, 20, 20], "iscrowd": 0, "area": 400.0},
            {"id": 8, "image_id": 1, "category_id": 4, "bbox": [20, 0, 20, 20]},
            {"id": 9, "image_id": 1, "category_id": 4, "bbox": [60, 0, 20, 20]},
            {"id": 10, "image_id": 1, "category_id": 4, "bbox": [20, 0, 0, 20]},
            {"id": 11, "image_id": 1, "category_id": 3, "bbox": [-10, 0, 30, 20]},
        ],
        "categories": [{"id": 3, "name": "dress", "supercategory": "clothes"}, {"id": 4, "name": "skirt"}],
    }
    entries = list(open_catalogue(write(shop, json.dumps(coco), "coco.json")))
    one, two = (entry for entry in entries[:2] if isinstance(entry, Item))
    assert one.attributes == {"category": "dress", "supercategory": "clothes", "image_id": 1, "area": 400.0}
    assert (one.id, colour_of(one)) == ("7", "red")
    assert (two.id, two.attributes["category"], colour_of(two)) == ("8", "skirt", "blue")
    outside, empty, cut, without = entries[2:]
    assert isinstance(empty, Skipped)
    assert (empty.where, empty.kind) == ("10", "broken photo")
    assert isinstance(cut, Item)
    assert (images.decode(cut.image).shape[1], colour_of(cut)) == (20, "red")  # what lies left of the photo is cut off
    assert isinstance(outside, Skipped)
    assert (outside.where, outside.kind) == ("9", "broken photo")
    assert "begins outside the picture" in outside.reason
    assert isinstance(without, Item)
    assert (without.id, without.attributes["shoot"], without.image) == ("image-2", "may", shop / "images" / "2.png")


def test_each_garment_of_deepfashion2_is_an_item_of_its_product(shop: Path) -> None:
    drawn_photo(shop / "image" / "000001.jpg")
    garment = {"category_name": "skirt", "style": 2, "viewpoint": 2, "bounding_box": [20, 0, 40, 20]}
    other = {"category_name": "vest", "style": 0, "bounding_box": [0, 0, 20, 20], "landmarks": [1, 2, 3]}
    write(shop, json.dumps({"source": "shop", "pair_id": 5, "item1": garment, "item2": other}), "annos/000001.json")
    write(shop, "{", "annos/000002.json")
    entries = list(open_catalogue(shop))
    one, two = (entry for entry in entries if isinstance(entry, Item))
    assert (one.id, colour_of(one)) == ("000001/item1", "blue")
    assert one.attributes == {"product": "5-2", "category": "skirt", "source": "shop", "viewpoint": "frontal"}
    assert (two.attributes["product"], colour_of(two)) == ("5-000001-item2", "red")
    (broken,) = (entry for entry in entries if isinstance(entry, Skipped))
    assert (broken.where, broken.kind) == ("000002", "broken row")
    assert roles(shop)["product"] == "product"


@pytest.mark.parametrize(
    "text", ['[{"id": "a", "image": "img/0.jpg"}]', '{"products": [{"id": "a", "image": "img/0.jpg"}]}']
)
def test_a_json_file_with_a_list_of_objects_is_a_table(shop: Path, text: str) -> None:
    assert [item.id for item in items(write(shop, text, "items.json"))] == ["a"]


@pytest.mark.parametrize("text", ["{}", "[1, 2]", '{"id": 1}\n{"id": 2}', "not json", '{"a": [{}], "b": [{}]}'])
def test_another_json_file_says_what_is_read(shop: Path, text: str) -> None:
    with pytest.raises(CatalogueError, match=r"\.jsonl"):
        open_catalogue(write(shop, text, "items.json"))

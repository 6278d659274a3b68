"""An index for tests of the page: drawn garments with prices and brands, and items whose texts would be markup."""

from __future__ import annotations

import csv
from pathlib import Path

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs

from .catalogues import indexed
from .worded import write_worded

HOSTILE = {
    "<script>alert(1)</script>": "<img src=x onerror=alert(2)>",
    "a/b\"c'd&e?f#g%2F": '"><svg onload=alert(3)>',
    "áo dài số 1 · ảnh": "{{ 7 * 7 }} {% include 'page.html' %}",
    "javascript:alert(4)": "'; alert(5); //",
}
"""Titles by id."""

BRANDS = ("Áo & Co", "b<i>g", "plain")


def write_shop(top: Path) -> tuple[Path, Path]:
    """(photos, index): 36 garments under a tiny model that reads a few words."""
    photos = top / "photos"
    photos.mkdir(parents=True)
    rows = []
    for number, spec in enumerate(drawn_specs(20, 2, 3)):
        path = photos / f"{number}.jpg"
        path.write_bytes(images.to_jpeg(draw(spec, 96)))
        id_ = list(HOSTILE)[number] if number < len(HOSTILE) else f"item-{number}"
        title = HOSTILE.get(id_, f"Garment {number}")
        about = (
            str(spec.attributes["category"]),
            BRANDS[number % 3],
            str(10 + 7 * number),
            str(number % 2 == 0).lower(),
        )
        rows.append((id_, path.name, title, *about))
    table = photos / "items.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "image", "title", "category", "brand", "price", "sale"), *rows])
    model = write_worded(top / "model", composer=True)
    indexed(table, top / "index", model=str(model), metric="euclidean")
    return photos, top / "index"


def write_products(top: Path, count: int = 40) -> tuple[Path, Path]:
    """(photos, index): two photos of each product, with prices, links, brands and dates, under the same tiny model."""
    photos = top / "photos"
    photos.mkdir(parents=True)
    table = photos / "items.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ("id", "image", "product_id", "title", "category", "brand", "price", "link", "date_added", "articleType")
        )
        for number, spec in enumerate(drawn_specs(count, 2, 5)):
            path = photos / f"{number}.jpg"
            path.write_bytes(images.to_jpeg(draw(spec, 160)))
            item = number // 2
            rows.writerow(
                (
                    f"photo-{number}",
                    path.name,
                    f"product-{item}",
                    f"{spec.attributes['colour']} {spec.attributes['category']} of a name longer than a card {item}",
                    spec.attributes["category"],
                    BRANDS[item % 3],
                    str(5 + (item * 37) % 97),
                    f"https://shop.example/p/{item}",
                    f"2026-{1 + item % 12:02}-{1 + item % 28:02}",
                    "knit" if item % 2 else "woven",
                )
            )
    indexed(table, top / "index", model=str(write_worded(top / "model", composer=True)), metric="euclidean")
    return photos, top / "index"

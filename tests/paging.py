"""An index for tests of the page: drawn garments with prices and brands, and items whose texts would be markup."""

from __future__ import annotations

import csv
from html.parser import HTMLParser
from pathlib import Path

from conftest import indexed
from worded import write_worded

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs

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
        about = (str(spec.attributes["category"]), BRANDS[number % 3], str(10 + 7 * number), str(number % 2 == 0).lower())
        rows.append((id_, path.name, title, *about))
    table = photos / "items.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "image", "title", "category", "brand", "price", "sale"), *rows])
    model = write_worded(top / "model", composer=True)
    indexed(table, top / "index", model=str(model), metric="euclidean")
    return photos, top / "index"


VOID = {"meta", "link", "img", "input"}


class Html(HTMLParser):
    """A page read strictly: what is opened is closed, in order, and no attribute stands twice."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str]] = []
        self.feed(source)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes what it did not open"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self.open[-1] if self.open else "", " ".join(data.split())))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """Attributes of the tags of a kind, of those that have these values."""
        return [a for name, a in self.tags if name == tag and all(a.get(k.rstrip("_")) == v for k, v in wanted.items())]

    def said(self, tag: str = "") -> str:
        """The words of the page, or those directly in one kind of tag."""
        return " ".join(text for within, text in self.words if tag in ("", within))

    def links(self, label: str) -> list[str]:
        """Addresses of links whose label begins so."""
        return [a["href"] or "" for a in self.all("a") if (a.get("aria-label") or "").startswith(label)]

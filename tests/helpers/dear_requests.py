"""Small requests that were dear once, and the index that they are asked of."""

from __future__ import annotations

import base64
import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.index.address import place_of
from lookseek.index.open_index import open_index
from lookseek.store import FieldType
from lookseek.types import Point

__all__ = ["DEAR", "attributes", "fresh", "many_copies", "photo", "search"]

COPIES = 3_000
"""Items that are copies of one photo: all are near-identical, the dearest case of a search without duplicates."""


def photo(number: int = 0) -> str:
    return base64.b64encode(images.to_jpeg(draw(list(drawn_specs(8, 1, 7))[number], 96))).decode()


def attributes(start: int, count: int = 200) -> dict[str, str]:
    return {f"a{number:05}": "x" for number in range(start, start + count)}


def many_copies(index: Path) -> None:
    """Add items that are copies of one, in place of encoding so many photos."""
    place = place_of(index)
    opened = open_index(index)
    point = next(iter(opened.store.scan(vectors=True)))
    opened.store.close()
    base = place.published()
    assert base is not None
    with place.writing() as writer:
        target = writer.start(base, base)
        store = writer.open(target)
        noise = np.random.default_rng(0)
        for start in range(0, COPIES, 500):
            store.add([_copy(point, number, noise) for number in range(start, start + 500)])
        items = store.count()
        fields: dict[str, FieldType] = {f"field {n}": "words" for n in range(20)}
        store.declare(fields)
        store.close()
        writer.publish(replace(target, items=items, fields={**target.fields, **fields}, updated="now"))


def _copy(point: Point, number: int, noise: np.random.Generator) -> Point:
    vectors = {name: vector + 1e-3 * noise.normal(size=vector.shape) for name, vector in point.vectors.items()}
    found = {f"field {n}": f"{n}-{number % 500}" for n in range(20)}
    return replace(
        point,
        id=f"copy-{number}",
        vectors={name: vector.astype(np.float32) for name, vector in vectors.items()},
        attributes={**point.attributes, **found},
    )


def gif(side: int) -> str:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, side, side, 0)
    return base64.b64encode(
        b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0) + frame + b"\x02\x02\x44\x01\x00\x3b"
    ).decode()


def png(side: int) -> str:
    """A picture of one colour, a bit a pixel."""
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def search(**body: object) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/v1/search", {"json": body}


def fresh(how: dict[str, Any], number: int) -> dict[str, Any]:
    """The same request with other words: those that were asked before are remembered, and cost nothing."""
    body = how.get("json", {})
    return how | {"json": body | {"text": f"{body['text'][:-4]}{number:04}"}} if "text" in body else how


PLAIN = ("a summer dress with flowers and short sleeves, made of light cotton, down to the knee " * 12)[:1_000]
_IN_OR = " or ".join(["folder = red"] * 700)
_NESTED = "(" * 3_000 + "a = 1" + ")" * 3_000
DEAR: dict[str, tuple[str, str, dict[str, Any]]] = {
    "8 GIFs of 7,071 x 7,071": search(plus=[{"image": gif(7_071)}] * 8),
    "a GIF of 7,000 x 7,000": search(image=gif(7_000)),
    "8 GIFs of 2,500 x 2,500": search(plus=[{"image": gif(2_500)}] * 8),
    "8 terms of signs that are written out": search(plus=["\ufdfa" * 30] * 8),
    "32 terms of Chinese": search(plus=["\u8863" * 2_000] * 32),
    "a PNG of 7,000 x 7,000": search(image=png(7_000)),
    "2,000 characters of words": search(plus=[f"long sleeves red dress {n} " * 9 for n in range(8)]),
    "1,000 letters of plain words": search(text=PLAIN),
    "1,000 letters of no words": search(text="".join(chr(97 + n * n * 7 % 26) for n in range(1, 900)) + "q1"),
    "40 terms of two words": search(plus=[f"sleeve {n}" for n in range(20)], minus=[f"red {n}" for n in range(20)]),
    "facets 32 times": ("GET", "/v1/facets?" + "&".join(["field=folder"] * 32), {}),
    "facets of 20 fields": ("GET", "/v1/facets?" + "&".join(f"field=field+{n}" for n in range(20)), {}),
    "all facets, 1,000 values each": ("GET", "/v1/facets?limit=1000", {}),
    "500 of copies without duplicates": search(item="copy-1", k=500, hide_duplicates=True),
    "3,000 results": search(item="copy-1", k=10_000),
    "k-reciprocal over copies": search(item="copy-1", k=500, rerank="k-reciprocal"),
    "query expansion over copies": search(item="copy-1", k=500, rerank="query-expansion"),
    "100 liked": search(like=[f"copy-{n}" for n in range(50)], unlike=[f"copy-{n}" for n in range(50, 100)], k=100),
    "a filter of 700 parts": search(item="copy-1", filter=_IN_OR[:9_990].rpartition(" or ")[0]),
    "a filter of 3,000 brackets": search(item="copy-1", filter=_NESTED),
    "a filter of 1,500 numbers": search(item="copy-1", filter=f"folder in ({', '.join(map(str, range(1_500)))})"),
    "1,000 equalities": search(item="copy-1", filter=" or ".join(f"folder={n}" for n in range(700))),
    "a filter that no index helps with": search(item="copy-1", filter=" or ".join(f"folder < {n}" for n in range(500))),
    "facets under such a filter": ("GET", f"/v1/facets?filter=folder+in+({','.join(map(str, range(1_500)))})", {}),
    "a page of 200 with a long address": (
        "GET",
        "/?photo=i:copy-1&k=200&" + "&".join(f"like=copy-{n}" for n in range(50)),
        {},
    ),
    "a body of 200,000 fields": (
        "POST",
        "/v1/search",
        {
            "content": "{" + ",".join(f'"{n}":1' for n in range(200_000)) + "}",
            "headers": {"content-type": "application/json"},
        },
    ),
    "a body of 1,000,000 numbers": (
        "POST",
        "/v1/search",
        {"content": "[" + "1," * 1_000_000 + "1]", "headers": {"content-type": "application/json"}},
    ),
    "a body of 100,000 brackets": (
        "POST",
        "/v1/search",
        {"content": "[" * 100_000, "headers": {"content-type": "application/json"}},
    ),
    "an id of 100,000 characters": ("GET", f"/v1/items/{'x' * 60_000}", {}),
    "a batch of 300 broken lines": (
        "POST",
        "/v1/items:batch",
        {"content": b'{"id": "x", "image": "AAAA"}\n' * 300, "headers": {"content-type": "application/x-ndjson"}},
    ),
}

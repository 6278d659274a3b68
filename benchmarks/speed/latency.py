"""One query, from a photo's file or from words to its ten best on an index of 50,000 items; importing; a cold command.

    python -m benchmarks.speed.latency [--model NAME_OR_FOLDER] [--items N] [--data FOLDER] [--work FOLDER] [--write]

The index holds 50,000 items whose vectors are drawn around those of 2,000 real photos of ``clothing``, and a
graph, as ``lookseek index`` builds it from that size on. Words, and photos with words, are asked where the model
reads words; no text was asked before, but where a row says so.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import numpy as np

from benchmarks.paths import DATA, PAGES
from lookseek import Query, Searcher, Term
from lookseek.encode import ColourEncoder, encode_photos, load_model, sentences
from lookseek.encode.compose import Slerp, Sum
from lookseek.encode.config import COLOUR_WEIGHT
from lookseek.encode.model import DEFAULT
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.search import fusion
from lookseek.search.vector_weights import look_and_colour
from lookseek.store import VectorSpec
from lookseek.types import Point

ITEMS, SEEDS, SEED = 50_000, 2_000, 0
QUERIES = 200

COLOURS = "red", "navy blue", "white", "pink", "black", "đỏ", "xanh lá", "trắng", "hồng", "đen"
GARMENTS = "dress", "shirt", "skirt", "jacket", "đầm", "áo sơ mi", "chân váy", "áo khoác"
DETAILS = "", "with long sleeves", "with a floral print", "tay dài", "cổ tròn"


def texts() -> list[str]:
    """What is asked in words: short, as people type them, in two languages, all different."""
    return [f"{colour} {garment} {detail}".strip() for detail in DETAILS for garment in GARMENTS for colour in COLOURS]


def build_index_of(index: Path, photos: list[Path], named: str, items: int) -> None:
    """Make the index, unless it is there."""
    place = place_of(index)
    if place.published() is not None:
        return
    model = load_model(named)
    colour = ColourEncoder()
    encoded = encode_photos(((photo, photo) for photo in photos[:SEEDS]), [model.image, colour])
    real = [vectors for _, vectors, _ in encoded if isinstance(vectors, dict)]
    path = str(Path(named).resolve()) if Path(named).is_dir() else ""
    layout = {"look": VectorSpec(model.dim, "cosine"), "colour": VectorSpec(colour.dim, "cosine")}
    spec = IndexSpec(model.name, path, model.checksum, colour.version, layout, "edge")
    random = np.random.default_rng(SEED)
    with place.writing() as writer:
        target = writer.start(Manifest("", spec, f"{model.runtime} {model.precision}"), None)
        store = writer.open(target)
        for at in range(0, items, 500):
            points = []
            for n in range(at, min(items, at + 500)):
                base = real[random.integers(len(real))]
                made = {
                    name: (v * np.abs(1 + 0.3 * random.standard_normal(v.shape))).astype(np.float32)
                    for name, v in base.items()
                }
                points.append(Point(f"item-{n:06d}", made, {"category": f"c{n % 10}", "price": n % 200}))
            store.add(points)
        store.declare({"category": "words", "price": "number"})
        store.optimise(graph=True)
        store.close()
        fields = {"category": "words", "price": "number"}
        target = writer.publish(replace(target, items=items, graph_items=items, fields=fields))
    place.open(target).close()


def timed(call: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each call."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def command(*arguments: str) -> Callable[[], object]:
    """A fresh process."""
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def main() -> None:
    """Measure and print; with --write, replace the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default=DEFAULT)
    options.add_argument("--items", type=int, default=ITEMS)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--work", type=Path, default=Path("/tmp/lookseek-bench"))
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    photos = sorted((chosen.data / "clothing" / "images").glob("*.jpg"))
    index = chosen.work / f"index-{chosen.items}-{Path(chosen.model).name}"
    build_index_of(index, photos, chosen.model, chosen.items)
    rows = []

    def measure(name: str, calls: list[Callable[[], object]], *, known: bool = False) -> None:
        calls[0]()
        if not known:
            sentences._remembered.cache_clear()
        taken = [timed(call, 1)[0] for call in calls]
        rows.append((f"warm: {name}", median(taken), quantiles(taken, n=20)[-1]))

    with Searcher(index) as searcher:
        queries = photos[-QUERIES:]
        for name, options_ in {
            "photo file to top-10, default colour weight": {},
            "look alone": {"colour_weight": 0.0},
            "exact": {"exact": True},
            "with a filter that keeps 10 %": {"filter": "category = c3"},
        }.items():
            measure(name, [lambda p=p, o=options_: searcher.search(Query(image=p, **o)) for p in queries])
        measure("of that, decoding and both encoders", [lambda p=p: searcher.embed(Query(image=p)) for p in queries])
        seen = [searcher.embed(Query(image=p)) for p in queries]
        usual, store, weights = fusion._DEPTH, searcher.index.store, look_and_colour(COLOUR_WEIGHT)
        for begun in (32, usual, 200):
            fusion._DEPTH = begun
            name = f"of that, comparing look and colour, lists begun with {begun} entries"
            measure(name, [lambda v=v: fusion.best_candidates(store, v, weights, 10) for v in seen])
        fusion._DEPTH = usual
        model = load_model(chosen.model, single=True)
        if model.text is not None:
            words = texts()
            measure("words to top-10", [lambda t=t: searcher.search(Query(text=t)) for t in words[:QUERIES]])
            measure("of that, reading them", [lambda t=t: searcher.embed(Query(text=t)) for t in words[QUERIES:]])
            again = [lambda t=t: searcher.search(Query(text=t)) for t in words[QUERIES:]]
            measure("words asked before, to top-10", again, known=True)
            pairs = list(zip(queries, words, strict=False))
            measure(
                "photo with a change in words to top-10",
                [lambda p=p, t=t: searcher.search(Query(image=p, text=t)) for p, t in pairs],
            )
            measure(
                "photo plus one term minus another",
                [
                    lambda p=p, t=t, u=u: searcher.search(Query(image=p, plus=(Term(t),), minus=(Term(u),)))
                    for (p, t), u in zip(pairs, words[::-1], strict=False)
                ],
            )
            a, b = np.random.default_rng(SEED).standard_normal((2, 1, model.dim)).astype(np.float32)
            for composer in (Sum(), Slerp(), *([model.composer] if model.composer else [])):
                measure(f"composer {composer.name} alone", [lambda c=composer: c.compose(a, b)] * QUERIES)
    bare = timed(command("-c", "pass"), 9)
    imports = timed(command("-c", "import lookseek"), 9)
    start = median(bare)
    rows.append(("import lookseek, beyond Python's own start", median(imports) - start, max(imports) - start))
    search = command("-m", "lookseek.cli", "search", str(index), "--image", str(photos[0]))
    cold = timed(search, 9)
    rows.append(("cold: lookseek search, the whole command", median(cold), max(cold)))
    lines = [f"| {name} | {middle:.1f} | {worst:.1f} |" for name, middle, worst in rows]
    text = "\n".join(["| what | median ms | p95 or worst ms |", "|---|---|---|", *lines])
    print(text)
    if chosen.write:
        page = PAGES / "latency.md"
        head = f"# Latency\n\n```\n{(__doc__ or '').strip()}\n```\n\n"
        asked = f"Model {chosen.model}, {chosen.items:,} items, {os.cpu_count()} cores"
        page.write_text(f"{head}{text}\n\n{asked}, {datetime.now(UTC):%Y-%m-%d}.\n", encoding="utf-8")


if __name__ == "__main__":
    main()

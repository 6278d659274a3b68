"""One photo, from file to top-10 on an index of 50,000 items; importing; a cold command.

    python benchmarks/latency.py [--data FOLDER] [--work FOLDER] [--write]

The index holds 50,000 items whose vectors are drawn around those of 2,000 real photos of ``clothing``, and a
graph, as ``lookseek index`` builds it from that size on.
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

from lookseek import Query, Searcher
from lookseek.encode import ColourEncoder, encode_photos, load_model
from lookseek.index import folder as place
from lookseek.index.manifest import Manifest, Recipe
from lookseek.store import VectorSpec, create_store, open_store
from lookseek.types import Point

ITEMS, SEEDS, SEED = 50_000, 2_000, 0


def build(index: Path, photos: list[Path]) -> None:
    """Make the index, unless it is there."""
    if place.published_manifest(index) is not None:
        return
    model = load_model()
    colour = ColourEncoder()
    encoded = encode_photos(((photo, photo) for photo in photos[:SEEDS]), [model.image, colour])
    real = [vectors for _, vectors, _ in encoded if isinstance(vectors, dict)]
    layout = {"look": VectorSpec(model.dim, "cosine"), "colour": VectorSpec(colour.dim, "cosine")}
    recipe = Recipe(model.name, "", model.checksum, colour.version, layout, "edge")
    random = np.random.default_rng(SEED)
    with place.writing(index):
        target = place.start(index, Manifest("", recipe, f"{model.runtime} {model.precision}"), None)
        store = create_store("edge", index / target.generation, layout)
        for at in range(0, ITEMS, 500):
            points = []
            for n in range(at, at + 500):
                base = real[random.integers(len(real))]
                made = {
                    name: np.abs(v * (1 + 0.3 * random.standard_normal(v.shape))).astype(np.float32)
                    for name, v in base.items()
                }
                points.append(Point(f"item-{n:06d}", made, {"category": f"c{n % 10}", "price": n % 200}))
            store.add(points)
        store.declare({"category": "words", "price": "number"})
        store.optimise(graph=True)
        store.close()
        fields = {"category": "words", "price": "number"}
        place.publish(index, replace(target, items=ITEMS, graph_items=ITEMS, fields=fields))
    open_store("edge", index / target.generation, layout).close()


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
    """Measure, print, and write the page where that was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=Path(os.environ.get("LOOKSEEK_DATA") or "../shared/data"))
    options.add_argument("--work", type=Path, default=Path("/tmp/lookseek-bench"))
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    photos = sorted((chosen.data / "clothing" / "images").glob("*.jpg"))
    index = chosen.work / "index-50k"
    build(index, photos)
    rows = []
    with Searcher(index) as searcher:
        queries = photos[-200:]
        for name, options_ in {
            "photo file to top-10, default colour weight": {},
            "look alone": {"colour_weight": 0.0},
            "exact": {"exact": True},
            "with a filter that keeps 10 %": {"filter": "category = c3"},
        }.items():
            searcher.search(Query(image=queries[0], **options_))
            taken = [timed(lambda p=p, o=options_: searcher.search(Query(image=p, **o)), 1)[0] for p in queries]
            rows.append((f"warm: {name}", median(taken), quantiles(taken, n=20)[-1]))
        taken = [timed(lambda p=p: searcher.embed(Query(image=p)), 1)[0] for p in queries]
        rows.append(("warm: of that, decoding and both encoders", median(taken), quantiles(taken, n=20)[-1]))
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
        page = Path(__file__).parents[1] / "docs" / "benchmarks" / "latency.md"
        head = f"# Latency\n\n```\n{(__doc__ or '').strip()}\n```\n\n"
        page.write_text(f"{head}{text}\n\n{os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}.\n", encoding="utf-8")


if __name__ == "__main__":
    main()

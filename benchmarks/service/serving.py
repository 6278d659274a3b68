"""The service under load: against the classic way, beyond its capacity, and asked things that no honest client asks.

    python -m benchmarks.service.serving [--items 50000] [--data FOLDER] [--work FOLDER] [--seconds S] [--rounds N]
                                 [--overload-seconds S] [--tries N] [--write]

``lookseek serve`` as it comes, and the service of ``classic_service.py``, each a process of its own on this machine,
over the same number of items; a third process asks (``load.py``) over the loopback and shares the cores with them. They
take turns in each round, never both at once. A client asks again as soon as it has its answer; photos are real ones,
sent as they are; texts are all different. Needs ``pip install 'lookseek[serve,bench]'``.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.paths import DATA, PAGES
from benchmarks.service.hostile_requests import answer, photo_form, try_all, whole
from benchmarks.service.service_process import Cell, Service, free_port, load, started
from benchmarks.service.serving_page import CLIENTS, made, page
from benchmarks.speed import latency
from lookseek import Query, Searcher
from lookseek.encode import ColourEncoder, encode_photos, sentences
from lookseek.encode.config import COLOUR_WEIGHT
from lookseek.encode.model import DEFAULT
from lookseek.encode.runtime import cores
from lookseek.search.fusion import best_candidates
from lookseek.search.vector_weights import look_and_colour

PHOTOS = 500
OVERLOAD = 4.0


# The floor


class Floor:
    """The same steps done by all cores in one process, with no service around: milliseconds a photo or text."""

    def __init__(self, index: Path, photos: list[str], texts: list[str]) -> None:
        self._searcher, self._texts = Searcher(index), texts
        self._photos = [Path(name) for name in photos]
        self._vectors = [self._searcher.embed(Query(image=path)) for path in self._photos[:100]]
        self._read("dress")
        self._seen: dict[str, list[float]] = {}

    def round(self) -> None:
        """Measures each step once more."""
        with ThreadPoolExecutor(cores()) as pool:
            for step, call, count in (
                ("encode", self._encode, len(self._photos)),
                ("compare", lambda: list(pool.map(self._compare, self._vectors)), len(self._vectors)),
                ("compare, one thread", lambda: list(map(self._compare, self._vectors)), len(self._vectors)),
                ("read", lambda: list(pool.map(self._read, self._texts)), len(self._texts)),
                ("words", lambda: list(pool.map(self._find, self._texts)), len(self._texts)),
            ):
                sentences._remembered.cache_clear()
                began = time.perf_counter()
                call()
                self._seen.setdefault(step, []).append((time.perf_counter() - began) * 1000 / count)

    def medians(self) -> dict[str, float]:
        """Of the rounds, each step's."""
        return {step: median(times) for step, times in self._seen.items()}

    def _encode(self) -> None:
        encoders = [self._searcher.model.image, ColourEncoder()]
        for _ in encode_photos(((path, path) for path in self._photos), encoders):
            pass

    def _compare(self, vectors: dict[str, Any]) -> None:
        store = self._searcher.index.store
        store.get(best_candidates(store, vectors, look_and_colour(COLOUR_WEIGHT), 10).ids, vectors=False)

    def _read(self, text: str) -> None:
        self._searcher.embed(Query(text=text))

    def _find(self, text: str) -> None:
        self._searcher.search(Query(text=text))


# Rounds


def rounds_of(
    ours: Service, classic: Service, floor: Floor, photos: list[str], rounds: int, seconds: float
) -> dict[str, Cell]:
    """Medians over rounds of each service, what is asked, and number of clients."""
    cells: dict[str, list[Cell]] = {}
    for number in range(rounds):
        floor.round()
        for clients in CLIENTS:
            for name, service, asked in (
                ("lookseek photo", ours, photos),
                ("classic photo", classic, photos),
                ("lookseek words", ours, []),
            ):
                seed = number * 100 + clients
                cell = load(service, photos=asked, clients=clients, seconds=seconds, warm=min(1.0, seconds), seed=seed)
                cells.setdefault(f"{name} {clients}", []).append(cell)
                print(f"round {number + 1}: {name}, {clients}: {cell['rate']:.1f}/s {cell['statuses']}", flush=True)
    return {key: _middle(some) for key, some in cells.items()}


def _middle(cells: list[Cell]) -> Cell:
    statuses: Counter[str] = Counter()
    for cell in cells:
        statuses.update(cell["statuses"])
    rates = [cell["rate"] for cell in cells]
    numbers = {name: median(cell[name] for cell in cells) for name in ("rate", "p50", "p95")}
    return {**numbers, "lowest": min(rates), "highest": max(rates), "statuses": dict(statuses)}


# Overload


@dataclass(slots=True)
class Watched:
    """What a second pair of eyes saw meanwhile."""

    healthz: list[float] = field(default_factory=list)
    failed: int = 0
    megabytes: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)


def overload(service: Service, photos: list[str], rate: float, seconds: float) -> tuple[Cell, Watched]:
    """Asks at a rate that is far beyond what is answered, whether answers come or not."""
    watched, stop = Watched(), threading.Event()
    watchers = [threading.Thread(target=watch, args=(service, watched, stop)) for watch in (_health, _memory)]
    for watcher in watchers:
        watcher.start()
    try:
        cell = load(service, photos=photos, rate=rate, seconds=seconds, warm=2.0)
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()
    return cell, watched


def _health(service: Service, watched: Watched, stop: threading.Event) -> None:
    """Asks /healthz each tenth of a second, on a connection of its own that is kept."""
    request = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", service.port), 30) as line:
        while not stop.wait(0.1):
            began = time.perf_counter()
            line.sendall(request)
            answer = b""
            while b'{"status":"ok"}' not in answer:
                came = line.recv(4096)
                if not came:
                    watched.failed += 1
                    return
                answer += came
            watched.healthz.append((time.perf_counter() - began) * 1000)


def _memory(service: Service, watched: Watched, stop: threading.Event) -> None:
    while not stop.wait(1.0):
        watched.megabytes.append(service.megabytes)
        watched.threads.append(service.status("Threads"))


# What no honest client asks


def faults(service: Service, photo: bytes, tries: int | None) -> tuple[float, float, dict[str, Counter[int]]]:
    """Megabytes before and after, and what became of requests of each kind."""
    first = _hits(service, photo)
    before = service.megabytes
    tried = try_all(service.port, photo, tries)
    if service.process.poll() is not None or _hits(service, photo) != first:
        raise RuntimeError(f"the service does not answer as before: {tried}")
    return before, service.megabytes, tried


def _hits(service: Service, photo: bytes) -> list[Any]:
    return list(json.loads(answer(service.port, photo_form(photo)))["hits"])


def main() -> None:
    """Measure and print; with --write, replace the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=latency.ITEMS)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--photos", type=Path, help="JPEG files to ask with, in place of those of --data")
    options.add_argument("--work", type=Path, default=Path("/tmp/lookseek-bench"))
    options.add_argument("--model", default=DEFAULT)
    options.add_argument("--seconds", type=float, default=8.0)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--overload-seconds", type=float, default=300.0, help="0 leaves it out")
    options.add_argument("--tries", type=int, help="hostile requests of each kind, at the most; all of them otherwise")
    options.add_argument("--write", action="store_true", help="also to docs/benchmarks/serving.md")
    chosen = options.parse_args()
    photos = sorted((chosen.photos or chosen.data / "clothing" / "images").glob("*.jpg"))
    index = chosen.work / f"index-{chosen.items}-{Path(chosen.model).name}"
    chosen.work.mkdir(parents=True, exist_ok=True)
    latency.build_index_of(index, photos, chosen.model, chosen.items)
    asked = [str(photo.resolve()) for photo in photos[-PHOTOS:]]
    facts: dict[str, Any] = {
        "made": made(), "told": (__doc__ or "").strip(), "load": f"{os.getloadavg()[0]:.1f}",
        "items": chosen.items, "model": chosen.model, "rounds": chosen.rounds, "seconds": chosen.seconds,
    }  # fmt: skip
    port, other = free_port(), free_port()
    serve = ["-m", "lookseek.cli", "serve", str(index), "--port", str(port)]
    classic = ["-m", "benchmarks.service.classic_service", "--items", str(chosen.items), "--port", str(other)]
    log = chosen.work / "lookseek.log"
    with started("lookseek", serve, port, "/v1/search", "/readyz", log) as ours:
        with started("classic", classic, other, "/search", "/health", chosen.work / "classic.log") as theirs:
            facts["weights"] = json.loads(answer(other, whole(b"", path="/health", method="GET")))["weights"]
            floor = Floor(index, asked[:128], latency.texts()[:100])
            facts["cells"] = rounds_of(ours, theirs, floor, asked, chosen.rounds, chosen.seconds)
            facts["floor"] = floor.medians()
        capacity = max(facts["cells"][f"lookseek photo {n}"]["rate"] for n in CLIENTS)
        rate, seconds = OVERLOAD * capacity, chosen.overload_seconds
        facts["overload"] = overload(ours, asked, rate, seconds) if seconds else None
    with started("lookseek", serve, port, "/v1/search", "/readyz", log) as ours:
        facts["faults"] = faults(ours, photos[-1].read_bytes(), chosen.tries)
    text = page(facts)
    print(text)
    if chosen.write:
        (PAGES / "serving.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

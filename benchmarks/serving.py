"""The service under load: against the classic way, beyond its capacity, and asked things that no honest client asks.

    python benchmarks/serving.py [--items 50000] [--data FOLDER] [--work FOLDER] [--seconds S] [--rounds N]
                                 [--overload-seconds S] [--tries N] [--write]

``lookseek serve`` as it comes, and the service of ``classic_service.py``, each a process of its own on this machine,
over the same number of items; a third process asks (``load.py``) over the loopback and shares the cores with them. They
take turns in each round, never both at once. A client asks again as soon as it has its answer; photos are real ones,
sent as they are; texts are all different. Needs ``pip install 'lookseek[serve,bench]'``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import latency
from hostile_requests import answer, ask, photo_form, try_all, whole
from load import Job

from lookseek import Query, Searcher
from lookseek.encode import ColourEncoder, encode_photos
from lookseek.encode.model import DEFAULT
from lookseek.encode.runtime import cores
from lookseek.search import COLOUR_WEIGHT
from lookseek.weighted import weighted

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent
CLIENTS = 1, 4, 16
PHOTOS = 500
OVERLOAD = 4.0
STARTING = 300.0

Cell = dict[str, Any]
"""What ``load.py`` saw of one job."""


@dataclass(slots=True)
class Service:
    """A process that serves."""

    name: str
    process: subprocess.Popen[str]
    port: int
    path: str

    def status(self, name: str) -> int:
        """A number of /proc/PID/status, e.g. VmRSS (kB) or Threads; 0 where there is no such file."""
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0
        found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
        return int(found[1]) if found else 0

    @property
    def megabytes(self) -> float:
        """Memory that it holds."""
        return self.status("VmRSS") / 1024


@contextlib.contextmanager
def started(name: str, command: list[str], port: int, path: str, alive: str, log: Path) -> Iterator[Service]:
    """A service that answers, until the block ends."""
    with log.open("w", encoding="utf-8") as written:
        process = subprocess.Popen([sys.executable, *command], stdout=written, stderr=written, text=True)
        try:
            end = time.monotonic() + STARTING
            while not _answers(port, alive):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{name} did not start: {log.read_text()[-500:]}")
                time.sleep(0.2)
            yield Service(name, process, port, path)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int, path: str) -> bool:
    try:
        return ask(port, whole(b"", path=path, method="GET")) == 200
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def load(service: Service, **told: Any) -> Cell:
    """What a process of its own sees when it asks."""
    job = Job(service.port, service.path, **told)
    done = subprocess.run(
        [sys.executable, str(HERE / "load.py")], input=json.dumps(asdict(job)), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-1000:])
    cell: Cell = json.loads(done.stdout)
    return cell


# Rounds


def rounds_of(ours: Service, classic: Service, photos: list[str], rounds: int, seconds: float) -> dict[str, Cell]:
    """Medians over rounds of each service, what is asked, and number of clients."""
    cells: dict[str, list[Cell]] = {}
    for number in range(rounds):
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


# The floor


def floor_of(index: Path, photos: list[str], texts: list[str]) -> dict[str, float]:
    """Milliseconds a photo or text of the same steps done by all cores in one process, with no service around."""
    paths = [Path(name) for name in photos]
    with Searcher(index) as searcher, ThreadPoolExecutor(cores()) as pool:
        store, encoders = searcher.index.store, [searcher.model.image, ColourEncoder()]

        def seen() -> None:
            for _ in encode_photos(((path, path) for path in paths), encoders):
                pass

        vectors = [searcher.embed(Query(image=path)) for path in paths[:100]]

        def compared(one: dict[str, Any]) -> None:
            store.get([scored.id for scored in weighted(store, one, COLOUR_WEIGHT, 10, None)[0]], vectors=False)

        def read(text: str) -> None:
            searcher.embed(Query(text=text))

        def found(text: str) -> None:
            searcher.search(Query(text=text))

        read("dress")
        return {
            "encode": _each(seen, len(paths)),
            "compare": _each(lambda: list(pool.map(compared, vectors)), len(vectors)),
            "compare, one thread": _each(lambda: [compared(one) for one in vectors], len(vectors)),
            "read": _each(lambda: list(pool.map(read, texts)), len(texts)),
            "words": _each(lambda: list(pool.map(found, texts)), len(texts)),
        }


def _each(call: Callable[[], object], count: int) -> float:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000 / count)
    return median(times)


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


# The page


def page(facts: dict[str, Any]) -> str:
    """All of it in Markdown."""
    cells, floor = facts["cells"], facts["floor"]
    lines = [
        "# The service under load",
        "",
        facts["made"],
        "",
        "```",
        (__doc__ or "").strip(),
        "```",
        "",
        f"The classic way has ResNet-50 with {facts['weights']} weights at fp32 in eager torch, a numpy product and "
        f"argsort over {facts['items']:,} x 2048, and takes one photo a request. lookseek serves {facts['items']:,} "
        f"items with the model {facts['model']}. Medians of {facts['rounds']} rounds of {facts['seconds']:g} s for "
        "each row, after one second that does not count; the machine's load was {facts['load']} as it began.",
        "",
        "| asked | clients | service | p50 ms | p95 ms | answers a second (lowest to highest) | times classic |",
        "|---|---|---|---|---|---|---|",
    ]
    for asked in ("photo", "words"):
        for clients in CLIENTS:
            for name in ("lookseek", "classic"):
                cell = cells.get(f"{name} {asked} {clients}")
                if cell is None:
                    continue
                base = cells[f"classic photo {clients}"]["rate"]
                times = f"{cell['rate'] / base:.1f}" if asked == "photo" and name == "lookseek" and base else ""
                lines.append(
                    f"| {asked} | {clients} | {name} | {cell['p50']:.1f} | {cell['p95']:.1f} | {cell['rate']:.1f} "
                    f"({cell['lowest']:.1f} to {cell['highest']:.1f}) | {times} |"
                )
    other = sum(n for cell in cells.values() for status, n in cell["statuses"].items() if status != "200")
    best = {kind: max(cells[f"lookseek {kind} {n}"]["rate"] for n in CLIENTS) for kind in ("photo", "words")}
    bound = 1000 / (floor["encode"] + floor["compare"])
    lines += [
        "",
        f"Answers with another status than 200: {other}.",
        "",
        "## How far from the floor",
        "",
        f"In one process, on all cores, without a service and with nobody who asks: {floor['encode']:.1f} ms a photo "
        f"to decode and encode it (batches, look and colour), {floor['compare']:.1f} ms to compare and fetch ten "
        f"({floor['compare, one thread']:.1f} ms on one thread). So no service of these parts answers more than "
        f"{bound:.0f} photos a second here; it answers {best['photo']:.0f}, {best['photo'] / bound:.0%} of that. The "
        f"rest are HTTP, forms and JSON in Python, and the process that asks. For words: {floor['read']:.1f} ms to "
        f"read them, {floor['words']:.1f} ms with the comparison, so {1000 / floor['words']:.0f} a second at the most, "
        f"{best['words']:.0f} answered, {best['words'] * floor['words'] / 1000:.0%}.",
    ]
    return "\n".join([*lines, *_overload_lines(facts), *_fault_lines(facts)]) + "\n"


def _overload_lines(facts: dict[str, Any]) -> list[str]:
    if not facts["overload"]:
        return []
    cell, watched = facts["overload"]
    total = sum(cell["statuses"].values())
    quarter = max(1, len(watched.megabytes) // 4)
    first, last = median(watched.megabytes[:quarter]), median(watched.megabytes[-quarter:])
    cuts = quantiles(watched.healthz, n=100, method="inclusive")
    refused = cell["statuses"].get("503", 0)
    rest = {status: n for status, n in cell["statuses"].items() if status not in ("200", "503")}
    seconds = cell["job"]["seconds"]
    return [
        "",
        "## Four times more than it can",
        "",
        f"Photos at random moments, {cell['job']['rate']:.0f} a second for {seconds:.0f} s, whether answers "
        f"came or not ({total / seconds:.0f} a second were sent; the generator was {cell['late']:.2f} s behind at "
        "the worst, which counts as waiting).",
        "",
        "| what | |",
        "|---|---|",
        f"| answered with 200 | {cell['rate']:.1f} a second, {cell['statuses'].get('200', 0) / total:.1%} |",
        f"| their p50, p95, p99 | {cell['p50']:.0f}, {cell['p95']:.0f}, {cell['p99']:.0f} ms |",
        f"| refused with 503 and Retry-After | {refused / total:.1%}, p50 {cell['refused_p50']:.0f} ms |",
        f"| anything else | {rest or 'none'} |",
        f"| /healthz p50, p99, worst of {len(watched.healthz):,} | {cuts[49]:.1f}, {cuts[98]:.1f}, "
        f"{max(watched.healthz):.1f} ms; failed {watched.failed} |",
        f"| memory, median of the first and of the last quarter | {first:.0f} MB, {last:.0f} MB |",
        f"| threads, fewest and most | {min(watched.threads)}, {max(watched.threads)} |",
    ]


def _fault_lines(facts: dict[str, Any]) -> list[str]:
    before, after, tried = facts["faults"]
    count = sum(sum(statuses.values()) for statuses in tried.values())
    errors = sum(n for statuses in tried.values() for status, n in statuses.items() if status >= 500)
    lines = [
        "",
        "## What no honest client asks",
        "",
        f"{count} requests, one by one, on connections of their own (`benchmarks/hostile_requests.py`). Answers of 500 "
        f"and above: {errors}. The same photo was answered alike before and after; memory {before:.0f} MB before, "
        f"{after:.0f} MB after.",
        "",
        "| kind | tried | outcomes: status and how often |",
        "|---|---|---|",
    ]
    for kind, statuses in tried.items():
        outcomes = ", ".join(f"{status or 'closed'}: {n}" for status, n in sorted(statuses.items()))
        lines.append(f"| {kind} | {sum(statuses.values())} | {outcomes} |")
    return lines


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


def made() -> str:
    """When, of what, and on which machine."""
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next(line for line in lines if line.startswith("model name")).partition(": ")[2]
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("uvicorn", "fastapi", "torch", "onnxruntime"))
    return (
        f"Written by `benchmarks/serving.py --write` on {date.today()}, commit {commit.stdout.strip()}: {processor}, "
        f"{cores()} cores, Python {platform.python_version()}, {versions}."
    )


def main() -> None:
    """Measure, print, and write the page where that was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=latency.ITEMS)
    options.add_argument(
        "--data", type=Path, default=Path(os.environ.get("LOOKSEEK_DATA") or ROOT.parent / "shared/data")
    )
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
    latency.build(index, photos, chosen.model, chosen.items)
    asked = [str(photo.resolve()) for photo in photos[-PHOTOS:]]
    facts: dict[str, Any] = {
        "made": made(), "load": f"{os.getloadavg()[0]:.1f}", "items": chosen.items, "model": chosen.model,
        "rounds": chosen.rounds, "seconds": chosen.seconds,
        "floor": floor_of(index, asked[:256], latency.texts()[:200]),
    }  # fmt: skip
    print(facts["floor"], flush=True)
    port, other = free_port(), free_port()
    serve = ["-m", "lookseek.cli", "serve", str(index), "--port", str(port)]
    classic = [str(HERE / "classic_service.py"), "--items", str(chosen.items), "--port", str(other)]
    log = chosen.work / "lookseek.log"
    with started("lookseek", serve, port, "/v1/search", "/readyz", log) as ours:
        with started("classic", classic, other, "/search", "/health", chosen.work / "classic.log") as theirs:
            facts["weights"] = json.loads(answer(other, whole(b"", path="/health", method="GET")))["weights"]
            facts["cells"] = rounds_of(ours, theirs, asked, chosen.rounds, chosen.seconds)
        capacity = max(facts["cells"][f"lookseek photo {n}"]["rate"] for n in CLIENTS)
        rate, seconds = OVERLOAD * capacity, chosen.overload_seconds
        facts["overload"] = overload(ours, asked, rate, seconds) if seconds else None
    with started("lookseek", serve, port, "/v1/search", "/readyz", log) as ours:
        facts["faults"] = faults(ours, photos[-1].read_bytes(), chosen.tries)
    text = page(facts)
    print(text)
    if chosen.write:
        (ROOT / "docs" / "benchmarks" / "serving.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

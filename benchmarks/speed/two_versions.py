"""Two versions of lookseek on one machine, in turns: the processor's time of encoding, a query and an answer.

    python -m benchmarks.speed.two_versions OTHER_CHECKOUT [--model NAME] [--items 12000] [--pairs 150] [--data FOLDER]

Each version loads its model and its index once, in a process of its own, and starts its service. Then both do the same
small piece of work one right after the other, the one that begins drawn by chance, again and again: what other programs
do to the processor meets both. The processor's time of the process is counted, all threads, since a clock on a machine
that does other work tells of that work. Each version makes its own index of ``--items`` items by its own ``latency``
benchmark, whose vectors are drawn around those of 200 photos. Prints the median of each version, the median of the
ratios of the pairs, and the interval that holds 95 % of the medians of 4,000 bootstrap samples of the pairs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.paths import DATA

WORK = {
    "encode, a photo": 4,
    "query with a photo": 2,
    "query with words": 4,
    "query with a photo and a filter": 2,
    "a service's answer to a photo": 2,
}
"""What is compared, and how often it is done in one turn."""

SAMPLES = 4_000

_UNCOUNTED = 2
"""Turns at the start that load what is loaded once."""

_WORKER = """
import os, re, subprocess, sys, threading, time, urllib.request
from pathlib import Path

checkout, index = Path(sys.argv[1]), Path(sys.argv[2])
data, model, items = sys.argv[3], sys.argv[4], int(sys.argv[5])
sys.path[:0] = [str(checkout), str(checkout / "benchmarks")]
photos = sorted(Path(data, "clothing", "images").glob("*.jpg"))
if not index.exists():
    try:
        from benchmarks.speed import latency
        build = latency.build_index_of
    except ImportError:  # as it was in November 2026
        import latency
        build = latency.build
    latency.SEEDS = 200
    build(index, photos, model, items)
    sys.exit()

from lookseek import Query, Searcher
from lookseek.encode import ColourEncoder, encode_photos, load_model

serve = [sys.executable, "-u", "-m", "lookseek.cli", "serve", str(index), "--port", "0"]
service = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
address = next(match[0] for line in service.stdout if (match := re.search(r"http://[^ \\s]+", line)))
threading.Thread(target=service.stdout.read, daemon=True).start()
clock = (~service.pid << 3) | 2  # of all threads of that process: clock_getcpuclockid(3) on Linux
encoders = [load_model(model).image, ColourEncoder()]
searcher = Searcher(index)

def ask(photo):
    body = photo.read_bytes()
    head = b'--x\\r\\nContent-Disposition: form-data; name="image"; filename="a.jpg"\\r\\n\\r\\n'
    request = urllib.request.Request(address.rstrip("/") + "/v1/search", head + body + b"\\r\\n--x--\\r\\n")
    request.add_header("Content-Type", "multipart/form-data; boundary=x")
    urllib.request.urlopen(request, timeout=120).read()

def do(what, first, count):
    some = [photos[n % len(photos)] for n in range(first, first + count)]
    if what == "encode, a photo":
        list(encode_photos(((photo, photo) for photo in some), encoders))
    elif what == "query with words":
        for n in range(first, first + count):
            searcher.search(Query(text=f"shirt {n}"))
    elif what == "a service's answer to a photo":
        for photo in some:
            ask(photo)
    else:
        for photo in some:
            searcher.search(Query(image=photo, filter="category = c3" if "filter" in what else ""))

def used(what):
    return time.clock_gettime(clock) if "service" in what else time.process_time()

for _ in range(60):  # until what a service does after its start, such as comparing checksums, has ended
    before = time.clock_gettime(clock)
    time.sleep(1)
    if time.clock_gettime(clock) - before < 0.03:
        break
print("ready", flush=True)
for line in sys.stdin:
    what, first, count = line.rstrip().split(";")
    before = used(what)
    do(what, int(first), int(count))
    print(1000 * (used(what) - before) / int(count), flush=True)
searcher.close()
service.terminate()
"""


class Version:
    """A version that does small pieces of work when it is told to."""

    def __init__(self, checkout: Path, index: Path, options: argparse.Namespace) -> None:
        arguments = [sys.executable, "-c", _WORKER, str(checkout), str(index), str(options.data), options.model]
        arguments.append(str(options.items))
        environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
        subprocess.run(arguments, env=environment, cwd=checkout, check=True)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(arguments, env=environment, cwd=checkout, stdin=pipe, stdout=pipe, text=True)
        self._line()

    def work(self, what: str, first: int, count: int) -> float:
        """Do a piece of work; returns milliseconds of the processor for one."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what};{first};{count}\n")
        self.process.stdin.flush()
        return float(self._line())

    def end(self) -> None:
        """End the process and its service."""
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a version ended with {self.process.wait()}: see above")
        return line.strip()


def ratio_and_interval(before: NDArray[np.float64], now: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the median of the ratios of pairs, and the bounds of 95 % of the medians of bootstrap samples."""
    ratios, chance = now / before, np.random.default_rng(0)
    medians = np.median(ratios[chance.integers(0, len(ratios), (SAMPLES, len(ratios)))], axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(np.median(ratios)), float(low), float(high)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="a checkout of the version before")
    parser.add_argument("--model", default="lookseek-base", help="one that both versions have")
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--pairs", type=int, default=150, help="of turns, for each kind of work")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    options.data = options.data.resolve()
    chance, this = np.random.default_rng(0), Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        versions = []
        for name, checkout in (("before", options.other.resolve()), ("now", this)):
            versions.append(Version(checkout, Path(folder) / name, options))
            ends.callback(versions[-1].end)
        turns = options.pairs + _UNCOUNTED
        taken = {what: np.empty((turns, 2)) for what in WORK}
        for number in range(turns):
            for what, count in WORK.items():
                for place in chance.permutation(2):
                    taken[what][number, place] = versions[place].work(what, number * count, count)
    print(f"{options.pairs} pairs of turns, lookseek's two versions, {os.cpu_count()} cores")
    print("| what, ms of the processor | before | now | ratio | 95 % of it |\n|---|---|---|---|---|")
    for what, pairs in taken.items():
        before, now = pairs[_UNCOUNTED:].T
        ratio, low, high = ratio_and_interval(before, now)
        print(f"| {what} | {np.median(before):.1f} | {np.median(now):.1f} | ", end="")
        print(f"{ratio:.3f} | {low:.3f} to {high:.3f} |")


if __name__ == "__main__":
    main()

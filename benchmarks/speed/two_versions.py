"""Two versions of lookseek on one machine, in turns: the processor's time of encoding, a query and an answer.

    python -m benchmarks.speed.two_versions OTHER_CHECKOUT [--model NAME] [--items 12000] [--rounds 5] [--data FOLDER]

Each round asks both versions, each in a process of its own, in an order that turns from round to round; the processor's
time is counted, of all threads, since a clock on a machine that does other work tells of that work. A service is asked
once it rests after its start. Each version makes its own index of ``--items`` items by its own ``latency`` benchmark,
whose vectors are drawn around those of 200 photos. Prints the median of the rounds of each version, the ratio of the
medians, and the lowest and highest ratio of a round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.paths import DATA

_MEASURE = """
import json, os, re, subprocess, sys, time, urllib.request
from pathlib import Path

checkout, index = Path(sys.argv[1]), Path(sys.argv[2])
data, model, items, queries = *sys.argv[3:5], *map(int, sys.argv[5:])
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

def used(call):
    began = time.process_time()
    call()
    return time.process_time() - began

found = {}
loaded = load_model(model)
encoders = [loaded.image, ColourEncoder()]
some = photos[-queries:]
list(encode_photos(((photo, photo) for photo in some[:8]), encoders))
found["encode, ms a photo"] = used(lambda: list(encode_photos(((photo, photo) for photo in some), encoders)))
with Searcher(index) as searcher:
    searcher.search(Query(image=some[0]))
    searcher.search(Query(text="red dress"))
    found["query with a photo, ms"] = used(lambda: [searcher.search(Query(image=photo)) for photo in some])
    found["query with words, ms"] = used(lambda: [searcher.search(Query(text=f"shirt {n}")) for n in range(queries)])
    filtered = [Query(image=photo, filter="category = c3") for photo in some]
    found["query with a photo and a filter, ms"] = used(lambda: [searcher.search(query) for query in filtered])

serve = [sys.executable, "-u", "-m", "lookseek.cli", "serve", str(index), "--port", "0"]
with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as service:
    address = next(match[0] for line in service.stdout if (match := re.search(r"http://[^ \\s]+", line)))
    import threading
    threading.Thread(target=service.stdout.read, daemon=True).start()

    def ask(photo):
        body = photo.read_bytes()
        head = b'--x\\r\\nContent-Disposition: form-data; name="image"; filename="a.jpg"\\r\\n\\r\\n'
        request = urllib.request.Request(address.rstrip("/") + "/v1/search", head + body + b"\\r\\n--x--\\r\\n")
        request.add_header("Content-Type", "multipart/form-data; boundary=x")
        urllib.request.urlopen(request, timeout=120).read()

    def seconds():
        fields = Path(f"/proc/{service.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    for photo in some[:8]:
        ask(photo)
    for _ in range(60):  # until what it does after its start, such as comparing checksums, has ended
        before = seconds()
        time.sleep(1)
        if seconds() - before < 0.03:
            break
    began = seconds()
    for photo in some:
        ask(photo)
    found["the service's answer to a photo, ms"] = seconds() - began
    service.terminate()
print(json.dumps({name: 1000 * taken / queries for name, taken in found.items()}))
"""


def run(checkout: Path, index: Path, options: argparse.Namespace) -> dict[str, float]:
    """Measure one version once; the first run makes its index and returns nothing."""
    arguments = [str(checkout), str(index), str(options.data), options.model, str(options.items), str(options.queries)]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *arguments], env=environment, cwd=checkout, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="a checkout of the version before")
    parser.add_argument("--model", default="lookseek-base", help="one that both versions have")
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    options.data = options.data.resolve()
    versions = {"before": options.other.resolve(), "now": Path(__file__).resolve().parents[2]}
    with tempfile.TemporaryDirectory() as folder:
        for name, checkout in versions.items():
            run(checkout, Path(folder) / name, options)
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in versions}
        for number in range(options.rounds):
            for name in sorted(versions, reverse=bool(number % 2)):
                rounds[name].append(run(versions[name], Path(folder) / name, options))
            print(number, rounds["before"][-1], rounds["now"][-1], file=sys.stderr, flush=True)
    print("| what | before | now | ratio | of a round |\n|---|---|---|---|---|")
    for what in rounds["now"][0]:
        before, now = ([one[what] for one in rounds[name]] for name in ("before", "now"))
        ratios = [b / a for a, b in zip(before, now, strict=True)]
        print(
            f"| {what} | {median(before):.1f} | {median(now):.1f} | {median(now) / median(before):.2f} | "
            f"{min(ratios):.2f} to {max(ratios):.2f} |"
        )


if __name__ == "__main__":
    main()

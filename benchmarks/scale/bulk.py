"""Encoding on Ray beside encoding in the job's own process: seconds, and where the processor's time goes.

    python -m benchmarks.scale.bulk [SOURCE] [--write]

SOURCE is what ``lookseek index`` takes; without one the real photos of clothing. ``lookseek index`` runs on it as a
person runs it, without and with ``--ray auto``, on the same machine, one after the other; and on a single photo, which
tells what a job costs before its first photo: the start of Ray, and the model, which each worker loads. What comes on
top is divided by the photos. Time of the processor is summed up by what a process is: the job's own, the workers, and
others (the engine's, Ray's servers, agents and idle workers), looked at ten times a second.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from benchmarks.paths import DATA
from lookseek.catalogue import open_catalogue
from lookseek.encode.runtime import cores
from lookseek.index.open_index import open_index

from .page import replace_part

BEGIN, END = "<!-- measured by bulk -->", "<!-- end of what bulk measured -->"
BETWEEN = 0.1
"""Seconds between two looks at the processes."""
JOB, WORKERS, OTHERS = "the job's own process", "the workers", "others (the engine's, Ray's)"


class Run(NamedTuple):
    """One job: seconds on the clock; seconds of the processor by what a process is; items of its index."""

    seconds: float
    cpu: Counter[str]
    items: int


class Look(NamedTuple):
    """A process as it is now: its parent, its name, the ticks of the processor that it had."""

    parent: int
    name: str
    ticks: int


def look_at(pid: str) -> Look | None:
    """Return a process; None where it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        name = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return None
    parts = stat.rpartition(")")[2].split()
    return Look(int(parts[1]), name, int(parts[11]) + int(parts[12]))


def processes_below(top: int) -> dict[int, Look]:
    """Return a process and all that it started, and they."""
    all_of_them = {int(p.name): seen for p in Path("/proc").glob("[0-9]*") if (seen := look_at(p.name)) is not None}
    below = {top}
    while more := {pid for pid, seen in all_of_them.items() if seen.parent in below} - below:
        below |= more
    return {pid: all_of_them[pid] for pid in below if pid in all_of_them}


def run(source: str, index: Path, *options: str) -> Run:
    """Run a job to its end.

    Raises:
        SystemExit: it failed.
    """
    command = [sys.executable, "-m", "lookseek.cli", "index", source, str(index), *options]
    began, ticks, kinds = time.monotonic(), Counter[int](), dict[int, str]()
    job = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while job.poll() is None:
        for pid, seen in processes_below(job.pid).items():
            ticks[pid] = max(ticks[pid], seen.ticks)
            if kinds.get(pid) != WORKERS:  # a worker is idle before and after
                is_worker = seen.name.startswith("ray::RayWorker")
                kinds[pid] = JOB if pid == job.pid else WORKERS if is_worker else OTHERS
        time.sleep(BETWEEN)
    seconds = time.monotonic() - began
    if job.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command)} ended with {job.returncode}")
    cpu = Counter[str]()
    for pid, count in ticks.items():
        cpu[kinds[pid]] += count / os.sysconf("SC_CLK_TCK")  # type: ignore[assignment]
    opened = open_index(index)
    items = opened.store.count()
    opened.store.close()
    return Run(seconds, cpu, items)


def table(alone: Run, on_ray: Run, alone_one: Run, on_ray_one: Run) -> str:
    """Return the figures as a Markdown table."""

    def a_photo(whole: Run, one: Run, kind: str) -> str:
        return f"{1000 * (whole.cpu[kind] - one.cpu[kind]) / (whole.items - one.items):.2f}"

    columns = ((alone, alone_one), (on_ray, on_ray_one))
    rows = {
        "seconds": [f"{whole.seconds:.1f}" for whole, _ in columns],
        "of them before the first photo (a job of one)": [f"{one.seconds:.1f}" for _, one in columns],
        "photos a second beyond that": [
            f"{(whole.items - one.items) / (whole.seconds - one.seconds):.0f}" for whole, one in columns
        ],
        "processor time, s": [f"{whole.cpu.total():.1f}" for whole, _ in columns],
        "of it before the first photo": [f"{one.cpu.total():.1f}" for _, one in columns],
        **{f"ms a photo beyond that: {kind}": [a_photo(*c, kind) for c in columns] for kind in (JOB, WORKERS, OTHERS)},
    }
    head = f"| {alone.items:,} photos, {cores()} cores | one process | Ray, {cores()} workers |\n|---|---|---|"
    return "\n".join([head, *(f"| {what} | {' | '.join(cells)} |" for what, cells in rows.items())])


def main() -> None:
    """Measure, print, and with ``--write`` put the table into the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("source", nargs="?", default=str(DATA / "clothing" / "items.csv"))
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first = next(item for item in open_catalogue(chosen.source) if getattr(item, "image", None) is not None)
        one = Path(folder) / "one"
        one.mkdir()
        photo = first.image if isinstance(first.image, bytes) else Path(first.image).read_bytes()  # type: ignore[union-attr, arg-type]
        (one / "photo.jpg").write_bytes(photo)
        ray = ("--ray", "auto")
        alone_one, on_ray_one = run(str(one), Path(folder) / "a"), run(str(one), Path(folder) / "b", *ray)
        alone, on_ray = run(chosen.source, Path(folder) / "c"), run(chosen.source, Path(folder) / "d", *ray)
    assert alone.items == on_ray.items
    figures = table(alone, on_ray, alone_one, on_ray_one)
    print(figures)
    if chosen.write:
        replace_part(BEGIN, END, figures)


if __name__ == "__main__":
    main()

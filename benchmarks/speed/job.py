"""How long an index job over very many rows takes, and how much memory: 2 % of them broken, photos that repeat.

python -m benchmarks.speed.job --rows 100000 --write
python -m benchmarks.speed.job --rows 100000 --kill-after 60 --write

The table is that of ``read_table`` with drawn photos of 64 pixels, each shown by 100 rows, one after another, as sizes
of a product are; one photo in 1,000 is cut short. ``lookseek index`` runs on it as a person runs it, with a graph from
50,000 items on; each photo is encoded once. With ``--kill-after`` it is killed (SIGKILL) after so many seconds and run
again. At the end the job runs once more, and finds nothing to do.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.speed.read_table import PAGE, write_line, write_table
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.images import to_jpeg

SUMMARY = re.compile(r": ([\d,]+) items \(([\d,]+) added, ([\d,]+) changed, ([\d,]+) unchanged, ([\d,]+) removed\)")
ROWS_TO_A_PHOTO = 100
PHOTOS_TO_A_BROKEN_ONE = 1_000
BETWEEN = 0.2
"""Seconds between two looks at the memory of the process."""


class Run(NamedTuple):
    """One run of the command.

    Args:
        code: its exit code, negative of a signal.
        seconds: on the clock.
        cpu: seconds of CPU, without those of the processes that build the graph and that write for the engine.
        peak: MB of memory at the most, with the pages of files that it maps.
        own: MB of those that are no files, of the command's process alone.
        printed: its standard output.
    """

    code: int
    seconds: float
    cpu: float
    peak: float
    own: float
    printed: str

    @property
    def counts(self) -> list[int]:
        """Items, added, changed, unchanged, removed."""
        found = SUMMARY.search(self.printed)
        return [int(number.replace(",", "")) for number in found.groups()] if found else []


def index(table: Path, folder: Path, model: str, kill_after: float = 0.0) -> Run:
    """Run ``lookseek index``, and kill it after so many seconds; 0 for never."""
    command = [sys.executable, "-m", "lookseek.cli", "index", str(table), str(folder), "--model", model]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        own = cpu = 0.0
        while True:
            ended, status, usage = os.wait4(child.pid, os.WNOHANG)
            if ended:
                break
            own, cpu = max(own, _own_memory(child.pid)), _cpu(child.pid) or cpu
            if kill_after and time.perf_counter() - began > kill_after:
                child.kill()
            time.sleep(BETWEEN)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)  # wait4 took it
        out.seek(0)
        printed = out.read().decode()
    return Run(child.returncode, seconds, cpu, usage.ru_maxrss / 1024, own, printed)


def _own_memory(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(rows: int, model: str, kill_after: float, folder: Path) -> str:
    """Run the job and return the line of the table."""
    photos = [to_jpeg(draw(spec, 64)) for spec in drawn_specs(max(1, rows // ROWS_TO_A_PHOTO), 1)]
    for number in range(PHOTOS_TO_A_BROKEN_ONE // 2, len(photos), PHOTOS_TO_A_BROKEN_ONE):
        photos[number] = photos[number][:400]
    table, place = write_table(folder, rows, photos), folder / "index"
    killed, before, cpu = "", 0.0, 0.0
    if kill_after:
        first = index(table, place, model, kill_after)
        assert first.code == -9, "the job ended before it was killed"
        before, cpu = first.seconds, first.cpu
    done = index(table, place, model)
    print(done.printed)
    assert done.code == 3, done.code
    items, added, _, unchanged, _ = done.counts
    if kill_after:
        killed = f"killed after {before:,.0f} s, then {unchanged:,} items were there and {added:,} came: "
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 2**20
    again = index(table, place, model)
    assert again.counts == [items, 0, 0, items, 0], again.printed
    seconds, cpu = before + done.seconds, (cpu + done.cpu) / rows * 1e6
    memory = f"{done.peak:,.0f} MB | {done.own:,.0f} MB | {size:,.0f} MB"
    second = f"{again.seconds:,.0f} s, {again.own:,.0f} MB"
    return f"| {rows:,} | {seconds:,.0f} | {cpu:,.0f} | {memory} | {second} | {killed}{describe(done.printed)} |"


def describe(printed: str) -> str:
    """Return what the job's summary says, in one line."""
    _, *lines = [line for line in printed.splitlines() if line and "listed in" not in line]
    return "; ".join(re.sub(r", e\.g\..*| \(line .*", "", line) for line in lines)


def main() -> None:
    """Run the job, print its line, and write it into the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--model", default="lookseek-base", help="by default the one of the fewest numbers: 384")
    arguments.add_argument("--kill-after", type=float, default=0.0, help="seconds")
    arguments.add_argument("--folder", type=Path, help="where table and index are made; they stay there")
    arguments.add_argument("--write", action="store_true", help="put the line into docs/benchmarks/catalogues.md")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        line = run(chosen.rows, chosen.model, chosen.kill_after, folder)
    print(line)
    if chosen.write:
        write_line(PAGE, "job", line, chosen.rows)


if __name__ == "__main__":
    main()

"""kill -9 at many moments of an index job: the index opens, with every acknowledged item."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from helpers.catalogues import indexed, write_photos

from lookseek.index.open_index import open_index

CHILD = """
import sys
from pathlib import Path
from lookseek.catalogue import open_catalogue
from lookseek.index import job, upsert

class Telling:
    done = 0
    def phase(self, name, total):
        print("phase", name, flush=True)
    def advance(self, entries):
        self.done += entries
        print("done", self.done, flush=True)
    def skipped(self, skipped):
        raise AssertionError(skipped)

upsert._WRITE = 3
upsert._LOOKUP = 5
job.GRAPH_FROM = 20
job.build_index(open_catalogue(sys.argv[1]), Path(sys.argv[2]), progress=Telling())
print("ended", flush=True)
"""


def run_and_kill(source: Path, folder: Path, after_line: int, delay: float) -> tuple[int, bool]:
    """Start a job, kill it a moment after its n-th line. Returns the acknowledged items and whether it ended."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(source), str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged, lines = 0, 0

    def kill() -> None:
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)

    with child.stdout:
        for line in child.stdout:
            lines += 1
            if whole := re.fullmatch(r"done (\d+)\n", line):  # death may cut the last line short
                acknowledged = int(whole[1])
            if line.startswith("ended"):
                break
            if lines == after_line:
                threading.Thread(target=kill).start()  # goes on reading: what is said before death counts
    return acknowledged, child.wait() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_at_many_moments_no_acknowledged_item_is_lost(tmp_path: Path) -> None:
    source, folder = tmp_path / "photos", tmp_path / "index"
    write_photos(source, items=10, views=3)
    random.seed(7)
    kept = 0
    for round_ in range(9):
        acknowledged, ended = run_and_kill(source, folder, 1 + round_ % 5, random.random() * 0.05)
        index = open_index(folder) if acknowledged or kept else None
        if index is None:
            continue
        found = index.store.count()
        assert found >= acknowledged, f"round {round_}: {acknowledged} acknowledged, {found} found"
        assert found >= kept, f"round {round_}: {kept} were there before, {found} are now"
        for point in index.store.scan(vectors=True):
            best = index.store.search("look", point.vectors["look"], 1)[0]
            assert best.score > 0.999
        index.store.close()
        kept = found
        if ended:
            break
    summary = indexed(source, folder)
    assert summary.items == 30
    assert summary.encoded <= 30 - kept


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_while_a_graph_is_built_the_index_stays_whole(tmp_path: Path) -> None:
    source, folder = tmp_path / "photos", tmp_path / "index"
    write_photos(source, items=8, views=3)
    command = [sys.executable, "-c", CHILD, str(source), str(folder)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            if "graph" in line:
                child.kill()
                break
    child.wait()
    index = open_index(folder)
    assert index.store.count() == 24
    assert index.note == ""
    index.store.close()
    assert indexed(source, folder).unchanged == 24


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_update_is_found_again_and_finished(tmp_path: Path) -> None:
    source, folder = tmp_path / "photos", tmp_path / "index"
    write_photos(source, items=2, views=3)
    indexed(source, folder)
    write_photos(source / "new", items=6, views=3, seed=5)
    acknowledged, ended = run_and_kill(source, folder, 5, 0.0)
    assert not ended
    index = open_index(folder)
    assert index.store.count() >= max(6, acknowledged)
    index.store.close()
    assert indexed(source, folder).items == 24

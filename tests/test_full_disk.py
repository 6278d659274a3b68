"""Disks of many sizes that a writer fills: an error of ours, never a signal, and nothing acknowledged is lost.

The engine maps its files, so a page for which the disk has no room ends the process by SIGBUS; the writer is a process
of its own here for that reason.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookseek.index.open_index import open_index
from lookseek.store.room import MARGIN

SIZES = tuple(MARGIN // 2**20 + more for more in (1, 24, 41, 80, 110, 200, 320))
"""Megabytes of the disk: from what is kept free to what a few hundred writes fill. With 24 more a signal ended it."""

WRITER = """
import sys
from dataclasses import replace
import numpy as np
from lookseek.errors import IndexFull
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.store import VectorSpec
from lookseek.types import Point

place, chance, number = place_of(sys.argv[1]), np.random.default_rng(0), 0
spec = IndexSpec("model", "", "0" * 64, "", {"look": VectorSpec(512, "cosine")}, "edge")
try:
    for turn in range(40):
        with place.writing() as writer:
            before = place.unfinished() or place.published()
            target = writer.start(Manifest("", spec, "runtime"), before)
            writer.announce(target)
            store = writer.open(target)
            try:
                for _ in range(4):
                    points = []
                    for _ in range(64):
                        fields = {f"field {turn}-{n}": "x" * 50 for n in range(8)}
                        points.append(Point(str(number), {"look": chance.normal(size=512).astype(np.float32)}, fields))
                        number += 1
                    store.add(points)
                    print("acknowledged", number, flush=True)
                store.declare({f"field {turn}-{n}": "words" for n in range(8)})
                items = store.count()
            finally:
                store.close()
            writer.publish(replace(target, items=items, updated="now"))
except IndexFull as error:
    print("full", error, flush=True)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Where disks are mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


@pytest.mark.parametrize("size", SIZES)
def test_a_disk_that_is_filled_is_an_error_and_not_a_signal(disk: Path, size: int) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be made here")
    done = subprocess.run(
        [sys.executable, "-c", WRITER, disk / "index"], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-500:])
    *acknowledged, last = done.stdout.splitlines()
    assert last.startswith("full"), "the disk was not filled"
    assert "make room" in last
    count = int(acknowledged[-1].split()[1]) if acknowledged else 0
    if count:
        opened = open_index(disk / "index")
        there = {point.id for point in opened.store.scan()}
        opened.store.close()
        assert there >= {str(number) for number in range(count)}
        print(f"{size} MB: {count} items acknowledged, all there")
    left = [path.name for path in disk.rglob("*") if path.name.endswith((".copying", ".part"))]
    assert not left

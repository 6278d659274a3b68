"""The n-th call of the engine that changes a file fails, with ENOSPC and EIO, in an index job, an edit and a route job.

A small library, preloaded into the engine's process alone, counts its calls of write, rename, ftruncate, fallocate,
mmap, fsync, open, mkdir and unlink below a generation's folder; ``test_faults.py`` does the same to Python's own calls.
CI tries some n of each, drawn with a seed; ``LOOKSEEK_ENGINE_FAULTS=all`` tries every one.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.catalogues import indexed, write_photos

from lookseek.encode import Model, load_model
from lookseek.errors import IndexFull, LookseekError
from lookseek.index.editing import editing
from lookseek.index.open_index import open_index
from lookseek.index.routing import route_index
from lookseek.progress import NoProgress
from lookseek.store import edge_writer
from lookseek.types import Item

MODEL, SEED = "efficientnet-lite2", 17
SOME = 2
"""Calls of each kind of change and error that fail in CI."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="preloads a library into a process")


class Control:
    """The numbers that the preloaded library reads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.fail(0, 0)

    def fail(self, number: int, code: int) -> None:
        """Count from 0, and let that call fail; 0 for none."""
        with self._file.open("r+b" if self._file.exists() else "wb") as out:  # in place: the process has mapped it
            out.write(struct.pack("<3q", 0, number, code))

    def calls(self) -> int:
        return int(struct.unpack("<3q", self._file.read_bytes())[0])


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    folder = tmp_path_factory.mktemp("faults")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    source = Path(__file__).parent / "helpers" / "failing_calls.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", source, "-o", folder / "faults.so", "-ldl"], check=True)
    control = Control(folder / "control")
    edge_writer.end_idle()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(folder / "faults.so"))
        patch.setenv("LOOKSEEK_FAULTS", str(folder / "control"))
        yield control
    edge_writer.end_idle()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos and an index of them."""
    top = tmp_path_factory.mktemp("shop")
    write_photos(top / "photos", items=15, views=2)
    indexed(top / "photos", top / "index", model=MODEL)
    write_photos(top / "more", items=1, views=1, seed=5)
    return top


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL)


def index_job(index: Path, shop: Path, model: Model, acknowledged: set[str]) -> None:
    indexed(shop / "more", index)


def edit(index: Path, shop: Path, model: Model, acknowledged: set[str]) -> None:
    photo = next((shop / "more").rglob("*.jpg")).read_bytes()
    with editing(index, model) as editor:
        editor.put([Item("put", photo, attributes={"colour": "red"})])
        acknowledged.add("put")


def route_job(index: Path, shop: Path, model: Model, acknowledged: set[str]) -> None:
    route_index(index, "kmeans", cells=3, progress=NoProgress())


Change = Callable[[Path, Path, Model, set[str]], None]


def ids(index: Path) -> set[str]:
    opened = open_index(index)
    try:
        return {point.id for point in opened.store.scan()}
    finally:
        opened.store.close()


@pytest.mark.parametrize("change", [index_job, edit, route_job])
def test_any_call_of_the_engine_may_fail(
    change: Change, shop: Path, model: Model, control: Control, tmp_path: Path
) -> None:
    def copy(name: str) -> Path:
        shutil.copytree(shop / "index", tmp_path / name)
        return tmp_path / name

    control.fail(0, 0)
    change(copy("whole"), shop, model, set())
    calls, before = control.calls(), ids(shop / "index")
    assert calls > 20, "the library is not loaded"
    every = [(number, code) for number in range(1, calls + 1) for code in (errno.ENOSPC, errno.EIO)]
    if os.environ.get("LOOKSEEK_ENGINE_FAULTS") != "all":
        every = random.Random(SEED).sample(every, 2 * SOME)
    failed = 0
    for number, code in every:
        index, acknowledged = copy(f"index-{number}-{code}"), set(before)
        control.fail(number, code)
        try:
            change(index, shop, model, acknowledged)
        except LookseekError as error:
            failed += 1
            assert code != errno.ENOSPC or isinstance(error, IndexFull), (number, error)
        control.fail(0, 0)
        assert acknowledged <= ids(index), (number, code)
        change(index, shop, model, acknowledged)
        assert acknowledged <= ids(index), (number, code)
        assert not [path for path in index.iterdir() if path.name.endswith((".part", ".copying"))]
        assert len(list(index.glob("generation-*"))) == 1
        shutil.rmtree(index)
    print(f"{change.__name__}: {calls} calls of the engine, {len(every)} let fail, {failed} ended in an error of ours")

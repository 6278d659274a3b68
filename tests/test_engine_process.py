"""The process that writes for the engine: it ends with its store, also where somebody forgot to close that."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from helpers.waiting import until

from lookseek.index.file_locks import is_locked, shared_lock
from lookseek.store import Layout, VectorSpec
from lookseek.store.engine_process import CAN_SHARE, EngineProcess
from lookseek.types import Point

pytestmark = pytest.mark.skipif(not CAN_SHARE, reason="here the engine writes in this process")


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.filterwarnings("error")
def test_a_store_that_is_forgotten_leaves_no_process(tmp_path: Path) -> None:
    from lookseek.store.edge_writer import EdgeWriter

    store = EdgeWriter.create(tmp_path / "store", {"look": VectorSpec(2, "cosine")})
    store.add([Point("a", {"look": np.array([1, 0], np.float32)}, {}, "h", "", "0" * 16)])
    assert store._process is not None
    pid = store._process._process.pid
    assert not ended(pid)
    del store
    gc.collect()
    until(lambda: ended(pid), "the end of the process")
    again = EdgeWriter(tmp_path / "store", {"look": VectorSpec(2, "cosine")})
    assert again.count() == 1
    again.close()


def test_a_ctrl_c_while_a_store_is_made_leaves_nobody_with_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookseek.store.edge_writer import EdgeWriter

    begin = EngineProcess.begin

    def interrupted(process: EngineProcess, method: str, folder: Path, layout: Layout, lock: int | None) -> None:
        begin(process, method, folder, layout, lock)
        raise KeyboardInterrupt

    monkeypatch.setattr(EngineProcess, "begin", interrupted)
    with shared_lock(tmp_path / "lock", 1) as lock, pytest.raises(KeyboardInterrupt):
        EdgeWriter.create(tmp_path / "store", {"look": VectorSpec(2, "cosine")}, lock=lock)
    assert not is_locked(tmp_path / "lock")


def test_a_folder_is_meant_as_this_process_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookseek.store.edge_writer import EdgeWriter

    layout = {"look": VectorSpec(2, "cosine")}
    for name in ("one", "other"):  # the second is written by the process of the first
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        EdgeWriter.create(Path("store"), layout).close()
    assert (tmp_path / "one" / "store").is_dir()
    assert (tmp_path / "other" / "store").is_dir()

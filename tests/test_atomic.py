"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lookseek.atomic import move, replacing, write_bytes, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "file.json"
    write_text(file, "đầm\r\n")
    assert file.read_bytes() == "đầm\r\n".encode()
    write_bytes(file, b"\x00\xff")
    assert file.read_bytes() == b"\x00\xff"
    assert names(file.parent) == ["file.json"]


@pytest.mark.parametrize("shared", [True, False])
def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, shared: bool) -> None:
    file = tmp_path / "file"
    write_text(file, "before")

    def write() -> None:
        with replacing(file, shared=shared) as out:
            out.write(b"half of what")
            out.flush()
            assert file.read_text() == "before"
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write()
    assert (names(tmp_path), file.read_text()) == (["file"], "before")


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(b"longer than what comes" * 100)
    write_text(tmp_path / "file", "whole")
    assert (names(tmp_path), (tmp_path / "file").read_text()) == (["file"], "whole")


def test_two_writers_of_a_shared_file_do_not_meet(tmp_path: Path) -> None:
    with replacing(tmp_path / "file", shared=True) as first:
        first.write(b"first ")
        with replacing(tmp_path / "file", shared=True) as second:
            second.write(b"second")
        first.write(b"whole")
    assert (names(tmp_path), (tmp_path / "file").read_bytes()) == (["file"], b"first whole")


def test_the_file_reaches_the_disk_before_its_name_and_its_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, fsync, replace = list[str](), os.fsync, Path.replace

    def seen(handle: int) -> None:
        steps.append("folder" if Path(f"/proc/self/fd/{handle}").is_dir() else "file")
        fsync(handle)

    def renamed(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", seen)
    monkeypatch.setattr(Path, "replace", renamed)
    write_text(tmp_path / "file", "text")
    (tmp_path / "beside").write_text("moved")
    move(tmp_path / "beside", tmp_path / "other")
    if Path("/proc/self/fd").is_dir():
        assert steps == ["file", "rename", "folder"] * 2
    assert (tmp_path / "other").read_text() == "moved"


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    file, size = tmp_path / "file", 300_000
    program = (
        "import itertools, sys; from pathlib import Path; from lookseek.atomic import write_bytes\n"
        f"for byte in itertools.cycle(b'ab'): write_bytes(Path(sys.argv[1]), bytes([byte]) * {size})"
    )
    for attempt in range(5):
        process = subprocess.Popen([sys.executable, "-c", program, str(file)])
        while not file.exists():
            time.sleep(0.001)
        time.sleep(0.003 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert file.read_bytes() in (b"a" * size, b"b" * size)

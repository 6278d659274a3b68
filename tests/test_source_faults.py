"""Disks and sources that fail a command: one true line, and nothing that was published is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.catalogues import Heard, write_photos

from lookseek.catalogue import open_catalogue
from lookseek.cli import main
from lookseek.index.job import build_index

Command = Callable[..., tuple[object, list[str]]]
MODEL = ("--model", "efficientnet-lite2")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command and return its code and the lines that it printed."""

    def run(*arguments: object) -> tuple[object, list[str]]:
        monkeypatch.setattr(sys, "argv", ["lookseek", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return end.value.code, [line for line in (told.out + told.err).splitlines() if line.strip()]

    return run


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = shutil.which("mount") and mount(folder, "size=400m", "-t", "tmpfs")
    if not made:
        pytest.skip("no small disk can be made here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def mount(folder: Path, options: str, *more: str) -> bool:
    arguments = ["mount", *more, "-o", options, "tmpfs", str(folder)]
    return subprocess.run(arguments, check=False, capture_output=True).returncode == 0


def test_a_full_disk_is_one_line_and_the_index_of_before_answers(disk: Path, tmp_path: Path, command: Command) -> None:
    photo, *_ = write_photos(tmp_path / "photos", items=2, views=1)
    more = write_photos(tmp_path / "more", items=2, views=1, seed=1)[0].parents[1]
    assert command("index", photo.parents[1], disk / "index", *MODEL)[0] == 0
    used = shutil.disk_usage(disk).used
    assert mount(disk, f"remount,size={used // 1024 + 500}k")
    code, lines = command("index", more, disk / "index")
    assert code == 1
    (error,) = [line for line in lines if "error" in line]
    assert "there is no room on the disk" in error
    assert "make room" in error
    assert "What was published is whole and answers" in error
    assert command("search", disk / "index", "--image", photo, "-k", 2)[0] == 0
    assert command("check", disk / "index")[0] == 0
    assert mount(disk, "remount,size=400m")
    code, lines = command("index", more, disk / "index")
    assert code == 0
    assert any("4 items (2 added" in line for line in lines)


def test_a_folder_that_may_not_be_written_is_one_line_and_can_be_searched(
    disk: Path, tmp_path: Path, command: Command
) -> None:
    photo, *_ = write_photos(tmp_path / "photos", items=1, views=1)
    assert command("index", photo.parents[1], disk / "index", *MODEL)[0] == 0
    assert mount(disk, "remount,ro")
    for place in ("index", "new"):
        code, lines = command("index", photo.parents[1], disk / place, *MODEL)
        assert code == 1
        assert f"error: {disk / place} can't be written (Read-only file system): give this user the right" in lines[-1]
    assert command("search", disk / "index", "--image", photo)[0] == 0
    code, lines = command("search", disk / "index", "--image", photo, "--strip", disk / "strip.png")
    assert code == 1
    assert f"error: {disk / 'strip.png'}: Read-only file system: check" in lines[-1]


def test_a_folder_that_vanishes_midway_costs_a_line_a_photo_and_no_item(tmp_path: Path) -> None:
    folder, away = tmp_path / "photos", tmp_path / "away"
    photo = write_photos(tmp_path / "drawn", items=1, views=1)[0].read_bytes()
    folder.mkdir()
    for number in range(140):  # more than are read ahead, and of as many bytes
        (folder / f"{number:03d}.jpg").write_bytes(photo + bytes([number]))

    class Vanishing(Heard):
        def advance(self, entries: int) -> None:
            super().advance(entries)
            if folder.exists():
                folder.rename(away)

    heard = Vanishing()
    summary = build_index(
        open_catalogue(folder), tmp_path / "index", model="efficientnet-lite2", prune=True, progress=heard
    )
    assert 0 < summary.items < 140
    assert summary.items + sum(summary.skipped.values()) == 140
    assert {skipped.kind for skipped in heard.left_out} <= {"missing file", "unreadable file"}
    assert all("went while" in one.reason or "no such file" in one.reason for one in heard.left_out)
    away.rename(folder)
    again = build_index(open_catalogue(folder), tmp_path / "index", prune=True)
    assert (again.items, again.unchanged, again.removed) == (140, summary.items, 0)

"""The n-th call that changes a disk fails, for every n of a change of an index: what was acknowledged is there.

After SQLite's loops of I/O errors (sqlite.org/testing.html): each n is a run, until one ends without a fault.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookseek.errors import IndexFull, LookseekError
from lookseek.index.address import place_of
from lookseek.index.manifest import IndexSpec, Manifest
from lookseek.index.open_index import open_index
from lookseek.index.place import Place
from lookseek.store import StoreType, VectorSpec
from lookseek.types import Point

MOST = 400
"""Calls of one change at most, so that the loop ends."""


class Faults:
    """Lets the n-th call fail that opens a file for writing, syncs it, renames, removes or makes a folder."""

    def __init__(self, patch: pytest.MonkeyPatch, number: int, code: int) -> None:
        self._left, self._code = number, code
        for name in ("fsync", "replace", "rename", "unlink", "mkdir"):
            patch.setattr(os, name, self._counted(getattr(os, name)))
        opened = Path.open

        def open_counted(path: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
            if set(mode) & set("wa+x"):
                self._count()
            return opened(path, mode, *rest, **more)

        patch.setattr(Path, "open", open_counted)

    @property
    def happened(self) -> bool:
        return self._left <= 0

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **more: Any) -> Any:
            self._count()
            return function(*arguments, **more)

        return counted

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise OSError(self._code, os.strerror(self._code))


def change(place: Place, kind: StoreType, id: str, acknowledged: list[str]) -> None:
    """Add an item with a photo, as an edit does it."""
    spec = IndexSpec("model", "", "0" * 64, "", {"look": VectorSpec(4, "cosine")}, kind)
    with place.writing() as writer:
        target = writer.start(Manifest("", spec, "runtime"), place.unfinished() or place.published())
        writer.announce(target)
        source = writer.keep_photo(id, b"photo of " + id.encode())
        store = writer.open(target)
        try:
            store.add([Point(id, {"look": np.ones(4, np.float32)}, source=source)])
            acknowledged.append(id)
            items = store.count()
        finally:
            store.close()
        writer.publish(replace(target, items=items, updated="now"))
        sources = [point.source for point in _points(place)]
        writer.remove_photos(None, sources)


def _points(place: Place) -> list[Point]:
    opened = open_index(place)
    try:
        return list(opened.store.scan())
    finally:
        opened.store.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
@pytest.mark.parametrize(("kind", "every"), [("numpy", 1), ("edge", 29)])
def test_what_was_acknowledged_is_there_whatever_fails(
    tmp_path: Path, kind: StoreType, every: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, MOST, every):
        place, acknowledged = place_of(tmp_path / f"index-{number}"), list[str]()
        change(place, kind, "first", acknowledged)
        with monkeypatch.context() as patch:
            faults = Faults(patch, number, code)
            try:
                change(place, kind, "second", acknowledged)
            except LookseekError as error:
                assert code != errno.ENOSPC or isinstance(error, IndexFull), error
            except OSError as error:
                assert error.errno == code
        assert set(acknowledged) <= {point.id for point in _points(place)}, number
        change(place, kind, "third", acknowledged)
        points = _points(place)
        assert {*acknowledged, "third"} <= {point.id for point in points}
        photos = {path.name for path in (tmp_path / f"index-{number}" / "photos").glob("*")}
        assert photos == {Path(point.source).name for point in points}, "a photo of no item, or a half written one"
        left = {path.name for path in (tmp_path / f"index-{number}").iterdir()}
        assert len([name for name in left if name.startswith("generation-")]) == 1, left
        assert not any(name.endswith((".part", ".copying")) for name in left), left
        if not faults.happened:
            return
    pytest.fail(f"a change took more than {MOST} calls")

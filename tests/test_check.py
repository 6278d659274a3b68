"""lookseek check: a sound index passes, each kind of damage is named with its remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from helpers.catalogues import Heard, indexed

from lookseek import images
from lookseek.catalogue import open_catalogue
from lookseek.index import upsert
from lookseek.index.check import check_index
from lookseek.index.job import build_index


@pytest.fixture
def index(ready: tuple[Path, Path], tmp_path: Path) -> Path:
    shutil.copytree(ready[1], tmp_path / "index")
    return tmp_path / "index"


def test_a_sound_index(index: Path) -> None:
    findings = {finding.what: finding for finding in check_index(index)}
    assert set(findings) == {"index job", "checksums", "count", "search", "photos"}
    assert all(finding.good for finding in findings.values()), findings
    assert "36 items" in findings["count"].message
    assert "32 of 32" in findings["search"].message
    assert "32 of 32" in findings["photos"].message


@pytest.mark.parametrize("store", ["edge", "numpy"])
def test_one_flipped_byte_is_found(photos: Path, tmp_path: Path, store: str) -> None:
    indexed(photos, tmp_path / "index", store=store)
    data = next((tmp_path / "index").glob("generation-*"))
    name = "vector_storage-colour" if store == "edge" else ".npz"
    file = max((p for p in data.rglob("*") if p.is_file() and name in str(p)), key=lambda p: p.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0xFF
    file.write_bytes(content)
    try:
        findings = {finding.what: finding for finding in check_index(tmp_path / "index")}
    except Exception as error:
        assert store == "numpy", error  # its own checksum speaks first, at opening
        assert "index" in str(error)
    else:
        assert not findings["checksums"].good
        assert "lookseek index" in findings["checksums"].message


def test_photos_that_changed_or_left_are_told_from_damage(photos: Path, tmp_path: Path) -> None:
    indexed(photos, tmp_path / "index")
    first, second, third, *_ = sorted(photos.rglob("*.jpg"))
    first.unlink()
    second.write_bytes(images.to_jpeg(images.decode(third)))
    finding = {one.what: one for one in check_index(tmp_path / "index")}["photos"]
    assert finding.good
    assert "1 changed since" in finding.message
    assert "1 not found" in finding.message
    assert "--prune" in finding.message


def test_vectors_that_are_not_the_photos_are_damage(photos: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from lookseek.index.address import place_of

    indexed(photos, tmp_path / "index", store="numpy")
    with place_of(tmp_path / "index").writing() as writer:
        base = writer.place.published()
        assert base is not None
        target = writer.start(base, base)
        store = writer.open(target)
        a, b = list(store.scan(vectors=True))[:2]
        store.add([replace(a, vectors=b.vectors)])
        store.close()
        writer.publish(replace(target, updated="now"))
    findings = {one.what: one for one in check_index(tmp_path / "index")}
    assert not findings["photos"].good
    assert a.id in findings["photos"].message


def test_an_interrupted_job_is_told(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsert, "_WRITE", 4)

    class Dying(Heard):
        def advance(self, entries: int) -> None:
            super().advance(entries)
            if self.done >= 4:
                raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        build_index(open_catalogue(photos), tmp_path / "index", progress=Dying())
    finding = next(one for one in check_index(tmp_path / "index") if one.what == "index job")
    assert not finding.good
    assert "lookseek index" in finding.message

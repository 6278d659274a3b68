"""A photo that several items show is encoded once a job, and each of them gets its vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed, write_photos

from lookseek.index import photo_encoding
from lookseek.index.open_index import open_index
from lookseek.index.photo_encoding import EncodedPhoto
from lookseek.index.repeated_photos import RepeatedPhotos

PHOTO = EncodedPhoto({}, "f", ())


@pytest.mark.parametrize("size", [7, 300])
def test_items_that_share_photos_are_all_there_with_the_vectors_of_their_photo(tmp_path: Path, size: int) -> None:
    photos = write_photos(tmp_path / "photos", items=2, views=1)
    broken = photos[0].with_name("broken.jpg")
    broken.write_bytes(photos[0].read_bytes()[:300])
    shown = [*photos, broken]
    rows = [f"i{number},{shown[number % 3]},{number}" for number in range(size)]
    (tmp_path / "items.csv").write_text("\n".join(["id,image,price", *rows]))
    summary = indexed(tmp_path / "items.csv", tmp_path / "index", model="efficientnet-lite2", store="numpy")
    kept = [number for number in range(size) if number % 3 < 2]
    assert (summary.items, summary.added, dict(summary.skipped)) == (len(kept), len(kept), {"broken photo": size // 3})
    assert summary.encoded == 2
    assert [len(group) for group in summary.duplicates.same] == [-(-size // 3), -(-(size - 1) // 3)]
    opened = open_index(tmp_path / "index")
    points = {point.id: point for point in opened.store.scan(vectors=True)}
    opened.store.close()
    assert set(points) == {f"i{number}" for number in kept}
    for number in kept:
        point, first = points[f"i{number}"], points[f"i{number % 3}"]
        assert point.attributes["price"] == number
        assert (point.hash, point.fingerprint) == (first.hash, first.fingerprint)
        assert all(np.array_equal(vector, first.vectors[name]) for name, vector in point.vectors.items())
    again = indexed(tmp_path / "items.csv", tmp_path / "index")
    assert (again.unchanged, again.encoded) == (len(kept), 0)


def test_a_job_that_was_stopped_adds_the_items_that_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = write_photos(tmp_path / "photos", items=2, views=1)
    rows = [f"i{number},{photos[number // 2]}" for number in range(4)]
    (tmp_path / "items.csv").write_text("\n".join(["id,image", *rows]))
    real = photo_encoding.encode_photos

    def stopped(*arguments: object, **options: object) -> object:
        for number, result in enumerate(real(*arguments, **options)):  # type: ignore[arg-type, call-overload]
            if number == 1:
                raise KeyboardInterrupt
            yield result

    monkeypatch.setattr(photo_encoding, "encode_photos", stopped)
    first = indexed(tmp_path / "items.csv", tmp_path / "index", model="efficientnet-lite2", store="numpy")
    assert (first.interrupted, first.items, first.encoded) == (True, 2, 1)
    monkeypatch.setattr(photo_encoding, "encode_photos", real)
    second = indexed(tmp_path / "items.csv", tmp_path / "index")
    assert (second.unchanged, second.added, second.encoded) == (2, 2, 1)


def test_few_wait_and_few_are_remembered() -> None:
    repeated = RepeatedPhotos[int](known=2, waiting=2)
    assert [repeated.wait("a", item) for item in range(4)] == [False, True, True, False]
    assert repeated.done("a", PHOTO) == [1, 2]
    assert repeated.done("a", PHOTO) == []  # the one that was encoded anew
    assert repeated.find("a") is PHOTO
    for hash in ("b", "c"):
        assert not repeated.wait(hash, 5)
        repeated.done(hash, PHOTO)
        assert repeated.find("a" if hash == "b" else "c") is PHOTO  # what was found last is forgotten last
    assert repeated.find("b") is None
    assert not repeated.wait("d", 6)
    assert repeated.wait("d", 7)
    assert repeated.done("d", None) == [7]
    assert repeated.find("d") is None
    assert not repeated.wait("e", 8)
    repeated.forget_waiting()
    assert not repeated.wait("e", 9)

"""Features in numpy files as a catalogue: which files are read how, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lookseek.catalogue import open_catalogue, vector_origin
from lookseek.catalogue.classic import features_of
from lookseek.errors import CatalogueError
from lookseek.types import Item, Skipped

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows(count: int = 6, dim: int = 3, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Features of no particular length."""
    return np.random.default_rng(seed).uniform(0.5, 9, (count, dim)).astype(np.float32)


def base(folder: Path, features: object = None, **beside: object) -> Path:
    """A folder of classic files: arrays are saved, text is written; ``labels=`` means all_labels.npy and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "all_features.npy", rows() if features is None else features)
    names = {"labels": "all_labels.npy", "classes": "all_classes.txt", "ids": "all_ids.txt", "items": "all_items.jsonl"}
    for key, content in beside.items():
        path = folder / names.get(key, key)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8", newline="")
        else:
            np.save(path, np.asarray(content))
    return folder


def items(source: Path) -> list[Item]:
    return [entry for entry in open_catalogue(source) if isinstance(entry, Item)]


def skipped(source: Path) -> list[Skipped]:
    return [entry for entry in open_catalogue(source) if isinstance(entry, Skipped)]


def refused(source: Path, said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        list(open_catalogue(source))


# features alone


@QUICK
@given(
    count=st.integers(1, 5) | st.sampled_from([255, 256, 257, 600]),
    dim=st.integers(1, 6),
    kind=st.sampled_from(["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]),
    fortran=st.booleans(),
)
def test_any_float_array_gives_its_rows(tmp_path: Path, count: int, dim: int, kind: str, fortran: bool) -> None:
    features = np.asarray(rows(count, dim), kind, order="F" if fortran else "C")
    np.save(tmp_path / "all_features.npy", features)
    got = items(tmp_path)
    assert [item.id for item in got] == [str(row) for row in range(count)]
    for item, row in zip(got, features, strict=True):
        assert item.encoding is not None
        assert item.encoding.look.dtype == np.dtype(np.float32)
        assert item.encoding.look.flags.c_contiguous
        np.testing.assert_array_equal(item.encoding.look, row.astype(np.float32))
        assert item.encoding.colour is None
        assert (item.image, item.attributes, item.source) == (None, {}, "")
    made = vector_origin(open_catalogue(tmp_path))
    assert made is not None
    assert (made.dim, made.model, made.colour) == (dim, "", "")


def test_an_item_is_known_again_by_its_row(tmp_path: Path) -> None:
    features = rows()
    first = [item.encoding.hash for item in items(base(tmp_path, features)) if item.encoding]
    assert len(set(first)) == 6
    assert first[2] == hashlib.blake2b(features[2].tobytes(), digest_size=16).hexdigest()
    features[2, 0] += 1
    second = [item.encoding.hash for item in items(base(tmp_path, features.astype(np.float64))) if item.encoding]
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, True, False, True, True, True]


@pytest.mark.parametrize(("factor", "unit"), [(1.0, True), (1.001, True), (1.01, False), (30, False)])
@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_lengths_tell_whether_features_were_normalised(tmp_path: Path, factor: float, unit: bool, kind: type) -> None:
    features = rows(3000, 8)
    features *= factor / np.linalg.norm(features, axis=1, keepdims=True)
    features[7] = 0  # will be skipped, and says nothing
    made = vector_origin(open_catalogue(base(tmp_path, features.astype(kind))))
    assert made is not None
    assert made.unit is unit


def test_rows_that_no_index_can_hold_are_skipped_with_their_number(tmp_path: Path) -> None:
    features = rows(8).astype(np.float64)
    features[1], features[2, 1], features[3], features[4], features[5] = np.nan, -np.inf, 0, 1e300, [1e-9, 0, 0]
    features[6, 0] = 70_000
    source = base(tmp_path, features, ids="a\nb\nc\nd\ne\nf\ng\nh\n")
    assert [item.id for item in items(source)] == ["a", "h"]
    bad = skipped(source)
    assert [(entry.where, entry.kind) for entry in bad] == [(name, "unusable vector") for name in "bcdefg"]
    for entry, word in zip(bad, ["NaN", "infinity", "zero", "infinity", "length 1e-09", "70000"], strict=True):
        assert word in entry.reason
    assert "row 6" in bad[5].reason


# labels, ids, items


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2, -1, 1, 0],
        [0.0, 1.0, 2.0, -1.0, 1.0, 0.0],
        [[0], [1], [2], [-1], [1], [0]],
        np.array([0, 1, 2, -1, 1, 0], ">i2"),
    ],
)
def test_labels_become_numbers_or_the_names_of_classes(tmp_path: Path, labels: object) -> None:
    source = base(tmp_path, labels=labels)
    numbers: list[dict[str, object]] = [{"label": 0}, {"label": 1}, {"label": 2}, {}, {"label": 1}, {"label": 0}]
    assert [item.attributes for item in items(source)] == numbers
    assert all(type(item.attributes.get("label", 0)) is int for item in items(source))
    base(tmp_path, labels=labels, classes="dress\r\nđầm\ntoptee\n\n")
    names = ["dress", "đầm", "toptee", None, "đầm", "dress"]
    assert [item.attributes.get("category") for item in items(source)] == names
    assert not any("label" in item.attributes for item in items(source))


def test_labels_may_be_text(tmp_path: Path) -> None:
    source = base(tmp_path, labels=["dress", "shirt", "", "đầm", " ", "dress"])
    assert [item.attributes.get("category") for item in items(source)] == ["dress", "shirt", None, "đầm", None, "dress"]


@pytest.mark.parametrize(("start", "between", "end"), [("", "\n", "\n"), ("", "\r\n", ""), ("\ufeff", "\n", "\n\n")])
@pytest.mark.parametrize("name", ["all_ids.txt", "all_feat.list"])
def test_ids_are_lines(tmp_path: Path, name: str, start: str, between: str, end: str) -> None:
    ids = ["a", "b", "c d", "é", "./x/1.jpg", "z"]
    assert [item.id for item in items(base(tmp_path, **{name: start + between.join(ids) + end}))] == ids


def test_ids_twice_or_empty_are_skipped_and_their_rows_with_them(tmp_path: Path) -> None:
    features = rows()
    source = base(tmp_path, features, ids="a\na\n\nb\x07\nc\nd\n")
    assert [(entry.where, entry.kind) for entry in skipped(source)] == [
        ("a", "duplicate id"),
        ("", "unusable id"),
        ("b\x07", "unusable id"),
    ]
    got = items(source)
    assert [item.id for item in got] == ["a", "c", "d"]
    np.testing.assert_array_equal([item.encoding.look for item in got if item.encoding], features[[0, 4, 5]])


def test_the_other_usual_name_and_any_name(tmp_path: Path) -> None:
    np.save(tmp_path / "all_feat.npy", rows(2))
    np.save(tmp_path / "all_labels.npy", [1, 0])
    (tmp_path / "all_feat.list").write_text("x\ny")
    assert [(item.id, dict(item.attributes)) for item in items(tmp_path)] == [("x", {"label": 1}), ("y", {"label": 0})]
    np.save(tmp_path / "mine.npy", rows(3))  # what lies beside it belongs to others
    assert [(item.id, dict(item.attributes)) for item in items(tmp_path / "mine.npy")] == [
        ("0", {}),
        ("1", {}),
        ("2", {}),
    ]
    (tmp_path / "mine.txt").write_text("a\nb\nc\n")
    assert [item.id for item in items(tmp_path / "mine.npy")] == ["a", "b", "c"]


def test_items_say_all_there_is_to_say(tmp_path: Path) -> None:
    said = [
        {"id": "a", "attributes": {"price": 3, "new": True, "name": "đầm\nđỏ", "none": None}, "hash": "aa"},
        {"id": "b", "source": "/photos/b.jpg", "fingerprint": "0f" * 16},
    ]
    text = "".join(json.dumps(one) + "\n" for one in said)
    a, b = items(base(tmp_path, rows(2), items=text, ids="no\nmatter\n", labels=[1, 2]))
    assert a.encoding is not None and b.encoding is not None
    assert (a.id, a.attributes, a.encoding.hash) == ("a", {"price": 3, "new": True, "name": "đầm\nđỏ"}, "aa")
    assert (b.id, b.source, b.encoding.fingerprint, dict(b.attributes)) == ("b", "/photos/b.jpg", "0f" * 16, {})
    assert b.encoding.hash == hashlib.blake2b(rows(2)[1].tobytes(), digest_size=16).hexdigest()


# what is refused as a whole


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (np.array([{"a": 1}, None], object), "whole .npy file of plain numbers"),
        (np.ones(5), r"shape \(5,\)"),
        (np.ones((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (np.ones((3, 3), np.int64), "int64"),
        (np.ones((3, 3), complex), "complex"),
        (np.ones((3, 3), "U4"), "features are float16, float32 or float64"),
        (np.ones((0, 3)), "1 item or more|can't be read"),
        (np.ones((3, 0)), "1 to 65,536 numbers|can't be read"),
        (np.ones((1, 65_537)), "1 to 65,536 numbers"),
        (np.ones(3, [("a", "f4")]), "features are"),
    ],
)
def test_arrays_that_are_no_features(tmp_path: Path, features: Any, said: str) -> None:
    np.save(tmp_path / "all_features.npy", features, allow_pickle=True)
    refused(tmp_path, said)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a.npy", saved(rows()))
    return file.getvalue()


def saved(array: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array))
    return file.getvalue()


def header(text: str) -> bytes:
    """A .npy file whose header is any text."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(64)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        zipped(),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (10**9, 10**9)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4)}"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 4)}"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (2, 4)}"),
        header("{'descr': '<f4', 'shape': (2, 4)}"),
        header("__import__('os').abort()"),
        header("(" * 3000),
        header("'\\d' if 1 is 1 else 2"),
    ],
)
def test_hostile_files_end_in_one_clear_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "all_features.npy").write_bytes(data)
    refused(tmp_path, "all_features.npy")


@QUICK
@given(st.data())
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    whole = saved(rows())
    (tmp_path / "all_features.npy").write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    refused(tmp_path, "write|Write")


@QUICK
@given(st.data())
def test_no_bytes_and_no_array_bring_another_error(tmp_path: Path, data: st.DataObject) -> None:
    kinds = st.sampled_from(["f2", "f4", "f8", "i4", "u1", "b1", "U3", "M8[s]"])
    shapes = array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)
    content = data.draw(st.binary(max_size=300) | arrays(kinds, shapes).map(saved))
    labels = data.draw(st.binary(max_size=300) | arrays(kinds, shapes).map(saved))
    flips = data.draw(st.lists(st.tuples(st.integers(0, 150), st.integers(1, 255)), max_size=3))
    changed = bytearray(content)
    for at, bits in flips:
        if at < len(changed):
            changed[at] ^= bits
    (tmp_path / "all_features.npy").write_bytes(changed)
    (tmp_path / "all_labels.npy").write_bytes(labels)
    try:
        for entry in open_catalogue(tmp_path):
            assert isinstance(entry, Skipped) or (entry.encoding is not None and np.isfinite(entry.encoding.look).all())
    except CatalogueError as error:
        assert "all_" in str(error)


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ({"labels": [0, 1]}, "2 entries and the features have 6 rows"),
        ({"labels": [0, 1, 2, 0.5, 1, 2]}, "0.5, which is no class number"),
        ({"labels": [0, 1, 2, np.nan, 1, 2]}, "nan"),
        ({"labels": [2**63, 1, 2, 3, 1, 2]}, "no class number"),
        ({"labels": np.zeros((6, 2), int)}, "a class number an item"),
        ({"labels": [0, 1, 2, 3, 1, 2], "classes": "a\nb\nc\n"}, "3 classes, labels go up to 3"),
        ({"ids": "a\nb\n"}, "2 lines and .* 6 rows"),
        ({"ids": "a\nb\nc\nd\ne\nf\ng\n"}, "7 lines and .* 6 rows"),
        ({"items": '{"id": "a"}\n'}, "1 lines and .* 6 rows"),
    ],
)
def test_files_that_do_not_agree(tmp_path: Path, beside: dict[str, object], said: str) -> None:
    refused(base(tmp_path, **beside), said)


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[]",
        "{}",
        '{"id": 7}',
        '{"id": "a", "attributes": 3}',
        '{"id": "a", "attributes": {"x": [1]}}',
        '{"id": "a", "attributes": {"x": NaN}}',
        '{"id": "a", "attributes": {"x": 1e999}}',
        '{"id": "a", "attributes": {"x": 9223372036854775808}}',
        '{"id": "a", "attributes": {"x": "\\ud800"}}',
        '{"id": "a", "hash": 1}',
        '{"id": "a", "fingerprint": "xyz"}',
        '{"id": "a", "fingerprint": "' + "g" * 32 + '"}',
        "[" * 100_000,
    ],
)
def test_a_line_that_describes_no_item(tmp_path: Path, line: str) -> None:
    refused(base(tmp_path, rows(2), items='{"id": "b"}\n' + line + "\n"), "line 2 describes no item")


def test_text_that_is_not_unicode(tmp_path: Path) -> None:
    broken = np.frombuffer(np.array([0x110000, 65, 65], "<u4").tobytes(), "<U1")
    refused(base(tmp_path, rows(3), labels=broken), "no Unicode")
    (tmp_path / "all_labels.npy").unlink()
    (tmp_path / "all_ids.txt").write_bytes(b"a\n\xff\nb\n")
    refused(tmp_path, "line 2 is not UTF-8")


# which sources are features


def test_what_is_taken_for_features(tmp_path: Path, photos: Path) -> None:
    assert features_of(photos) is None
    assert features_of(tmp_path / "nothing.npy") is None
    assert features_of(base(tmp_path / "base")) == tmp_path / "base" / "all_features.npy"
    assert vector_origin(open_catalogue(photos)) is None
    assert open_catalogue(tmp_path / "base").origin == str(tmp_path / "base" / "all_features.npy")
    with pytest.raises(CatalogueError, match="no columns"):
        open_catalogue(tmp_path / "base", id_column="id")


def test_photos_and_features_in_one_folder_are_not_guessed_at(photos: Path) -> None:
    base(photos)
    refused(photos, r"holds photos \(.*jpg\) and features")
    assert len(items(photos / "all_features.npy")) == 6
    assert len(items(photos / "dress")) > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda about: about.update(lookseek=3), "format 3"),
        (lambda about: about.pop("lookseek"), "not written by lookseek"),
        (lambda about: about.update(dim="3"), "dim is '3'"),
        (lambda about: about.update(unit=1), "unit is 1"),
        (lambda about: about.pop("model"), "lacks what it should say"),
        (lambda about: about.update(metric="dot"), "metric or files"),
        (lambda about: about.update(files=[]), "lacks what it should say"),
        (lambda about: about["files"].update({"../x": [1, ""]}), "metric or files"),
        (lambda about: about["files"].update({"all_labels.npy": [1, ""]}), "all_labels.npy is missing"),
        (
            lambda about: about["files"]["all_features.npy"].__setitem__(1, "0" * 64),
            "changed: export the index again",
        ),
        (lambda about: about.update(dim=4), "3 numbers a row, all_features.json says 4"),
    ],
)
def test_what_is_said_of_features_must_be_true(tmp_path: Path, change: Callable[[Any], object], said: str) -> None:
    data = saved(rows())
    about: dict[str, Any] = {
        "lookseek": 1,
        **{"dim": 3, "unit": False, "metric": "cosine", "model": "m", "checksum": "c", "runtime": "", "colour": ""},
        **{"items": 6, "label": "", "classes": 0, "source": ""},
        "files": {"all_features.npy": [len(data), hashlib.sha256(data).hexdigest()]},
    }
    base(tmp_path)
    (tmp_path / "all_features.json").write_text(json.dumps(about))
    made = vector_origin(open_catalogue(tmp_path))
    assert made is not None
    assert (made.model, made.checksum) == ("m", "c")
    change(about)
    (tmp_path / "all_features.json").write_text(json.dumps(about))
    refused(tmp_path, said)
    (tmp_path / "all_features.json").unlink()
    assert len(items(tmp_path)) == 6


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "x" * 2**20 + "x"])
def test_a_broken_description_is_refused_with_the_remedy(tmp_path: Path, text: str) -> None:
    (base(tmp_path) / "all_features.json").write_text(text)
    refused(tmp_path, "take the arrays as they are")

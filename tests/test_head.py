"""The head of a model folder, and ``lookseek tag``: classes from a vector, and what a damaged head is told."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.catalogues import indexed
from helpers.tiny_onnx import field, node, write_model, write_sums
from helpers.tiny_onnx import model as onnx_model

from lookseek import images
from lookseek.encode import load_model
from lookseek.encode.head import CLASSES, WEIGHTS, Head, parse_head, write_head
from lookseek.encode.onnx_file import is_quantised
from lookseek.errors import ModelError, QueryError
from lookseek.search.tagging import model_of, tag

COLOURS = Head(
    ("red", "green", "blue", "đỏ | <b>"),
    np.vstack([np.eye(3), -np.ones(3)]).astype(np.float32) / 16,
    np.zeros(4, np.float32),
)
"""Names the channel that is strongest in the mean colour."""


def with_head(folder: Path, head: Head = COLOURS) -> Path:
    write_model(folder)
    for name, content in write_head(head).items():
        (folder / name).write_bytes(content)
    write_sums(folder)
    return folder


def photo(colour: tuple[int, int, int]) -> bytes:
    return images.to_png(np.full((20, 20, 3), colour, np.uint8))


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


class TestHead:
    def test_round_trip(self, tmp_path: Path) -> None:
        random = np.random.default_rng(0)
        head = Head(("a", "b"), random.random((2, 5), np.float32), random.random(2, np.float32))
        files = write_head(head)
        read = parse_head(files[WEIGHTS], files[CLASSES], 5, tmp_path)
        assert read.classes == head.classes
        np.testing.assert_array_equal(read.weight, head.weight)
        np.testing.assert_array_equal(read.bias, head.bias)

    def test_probabilities_are_the_softmax(self) -> None:
        head = Head(("a", "b"), np.array([[1, 0], [0, 2]], np.float32), np.array([0, 1], np.float32))
        found = head.classify(np.array([[1, 0], [800, 0]], np.float32))
        np.testing.assert_allclose(found, [[0.5, 0.5], [1, 0]])
        assert found.dtype == np.float32

    def test_a_model_with_one_names_classes(self, tmp_path: Path) -> None:
        model = load_model(with_head(tmp_path), single=True)
        assert model.classes == COLOURS.classes
        features = np.array([[200, 10, 10], [10, 10, 200]], np.float32)
        assert [model.classes[i] for i in model.classify(features).argmax(1)] == ["red", "blue"]
        with pytest.raises(ModelError, match=r"shape \(2, 4\).*3 numbers"):
            model.classify(np.zeros((2, 4), np.float32))

    def test_a_model_without_one_says_so(self, tmp_path: Path) -> None:
        model = load_model(write_model(tmp_path), single=True)
        assert model.classes == ()
        with pytest.raises(ModelError, match=r"names no classes.*lookseek export"):
            model.classify(np.zeros((1, 3), np.float32))

    def test_it_does_not_change_whose_vectors_they_are(self, tmp_path: Path) -> None:
        plain = load_model(write_model(tmp_path / "a"), single=True).checksum
        assert load_model(with_head(tmp_path / "b"), single=True).checksum == plain

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            (WEIGHTS, npy(np.zeros((4, 5), np.float32)), r"\(4, 5\).*4 names.*dim 3.*\(4, 4\)"),
            (WEIGHTS, npy(np.zeros((3, 4), np.float32)), r"\(3, 4\)"),
            (WEIGHTS, npy(np.zeros((4, 4), np.float64)), "float64"),
            (WEIGHTS, npy(np.asfortranarray(np.eye(4, dtype=np.float32))), "C order"),
            (WEIGHTS, npy(np.zeros((4, 4), np.float32))[:-4], "60 bytes"),
            (WEIGHTS, npy(np.zeros((4, 4), np.float32)) + b"x", "65 bytes"),
            (WEIGHTS, npy(np.full((4, 4), np.nan, np.float32)), "not finite"),
            (WEIGHTS, b"", "no array"),
            (WEIGHTS, b"\x93NUMPY\x01\x00\xff\xff{'descr'", "no array"),
            (WEIGHTS, b"PK\x03\x04" + bytes(100), "no array"),
            (WEIGHTS, npy(np.zeros((4, 4), np.float32)).replace(b"(4, 4)", b"(9**9)"), "no array"),
            (CLASSES, b"{", "no JSON"),
            (CLASSES, b'{"a": 1}', "no list of names"),
            (CLASSES, b'["a", "b", "c", 4]', "no list of names"),
            (CLASSES, b'["a", "b", "c", " "]', "no list of names"),
            (CLASSES, b'["a", "b", "c", "a"]', "3 of them different"),
            (CLASSES, b'["a"]', "two or more"),
            (CLASSES, b'["a", "b"]', r"2 names"),
            (CLASSES, b"[" * 100_000, "no JSON"),
            (CLASSES, b" " * (1 << 23), "limit"),
        ],
    )
    def test_damage_that_passes_the_checksum(self, tmp_path: Path, name: str, content: bytes, message: str) -> None:
        (with_head(tmp_path) / name).write_bytes(content)
        write_sums(tmp_path)
        with pytest.raises(ModelError, match=message):
            load_model(tmp_path, single=True)

    def test_a_pickled_array_is_not_run(self, tmp_path: Path) -> None:
        out = io.BytesIO()
        np.lib.format.write_array(out, np.array([[{}] * 4] * 4, object), allow_pickle=True)
        (with_head(tmp_path) / WEIGHTS).write_bytes(out.getvalue())
        write_sums(tmp_path)
        with pytest.raises(ModelError, match="object"):
            load_model(tmp_path, single=True)

    @pytest.mark.parametrize("name", [WEIGHTS, CLASSES])
    @pytest.mark.parametrize("change", [Path.unlink, lambda file: file.write_bytes(b"x")], ids=["missing", "changed"])
    def test_damage_is_seen_before_it_is_read(self, tmp_path: Path, name: str, change: Callable[[Path], None]) -> None:
        change(with_head(tmp_path) / name)
        with pytest.raises(ModelError, match=rf"{name}.*sha256sum config.json image.onnx"):
            load_model(tmp_path, single=True)

    @pytest.mark.parametrize("left_out", [(WEIGHTS,), (CLASSES,), (WEIGHTS, CLASSES)])
    def test_a_head_without_checksums_is_not_ignored(self, tmp_path: Path, left_out: tuple[str, ...]) -> None:
        sums = with_head(tmp_path) / "SHA256SUMS"
        kept = [line for line in sums.read_text().splitlines(True) if not any(name in line for name in left_out)]
        sums.write_text("".join(kept))
        with pytest.raises(ModelError, match=rf"does not list {left_out[0]}.*classifier.npy classes.json > SHA256SUMS"):
            load_model(tmp_path, single=True)

    def test_half_a_head(self, tmp_path: Path) -> None:
        (with_head(tmp_path) / CLASSES).unlink()
        write_sums(tmp_path)
        with pytest.raises(ModelError, match=r"does not list classes\.json, half of what names classes"):
            load_model(tmp_path, single=True)


class TestTag:
    def test_the_likeliest_first(self, tmp_path: Path) -> None:
        model = load_model(with_head(tmp_path), single=True)
        tags = tag(model, photo((200, 20, 100)))
        assert [each.name for each in tags] == ["red", "blue", "green", "đỏ | <b>"]
        assert sum(each.probability for each in tags) == pytest.approx(1)
        assert len(tag(model, photo((1, 2, 3)), k=2)) == 2
        with pytest.raises(QueryError, match="k is 0"):
            tag(model, photo((1, 2, 3)), k=0)

    def test_an_index_is_asked_for_its_model(self, tmp_path: Path) -> None:
        indexed("drawn:2", tmp_path / "index", model=with_head(tmp_path / "colours"))
        assert model_of(str(tmp_path / "index")).classes == COLOURS.classes

    def test_the_command(self, tmp_path: Path) -> None:
        with_head(tmp_path / "colours")
        (tmp_path / "p.png").write_bytes(photo((10, 220, 10)))
        command = [
            sys.executable,
            "-m",
            "lookseek.cli",
            "tag",
            str(tmp_path / "colours"),
            "--image",
            str(tmp_path / "p.png"),
        ]

        def run(*options: str) -> str:
            return subprocess.run(
                [*command, *options], capture_output=True, text=True, check=True, encoding="utf-8"
            ).stdout

        assert run().splitlines()[0].split() == ["100.0%", "green"]
        answer = json.loads(run("--json", "-k", "1"))
        assert (answer["model"], [each["name"] for each in answer["classes"]]) == ("means", ["green"])
        refused = subprocess.run(
            [*command[:4], "efficientnet-lite2", *command[5:]], capture_output=True, text=True, check=False
        )
        assert refused.returncode == 1
        assert "names no classes" in refused.stderr


class TestQuantised:
    def test_is_known_by_its_nodes(self, tmp_path: Path) -> None:
        eight = onnx_model(field(1, node("QuantizeLinear", ["a", "s"], ["b"])))
        assert is_quantised(eight)
        assert not is_quantised(onnx_model(field(1, node("Add", ["QuantizeLinear", "s"], ["b"]))))
        assert not is_quantised((load_model(single=True).folder / "image.onnx").read_bytes())

    @pytest.mark.parametrize("content", [b"", b"\0", b"\x3a\xff", b"\x38\x05", b"PK\x03\x04"])
    def test_what_is_no_graph_is_not(self, content: bytes) -> None:
        assert not is_quantised(content)

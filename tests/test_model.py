"""Model folders: what loads, what is refused, and that nothing is parsed before its checksum is right."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.golden import SAME, cosines, garments, golden, picture
from helpers.tiny_onnx import (
    FLOAT,
    UINT8,
    channel_means,
    config,
    external_tensor,
    field,
    fixed_rows,
    model,
    node,
    tensor,
    write_model,
    write_sums,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek import images
from lookseek.encode import Model, load_model
from lookseek.encode.model import DEFAULT, PLAIN
from lookseek.encode.onnx_file import refuse_external_data
from lookseek.encode.runtime import Runtime, Tower, cores, open_tower
from lookseek.errors import ModelError
from lookseek.types import Pixels

OPENVINO = importlib.util.find_spec("openvino") is not None
RUNTIMES = ["onnxruntime", pytest.param("openvino", marks=pytest.mark.skipif(not OPENVINO, reason="no OpenVINO"))]


def embed(loaded: Model, *pictures: Pixels) -> np.ndarray:
    return loaded.image.encode([loaded.image.prepare(p) for p in pictures])


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.fixture(scope="module")
def default() -> Model:
    return load_model(PLAIN, single=True)


class TestShipped:
    def test_says_what_it_is(self, default: Model) -> None:
        assert (default.name, default.dim, default.image.name, default.image.dim) == (PLAIN, 1280, "look", 1280)
        assert default.precision == "fp32"
        assert default.image.min_side == 224
        assert "Apache-2.0" in (default.folder / "README.md").read_text(encoding="utf-8")
        assert "2020, ML Illustrated" in (default.folder / "LICENSE").read_text(encoding="utf-8")

    def test_lists_all_of_its_files_and_stays_small(self, default: Model) -> None:
        listed = {line.split()[1] for line in (default.folder / "SHA256SUMS").read_text().splitlines()}
        assert listed == {p.name for p in default.folder.iterdir()} - {"SHA256SUMS"}
        assert sum(p.stat().st_size for p in default.folder.iterdir()) < 12_000_000

    def test_its_graph_names_no_file_of_the_machine_that_made_it(self, default: Model) -> None:
        onnx = (default.folder / "image.onnx").read_bytes()
        assert not any(word in onnx for word in (b"site-packages", b"/home/", b"/work/", b"/tmp/", b".py"))

    @pytest.mark.parametrize("runtime", RUNTIMES)
    def test_photos_have_the_canonical_vectors(self, runtime: Any) -> None:
        loaded = load_model(PLAIN, runtime=runtime)
        vectors = embed(loaded, picture(), *garments(0))
        assert vectors.dtype == np.float32
        assert (cosines(vectors, golden("plain")) > SAME[loaded.precision]).all()
        lengths = np.linalg.norm(vectors, axis=1)
        assert lengths == pytest.approx([12.675, 16.989], rel=0.03)  # bf16: 2 % at the 99th percentile

    def test_a_vector_does_not_depend_on_its_batch(self, default: Model) -> None:
        others = [np.full((40, 30, 3), value, np.uint8) for value in range(0, 250, 25)]
        together = embed(default, *others, picture())
        assert together.shape == (11, 1280)
        assert (cosines(together[-1:], embed(default, picture())) > SAME["fp32"]).all()

    def test_no_photos_give_no_vectors(self, default: Model) -> None:
        assert default.image.encode([]).shape == (0, 1280)

    def test_closer_to_its_own_crop_than_to_noise(self, default: Model) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
        whole, part, other = embed(default, picture(), picture()[20:-20, 20:-20], noise)
        assert cosine(whole, part) > cosine(whole, other) + 0.2

    def test_clothes_of_one_class_are_closer(self, default: Model, data: Path) -> None:
        rows = [line.split(",") for line in (data / "clothing" / "items.csv").read_text().splitlines()[1:]]
        chosen = {label: [r[0] for r in rows if r[1] == label and r[-1] == "train"][:8] for label in ("Pants", "Hat")}
        vectors = {
            label: embed(default, *(images.decode(data / "clothing" / name, 224) for name in names))
            for label, names in chosen.items()
        }
        unit = {label: v / np.linalg.norm(v, axis=1, keepdims=True) for label, v in vectors.items()}
        within = np.mean([u @ u.T for u in unit.values()])
        assert within > np.mean(unit["Pants"] @ unit["Hat"].T) + 0.05


class TestRuntime:
    @pytest.fixture(autouse=True)
    def unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LOOKSEEK_RUNTIME", raising=False)

    def test_one_photo_takes_the_runtime_that_loads_fastest(self) -> None:
        assert load_model(PLAIN, single=True).runtime == "onnxruntime"

    @pytest.mark.parametrize("single", [True, False])
    @pytest.mark.parametrize("runtime", RUNTIMES)
    def test_the_environment_chooses(
        self, tmp_path: Path, runtime: Any, single: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOOKSEEK_RUNTIME", runtime)
        assert load_model(write_model(tmp_path), single=single).runtime == runtime

    def test_a_caller_s_choice_counts_more(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOKSEEK_RUNTIME", "openvino")
        assert load_model(write_model(tmp_path), runtime="onnxruntime").runtime == "onnxruntime"

    def test_an_empty_choice_is_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOKSEEK_RUNTIME", "")
        assert load_model(write_model(tmp_path), single=True).runtime == "onnxruntime"

    def test_a_runtime_that_there_is_not(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOOKSEEK_RUNTIME", "tensorrt")
        with pytest.raises(ModelError, match="LOOKSEEK_RUNTIME is 'tensorrt': set it to onnxruntime or openvino, or"):
            load_model(write_model(tmp_path))

    @pytest.mark.parametrize("runtime", RUNTIMES)
    def test_a_graph_that_fails_on_a_photo(self, tmp_path: Path, runtime: Any) -> None:
        with pytest.raises(ModelError, match=r"can't run image\.onnx .*shape.*: .*(LOOKSEEK_RUNTIME|export it again)"):
            embed(load_model(write_model(tmp_path, fixed_rows(7)), runtime=runtime), picture())


class TestAnyFolder:
    @pytest.mark.parametrize("runtime", RUNTIMES)
    @pytest.mark.parametrize("batch", ["n", 1, 4])
    def test_uint8_with_any_batch(self, tmp_path: Path, runtime: Any, batch: int | str) -> None:
        loaded = load_model(write_model(tmp_path / "m", channel_means(batch=batch)), runtime=runtime)
        colours = [(i, 2 * i, 250 - i) for i in range(0, 121, 10)]
        got = embed(loaded, *(np.full((9, 5, 3), colour, np.uint8) for colour in colours))
        np.testing.assert_allclose(got, colours, rtol=0.01)  # bf16 has 8 bits
        assert got.flags.c_contiguous
        assert got.dtype == np.float32

    def test_float32_nchw_is_normalised_on_the_scale_to_255(self, tmp_path: Path) -> None:
        how = config(dtype="float32", layout="nchw", mean=[100, 0, 50], std=[2, 1, 5])
        loaded = load_model(write_model(tmp_path, channel_means(FLOAT, "nchw"), how), single=True)
        (vector,) = embed(loaded, np.full((7, 7, 3), (110, 20, 100), np.uint8))
        assert vector.tolist() == pytest.approx([5, 20, 10])

    def test_open_sizes_follow_the_config(self, tmp_path: Path) -> None:
        onnx = channel_means(width="w", height="h", out="d")
        loaded = load_model(write_model(tmp_path, onnx, config(width=33, height=17)), single=True)
        assert loaded.image.prepare(picture()).shape == (17, 33, 3)
        assert embed(loaded, picture()).shape == (1, 3)

    def test_a_path_as_text(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_model(tmp_path / "mine")
        assert load_model(str(tmp_path / "mine"), single=True).name == "means"
        monkeypatch.chdir(tmp_path)
        assert load_model("mine", single=True).folder == Path("mine")

    def test_fewer_threads(self, tmp_path: Path) -> None:
        assert embed(load_model(write_model(tmp_path), threads=1), picture()).shape == (1, 3)

    def test_the_checksum_is_of_what_makes_the_vectors(self, tmp_path: Path) -> None:
        first = load_model(write_model(tmp_path / "a"), single=True).checksum
        assert load_model(write_model(tmp_path / "b"), single=True).checksum == first
        (tmp_path / "b" / "README.md").write_text("a better card")
        write_sums(tmp_path / "b")
        assert load_model(tmp_path / "b", single=True).checksum == first
        other = load_model(write_model(tmp_path / "c", channel_means(scale=2)), single=True).checksum
        resized = load_model(write_model(tmp_path / "d", None, config(resize="pad")), single=True).checksum
        assert len({first, other, resized}) == 3
        assert len(first) == 64

    @pytest.mark.parametrize("runtime", RUNTIMES)
    @pytest.mark.parametrize("size", [1, 2, 3, 17])
    def test_many_threads_at_once_get_their_own_vectors(self, tmp_path: Path, runtime: Any, size: int) -> None:
        loaded = load_model(write_model(tmp_path), threads=3, runtime=runtime)

        def one(value: int) -> np.ndarray:
            return embed(loaded, *[np.full((6, 8, 3), value, np.uint8)] * size)

        with ThreadPoolExecutor(8) as pool:
            for value, vectors in enumerate(pool.map(one, range(60))):
                np.testing.assert_allclose(vectors, np.full((size, 3), value), rtol=0.01)


class TestRefused:
    def test_unknown_name_says_which_there_are(self) -> None:
        with pytest.raises(ModelError, match=DEFAULT):
            load_model("efficientnet-lite9")

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="no model folder"):
            load_model(tmp_path / "nowhere" / "x")

    @pytest.mark.parametrize("name", ["config.json", "image.onnx", "README.md", "SHA256SUMS"])
    def test_missing_file(self, tmp_path: Path, name: str) -> None:
        (write_model(tmp_path) / name).unlink()
        with pytest.raises(ModelError, match=name):
            load_model(tmp_path)

    @pytest.mark.parametrize("name", ["config.json", "image.onnx", "README.md"])
    @pytest.mark.parametrize("at", [0, -1])
    def test_one_changed_bit(self, tmp_path: Path, name: str, at: int) -> None:
        file = write_model(tmp_path) / name
        content = bytearray(file.read_bytes())
        content[at] ^= 1
        file.write_bytes(content)
        with pytest.raises(ModelError, match=rf"{name} is damaged or changed.*sha256sum"):
            load_model(tmp_path)

    def test_cut_short(self, tmp_path: Path) -> None:
        file = write_model(tmp_path) / "image.onnx"
        os.truncate(file, file.stat().st_size // 2)
        with pytest.raises(ModelError, match="damaged"):
            load_model(tmp_path)

    @pytest.mark.parametrize("line", ["x  config.json", "0" * 64 + "  ../secret", "0" * 64 + "  /etc/passwd", "\0"])
    def test_odd_checksum_lines(self, tmp_path: Path, line: str) -> None:
        with (write_model(tmp_path) / "SHA256SUMS").open("a") as file:
            file.write(line + "\n")
        with pytest.raises(ModelError, match="SHA256SUMS"):
            load_model(tmp_path)

    @pytest.mark.parametrize("name", ["config.json", "image.onnx"])
    def test_a_needed_file_without_checksum(self, tmp_path: Path, name: str) -> None:
        sums = write_model(tmp_path) / "SHA256SUMS"
        sums.write_text("".join(line for line in sums.read_text().splitlines(True) if name not in line))
        with pytest.raises(ModelError, match=f"does not list {name}"):
            load_model(tmp_path)

    @pytest.mark.parametrize("name", ["model.pt", "weights.PTH", "head.joblib", "pytorch_model.bin", "x.pkl"])
    def test_pickles_are_refused_and_never_run(self, tmp_path: Path, name: str) -> None:
        folder, marker = write_model(tmp_path / "m"), tmp_path / "marker"
        (folder / name).write_bytes(pickle.dumps(Bomb(marker)))
        write_sums(folder)
        with pytest.raises(ModelError, match="ONNX"):
            load_model(folder)
        assert not marker.exists()

    def test_a_pickle_under_the_name_of_the_graph(self, tmp_path: Path) -> None:
        marker = tmp_path / "marker"
        with pytest.raises(ModelError, match="no ONNX file"):
            load_model(write_model(tmp_path / "m", pickle.dumps(Bomb(marker))))
        assert not marker.exists()

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"format": 2}, "format 2.*update lookseek"),
            ({"format": True}, "format True"),
            ({"colour": 1}, r"unknown keys \['colour'\]"),
            ({"dim": 0}, "dim 0"),
            ({"dim": 2.0}, "dim 2.0"),
            ({"name": ""}, "name"),
            ({"licence": None}, "licence"),
            ({"sources": "x"}, "sources"),
            ({"width": 0}, "side 0"),
            ({"height": 100_000}, "side 100000"),
            ({"resize": "stretch"}, "resize 'stretch'"),
            ({"crop": 0}, "crop is 0"),
            ({"crop": 1.5}, "crop is 1.5"),
            ({"mean": [1, 2]}, "mean"),
            ({"mean": 5}, "mean"),
            ({"std": [1, 1, 0]}, "std"),
            ({"std": [1, 1, float("nan")]}, "std"),
            ({"std": [1, 1, 10**400]}, "std"),
            ({"mean": [1, 2, 3]}, "uint8"),
            ({"dtype": "int8"}, "dtype 'int8'"),
            ({"layout": "hwc"}, "layout 'hwc'"),
            ({"layout": ["nhwc"]}, "layout"),
        ],
    )
    def test_config_values(self, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(ModelError, match=message):
            load_model(write_model(tmp_path, None, config(**changes)))

    @pytest.mark.parametrize(
        "text", [b"", b"{", b"[]", b"\xff", b'{"format": 1}', b"[" * 100_000, b'{"format": 1' + b"0" * 5000 + b"}"]
    )
    def test_config_that_is_none(self, tmp_path: Path, text: bytes) -> None:
        with pytest.raises(ModelError, match=r"config\.json"):
            load_model(write_model(tmp_path, None, text or b" "))

    @pytest.mark.parametrize(
        ("onnx", "changes", "message"),
        [
            (channel_means(), {"dtype": "float32"}, "takes uint8"),
            (channel_means(), {"width": 9}, "width, height or layout"),
            (channel_means(), {"layout": "nchw"}, "width, height or layout"),
            (channel_means(), {"dim": 4}, "correct dim"),
            (channel_means(out="d"), {"dim": 4}, "correct dim"),
            (channel_means(extra=field(11, b"")), {}, "can't load|inputs"),
            (channel_means(scale=float("nan")), {}, "not finite"),
        ],
    )
    def test_graph_and_config_disagree(
        self, tmp_path: Path, onnx: bytes, changes: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ModelError, match=message):
            embed(load_model(write_model(tmp_path, onnx, config(**changes)), single=True), picture())

    @pytest.mark.parametrize("runtime", RUNTIMES)
    def test_a_graph_that_can_not_load(self, tmp_path: Path, runtime: Any) -> None:
        broken = model(field(1, node("NoSuchThing", ["photos"], ["vectors"])), field(2, "x"))
        with pytest.raises(ModelError, match=r"can't load|has 0 inputs"):
            load_model(write_model(tmp_path, broken), runtime=runtime)

    @pytest.mark.parametrize("threads", [0, -1])
    def test_threads(self, tmp_path: Path, threads: int) -> None:
        with pytest.raises(ModelError, match="threads"):
            load_model(write_model(tmp_path), threads=threads)


class Bomb:
    """Leaves a marker when unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


class TestExternalData:
    @pytest.mark.parametrize(
        "extra",
        [
            field(5, external_tensor("/etc/passwd")),
            field(5, external_tensor("../weights")),
            field(1, node("Constant", [], ["k"], field(1, "value") + field(5, external_tensor("x")))),
            field(1, node("If", ["c"], ["k"], field(1, "then") + field(6, field(5, external_tensor("x"))))),
            field(15, field(1, external_tensor("x"))),
        ],
        ids=["absolute", "parent", "constant", "subgraph", "sparse"],
    )
    def test_refused_wherever_it_is(self, tmp_path: Path, extra: bytes) -> None:
        with pytest.raises(ModelError, match="external data"):
            load_model(write_model(tmp_path, channel_means(extra=extra)))

    def test_refused_in_a_function(self) -> None:
        inside = node("Constant", [], ["k"], field(1, "value") + field(5, external_tensor("x")))
        with pytest.raises(ModelError, match="external data"):
            refuse_external_data(channel_means() + field(25, field(7, inside)), "x")

    def test_weights_inside_are_fine(self, default: Model) -> None:
        refuse_external_data(channel_means(), "x")
        refuse_external_data((default.folder / "image.onnx").read_bytes(), "x")

    @pytest.mark.parametrize("content", [b"", b"\0", b"PK\x03\x04", b"ORTM", b"\x08\x08", channel_means()[:-5]])
    def test_no_onnx(self, content: bytes) -> None:
        with pytest.raises(ModelError, match="no ONNX file"):
            refuse_external_data(content, "image.onnx")

    def test_deep_nesting_ends_early(self) -> None:
        graph = field(5, tensor("w", [1], FLOAT, b"\0" * 4))
        for _ in range(400):
            graph = field(1, node("If", [], [], field(1, "a") + field(6, graph)))
        with pytest.raises(ModelError, match="deeper"):
            refuse_external_data(model(graph), "x")

    @given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4), st.integers(0, 500))
    def test_any_bytes_give_an_answer(self, changes: list[tuple[int, int]], length: int) -> None:
        content = bytearray(channel_means()[:length])
        for at, value in changes:
            if at < len(content):
                content[at] = value
        try:
            refuse_external_data(bytes(content), "x")
        except ModelError as error:
            assert "x " in str(error)

    @settings(max_examples=30, deadline=None)
    @given(st.data())
    def test_damage_that_passes_the_checksum_is_still_an_error_of_ours(self, data: st.DataObject) -> None:
        content = bytearray(channel_means())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        try:
            refuse_external_data(bytes(content), "x")
            open_tower(bytes(content), threads=1, single=True)
        except ModelError as error:
            assert str(error)


def test_a_copy_of_the_shipped_folder_is_the_same_model(default: Model, tmp_path: Path) -> None:
    shutil.copytree(default.folder, tmp_path / "copy")
    assert load_model(tmp_path / "copy", single=True).checksum == default.checksum


def test_the_checksum_is_computable_with_sha256sum(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    lines = [line for line in (folder / "SHA256SUMS").read_text().splitlines(True) if "README" not in line]
    assert (
        load_model(folder, single=True).checksum
        == hashlib.sha256("".join(sorted(lines, key=lambda s: s[66:])).encode()).hexdigest()
    )


def test_a_model_says_how_much_colours_count(tmp_path: Path) -> None:
    assert load_model(write_model(tmp_path / "usual"), single=True).colour_weight == 0.1
    own = write_model(tmp_path / "own", settings={**config(), "colour_weight": 0.3})
    assert load_model(own, single=True).colour_weight == 0.3


@pytest.mark.parametrize("weight", [-0.1, 1.5, "a lot", True, None])
def test_a_share_of_colours_out_of_range_is_refused(tmp_path: Path, weight: object) -> None:
    folder = write_model(tmp_path / "model", settings={**config(), "colour_weight": weight})
    with pytest.raises(ModelError, match="a share from 0 to 1"):
        load_model(folder, single=True)


def test_shipped_config_is_as_documented(default: Model) -> None:
    settings_ = json.loads((default.folder / "config.json").read_text())
    assert settings_["licence"] == "Apache-2.0"
    assert settings_["languages"] == []
    assert any("pypi.org" in source for source in settings_["sources"])


def test_cores_are_those_of_the_process() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_importing_brings_no_runtime() -> None:
    code = "import sys, lookseek.encode; print([m for m in ('onnxruntime', 'openvino') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_writer_of_tiny_graphs_is_understood() -> None:
    tower = open_tower(channel_means(UINT8), threads=1, single=True)
    assert (tower.inputs[0].dtype, tower.inputs[0].shape) == ("uint8", (None, 6, 8, 3))
    assert (tower.outputs[0].dtype, tower.outputs[0].shape) == ("float32", (None, 3))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_photo_that_somebody_waits_for_takes_two_threads(runtime: Runtime) -> None:
    def opened(threads: int, *, queries: bool) -> Tower:
        return open_tower(channel_means(UINT8), threads=threads, single=False, queries=queries, runtime=runtime)

    assert [opened(threads, queries=True).streams for threads in (1, 2, 3, 8)] == [1, 1, 1, 4]
    assert [opened(threads, queries=False).streams for threads in (1, 2, 8)] == [1, 2, 8]
    photos = np.random.default_rng(0).integers(0, 255, (5, 6, 8, 3), np.uint8)
    np.testing.assert_array_equal(opened(2, queries=True).run(photos), opened(2, queries=False).run(photos))

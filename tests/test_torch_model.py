"""lookseek's models in programs that measure open_clip's: the shape of such a model, and LookBench itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch", reason="needs lookseek[train]")

import torch
from helpers.tiny_onnx import write_model

from lookseek import images
from lookseek.catalogue.drawn import DrawnCatalogue
from lookseek.encode import load_model
from lookseek.errors import ModelError
from lookseek.train.torch_model import LENGTH, open_torch_model

TEXTS = ("red dress", "đầm hoa đỏ, tay dài")


def cosines(a: Any, b: Any) -> Any:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.fixture(scope="module")
def photos() -> list[tuple[bytes, str]]:
    """Drawn garments and the product that each shows, two photos a product."""
    items = DrawnCatalogue(6, 2)
    return [(images.read(item.image), item.id.rpartition("-")[0]) for item in items if item.image is not None]


def test_photos_and_words_have_the_vectors_that_a_search_compares(photos: list[tuple[bytes, str]]) -> None:
    from PIL import Image

    model, preprocess, tokenizer = open_torch_model("lookseek-2")
    ours = load_model("lookseek-2")
    shown = [images.decode(photo) for photo, _ in photos[:3]]
    batch = torch.stack([preprocess(Image.fromarray(pixels)) for pixels in shown])
    found = model.encode_image(batch)
    assert found.shape == (3, ours.dim) and found.dtype == torch.float32
    expected = ours.image.encode([ours.image.prepare(pixels) for pixels in shown])
    assert cosines(found, expected).min() > 1 - 1e-3
    assert torch.allclose(model(batch).norm(dim=1), torch.ones(3), atol=1e-5)
    tokens = tokenizer(list(TEXTS))
    assert tokens.shape == (2, LENGTH)
    assert ours.text is not None
    words = model.encode_text(tokens, normalize=True)
    assert cosines(words, ours.text.encode(list(TEXTS))).min() > 1 - 1e-3
    assert torch.allclose(words.norm(dim=1), torch.ones(2), atol=1e-5)
    assert torch.equal(tokenizer(TEXTS[0]), tokens[:1])
    assert next(model.parameters()).device == torch.device("cpu") and model.to("cpu") is model


def test_a_model_without_words_says_so(tmp_path: Path) -> None:
    model, _, tokenizer = open_torch_model(write_model(tmp_path / "tiny"))
    with pytest.raises(ModelError, match="reads no words: measure it with photos alone"):
        model.encode_text(tokenizer("red dress"))


@pytest.mark.filterwarnings("default")  # of look-bench and of what it imports
def test_look_bench_measures_a_model_of_ours(tmp_path: Path, photos: list[tuple[bytes, str]]) -> None:
    pytest.importorskip("look_bench", reason="needs look-bench")
    from look_bench.runner.runner import Runner

    from lookseek.train.look_bench import register

    ours = load_model("efficientnet-lite2")
    numbers = {product: number for number, product in enumerate(dict.fromkeys(product for _, product in photos))}
    split: dict[str, list[tuple[bytes, int]]] = {"query": [], "gallery": []}
    for number, (photo, product) in enumerate(photos):
        split["query" if number % 2 else "gallery"].append((photo, numbers[product]))
    for name, rows in split.items():
        (tmp_path / name).mkdir()
        table = {"image": [photo for photo, _ in rows], "label": [label for _, label in rows]}
        pq.write_table(pa.table(table), tmp_path / name / f"{name}.parquet")
    parquet = {"parquet_files": {name: f"{name}.parquet" for name in split}, "splits": {name: name for name in split}}
    config = {
        "datasets": {"toy": {"data_root": str(tmp_path), **parquet}, "batch_size": 4, "num_workers": 0},
        "pipeline": {"name": "evaluation", "model": register("efficientnet-lite2"), "dataset": "toy", "args": {}},
        "evaluation": {"metric": "recall", "top_k": [1, 5], "l2norm": True},
        "lookseek": {"model_name": "efficientnet-lite2", "input_size": 224, "embedding_dim": ours.dim, "device": "cpu"},
        "logging": {"level": "WARNING", "log_file": str(tmp_path / "log.txt")},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    metrics = Runner.build_from_config(str(tmp_path / "config.yaml")).run()["metrics"]

    def vectors(name: str) -> Any:
        rows = [ours.image.prepare(images.decode(photo)) for photo, _ in split[name]]
        found = ours.image.encode(rows)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    nearest = (vectors("query") @ vectors("gallery").T).argmax(axis=1)
    labels = {name: np.array([label for _, label in rows]) for name, rows in split.items()}
    right = (labels["gallery"][nearest] == labels["query"]).mean()
    assert metrics["recall@1"] == pytest.approx(100 * right, abs=0.01)
    assert metrics["recall@5"] >= metrics["recall@1"] and right > 0

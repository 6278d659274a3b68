"""New heads as a model folder: ``image.onnx`` for photos, ``text.onnx`` for words, a card for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ...encode.folder import COMPOSER, TEXT
from ...encode.sentences import DIM
from ...encode.text_settings import SentenceTower
from ...progress import Progress
from ...vectors import unit
from ..align.maps import PREPROCESSING
from ..align.network import SIZE
from ..export.folder import check_target, model_config, write_folder
from ..export.graph import export_onnx, to_fp16
from ..export.origin import lite2_origin
from ..export.parity import FP16_LIMIT, INSTALL, PARITY_ROWS, check_difference, open_graph, run_graph
from ..export.photos import drawn_photos, prepare_photos
from .card import model_card
from .composer import NAME, PartsComposer
from .network import AdaptedHeads
from .run import read_run
from .tower import FeatureTower

__all__ = ["ExportedHeads", "export_adapt"]

LANGUAGES = ("en", "vi")
COLOUR_WEIGHT = 0.0
"""Two photos are compared by the instance part alone: a share of their colours lost more than it won on val."""

OTHER = "the exported graph is not the network"


@dataclass(frozen=True, slots=True)
class ExportedHeads:
    """What an export made.

    Args:
        folder: the model folder.
        photos: size of ``image.onnx``, bytes.
        texts: size of ``text.onnx``, bytes.
        worst: 1 - cosine of the graphs' vectors and torch's, at worst: of 64 drawn photos, and of as many texts.
    """

    folder: Path
    photos: int
    texts: int
    worst: tuple[float, float]

    def lines(self) -> list[str]:
        """Return what a person wants to know, a line each."""
        return [
            f"{self.folder}: image.onnx {self.photos / 1e6:.1f} MB, text.onnx {self.texts / 1e6:.1f} MB",
            f"parity of the graphs at fp16 on {PARITY_ROWS} drawn photos and texts: 1 - cosine {self.worst[0]:.1e} and "
            f"{self.worst[1]:.1e} at worst (limit {FP16_LIMIT:.0e})",
            f"the model card: {self.folder / 'README.md'}",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]


class _Photos(nn.Module):
    """uint8 (n, 224, 224, 3) to float32 (n, dim + instance)."""

    def __init__(self, tower: FeatureTower, heads: AdaptedHeads) -> None:
        super().__init__()
        self.tower, self.heads = tower, heads

    def forward(self, photos: Tensor) -> Tensor:
        return self.heads.photos(self.tower(photos))


class _Texts(nn.Module):
    """float32 (n, 384) to float32 (n, dim + instance)."""

    def __init__(self, heads: AdaptedHeads) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, features: Tensor) -> Tensor:
        return self.heads.texts(features)


def export_adapt(folder: Path, target: Path, *, progress: Progress) -> ExportedHeads:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there; its name becomes the model's.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, something at ``target``, or a graph that is not the network.
    """
    run = read_run(folder)
    check_target(target)
    progress.phase("writing the graphs", None)
    tower, heads = run.networks(folder)
    photos, texts = _Photos(tower, heads).eval(), _Texts(heads).eval()
    image = to_fp16(export_onnx(photos, {"photos": torch.zeros((2, SIZE, SIZE, 3), dtype=torch.uint8)}, INSTALL))
    text = to_fp16(export_onnx(texts, {"features": torch.zeros((2, DIM))}, INSTALL))
    pairs = {name: torch.rand((2, run.settings.dim + run.settings.instance)) for name in ("photos", "texts")}
    composer = export_onnx(PartsComposer(run.settings.dim), pairs, INSTALL)
    progress.phase("comparing them with the network", None)
    pixels = prepare_photos(drawn_photos(PARITY_ROWS), PREPROCESSING, PARITY_ROWS, progress)
    features = unit(np.random.default_rng(0).standard_normal((PARITY_ROWS, DIM)))
    with torch.no_grad():
        worst = (
            check_difference(run_graph(open_graph(image), pixels), photos(torch.from_numpy(pixels)).numpy(), OTHER),
            check_difference(run_graph(open_graph(text), features), texts(torch.from_numpy(features)).numpy(), OTHER),
        )
    base = lite2_origin()
    contents = {name: graph.SerializeToString(deterministic=True) for name, graph in (("i", image), ("t", text))}
    licence = f"{base.licence}; the terms of the training data apply too"
    settings: dict[str, str | int] = {"tower": SentenceTower.name, "limit": SentenceTower().limit}
    name = target.resolve().name
    dim = run.settings.dim + run.settings.instance
    config = model_config(
        name,
        dim,
        PREPROCESSING,
        licence,
        base.sources,
        text=settings,
        languages=LANGUAGES,
        composer=NAME,
        colour_weight=COLOUR_WEIGHT,
    )
    size = sum(map(len, contents.values()))
    progress.phase("writing the model folder", None)
    write_folder(
        target,
        {
            "image.onnx": contents["i"],
            TEXT: contents["t"],
            COMPOSER: composer.SerializeToString(deterministic=True),
            "config.json": config,
            "README.md": model_card(name, run, folder, worst, size).encode(),
            **base.files,
        },
    )
    return ExportedHeads(target, len(contents["i"]), len(contents["t"]), worst)

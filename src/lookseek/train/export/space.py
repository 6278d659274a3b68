"""Photos and words of one space as a model folder: ``image.onnx``, ``text.onnx``, and a card for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from ...encode.folder import COMPOSER, TEXT
from ...encode.prepare import Preprocessing
from ...encode.sentences import DIM
from ...encode.text_settings import SentenceTower
from ...progress import Progress
from ...vectors import unit
from .folder import model_config, write_folder
from .graph import export_onnx, to_fp16
from .origin import lite2_origin
from .parity import FP16_LIMIT, INSTALL, PARITY_ROWS, check_difference, open_graph, run_graph
from .photos import drawn_photos, prepare_photos

__all__ = ["ExportedSpace", "Space", "export_space"]

LANGUAGES = ("en", "vi")
OTHER = "the exported graph is not the network"


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """What a training made.

    Args:
        photos: uint8 photos (n, height, width, 3) to float32 (n, dim).
        texts: features of the sentence model, float32 (n, 384), to float32 (n, dim).
        dim: of the vectors.
        preprocessing: of the photos.
        composer: name and graph of a composer; None without one.
        colour_weight: share of the colour in the score of two photos; None for the usual one.
        parts: of the vectors, in their order: name to how many numbers it has; None for one whole.
    """

    photos: nn.Module
    texts: nn.Module
    dim: int
    preprocessing: Preprocessing
    composer: tuple[str, onnx.ModelProto] | None = None
    colour_weight: float | None = None
    parts: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class ExportedSpace:
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
        """Return the summary for the terminal, a line each."""
        return [
            f"{self.folder}: image.onnx {self.photos / 1e6:.1f} MB, text.onnx {self.texts / 1e6:.1f} MB",
            f"parity of the graphs at fp16 on {PARITY_ROWS} drawn photos and texts: 1 - cosine {self.worst[0]:.1e} and "
            f"{self.worst[1]:.1e} at worst (limit {FP16_LIMIT:.0e})",
            f"the model card: {self.folder / 'README.md'}",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]


def export_space(
    space: Space, target: Path, card: Callable[[str, tuple[float, float], int], str], progress: Progress
) -> ExportedSpace:
    """Make a model folder: whole, or not at all.

    Args:
        space: what is exported.
        target: the model folder, checked by ``check_target``; its name becomes the model's.
        card: returns the model card, given the name, 1 - cosine to torch of photos and of texts, and the graphs' bytes.
        progress: notified of every stage.

    Raises:
        TrainError: a graph that is not the network.
    """
    progress.phase("writing the graphs", None)
    photos, texts, how = space.photos.eval(), space.texts.eval(), space.preprocessing
    shown = {"photos": torch.zeros((2, how.height, how.width, 3), dtype=torch.uint8)}
    image = to_fp16(export_onnx(photos, shown, INSTALL))
    text = to_fp16(export_onnx(texts, {"features": torch.zeros((2, DIM))}, INSTALL))
    progress.phase("comparing them with the network", None)
    pixels = prepare_photos(drawn_photos(PARITY_ROWS), how, PARITY_ROWS, progress)
    features = unit(np.random.default_rng(0).standard_normal((PARITY_ROWS, DIM)))
    with torch.no_grad():
        worst = (
            check_difference(run_graph(open_graph(image), pixels), photos(torch.from_numpy(pixels)).numpy(), OTHER),
            check_difference(run_graph(open_graph(text), features), texts(torch.from_numpy(features)).numpy(), OTHER),
        )
    base, name = lite2_origin(), target.resolve().name
    graphs = {"image.onnx": image, TEXT: text} | ({COMPOSER: space.composer[1]} if space.composer else {})
    contents = {file: graph.SerializeToString(deterministic=True) for file, graph in graphs.items()}
    settings: dict[str, str | int] = {"tower": SentenceTower.name, "limit": SentenceTower().limit}
    config = model_config(
        name,
        space.dim,
        how,
        f"{base.licence}; the terms of the training data apply too",
        base.sources,
        text=settings,
        languages=LANGUAGES,
        composer=space.composer[0] if space.composer else None,
        colour_weight=space.colour_weight,
        parts=space.parts,
    )
    sizes = len(contents["image.onnx"]), len(contents[TEXT])
    progress.phase("writing the model folder", None)
    files = {"config.json": config, "README.md": card(name, worst, sum(sizes)).encode()}
    write_folder(target, {**contents, **files, **base.files})
    return ExportedSpace(target, *sizes, worst)

"""A CLIP as a model folder: ``image.onnx``, ``text.onnx`` and ``tokenizer.json``, which need no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from ...encode.folder import TEXT, TOKENIZER
from ...encode.runtime import open_session
from ...errors import TrainError
from ...progress import Progress
from ..export.folder import config
from ..export.graph import INPUT, halved, written
from ..openclip.tokens import tokenizer_file
from .clip import PREFIX, Clip, build_clip
from .run import TUNE, CombinerRun
from .tune import load_tuned

__all__ = ["clip_files", "image_graph", "text_graph"]

ROWS = 16
"""Photos and texts by chance that go through torch and through each graph."""

LIMIT = 1e-3
"""Of 1 - cosine at worst, of a graph stored as fp16."""

REMEDY = "export another CLIP, e.g. RN50 or ViT-B-32"


class _Photos(nn.Module):
    """uint8 (n, side, side, 3) to features float32 (n, dim)."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.model, self._clip = clip.model, clip

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        return self._clip.photos(photos.permute(0, 3, 1, 2))


class _Words(nn.Module):
    """Tokens int64 (n, length) to features float32 (n, dim)."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.model, self._clip = clip.model, clip

    def forward(self, tokens: Tensor) -> Tensor:
        """See the class."""
        return self._clip.words(tokens)


def clip_files(
    run: CombinerRun, folder: Path, name: str, composer: str, said: str, progress: Progress
) -> Mapping[str, bytes]:
    """The files of the model folder but ``composer.onnx``.

    Args:
        run: of a Combiner on a CLIP.
        folder: of the run.
        name: of the model.
        composer: its name in the config.
        said: the card's section on the composer.
        progress: told of every stage.

    Raises:
        TrainError: the first weights are gone, a tokenizer or graph that can't be written, or one that is not the CLIP.
    """
    torch.manual_seed(run.settings.seed)  # of a CLIP of random numbers
    clip = build_clip(run.model.removeprefix(PREFIX), run.start, run.quick_gelu)
    if clip.checksum() != run.checksum:
        raise TrainError(f"the weights of {run.model} ({run.start}) are not those of the training: bring those back")
    if run.settings.tune != "none":
        load_tuned(clip, folder / TUNE)
    progress.phase("writing the towers", None)
    tokens = tokenizer_file(clip.tokenizer, clip.name)
    towers = {"image.onnx": image_graph(clip), TEXT: text_graph(clip)}
    licence = f"weights: {run.weights}; the terms of the training data apply too"
    text: dict[str, str | int] = {"tower": "tokens", "length": tokens.length, "pad": tokens.pad}
    sources = ("https://github.com/mlfoundations/open_clip",)
    return {
        **towers,
        TOKENIZER: tokens.content,
        "config.json": config(
            name, clip.dim, clip.how, licence, sources, text=text, languages=("en",), composer=composer
        ),
        "README.md": f"{_head(run, clip, name)}\n\n{said}".encode(),
    }


def image_graph(clip: Clip) -> bytes:
    """The image tower: ``photos`` uint8 (n, height, width, 3) to ``vectors``, weights stored as fp16.

    Raises:
        TrainError: torch can't write it, or the graph is not the tower.
    """
    shape = (ROWS, clip.how.height, clip.how.width, 3)
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    return _graph(_Photos(clip), INPUT, pixels)


def text_graph(clip: Clip) -> bytes:
    """The text tower: ``input_ids`` int64 (n, length) to ``vectors``, weights stored as fp16.

    Raises:
        TrainError: torch can't write it, or the graph is not the tower.
    """
    tokens = clip.tokenizer([f"a photo of {number} red dresses" for number in range(ROWS)])
    return _graph(_Words(clip), "input_ids", tokens)


def _graph(module: nn.Module, name: str, rows: Tensor) -> bytes:
    """The module as a graph at fp16, after it gave what the module gives."""
    half = halved(written(module, {name: rows[:2]}, REMEDY))
    content: bytes = half.SerializeToString(deterministic=True)
    session, _, _ = open_session(content, threads=1, where=name)
    ours = session.run(["vectors"], {name: rows.numpy()})[0].astype(np.float64)
    with torch.no_grad():
        theirs = module.eval()(rows).double().numpy()
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    worst = float((1 - (ours * theirs).sum(axis=1) / np.maximum(lengths, 1e-300)).max())
    if not worst < LIMIT:
        raise TrainError(
            f"the graph that takes {name} is not the CLIP's: 1 - cosine is {worst:.2g} at worst, the limit is "
            f"{LIMIT:g}. Nothing was written: {REMEDY}"
        )
    onnx.checker.check_model(half, full_check=True)
    return content


def _head(run: CombinerRun, clip: Clip, name: str) -> str:
    tuned = {"none": "as they were", "both": "both tuned"}.get(
        run.settings.tune, f"the {run.settings.tune} tower tuned"
    )
    how = json.dumps([round(x, 4) for x in (*clip.mean, *clip.std)])
    return (
        f"# {name}\n\nPhoto or words to a vector of {clip.dim} numbers: the towers of {clip.name} of open_clip "
        f"(first weights: {run.weights}), {tuned} on triplets. The image tower takes photos of {clip.how.width} "
        f"pixels, target-padded, and normalises them itself (mean and deviation {how}). Words are English.\n\n"
        "The licence of the first weights applies, and the terms of the training data, which lookseek does not know."
    )

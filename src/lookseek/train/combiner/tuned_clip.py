"""A CLIP as a model folder: ``image.onnx``, ``text.onnx`` and ``tokenizer.json``, which need no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch

from ...encode.folder import TEXT, TOKENIZER
from ...errors import TrainError
from ...progress import Progress
from ..export.folder import model_config
from ..openclip.clip import PREFIX, Clip, build_clip
from ..openclip.graphs import image_graph, text_graph
from ..openclip.tokens import tokenizer_file
from .run import TUNE, CombinerRun
from .tune import load_tuned

__all__ = ["clip_files"]


def clip_files(
    run: CombinerRun, folder: Path, name: str, composer: str, section: str, progress: Progress
) -> Mapping[str, bytes]:
    """Return the files of the model folder but ``composer.onnx``.

    Args:
        run: of a Combiner on a CLIP.
        folder: of the run.
        name: of the model.
        composer: its name in the config.
        section: the card's section on the composer.
        progress: notified of every stage.

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
        "config.json": model_config(
            name, clip.dim, clip.how, licence, sources, text=text, languages=("en",), composer=composer
        ),
        "README.md": f"{_head(run, clip, name)}\n\n{section}".encode(),
    }


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

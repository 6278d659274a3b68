# ruff: noqa: E501  rows of a table are one line each
"""A training on texts as a model folder: photos to vectors for index and search, and words for ``lookseek tag``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...encode.attribute_head import FEATURES, TAG_VALUES, TAGS, WORD, AttributeValue, open_attribute_head, write_values
from ...errors import TrainError
from ...evaluate.result import short_commit, source_commit
from ...progress import Progress
from ...vectors import unit
from ..export.embedding_graph import EmbeddingGraph, ExportedEmbedding, graph_behind_model
from ..export.folder import check_target, model_config, write_folder
from ..export.graph import export_onnx
from ..export.parity import FP16_LIMIT, INSTALL, PARITY_ROWS
from ..tags.export import LIMIT
from ..tags.run import CALIBRATION, calibrated
from .run import WeakRun, read_run

__all__ = ["export_weak"]


def export_weak(folder: Path, target: Path, *, progress: Progress) -> ExportedEmbedding:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there; its name becomes the model's.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, one that did not come to its end, something at ``target``, a model that is no longer
            that of the training, or a graph that is not the network.
        ModelError: the model can't be loaded.
    """
    run = read_run(folder)
    check_target(target)
    if not (folder / CALIBRATION).is_file():
        raise TrainError(f"{folder} has no {CALIBRATION} yet: run the training to its end")
    kept = json.loads((folder / CALIBRATION).read_bytes())
    network = run.network(folder)
    progress.phase("writing the graphs and comparing them with the network", None)
    made = graph_behind_model(network.embedding, run.model, run.checksum, run.width)
    dim, name = run.settings.dim, target.resolve().name
    head = calibrated(network.layer, kept["slope"], kept["offset"])
    rows = unit(np.random.default_rng(0).standard_normal((PARITY_ROWS, dim))).astype(np.float32)
    graph = export_onnx(head, {FEATURES: torch.from_numpy(rows[:2])}, INSTALL)
    words = graph.SerializeToString(deterministic=True)
    values = write_values(
        tuple(AttributeValue(WORD, *pair) for pair in zip(run.words, kept["thresholds"], strict=True))
    )
    with torch.no_grad():
        theirs = head(torch.from_numpy(rows)).numpy()
    differ = float(np.abs(open_attribute_head(words, values, dim, target).probabilities(rows) - theirs).max())
    if not differ < LIMIT:
        raise TrainError(
            f"the exported words are not the network's: probabilities differ by {differ:.2g} at worst on "
            f"{PARITY_ROWS} vectors, the limit is {LIMIT:g}. Nothing was written: {INSTALL}"
        )
    content = made.graph.SerializeToString(deterministic=True)
    progress.phase("writing the model folder", None)
    write_folder(
        target,
        {
            "image.onnx": content,
            "config.json": model_config(name, dim, made.how, made.licence, made.sources),
            "README.md": _card(name, run, kept, folder.resolve().name, made, len(content)).encode(),
            TAGS: words,
            TAG_VALUES: values,
            **made.documents,
        },
    )
    sure = sum(limit is not None for limit in kept["thresholds"])
    further = (
        f"{sure:,} of {len(run.words):,} words have a threshold: lookseek tag {target} --image PHOTO --words 8, or "
        "lookseek tag INDEX --write tags.csv",
    )
    return ExportedEmbedding(target, len(content), made.worst, further)


def _card(name: str, run: WeakRun, kept: Mapping[str, Any], folder: str, made: EmbeddingGraph, size: int) -> str:
    s = run.settings
    split = "test" if "test" in kept["figures"] else "val"
    found = kept["figures"][split]
    settings = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in asdict(s).items())
    rows = "\n".join(
        f"| {''.join(' ' if sign in '|`' else sign for sign in attribute)} | {ap:.3f} | {chance:.3f} |"
        for attribute, (ap, chance) in sorted(found["mean_ap"].items())
    )
    attributes = f"""
Mean average precision on {split} of attributes that it never saw, by the words of their values:

| attribute | mean AP | chance |
|---|---|---|
{rows}
"""
    return f"""# {name}

Photo to a vector of {s.dim} numbers, and to words of a shop's texts. Trained by `lookseek train weak` on titles and
descriptions alone, without any label.

| | |
|---|---|
| network | an embedding on the vectors of {Path(run.model).name}, which stays as it is; {len(run.words):,} word embeddings |
| first weights | {made.note} |
| learned from | {run.photos["train"]:,} photos with texts of {Path(run.data).name or "its data"}; {run.photos["val"]:,} of val chose the epoch, the calibration and the thresholds |
| size | {size / 1e6:.1f} MB as fp16 |
| made by | `lookseek export {folder} {name}`, {date.today().isoformat()}, lookseek commit {short_commit(source_commit())} |
| parity | 1 - cosine to torch on {PARITY_ROWS} drawn photos {made.worst:.1e} at worst (limit {FP16_LIMIT:.0e}) |

Settings: {settings}.

## Figures

On {split}: mean AP of words {found["word_ap"]:.3f} (chance {found["chance"]:.3f}); {found["precision"]:.3f} of
{found["written"]:,} words at their thresholds are in the shop's own text, which are {found["recall"]:.3f} of its words;
probabilities are {found["error"]:.3f} off on average.
{attributes if rows else ""}
## Limits

- A probability is that of the shop writing the word. What a shop leaves unsaid it learns to leave unsaid.
- It reads no words, even where the model behind it does: the embedding is another space.
- The whole photo counts. On a cluttered background, give the box of the garment.
- No claim about people: it is not made to recognise or describe them.
"""

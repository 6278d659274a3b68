"""A trained Combiner as a model folder: a model's own with ``composer.onnx`` beside it, or a tuned CLIP's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...encode import load_model
from ...encode.folder import COMPOSER
from ...encode.model import Model
from ...encode.reference import PLACES
from ...encode.regions import REGIONS
from ...encode.runtime import open_session
from ...errors import TrainError
from ...progress import Progress
from ..export.folder import check_target, folder_files, with_section, write_folder
from ..export.graph import export_onnx, to_fp16
from ..export.parity import FP16_LIMIT, INSTALL, PARITY_ROWS, check_difference
from ..openclip.clip import PREFIX
from .card import composer_section
from .combiner import Combiner
from .run import CombinerRun, read_run
from .stages import read_figures
from .towers import ModelTowers
from .tuned_clip import clip_files

__all__ = ["ExportedCombiner", "composer_graph", "export_combiner"]


@dataclass(frozen=True, slots=True)
class ExportedCombiner:
    """What an export made.

    Args:
        folder: the model folder.
        size: of ``composer.onnx``, bytes.
        worst: 1 - cosine of the graph's vectors and torch's, at worst on 64 pairs.
        base: the model whose towers it has.
    """

    folder: Path
    size: int
    worst: float
    base: str

    def lines(self) -> list[str]:
        """Return the summary for the terminal, a line each."""
        return [
            f"{self.folder / COMPOSER}: {self.size / 1e6:.1f} MB, beside the towers of {self.base}",
            f"parity of the graph at fp16 on {PARITY_ROWS} pairs: 1 - cosine {self.worst:.1e} at worst (limit "
            f"{FP16_LIMIT:.0e})",
            f"the model card: {self.folder / 'README.md'}",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]


class _SearchComposer(nn.Module):
    """A Combiner as a search asks it."""

    def __init__(self, combiner: Combiner) -> None:
        super().__init__()
        self.combiner = combiner

    def forward(self, photos: Tensor, texts: Tensor, tokens: Tensor | None = None) -> Tensor:
        """See ``Combiner.compose_units``.

        Args:
            photos: float (n, dim).
            texts: float (n, dim).
            tokens: as ``ReferenceEncoder`` gives them, float (n, numbers); None without attention.
        """
        reader = self.combiner.reader
        seen = None if reader is None or tokens is None else reader.reduce(tokens)
        return self.combiner.compose_units(photos, texts, seen)


def export_combiner(folder: Path, target: Path, *, progress: Progress) -> ExportedCombiner:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, something at ``target``, towers that are no longer those of the training, or a graph
            that is not the Combiner.
    """
    run = read_run(folder)
    check_target(target)
    progress.phase("writing the Combiner", None)
    combiner = run.combiner(folder)
    graph = to_fp16(composer_graph(combiner))
    worst = _parity(combiner, graph)
    content = graph.SerializeToString(deterministic=True)
    section = composer_section(run, read_figures(folder), folder.resolve().name, PARITY_ROWS, worst, FP16_LIMIT)
    if run.model.startswith(PREFIX):
        files = clip_files(run, folder, target.resolve().name, run.settings.composer, section, progress)
    else:
        files = _beside(run, section, 0 if combiner.reader is None else combiner.reader.raw)
    progress.phase("writing the model folder", None)
    write_folder(target, {**files, COMPOSER: content})
    return ExportedCombiner(target, len(content), worst, run.model)


def composer_graph(combiner: Combiner) -> onnx.ModelProto:
    """Return the Combiner as a graph: ``photos`` and ``texts`` float32 (n, dim) to ``vectors`` (n, dim), of length 1.

    With attention it also takes ``tokens``, float32 (n, numbers), as ``ReferenceEncoder`` gives them.

    Raises:
        TrainError: torch can't write it.
    """
    given = {name: torch.from_numpy(rows) for name, rows in _inputs(combiner, 2).items()}
    return export_onnx(_SearchComposer(combiner), given, INSTALL)


def _parity(combiner: Combiner, graph: onnx.ModelProto) -> float:
    """1 - cosine at worst, on numbers by chance; the regions of every second photo are none.

    Raises:
        TrainError: beyond the limit.
    """
    given = _inputs(combiner, PARITY_ROWS)
    session, _, _ = open_session(graph.SerializeToString(), threads=1, where=COMPOSER)
    ours = session.run(["vectors"], given)[0]
    with torch.no_grad():
        theirs = _SearchComposer(combiner.eval())(*(torch.from_numpy(rows) for rows in given.values())).numpy()
    return check_difference(ours, theirs, "the exported graph is not the Combiner")


def _inputs(combiner: Combiner, count: int) -> dict[str, NDArray[np.float32]]:
    """Return what a search may give, by chance."""
    chance = np.random.default_rng(0)
    given = {name: chance.standard_normal((count, combiner.dim)).astype(np.float32) for name in ("photos", "texts")}
    if combiner.reader is not None:
        tokens = np.abs(chance.standard_normal((count, PLACES, combiner.reader.raw // PLACES))).astype(np.float32)
        tokens[::2, -len(REGIONS) :] = 0
        given["tokens"] = tokens.reshape(count, -1)
    return given


def _beside(run: CombinerRun, section: str, tokens: int) -> Mapping[str, bytes]:
    """Return the files of the model that was trained on, with the composer in its config and on its card.

    Its name stays, so an index of its photos goes on being one.
    """
    model: Model = load_model(run.model, single=True)
    if ModelTowers(model).checksum() != run.checksum:
        raise TrainError(
            f"the model {run.model} is not the one that the Combiner was trained on: bring it back, or train again"
        )
    files = folder_files(model)
    config = json.loads(files["config.json"]) | {"composer": run.settings.composer}
    config.pop("composer_tokens", None)
    if tokens:
        config["composer_tokens"] = tokens
    files["config.json"] = (json.dumps(config, ensure_ascii=False, indent=2) + "\n").encode()
    files["README.md"] = with_section(files, model.name, "Composer", section.removeprefix("## Composer"))
    return files

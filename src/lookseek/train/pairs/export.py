"""A matcher as a model folder: the model whose maps it compares, with ``pairs.npz`` beside.

The model's name and its checksum of photos stay, so an index that it made goes on being one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ...encode import load_model
from ...encode.folder import PAIRS
from ...encode.pairs.file import PairWeights, parse_pairs, write_pairs
from ...encode.pairs.matcher import match_scores
from ...errors import TrainError
from ...progress import Progress
from ...vectors import unit
from ..export.folder import check_target, folder_files, with_section, write_folder
from ..export.parity import PARITY_ROWS
from .card import pairs_section
from .network import PairNetwork
from .run import read_reduction, read_run

__all__ = ["ExportedPairs", "export_pairs"]

LIMIT = 1e-3
"""Of the difference of two match scores."""


@dataclass(frozen=True, slots=True)
class ExportedPairs:
    """What an export made.

    Args:
        folder: the model folder.
        size: of ``pairs.npz``, bytes.
        worst: difference of its match scores and torch's, at worst.
    """

    folder: Path
    size: int
    worst: float

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        return [
            f"{self.folder / PAIRS}: {self.size / 1e6:.1f} MB",
            f"parity on {PARITY_ROWS} pairs: match scores differ by {self.worst:.1e} at worst (limit {LIMIT:.0e})",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder} --pairs, then lookseek search INDEX "
            "--image PHOTO --rerank pairs",
        ]


def export_pairs(folder: Path, target: Path, *, progress: Progress) -> ExportedPairs:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, something at ``target``, a model that is no longer that of the training, or match
            scores that are not the network's.
        ModelError: the model can't be loaded.
    """
    run = read_run(folder)
    check_target(target)
    model = load_model(run.model, single=True)
    if model.checksum != run.checksum:
        raise TrainError(f"the model {run.model} is not the one that was trained on: bring it back, or train again")
    progress.phase("writing the matcher", None)
    network = run.network(folder)
    content = write_pairs(network.weights(read_reduction(folder), run.settings.share))
    weights = parse_pairs(content, str(target / PAIRS))
    worst = _parity(network, weights)
    files = folder_files(model)
    files["README.md"] = with_section(files, model.name, "Pairs", pairs_section(run, folder, len(content)))
    write_folder(target, {**files, PAIRS: content})
    return ExportedPairs(target, len(content), worst)


def _parity(network: PairNetwork, weights: PairWeights) -> float:
    """Return the difference of match scores at worst, on cells by chance.

    Raises:
        TrainError: beyond the limit.
    """
    shape = PARITY_ROWS + 1, weights.reduction.cells, len(weights.reduction.weight)
    cells: NDArray[np.float32] = unit(np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
    ours = match_scores(cells[0], cells[1:], weights)
    one, others = torch.zeros(PARITY_ROWS, dtype=torch.int64), torch.arange(1, PARITY_ROWS + 1)
    with torch.no_grad():
        theirs = torch.sigmoid(network(torch.from_numpy(cells), one, others)).numpy()
    worst = float(np.abs(ours - theirs).max())
    if not worst < LIMIT:
        raise TrainError(
            f"the exported matcher is not the network: scores differ by {worst:.2g} at worst on {PARITY_ROWS} pairs, "
            f"the limit is {LIMIT:g}. Nothing was written"
        )
    return worst

"""An attribute head as a model folder: the model that it was trained on, with ``tags.onnx`` and ``tags.json`` beside.

The model's name and its checksum of photos stay, so an index that it made can be tagged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...encode import load_model
from ...encode.attribute_head import FEATURES, TAG_VALUES, TAGS, AttributeValue, open_attribute_head, write_values
from ...errors import TrainError
from ...progress import Progress
from ...vectors import unit
from ..export.folder import check_target, folder_files, with_section, write_folder
from ..export.graph import export_onnx
from ..export.parity import INSTALL, PARITY_ROWS
from .run import CALIBRATION, TagsRun, calibrated, read_run

__all__ = ["ExportedTags", "export_tags"]

LIMIT = 5e-3
"""Of the difference of two probabilities."""


@dataclass(frozen=True, slots=True)
class ExportedTags:
    """What an export made.

    Args:
        folder: the model folder.
        size: of ``tags.onnx``, bytes.
        worst: difference of the graph's probabilities and torch's, at worst.
        sure: values that have a threshold.
        values: all.
    """

    folder: Path
    size: int
    worst: float
    sure: int
    values: int

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        return [
            f"{self.folder / TAGS}: {self.size / 1e6:.1f} MB; {self.sure:,} of {self.values:,} values have a threshold",
            f"parity of the graph on {PARITY_ROWS} vectors: probabilities differ by {self.worst:.1e} at worst "
            f"(limit {LIMIT:.0e})",
            f"go on with: lookseek tag {self.folder} --image PHOTO --words 8, or lookseek tag INDEX --write tags.csv "
            f"--model {self.folder}",
        ]


def export_tags(folder: Path, target: Path, *, progress: Progress) -> ExportedTags:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, one that did not come to its end, something at ``target``, a model that is no longer
            that of the training, or a graph that is not the head.
        ModelError: the model can't be loaded.
    """
    run = read_run(folder)
    check_target(target)
    if not (folder / CALIBRATION).is_file():
        raise TrainError(f"{folder} has no {CALIBRATION} yet: run the training to its end")
    kept = json.loads((folder / CALIBRATION).read_bytes())
    model = load_model(run.model, single=True)
    if model.checksum != run.checksum:
        raise TrainError(f"the model {run.model} is not the one that was trained on: bring it back, or train again")
    progress.phase("writing the attribute head", None)
    head = calibrated(run.network(folder), kept["slope"], kept["offset"])
    rows = unit(np.random.default_rng(0).standard_normal((PARITY_ROWS, run.width))).astype(np.float32)
    graph = export_onnx(head, {FEATURES: torch.from_numpy(rows[:2])}, INSTALL)  # fp32: spreads are below fp16
    content = graph.SerializeToString(deterministic=True)
    pairs = zip(run.attributes, run.values, kept["thresholds"], strict=True)
    values = tuple(AttributeValue(*each) for each in pairs)
    with torch.no_grad():
        theirs = head(torch.from_numpy(rows)).numpy()
    ours = open_attribute_head(content, write_values(values), run.width, target).probabilities(rows)
    worst = float(np.abs(ours - theirs).max())
    if not worst < LIMIT:
        raise TrainError(
            f"the exported graph is not the head: probabilities differ by {worst:.2g} at worst on {PARITY_ROWS} "
            f"vectors, the limit is {LIMIT:g}. Nothing was written: {INSTALL}"
        )
    files = folder_files(model)
    files["README.md"] = with_section(files, model.name, "Attributes", _section(run, kept, folder.resolve().name))
    write_folder(target, {**files, TAGS: content, TAG_VALUES: write_values(values)})
    sure = sum(value.threshold is not None for value in values)
    return ExportedTags(target, len(content), worst, sure, len(values))


def _section(run: TagsRun, kept: Mapping[str, Any], folder: str) -> str:
    """The head's section of the model card."""
    split = "test" if "test" in kept["figures"] else "val"
    found = kept["figures"][split]
    rows = "\n".join(
        f"| {''.join(' ' if sign in '|`' else sign for sign in name)} | {ap:.3f} | {chance:.3f} |"
        for name, (ap, chance) in sorted(found["mean_ap"].items())
    )
    count, attributes = len(run.values), len(set(run.attributes))
    return f"""`{TAGS}` names {count:,} values of {attributes:,} attributes, with calibrated probabilities. Trained by
`lookseek train tags` ({folder}) on {run.photos["train"]:,} photos of {Path(run.data).name}; the epoch, the calibration
and the thresholds were chosen on {run.photos["val"]:,} photos of val. A threshold is the lowest probability from which
on a value was right in {run.settings.precise:.0%} of val; values without one are never written. On {split}:
{found["precision"]:.3f} of {found["written"]:,} values at their thresholds are right, which are {found["recall"]:.3f}
of those that the photos have; probabilities are {found["error"]:.3f} off on average. What a shop does not state is
unknown and counts neither way.

Mean average precision on {split}, over the photos that state the attribute:

| attribute | mean AP | chance |
|---|---|---|
{rows}
"""

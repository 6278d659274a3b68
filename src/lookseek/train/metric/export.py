"""A trained embedding as a model folder that ``lookseek index`` takes; with its classes where it learned some."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ... import images
from ...encode import load_model
from ...encode.folder import read_folder
from ...encode.head import Head, write_head
from ...encode.prepare import min_side, prepare
from ...errors import TrainError
from ...progress import Progress
from ..export.folder import check_target, model_config, write_folder
from ..export.graph import to_fp16
from ..export.origin import weights_origin
from ..export.parity import FP16_LIMIT, PARITY_ROWS, check_difference, open_graph, run_graph
from ..export.photos import drawn_photos
from ..trainer.results import read_test_result
from .card import model_card
from .network import MetricNetwork
from .run import MetricRun, read_run
from .tower import EmbeddingTower, PhotoTower, behind_model, photo_graph

__all__ = ["ExportedMetric", "export_metric"]

OTHER = "the exported graph is not the network"
DOCUMENTS = ("LICENSE", "NOTICE")


@dataclass(frozen=True, slots=True)
class ExportedMetric:
    """What an export made.

    Args:
        folder: the model folder.
        size: of its graph, bytes.
        worst: 1 - cosine of the graph's vectors and the network's, at worst.
    """

    folder: Path
    size: int
    worst: float

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        return [
            f"{self.folder / 'image.onnx'}: {self.size / 1e6:.1f} MB",
            f"parity of the graph at fp16 on {PARITY_ROWS} drawn photos: 1 - cosine {self.worst:.1e} at worst (limit "
            f"{FP16_LIMIT:.0e})",
            f"the model card: {self.folder / 'README.md'}",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]


def export_metric(folder: Path, target: Path, *, progress: Progress) -> ExportedMetric:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there; its name becomes the model's.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, something at ``target``, a frozen model that is no longer that of the training, or a
            graph that is not the network.
        ModelError: the frozen model can't be loaded.
    """
    run = read_run(folder)
    check_target(target)
    network = run.network(folder)
    progress.phase("writing the graph", None)
    name = target.resolve().name
    if run.model:
        model = load_model(run.model, single=True)
        if model.checksum != run.checksum:
            raise TrainError(f"the model {run.model} is not the one that was trained on: bring it back, or train again")
        base = read_folder(model.folder)
        graph = to_fp16(behind_model(network, base.onnx, run.width))
        how, licence, sources = base.config.preprocessing, base.config.licence, base.config.sources
        note = f"those of the model {base.config.name} ({licence})"
        own = {file: (model.folder / file).read_bytes() for file in DOCUMENTS if (model.folder / file).is_file()}
    else:
        graph, how = to_fp16(photo_graph(network, run.settings.size)), run.preprocessing
        origin = weights_origin(run.settings.backbone, run.weights)
        licence, sources, note, own = origin.licence, origin.sources, origin.note, dict(origin.files)
    progress.phase("comparing it with the network", None)
    photos = [prepare(images.decode(photo, min_side(how)), how) for photo in drawn_photos(PARITY_ROWS)]
    with torch.no_grad():
        if run.model:
            tower: nn.Module = EmbeddingTower(network)
            inputs = torch.from_numpy(model.image.encode(photos))
        else:
            tower, inputs = PhotoTower(network), torch.from_numpy(np.stack(photos))
        theirs = torch.cat([tower(some) for some in torch.split(inputs, 8)]).numpy()
    worst = check_difference(run_graph(open_graph(graph), np.stack(photos)), theirs, OTHER)
    content = graph.SerializeToString(deterministic=True)
    terms = licence if "training data" in licence else f"{licence}; the terms of the training data apply too"
    card = model_card(name, run, folder.resolve(), note, read_test_result(folder), worst, len(content))
    progress.phase("writing the model folder", None)
    write_folder(
        target,
        {
            "image.onnx": content,
            "config.json": model_config(name, run.settings.dim, how, terms, sources),
            "README.md": card.encode(),
            **_head(run, network),
            **own,
        },
    )
    return ExportedMetric(target, len(content), worst)


def _head(run: MetricRun, network: MetricNetwork) -> dict[str, bytes]:
    """The class layer as the model folder's head, where it is one layer on the embedding."""
    if not isinstance(network.classifier, nn.Linear):
        return {}
    weight, bias = (p.detach().numpy().astype(np.float32) for p in (network.classifier.weight, network.classifier.bias))
    return write_head(Head(run.classes, weight, bias))

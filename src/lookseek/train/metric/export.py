"""A trained embedding as a model folder that ``lookseek index`` takes; with its classes where it learned some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from ...encode.head import Head, write_head
from ...progress import Progress
from ..export.embedding_graph import ExportedEmbedding, graph_behind_model, graph_of_photos
from ..export.folder import check_target, model_config, write_folder
from ..export.origin import weights_origin
from ..trainer.results import read_test_result
from .card import model_card
from .network import MetricNetwork
from .run import MetricRun, read_run

__all__ = ["export_metric"]


def export_metric(folder: Path, target: Path, *, progress: Progress) -> ExportedEmbedding:
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
    progress.phase("writing the graph and comparing it with the network", None)
    name = target.resolve().name
    if run.model:
        made = graph_behind_model(network.embedding, run.model, run.checksum, run.width)
    else:
        made = graph_of_photos(network, run.preprocessing, weights_origin(run.settings.backbone, run.weights))
    content = made.graph.SerializeToString(deterministic=True)
    tested = read_test_result(folder)
    card = model_card(name, run, folder.resolve(), made.note, tested, made.worst, len(content))
    progress.phase("writing the model folder", None)
    write_folder(
        target,
        {
            "image.onnx": content,
            "config.json": model_config(name, run.settings.dim, made.how, made.licence, made.sources),
            "README.md": card.encode(),
            **_head(run, network),
            **made.documents,
        },
    )
    return ExportedEmbedding(target, len(content), made.worst)


def _head(run: MetricRun, network: MetricNetwork) -> dict[str, bytes]:
    """The class layer as the model folder's head, where it is one layer on the embedding."""
    if not isinstance(network.classifier, nn.Linear):
        return {}
    weight, bias = (p.detach().numpy().astype(np.float32) for p in (network.classifier.weight, network.classifier.bias))
    return write_head(Head(run.classes, weight, bias))

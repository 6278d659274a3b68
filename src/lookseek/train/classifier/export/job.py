"""The way from a training run to a model folder.

run folder ──network──> graph (fp32) ──to_fp16───> image.onnx; parity with torch on 64 photos
                                     └─make_int8─> image.onnx with --int8; its change of mAP@10, its speed
           ──last layer──> classifier.npy, classes.json
           ──settings, parity, figures──> README.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....encode.head import Head, write_head
from ....errors import TrainError
from ....progress import Progress
from ...export.folder import check_target, model_config, write_folder
from ...export.graph import to_fp16
from ...export.origin import weights_origin
from ...export.parity import FP16_LIMIT, PARITY_ROWS, open_graph
from ...export.photos import drawn_photos, prepare_photos
from ...labelled import Example
from ...trainer.results import read_test_result
from ..network import ClassifierNetwork
from ..run import ClassifierRun, read_run
from .card import CardFacts, best_epoch, model_card
from .int8 import MIN_CALIBRATION, Int8Graph, int8_lines, make_int8
from .parity import Parity, check_fp16, measure_parity
from .photos import TrainingPhotos, find_photos, shuffled
from .tower import to_onnx

__all__ = ["ExportedClassifier", "export_classifier"]


@dataclass(frozen=True, slots=True)
class ExportedClassifier:
    """What an export made.

    Args:
        folder: the model folder.
        size: of its graph, bytes.
        parity: of the graph stored as fp16 with the network.
        own: how many of the parity's photos are the training's.
        int8: the 8-bit graph and its figures, None where the graph is stored as fp16.
        note: what the person should know of the training's data, a sentence or "".
    """

    folder: Path
    size: int
    parity: Parity
    own: int
    int8: Int8Graph | None
    note: str

    def lines(self) -> list[str]:
        """Return what a person should know, a line each; the card has it all."""
        same, graph = self.parity, self.folder / "image.onnx"
        whose = (
            "photos of train" if self.own == same.photos else f"photos, {self.own} of them of train, the others drawn"
        )
        lines = [
            f"{graph}: {self.size / 1e6:.1f} MB",
            f"parity of the graph at fp16 on {same.photos} {whose}: 1 - cosine {same.mean:.1e} on average, "
            f"{same.worst:.1e} at worst (limit {FP16_LIMIT:.0e})",
            *(int8_lines(self.int8) if self.int8 else []),
            f"the model card: {self.folder / 'README.md'}",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]
        return [self.note, *lines] if self.note else lines


def export_classifier(
    folder: Path,
    target: Path,
    *,
    int8: bool = False,
    photos: Callable[[ClassifierRun, Progress], TrainingPhotos] = find_photos,
    progress: Progress,
) -> ExportedClassifier:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there; its name becomes the model's.
        int8: keep the graph in 8 bits, calibrated on training photos, instead of fp16.
        photos: finds the training's photos, as far as they are still there.
        progress: notified of every stage and of photos left out.

    Raises:
        TrainError: no such run, something at ``target``, a graph that is not the network, or too few photos to
            calibrate with.
    """
    run = read_run(folder)
    check_target(target)
    network = run.network(folder)
    progress.phase("finding the training's photos", None)
    found = photos(run, progress)
    train = shuffled(found.splits.get("train", ()), run.settings.seed)
    if int8 and len(train) < MIN_CALIBRATION:
        raise TrainError(
            f"8 bits are calibrated on training photos, of which {len(train)} are there and {MIN_CALIBRATION} are "
            f"needed: bring the data back to {run.data}, or export without --int8"
        )
    how, head = run.preprocessing, _head(run, network)
    progress.phase("writing the graph", None)
    graph = to_onnx(network, how.height, how.width)
    half = to_fp16(graph)
    progress.phase("comparing it with the network", None)
    pixels, own = _parity_photos(run, train, progress)
    same = check_fp16(measure_parity(network, open_graph(half), head, pixels))
    bits = None
    if int8:
        bits = make_int8(run, network, head, (graph, half), train, found.splits.get("val", ()), pixels, progress)
    content = (bits.graph if bits else half).SerializeToString(deterministic=True)
    base = weights_origin(run.settings.backbone, run.weights)
    facts = CardFacts(
        name=target.resolve().name,
        run_folder=folder.resolve().name,
        run=run,
        origin=base,
        weights=sum(parameter.numel() for parameter in network.backbone.parameters()),
        size=len(content),
        parity=same,
        own=own,
        data_note=found.note,
        tested=read_test_result(folder),
        best=best_epoch(folder),
        int8=bits,
    )
    licence = f"{base.licence}; the terms of the training data apply too"
    progress.phase("writing the model folder", None)
    write_folder(
        target,
        {
            "image.onnx": content,
            "config.json": model_config(facts.name, run.dim, how, licence, base.sources),
            "README.md": model_card(facts).encode(),
            **write_head(head),
            **base.files,
        },
    )
    return ExportedClassifier(target, len(content), same, own, bits, found.note)


def _head(run: ClassifierRun, network: ClassifierNetwork) -> Head:
    weight, bias = (parameter.detach().numpy() for parameter in (network.classifier.weight, network.classifier.bias))
    return Head(run.classes, weight.astype(np.float32), bias.astype(np.float32))


def _parity_photos(run: ClassifierRun, train: Sequence[Example], progress: Progress) -> tuple[NDArray[np.uint8], int]:
    """Photos, and how many of them are the training's: drawn garments take the place of missing ones."""
    own = prepare_photos((example.photo for example in train), run.preprocessing, PARITY_ROWS, progress)
    if len(own) == PARITY_ROWS:
        return own, PARITY_ROWS
    rest = prepare_photos(drawn_photos(PARITY_ROWS - len(own)), run.preprocessing, PARITY_ROWS - len(own), progress)
    return np.concatenate([own, rest]), len(own)

"""The way from a training run to a model folder.

run folder ──network──> graph (fp32) ──halved──> image.onnx; parity with torch on 64 photos
                                     └─eight───> image.onnx with --int8; its change of mAP@10, its speed
           ──last layer──> classifier.npy, classes.json
           ──what was done and found──> README.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...encode.head import Head, write_head
from ...errors import TrainError
from ...progress import Progress
from ..classifier.network import Network
from ..classifier.run import ClassifierRun, read_run
from ..labelled import Example
from ..trainer.results import read_test_result
from .card import Facts, best_epoch, card
from .eight import LEAST, Eight, eight, eight_lines
from .folder import check_target, config, write_folder
from .graph import halved, to_onnx
from .origin import origin
from .parity import LIMIT, PHOTOS, Parity, checked, opened, parity
from .photos import Found, drawn, find, shuffled, some

__all__ = ["Exported", "export"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export made.

    Args:
        folder: the model folder.
        size: of its graph, bytes.
        parity: of the graph stored as fp16 with the network.
        own: how many of the parity's photos are the training's.
        eight: the 8-bit graph and its figures, None without ``int8``.
        said: what the person should know of the training's data, a sentence or "".
    """

    folder: Path
    size: int
    parity: Parity
    own: int
    eight: Eight | None
    said: str

    def lines(self) -> list[str]:
        """What a person wants to know, a line each; the card has it all."""
        same, graph = self.parity, self.folder / "image.onnx"
        whose = (
            "photos of train" if self.own == same.photos else f"photos, {self.own} of them of train, the others drawn"
        )
        lines = [
            f"{graph}: {self.size / 1e6:.1f} MB",
            f"parity of the graph at fp16 on {same.photos} {whose}: 1 - cosine {same.mean:.1e} on average, "
            f"{same.worst:.1e} at worst (limit {LIMIT:.0e})",
            *(eight_lines(self.eight) if self.eight else []),
            f"the model card: {self.folder / 'README.md'}",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]
        return [self.said, *lines] if self.said else lines


def export(
    folder: Path,
    target: Path,
    *,
    int8: bool = False,
    photos: Callable[[ClassifierRun, Progress], Found] = find,
    progress: Progress,
) -> Exported:
    """Makes a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there; its name becomes the model's.
        int8: keep the graph in 8 bits, calibrated on training photos, instead of fp16.
        photos: finds the training's photos, as far as they are still there.
        progress: told of every stage and of photos left out.

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
    if int8 and len(train) < LEAST:
        raise TrainError(
            f"8 bits are calibrated on training photos, of which {len(train)} are there and {LEAST} are needed: bring "
            f"the data back to {run.data}, or export without --int8"
        )
    how, head = run.preprocessing, _head(run, network)
    progress.phase("writing the graph", None)
    graph = to_onnx(network, how.height, how.width)
    half = halved(graph)
    progress.phase("comparing it with the network", None)
    looked, own = _looked_at(run, train, progress)
    same = checked(parity(network, opened(half), head, looked))
    bits = None
    if int8:
        bits = eight(run, network, head, (graph, half), train, found.splits.get("val", ()), looked, progress)
    content = (bits.graph if bits else half).SerializeToString(deterministic=True)
    base = origin(run)
    facts = Facts(
        name=target.resolve().name,
        run_folder=folder.resolve().name,
        run=run,
        origin=base,
        weights=sum(parameter.numel() for parameter in network.backbone.parameters()),
        size=len(content),
        parity=same,
        own=own,
        said=found.said,
        tested=read_test_result(folder),
        best=best_epoch(folder),
        eight=bits,
    )
    licence = f"{base.licence}; the terms of the training data apply too"
    progress.phase("writing the model folder", None)
    write_folder(
        target,
        {
            "image.onnx": content,
            "config.json": config(facts.name, run.dim, how, licence, base.sources),
            "README.md": card(facts).encode(),
            **write_head(head),
            **base.files,
        },
    )
    return Exported(target, len(content), same, own, bits, found.said)


def _head(run: ClassifierRun, network: Network) -> Head:
    weight, bias = (parameter.detach().numpy() for parameter in (network.classifier.weight, network.classifier.bias))
    return Head(run.classes, weight.astype(np.float32), bias.astype(np.float32))


def _looked_at(run: ClassifierRun, train: Sequence[Example], progress: Progress) -> tuple[NDArray[np.uint8], int]:
    """Photos for the parity, and how many of them are the training's: drawn garments take the place of missing ones."""
    own = some((example.photo for example in train), run.preprocessing, PHOTOS, progress)
    if len(own) == PHOTOS:
        return own, PHOTOS
    rest = some(drawn(PHOTOS - len(own)), run.preprocessing, PHOTOS - len(own), progress)
    return np.concatenate([own, rest]), len(own)

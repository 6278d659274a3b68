"""A model of regions as a folder: ``regions.onnx``, its settings with thresholds of val, and a card for people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from ...encode.regions import REGIONS_GRAPH, REGIONS_SETTINGS, RegionsConfig, load_regions, write_config
from ...errors import TrainError
from ...progress import Progress
from ...vectors import cosine
from ..export.folder import check_target, write_folder
from ..export.graph import export_onnx, to_fp16
from ..export.opened import open_encoder
from ..export.origin import lite2_origin
from ..export.parity import INSTALL, open_graph, run_graph
from ..export.photos import drawn_photos, prepare_photos
from .card import regions_card
from .examples import read_examples
from .job import CACHE
from .maps import compute_maps
from .network import SIZE
from .run import read_run
from .validation import judge

__all__ = ["ExportedRegions", "export_regions"]

LIMIT = 0.01
"""1 - cosine of a photo's embeddings in the graph and in the network, at most."""

_PHOTOS = 16


@dataclass(frozen=True, slots=True)
class ExportedRegions:
    """What an export made.

    Args:
        folder: of the model.
        size: of its graph, bytes.
        worst: 1 - cosine of the embeddings of drawn photos to the network's, at worst.
    """

    folder: Path
    size: int
    worst: float

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        return [
            f"{self.folder}: {REGIONS_GRAPH} {self.size / 1e6:.1f} MB",
            f"parity of the graph at fp16 on {_PHOTOS} drawn photos: 1 - cosine {self.worst:.1e} at worst (of {LIMIT})",
            f"go on with: lookseek evaluate drawn-copied --model {self.folder}",
        ]


def export_regions(folder: Path, target: Path, *, progress: Progress) -> ExportedRegions:
    """Make a folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the folder to make, which must not be there; its name becomes the model's.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, something at ``target``, or a graph that is not the network.
    """
    run = read_run(folder)
    check_target(target)
    network = run.network(folder)
    val = read_examples("val", run.settings.judged)
    encoder_of = cache(partial(open_encoder, network.tower, SIZE))
    maps = compute_maps(folder / CACHE, "val", val, encoder_of, f"val {len(val)} {run.weights}", progress)
    figures, thresholds = judge(network.layers, val, maps, run.settings.dim)
    base, name = lite2_origin(), target.resolve().name
    config = RegionsConfig(
        name, SIZE, run.settings.dim, {k: round(v, 4) for k, v in thresholds.items()}, base.licence, base.sources
    )
    progress.phase("writing the graph", None)
    graph = to_fp16(export_onnx(network, {"photos": torch.zeros((2, SIZE, SIZE, 3), dtype=torch.uint8)}, INSTALL))
    progress.phase("comparing it with the network", None)
    pixels = prepare_photos(drawn_photos(_PHOTOS), config.preprocessing, _PHOTOS, progress)
    with torch.no_grad():
        theirs = network(torch.from_numpy(pixels)).flatten(1).numpy()
    ours = run_graph(open_graph(graph), pixels).reshape(len(pixels), -1)
    worst = float(np.max(1 - cosine(ours, theirs)))
    if not worst <= LIMIT:
        raise TrainError(
            f"the exported graph is not the network: 1 - cosine {worst:.1e}, the limit is {LIMIT}. Nothing was "
            f"written: {INSTALL}"
        )
    content = graph.SerializeToString(deterministic=True)
    card = regions_card(name, run, figures, len(content), worst).encode()
    files = {REGIONS_SETTINGS: write_config(config), REGIONS_GRAPH: content, "README.md": card, **base.files}
    write_folder(target, files, partial(load_regions, single=True))
    return ExportedRegions(target, len(content), worst)

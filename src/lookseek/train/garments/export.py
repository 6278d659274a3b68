"""A parser as a folder: ``garments.onnx``, its settings, and a card for people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ...catalogue.garment_kinds import KINDS
from ...encode.garments import GARMENTS, GARMENTS_GRAPH, ParserConfig, load_parser, write_config
from ...errors import TrainError
from ...progress import Progress
from ..export.folder import check_target, write_folder
from ..export.graph import export_onnx, to_fp16
from ..export.origin import lite2_origin
from ..export.parity import INSTALL, open_graph, run_graph
from ..export.photos import drawn_photos, prepare_photos
from .card import parser_card
from .network import SIZE
from .run import read_run

__all__ = ["ExportedParser", "export_garments"]

LIMIT = 0.01
"""Share of cells whose kind may differ between the graph and the network."""

_PHOTOS = 16


@dataclass(frozen=True, slots=True)
class ExportedParser:
    """What an export made.

    Args:
        folder: of the parser.
        size: of its graph, bytes.
        differing: share of the cells of drawn photos whose kind differs from the network's.
    """

    folder: Path
    size: int
    differing: float

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        return [
            f"{self.folder}: {GARMENTS_GRAPH} {self.size / 1e6:.1f} MB",
            f"parity of the graph at fp16 on {_PHOTOS} drawn photos: another kind at {self.differing:.2%} of the cells "
            f"(limit {LIMIT:.0%})",
            f"go on with: lookseek evaluate garments CCP --model {self.folder}",
        ]


def export_garments(folder: Path, target: Path, *, progress: Progress) -> ExportedParser:
    """Make a parser's folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the folder to make, which must not be there; its name becomes the parser's.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, something at ``target``, or a graph that is not the network.
    """
    run = read_run(folder)
    check_target(target)
    network = run.network(folder)
    base, name = lite2_origin(), target.resolve().name
    licence = f"{base.licence}; the terms of the training data apply too"
    config = ParserConfig(name, KINDS, SIZE, licence, base.sources)
    progress.phase("writing the graph", None)
    graph = to_fp16(export_onnx(network, {"photos": torch.zeros((2, SIZE, SIZE, 3), dtype=torch.uint8)}, INSTALL))
    progress.phase("comparing it with the network", None)
    pixels = prepare_photos(drawn_photos(_PHOTOS), config.preprocessing, _PHOTOS, progress)
    with torch.no_grad():
        theirs = network(torch.from_numpy(pixels)).argmax(1).numpy()
    differing = float(np.mean(run_graph(open_graph(graph), pixels).argmax(1) != theirs))
    if not differing <= LIMIT:
        raise TrainError(
            f"the exported graph is not the network: another kind at {differing:.1%} of the cells, the limit is "
            f"{LIMIT:.0%}. Nothing was written: {INSTALL}"
        )
    content = graph.SerializeToString(deterministic=True)
    card = parser_card(name, run, folder, len(content), differing).encode()
    files = {GARMENTS: write_config(config), GARMENTS_GRAPH: content, "README.md": card, **base.files}
    write_folder(target, files, partial(load_parser, single=True))
    return ExportedParser(target, len(content), differing)

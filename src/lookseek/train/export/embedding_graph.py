"""An embedding as the graph of a model folder, compared with the network that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from ... import images
from ...encode import load_model
from ...encode.folder import read_folder
from ...encode.prepare import Preprocessing, min_side, prepare
from ...errors import TrainError
from ...types import Pixels
from .embedding import EmbeddingTower, PhotoTower, behind_model, photo_graph
from .graph import to_fp16
from .origin import Origin
from .parity import FP16_LIMIT, PARITY_ROWS, check_difference, open_graph, run_graph
from .photos import drawn_photos

__all__ = ["EmbeddingGraph", "ExportedEmbedding", "graph_behind_model", "graph_of_photos"]

OTHER = "the exported graph is not the network"
DOCUMENTS = ("LICENSE", "NOTICE")

_CHUNK = 8


@dataclass(frozen=True, slots=True)
class EmbeddingGraph:
    """What a model folder of an embedding is made of.

    Args:
        graph: photos to vectors.
        how: its input's settings.
        licence: of the weights, with what training data adds to it.
        sources: where the weights come from.
        note: a sentence on the first weights, for the card.
        documents: name to content of files that go along.
        worst: 1 - cosine of the graph's vectors and the network's on drawn photos.
    """

    graph: onnx.ModelProto
    how: Preprocessing
    licence: str
    sources: tuple[str, ...]
    note: str
    documents: Mapping[str, bytes]
    worst: float


@dataclass(frozen=True, slots=True)
class ExportedEmbedding:
    """What an export made.

    Args:
        folder: the model folder.
        size: of its graph, bytes.
        worst: 1 - cosine of the graph's vectors and the network's, at worst.
        further: lines on what else the folder does.
        stored: how its weights are, fp16 or fp32.
    """

    folder: Path
    size: int
    worst: float
    further: tuple[str, ...] = ()
    stored: str = "fp16"

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        return [
            f"{self.folder / 'image.onnx'}: {self.size / 1e6:.1f} MB",
            f"parity of the graph at {self.stored} on {PARITY_ROWS} drawn photos: 1 - cosine {self.worst:.1e} at worst "
            f"(limit {FP16_LIMIT:.0e})",
            f"the model card: {self.folder / 'README.md'}",
            *self.further,
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]


def graph_behind_model(embedding: nn.Module, address: str, checksum: str, width: int) -> EmbeddingGraph:
    """Return a frozen model's graph with an embedding behind it.

    Args:
        embedding: what was trained on the model's vectors at length 1.
        address: the model's name or folder.
        checksum: that it had in training.
        width: of its vectors.

    Raises:
        TrainError: it is another model now, or the graph is not the network.
        ModelError: the model can't be loaded.
    """
    model = load_model(address, single=True)
    if model.checksum != checksum:
        raise TrainError(f"the model {address} is not the one that was trained on: bring it back, or train again")
    base = read_folder(model.folder)
    graph = to_fp16(behind_model(embedding, base.onnx, width))
    how, config = base.config.preprocessing, base.config
    photos = _drawn(how)
    worst = _worst(graph, photos, EmbeddingTower(embedding), torch.from_numpy(model.image.encode(photos)))
    own = {file: (model.folder / file).read_bytes() for file in DOCUMENTS if (model.folder / file).is_file()}
    note = f"those of the model {config.name} ({config.licence})"
    return EmbeddingGraph(graph, how, _terms(config.licence), config.sources, note, own, worst)


def graph_of_photos(network: nn.Module, how: Preprocessing, origin: Origin, *, half: bool = True) -> EmbeddingGraph:
    """Return a network of photos as a graph.

    Args:
        network: see ``PhotoNetwork``.
        how: its input's settings; it normalises photos itself.
        origin: of its first weights.
        half: store weights as fp16; not where a rounding can change which of two things is chosen.

    Raises:
        TrainError: torch can't write it, or the graph is not the network.
    """
    graph = photo_graph(network, how.width)
    graph = to_fp16(graph) if half else graph
    photos = _drawn(how)
    worst = _worst(graph, photos, PhotoTower(network), torch.from_numpy(np.stack(photos)))
    return EmbeddingGraph(graph, how, _terms(origin.licence), origin.sources, origin.note, dict(origin.files), worst)


def _drawn(how: Preprocessing) -> list[Pixels]:
    return [prepare(images.decode(photo, min_side(how)), how) for photo in drawn_photos(PARITY_ROWS)]


def _worst(graph: onnx.ModelProto, photos: list[Pixels], tower: nn.Module, inputs: Tensor) -> float:
    with torch.no_grad():
        theirs = torch.cat([tower(some) for some in torch.split(inputs, _CHUNK)]).numpy()
    return check_difference(run_graph(open_graph(graph), np.stack(photos)), theirs, OTHER)


def _terms(licence: str) -> str:
    return licence if "training data" in licence else f"{licence}; the terms of the training data apply too"

"""An index loaded with its model: what a searcher exchanges as one, so that no query sees parts of two."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..encode import ColourEncoder, Model, load_model
from ..encode.batcher import BatchingEncoder
from ..encode.runtime import PAIR, cores
from ..errors import IndexMismatch
from ..index.open_index import OpenIndex, open_index
from ..index.place import Place
from ..store.schema import COLOUR
from .relevance import Relevance

__all__ = ["LoadedIndex", "load_index", "needs_measuring"]

_CHANGED = 0.2
"""Share of items by which an index must have grown or shrunk before its relevance is measured again."""


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """A published generation with its model.

    Args:
        version: of the place, from just before the index was opened.
        index: the generation.
        model: the model that made its vectors.
        relevance: its thresholds; None where they are not measured.
        measured_items: how many items it had when they were.
    """

    version: str
    index: OpenIndex
    model: Model
    relevance: Relevance | None = None
    measured_items: int = 0


def load_index(place: Place, single: bool, before: LoadedIndex | None = None) -> LoadedIndex:
    """Open an index and load its model.

    Args:
        place: of the index.
        single: True where one query is all that comes: loads sooner, runs a little slower.
        before: what was loaded until now; its model and relevance are kept where they hold for the new generation.

    Raises:
        IndexFolderError: see ``open_index``.
        IndexMismatch: the model's files, or the colour encoder, are others than those that the index was made with.
        ModelError: the model can't be used.
    """
    version, index = place.version(), open_index(place, None if before is None else before.index)
    if before is not None and index.manifest.spec.same_vectors(before.index.manifest.spec):
        return replace(before, version=version, index=index)
    return LoadedIndex(version, index, _model(index, single))


def needs_measuring(loaded: LoadedIndex) -> bool:
    """Return whether relevance was measured of an index with too many other items, or not at all."""
    items = loaded.index.manifest.items
    return loaded.relevance is None or abs(items - loaded.measured_items) > _CHANGED * loaded.measured_items


def _model(index: OpenIndex, single: bool) -> Model:
    spec = index.manifest.spec
    model = load_model(spec.model_path or spec.model, single=single, queries=not single)
    if COLOUR in spec.layout and spec.colour != ColourEncoder.version:
        raise IndexMismatch(
            f"{index.address} was made with colour encoder {spec.colour!r}, here it is {ColourEncoder.version!r}: "
            "index the catalogue again, or use the lookseek that made it"
        )
    if model.checksum != spec.checksum:
        raise IndexMismatch(
            f"{index.address} was made with model {spec.model} {spec.checksum[:12]}, here it is "
            f"{model.checksum[:12]}: vectors of two models can't be compared. Index the catalogue again, or bring that "
            "model back"
        )
    # many threads may search: photos that come while the cores are busy go through the tower together
    return model if single else replace(model, image=BatchingEncoder(model.image, max(1, cores() // PAIR)))

"""An index opened with its model: what a searcher exchanges as one, so that no query sees parts of two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..encode import ColourEncoder, Model, load_model
from ..encode.coalesce import BatchingEncoder
from ..encode.runtime import PAIR, cores
from ..errors import IndexMismatch
from ..index.folder import PUBLISHED, OpenIndex
from ..index.manifest import Recipe
from ..store.schema import COLOUR
from .relevance import Relevance

__all__ = ["Open", "changed", "model_of", "stamp_of"]

CHANGED = 0.2
"""Share of items by which an index must have grown or shrunk before its relevance is measured again."""


@dataclass(frozen=True, slots=True)
class Open:
    """What is open.

    Args:
        stamp: of the published generation.
        index: it.
        model: that made its vectors.
        relevance: its thresholds; None where they are not measured.
        measured_items: how many items it had when they were.
    """

    stamp: tuple[int, int]
    index: OpenIndex
    model: Model
    relevance: Relevance | None = None
    measured_items: int = 0


def changed(opened: Open) -> bool:
    """Whether what was measured is of too much else."""
    items = opened.index.manifest.items
    return opened.relevance is None or abs(items - opened.measured_items) > CHANGED * opened.measured_items


def model_of(recipe: Recipe, folder: Path, single: bool) -> Model:
    """The model of a recipe, which must be the very one.

    Raises:
        IndexMismatch: the model's files, or the colour encoder, are others than those that the index was made with.
        ModelError: the model can't be used.
    """
    model = load_model(recipe.model_path or recipe.model, single=single, queries=not single)
    if COLOUR in recipe.layout and recipe.colour != ColourEncoder.version:
        raise IndexMismatch(
            f"{folder} was made with colour encoder {recipe.colour!r}, here it is {ColourEncoder.version!r}: "
            "index the catalogue again, or use the lookseek that made it"
        )
    if model.checksum != recipe.checksum:
        raise IndexMismatch(
            f"{folder} was made with model {recipe.model} {recipe.checksum[:12]}, here it is {model.checksum[:12]}: "
            "vectors of two models can't be compared. Index the catalogue again, or bring that model back"
        )
    # many threads may ask a searcher: photos that come while the cores are busy go through the tower together
    return model if single else replace(model, image=BatchingEncoder(model.image, max(1, cores() // PAIR)))


def stamp_of(folder: Path) -> tuple[int, int]:
    """Changes when a generation is published: the manifest is replaced, never written in place."""
    try:
        stat = (folder / PUBLISHED).stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_ino, stat.st_mtime_ns

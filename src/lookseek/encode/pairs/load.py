"""Loads the matcher of a model."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ...errors import ModelError
from ..folder import PAIRS, read_folder
from ..model import Model
from .encoder import PairEncoder
from .file import PairWeights, parse_pairs

__all__ = ["load_matcher", "load_pair_encoder"]


def load_matcher(model: Model) -> PairWeights:
    """Return the matcher of a model.

    Raises:
        ModelError: it has none, or a damaged one.
    """
    return _weights(model.folder, model.checksum)


def load_pair_encoder(model: Model) -> PairEncoder:
    """Return what makes the cells that the matcher of a model compares.

    Raises:
        ModelError: it has no matcher, or its tower pools no map.
    """
    return _encoder(model.folder, model.checksum)


@lru_cache(maxsize=4)
def _weights(folder: Path, checksum: str) -> PairWeights:
    found = read_folder(folder)
    if not found.pairs:
        raise ModelError(
            f"the model {found.config.name} has no {PAIRS}, by which two photos are compared cell by cell: train one "
            "with lookseek train pairs, or take a model that has it"
        )
    return parse_pairs(found.pairs, str(folder / PAIRS))


@lru_cache(maxsize=4)  # a loaded tower, which every query needs again
def _encoder(folder: Path, checksum: str) -> PairEncoder:
    return PairEncoder(read_folder(folder), _weights(folder, checksum).reduction)

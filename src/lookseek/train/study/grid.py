"""The cells of the study: what each changes of ``train metric``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import TrainError

__all__ = ["CELLS", "FIRST", "Cell", "chosen_cells"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One way of training.

    Args:
        name: short, of letters, digits, + and -.
        about: what it is, for the table.
        changes: fields of ``MetricSettings``.
    """

    name: str
    about: str
    changes: Mapping[str, Any]


FIRST = "item"
"""The cell that others gain over: item similarity alone."""

_BOTH = {"classification": 1.0}


def _cell(name: str, about: str, **changes: Any) -> Cell:
    return Cell(name, about, changes)


CELLS: tuple[Cell, ...] = (
    _cell("item", "item similarity alone (triplets, hardest of the batch)"),
    _cell("category", "object category alone (cross-entropy)", similarity=0.0, **_BOTH),
    _cell("both", "category and similarity together", **_BOTH),
    _cell("both-light", "together, category weighs a tenth", classification=0.1),
    _cell("relaxed", "together, feature relaxation before the category", relaxation=True, **_BOTH),
    _cell("relaxed-light", "the same, category weighs a tenth", relaxation=True, classification=0.1),
    _cell("gem", "together, generalised mean in place of the average", pooling="gem", **_BOTH),
    _cell("max", "together, the most in place of the average", pooling="max", **_BOTH),
    _cell("gem-relaxed", "together, generalised mean and relaxation", pooling="gem", relaxation=True, **_BOTH),
    _cell("neck", "together, batch norm behind the embedding", neck=True, **_BOTH),
    _cell("neck-relaxed", "together, batch norm and relaxation", neck=True, relaxation=True, **_BOTH),
    _cell("semi-hard", "together, semi-hard triplets", loss="triplet-semi-hard", **_BOTH),
    _cell("all-triplets", "together, all triplets of the batch", loss="triplet", **_BOTH),
    _cell("contrastive", "together, contrastive", loss="contrastive", margin=0.8, **_BOTH),
    _cell("multi-similarity", "together, multi-similarity", loss="multi-similarity", **_BOTH),
    _cell("supcon", "together, SupCon", loss="supcon", **_BOTH),
    _cell("proxy-anchor", "together, Proxy-Anchor", loss="proxy-anchor", **_BOTH),
    _cell("arcface", "together, ArcFace", loss="arcface", **_BOTH),
    _cell(
        "frozen-imagenet",
        "together, an embedding behind ImageNet's frozen features",
        backbone="model:efficientnet-lite2",
        **_BOTH,
    ),
    _cell(
        "frozen-base", "together, an embedding behind lookseek-base, frozen", backbone="model:lookseek-base", **_BOTH
    ),
)
"""In the order of the table."""


def chosen_cells(names: str) -> tuple[Cell, ...]:
    """Return cells by names parted by commas, in the order of ``CELLS``; "" for all.

    Raises:
        TrainError: there is none of a name.
    """
    wanted = {name.strip() for name in names.split(",")} - {""}
    there = {cell.name for cell in CELLS}
    if unknown := sorted(wanted - there):
        raise TrainError(f"there is no cell {unknown[0]!r}: there are {', '.join(sorted(there))}")
    return tuple(cell for cell in CELLS if not wanted or cell.name in wanted)

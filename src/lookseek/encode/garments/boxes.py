"""From a kind at each pixel to garments: connected pixels of one kind, joined where they are one garment.

A bag hides a part of a coat, an open coat shows two panels, shoes come in pairs: pieces of one kind are one garment
unless they are apart. They are apart if more lies between them than ``APART`` of the height of all that is worn, and
most of that is no garment: then two people stand there, or a scarf and a belt are two accessories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import Box, Region

__all__ = ["APART", "LEAST", "STRAY", "garment_regions"]

APART = 0.12
"""Share of the height of all garments. A first choice, not measured yet."""

LEAST = 0.001
"""Share of the picture that a garment covers at the least, and of the largest piece of its kind: a tenth."""

STRAY = 0.01
"""Share of a garment's pixels beyond each side of its box: masks have crumbs."""

_ONE_PIECE = frozenset({"bag", "hat"})
"""Kinds of one piece: what a parser finds beside a larger piece of them is mostly something else, and made boxes too
large. Source: val of ccp (docs/decisions/garments.md)."""

Kinds = NDArray[np.uint8]


@dataclass(slots=True)
class _Piece:
    """Connected pixels of one kind.

    Args:
        kind: from 1.
        rows, columns: of its pixels.
    """

    kind: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom, the last two beyond it."""
        rows, columns = self.rows, self.columns
        return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def garment_regions(
    kinds: Kinds, names: Sequence[str], sure: NDArray[np.float32] | None = None, least: float = LEAST
) -> tuple[Region, ...]:
    """Return the garments of a mask of kinds, the largest first.

    Args:
        kinds: uint8 (height, width): 0 for no garment, row + 1 of ``names`` for a kind; larger numbers count as none.
        names: of the kinds.
        sure: probability of the kind at each pixel, float32 (height, width), of a mask that a parser made: of its bags
            and hats the largest piece alone counts, where it would join smaller ones. None: 1 everywhere.
        least: share of the picture that a garment covers at the least.

    Returns:
        Boxes in pixels of the mask; the score is the mean of ``sure`` over a garment's pixels.

    >>> kinds = np.zeros((8, 8), np.uint8)
    >>> kinds[1:7, 2:6] = 1
    >>> garment_regions(kinds, ["dress"])
    (Region(box=Box(x=2.0, y=1.0, width=4.0, height=6.0), label='dress', score=1.0),)
    """
    known = np.where(kinds <= len(names), kinds, 0)
    worn = known > 0
    if not worn.any():
        return ()
    extent = np.ptp(np.flatnonzero(worn.any(axis=1))) + 1
    found: list[tuple[int, Region]] = []
    pieces = _pieces(known)
    for number, name in enumerate(names, 1):
        own, one_piece = [piece for piece in pieces if piece.kind == number], sure is not None and name in _ONE_PIECE
        for group in _joined(own, worn, APART * float(extent)):
            joined = [max(group, key=lambda each: len(each.rows))] if one_piece else group
            rows = np.concatenate([piece.rows for piece in joined])
            columns = np.concatenate([piece.columns for piece in joined])
            if len(rows) < least * kinds.size:
                continue
            score = 1.0 if sure is None else float(np.clip(sure[rows, columns].mean(), 0, 1))
            found.append((len(rows), Region(_box(rows, columns), name, score)))
    return tuple(region for _, region in sorted(found, key=lambda each: -each[0]))


def _box(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Box:
    top, bottom = np.quantile(rows, (STRAY, 1 - STRAY), method="nearest")
    left, right = np.quantile(columns, (STRAY, 1 - STRAY), method="nearest")
    return Box(float(left), float(top), float(right - left + 1), float(bottom - top + 1))


def _joined(pieces: list[_Piece], worn: NDArray[np.bool_], apart: float) -> list[list[_Piece]]:
    """Pieces of one kind as garments; crumbs, below a tenth of the largest piece, join the nearest or are left out."""
    if not pieces:
        return []
    largest = max(len(piece.rows) for piece in pieces)
    groups: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda each: -len(each.rows)):
        own = [group for group in groups if any(not _apart(piece, other, worn, apart) for other in group)]
        if not own and 10 * len(piece.rows) < largest:
            continue
        rest = [group for group in groups if not any(group is other for other in own)]
        groups = [*rest, [piece, *(other for group in own for other in group)]]
    return groups


def _apart(one: _Piece, other: _Piece, worn: NDArray[np.bool_], apart: float) -> bool:
    """Return whether two pieces are two garments."""
    (left, top, right, bottom), (left2, top2, right2, bottom2) = one.box, other.box
    across = max(left, left2) - min(right, right2)
    down = max(top, top2) - min(bottom, bottom2)
    if max(across, down) <= apart:
        return False
    between = worn[
        min(bottom, bottom2) if down > 0 else max(top, top2) : max(top, top2) if down > 0 else min(bottom, bottom2),
        min(right, right2) if across > 0 else max(left, left2) : max(left, left2) if across > 0 else min(right, right2),
    ]
    return between.size == 0 or float(between.mean()) < 0.5


def _pieces(kinds: Kinds) -> list[_Piece]:
    """Connected pixels of one kind, by runs: a run joins those of its kind that it touches in the row above."""
    height, width = kinds.shape
    change = np.ones((height, width + 1), bool)
    change[:, 1:-1] = kinds[:, 1:] != kinds[:, :-1]
    places = np.flatnonzero(change.ravel())
    rows, edges = np.divmod(places, width + 1)
    begins = edges < width
    row, start = rows[begins], edges[begins]
    end = edges[np.flatnonzero(begins) + 1]
    of_run = kinds[row, start]
    worn = of_run > 0
    row, start, end, of_run = row[worn], start[worn], end[worn], of_run[worn]
    parent = list(range(len(row)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    first = np.searchsorted(row, np.arange(height + 1)).tolist()
    starts, ends, kind_of = start.tolist(), end.tolist(), of_run.tolist()
    for line in range(1, height):
        above = first[line - 1]
        for run in range(first[line], first[line + 1]):
            while above < first[line] and ends[above] <= starts[run]:
                above += 1
            other = above
            while other < first[line] and starts[other] < ends[run]:
                if kind_of[other] == kind_of[run]:
                    parent[root(run)] = root(other)
                other += 1
    members: dict[int, list[int]] = {}
    for run in range(len(parent)):
        members.setdefault(root(run), []).append(run)
    lines = row.tolist()
    return [
        _Piece(
            kind_of[runs[0]],
            np.concatenate([np.full(ends[run] - starts[run], lines[run], np.intp) for run in runs]),
            np.concatenate([np.arange(starts[run], ends[run]) for run in runs]),
        )
        for runs in members.values()
    ]

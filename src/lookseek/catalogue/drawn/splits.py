"""Train, val and test splits of drawn photos: three seeds, so that no design is in two splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...errors import CatalogueError
from ...images import to_jpeg
from .catalogue import QUALITY
from .picture import check_size, draw
from .truth import DrawnItem, drawn_specs

__all__ = ["SPLITS", "DrawnPhotos", "split_seed", "split_specs"]

SPLITS: Mapping[str, int] = {"train": 7_340_001, "val": 7_340_002, "test": 7_340_003}
"""Split to seed; numbers that nobody gives a catalogue of their own by chance."""


def split_seed(split: str) -> int:
    """Return the seed of a split.

    Raises:
        CatalogueError: there is no such split.
    """
    if split not in SPLITS:
        raise CatalogueError(f"drawn photos have no split {split!r}: choose {', '.join(SPLITS)}")
    return SPLITS[split]


def split_specs(split: str, items: int, views: int) -> dict[str, DrawnItem]:
    """Return photos of a split by ids that no other split has, all views of a design side by side.

    Args:
        split: one of ``SPLITS``.
        items: designs, >= 0.
        views: photos of each design, >= 1.

    Raises:
        CatalogueError: no such split, or a number outside its range.
    """
    return {f"{split}-{spec.id}": spec for spec in drawn_specs(items, views, split_seed(split))}


class DrawnPhotos(Mapping[str, bytes]):
    """Photos by id, as JPEG, each drawn when it is read. Any thread may read.

    Args:
        specs: id to what is drawn.
        size: pixels along a side, 32 to 2,048.

    Raises:
        CatalogueError: a size outside its range.
    """

    def __init__(self, specs: Mapping[str, DrawnItem], size: int) -> None:
        check_size(size)
        self._specs, self._size = specs, size

    def __getitem__(self, photo: str) -> bytes:
        return to_jpeg(draw(self._specs[photo], self._size), quality=QUALITY)

    def __contains__(self, photo: object) -> bool:
        return photo in self._specs  # Mapping's own would draw it

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

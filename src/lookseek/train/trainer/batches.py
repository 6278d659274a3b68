"""What a training learns from, batch by batch.

Which examples make up a batch, and what chance does to them, follows from the seed, the epoch and the place in it,
never from what ran before. So a training that was stopped goes on in the middle of an epoch with the very batches that
it would have had.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from torch.utils.data import DataLoader, Dataset

__all__ = ["Batches", "LoadedBatches", "Order"]

Content = TypeVar("Content", covariant=True)


class Batches(Protocol[Content]):
    """The batches of a training, epoch by epoch. A batch is whatever the recipe's loss takes."""

    @property
    def examples(self) -> int:
        """Examples an epoch, of all devices together; progress is counted in them."""
        ...

    def __len__(self) -> int:
        """Batches an epoch, >= 1."""
        ...

    def epoch(self, epoch: int, first: int) -> Iterator[Content]:
        """Yield the batches of an epoch, from 0, beginning with batch ``first`` of it."""
        ...


class Order(Protocol):
    """Which examples make up which batch: shuffled, balanced, P classes by K photos, or as a recipe needs it."""

    @property
    def examples(self) -> int:
        """Examples an epoch, of all devices together."""
        ...

    def __len__(self) -> int:
        """Batches an epoch, >= 1."""
        ...

    def epoch(self, epoch: int, first: int) -> Iterator[list[Any]]:
        """Yield keys of the data set, a list a batch, beginning with batch ``first`` of an epoch."""
        ...


class LoadedBatches:
    """Batches whose examples are loaded as they are needed, by this process or by workers.

    Args:
        examples: returns an example for a key; tensors of the examples of a batch are stacked.
        order: the keys of each batch.
        workers: processes that load; 0 loads in this one.
    """

    def __init__(self, examples: Dataset[Any], order: Order, workers: int) -> None:
        self._keys = _Keys(order)
        self._loader = DataLoader(
            examples, batch_sampler=self._keys, num_workers=workers, persistent_workers=workers > 0
        )

    @property
    def examples(self) -> int:
        """See Batches."""
        return self._keys.order.examples

    def __len__(self) -> int:
        """See Batches."""
        return len(self._keys.order)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Any]:
        """See Batches."""
        self._keys.start = epoch, first
        yield from self._loader


class _Keys:
    """The keys of one epoch, as torch's loader takes them; workers that persist need one object for all epochs."""

    def __init__(self, order: Order) -> None:
        self.order, self.start = order, (0, 0)

    def __len__(self) -> int:
        return len(self.order) - self.start[1]

    def __iter__(self) -> Iterator[list[Any]]:
        return self.order.epoch(*self.start)

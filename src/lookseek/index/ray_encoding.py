"""Encodes a job's photos on a Ray cluster: blocks of bytes go to a worker on each core, vectors come back.

The job itself stays where it is and as it is: it reads the catalogue, finds what is known, and is the one writer. Only
encoding is handed out, so a worker that dies takes nothing with it but a block, which goes to another one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Generic, TypeAlias, TypeVar

from .. import __version__
from ..catalogue import VectorOrigin
from ..encode import Model
from ..errors import CatalogueError, ClusterError, ItemError, LookseekError
from .manifest import IndexSpec
from .photo_encoding import EncodedPhoto, LocalEncoding, PhotoEncoding
from .ray_cluster import check_ray, joined
from .ray_worker import RayWorker, WorkerTask

__all__ = ["RayEncoding", "job_encoding"]

K = TypeVar("K")

_BLOCK_PHOTOS = 32
"""Photos sent together: a quarter of a second of work, beside which the milliseconds of sending do not count."""
_BLOCK_BYTES = 8 << 20
"""Bytes from which a block is sent with fewer."""
_AHEAD = 2
"""Blocks of a worker: one that it encodes, one that waits there."""
_ATTEMPTS = 4
"""Workers that may die of one block."""
_START_SECONDS = 120.0
"""That a job without any worker waits for one."""

_Ref: TypeAlias = Any
"""Ray's handle on a result."""


@dataclass(eq=False)
class _Block(Generic[K]):
    """Photos that are encoded together; ``photos`` is Ray's handle on their bytes, which can be sent again."""

    keys: list[K]
    photos: _Ref
    attempts: int = 0


@dataclass(eq=False)
class _Worker(Generic[K]):
    """An actor, and the blocks that it has: the first is being encoded."""

    actor: Any
    blocks: deque[_Block[K]] = field(default_factory=deque)


class RayEncoding:
    """Encodes on a Ray cluster, which is joined with the first photo.

    Args:
        address: of the cluster, HOST:PORT, or "auto".
        model: of the index.
        spec: of the index.

    Raises:
        ClusterError: Ray is not installed, or this is no address.
    """

    def __init__(self, address: str, model: Model, spec: IndexSpec) -> None:
        check_ray(address)
        self._address = address
        self._task = WorkerTask(__version__, spec, model.runtime, model.precision)

    def encode(self, photos: Iterable[tuple[K, bytes]]) -> Generator[tuple[K, EncodedPhoto | ItemError], None, None]:
        """See PhotoEncoding.

        Raises:
            ClusterError: the cluster can't be joined, has no workers left, or one photo ends every worker.
            LookseekError: a machine of it can't make the vectors of this job.
        """
        blocks = _blocks(photos)
        if (first := next(blocks, None)) is not None:
            with joined(self._address):
                yield from _Crew[K](self._task).encode(chain([first], blocks))


def job_encoding(model: Model, spec: IndexSpec, origin: VectorOrigin | None, ray: str | None) -> PhotoEncoding | None:
    """Return what encodes the photos of a job; None where its items have their vectors.

    Args:
        model: of the index.
        spec: of the index.
        origin: how the source's vectors were made; None for photos.
        ray: the address of a Ray cluster; None for this process.

    Raises:
        CatalogueError: a cluster for items that have their vectors.
        ClusterError: as ``RayEncoding``.
    """
    if ray is None:
        return LocalEncoding(model, spec) if origin is None else None
    if origin is not None:
        raise CatalogueError("the items bring their vectors, so there is nothing to encode: leave --ray out")
    return RayEncoding(ray, model, spec)


def _blocks(photos: Iterable[tuple[K, bytes]]) -> Iterator[tuple[list[K], list[bytes]]]:
    keys, block, size = list[K](), list[bytes](), 0
    for key, photo in photos:
        keys.append(key)
        block.append(photo)
        size += len(photo)
        if len(block) == _BLOCK_PHOTOS or size >= _BLOCK_BYTES:
            yield keys, block
            keys, block, size = [], [], 0
    if block:
        yield keys, block


class _Crew(Generic[K]):
    """A worker for each core of the cluster that this process is connected to. One that dies is replaced."""

    def __init__(self, task: WorkerTask) -> None:
        self._task = task
        self._ready: list[_Worker[K]] = []
        self._loading: dict[_Ref, _Worker[K]] = {}
        self._encoding: dict[_Ref, tuple[_Worker[K], _Block[K]]] = {}
        self._again: deque[_Block[K]] = deque()
        self._deaths = 0  # since a block was encoded

    def encode(
        self, blocks: Iterator[tuple[list[K], list[bytes]]]
    ) -> Generator[tuple[K, EncodedPhoto | ItemError], None, None]:
        import ray

        self._size = int(ray.cluster_resources().get("CPU", 0))
        if not self._size:
            raise ClusterError("the Ray cluster has no CPUs: add machines to it (ray start --address=HOST:PORT)")
        try:
            for _ in range(self._size):
                self._start()
            more = True
            while True:
                while (worker := self._free()) is not None:
                    if self._again:
                        self._send(worker, self._again.popleft())
                    elif more and (block := next(blocks, None)) is not None:
                        self._send(worker, _Block(block[0], ray.put(block[1])))
                    else:
                        more = False
                        break
                if not (more or self._again or self._encoding):
                    return
                yield from self._wait()
        finally:
            for worker in (*self._ready, *self._loading.values()):
                ray.kill(worker.actor)

    def _start(self) -> None:
        import ray

        # Ray restarts none by itself: an actor that it can't place again would keep its blocks for ever.
        actor: Any = ray.remote(RayWorker).options(num_cpus=1, max_restarts=0, max_task_retries=0).remote()
        self._loading[actor.load.remote(self._task)] = _Worker(actor)

    def _free(self) -> _Worker[K] | None:
        """Return the worker with the fewest blocks, if it can have another."""
        least = min(self._ready, key=lambda worker: len(worker.blocks), default=None)
        return least if least is not None and len(least.blocks) < _AHEAD else None

    def _send(self, worker: _Worker[K], block: _Block[K]) -> None:
        worker.blocks.append(block)
        self._encoding[worker.actor.encode.remote(block.photos)] = worker, block

    def _wait(self) -> Iterator[tuple[K, EncodedPhoto | ItemError]]:
        """Wait for the next result."""
        import ray

        limit = None if self._ready else _START_SECONDS
        done, _ = ray.wait([*self._encoding, *self._loading], num_returns=1, timeout=limit)
        if not done:
            free = int(ray.available_resources().get("CPU", 0))
            raise ClusterError(
                f"no worker started on the Ray cluster in {_START_SECONDS:.0f} seconds ({free} of {self._size} CPUs "
                "are free): wait for other jobs or add machines, and run the same command again"
            )
        for ref in done:
            if ref in self._loading:
                self._note_loaded(ref)
            else:
                yield from self._result(ref)

    def _note_loaded(self, ref: _Ref) -> None:
        import ray

        worker = self._loading.pop(ref)
        try:
            ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            raise _cause(error) from None
        except ray.exceptions.RayError as error:
            if "failed to import" in str(error):
                raise ClusterError(
                    f"a machine of the Ray cluster lacks what encoding needs ({str(error).strip().splitlines()[-1]}): "
                    "install the lookseek of this machine there, with its extras"
                ) from None
            self._replace(worker, error)
        else:
            self._ready.append(worker)

    def _result(self, ref: _Ref) -> Iterator[tuple[K, EncodedPhoto | ItemError]]:
        import ray

        worker, block = self._encoding.pop(ref)
        try:
            encoded = ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            raise _cause(error) from None
        except ray.exceptions.RayError as error:  # the worker or its machine is gone, or the result with it
            if worker in self._ready:
                self._ready.remove(worker)
                worker.blocks[0].attempts += 1
                self._replace(worker, error)
            self._again.append(block)
        else:
            worker.blocks.remove(block)
            self._deaths = 0
            yield from zip(block.keys, encoded, strict=True)

    def _replace(self, worker: _Worker[K], error: Exception) -> None:
        """Start another worker in place of one that is gone."""
        import ray

        ray.kill(worker.actor)
        self._deaths += 1
        if self._deaths >= self._size + _ATTEMPTS or (worker.blocks and worker.blocks[0].attempts == _ATTEMPTS):
            said = str(error).strip().split("\n")[0]
            raise ClusterError(
                f"workers of the Ray cluster died {self._deaths} times in a row, or {_ATTEMPTS} times of the same "
                f"photos ({said}): see their memory and Ray's logs, and run the same command again; what was "
                "encoded is kept"
            )
        self._start()


def _cause(error: Any) -> Exception:
    """Return what a worker raised."""
    cause = error.cause
    return cause if isinstance(cause, LookseekError) else error

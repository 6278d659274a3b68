"""Tokens of reference photos for training: computed once, reduced to few numbers each, and kept.

A token has as many numbers as the tower's map has channels, 1,280 of the shipped ones: 118 KB a photo. They are reduced
to the directions in which the tokens of some photos of train are largest (singular vectors, not centred, so that a
token of zeros stays one). The exported graph reduces them itself.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...atomic import write_bytes
from ...encode import Encoder, Prepared
from ...encode.folder import read_folder
from ...encode.npy import read_npy
from ...encode.reference import PLACES, open_reference
from ...evaluate.cache import embed_photos
from ...progress import Progress
from ...types import Photo, Pixels, Vectors

__all__ = ["REDUCTION", "ReferenceTokens", "compute_tokens"]

REDUCTION = "reduction.npy"
"""In the run folder: the directions, so that a training that goes on sees the same tokens."""

_NUMBERS = 256
"""Numbers of a reduced token, at most. Not searched."""

_FITTED = 512
"""Photos by whose tokens the directions are found."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceTokens:
    """Tokens of some photos.

    Args:
        tokens: float16 (n, PLACES, numbers).
        rows: the row of each photo that was seen.
        reduction: float32 (numbers, channels).
    """

    tokens: NDArray[np.float16]
    rows: Mapping[str, int]
    reduction: NDArray[np.float32]

    def of(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Return tokens of photos, float32 (len(ids), PLACES, numbers); zeros of one that was not seen."""
        made = np.zeros((len(ids), *self.tokens.shape[1:]), np.float32)
        seen = [row for row, id in enumerate(ids) if id in self.rows]
        made[seen] = self.tokens[[self.rows[ids[row]] for row in seen]]
        return made


class _Reduced:
    """An encoder of reduced tokens. See Encoder."""

    def __init__(self, encoder: Encoder, reduction: NDArray[np.float32]) -> None:
        self.name, self.min_side = "reduced", encoder.min_side
        self.dim = PLACES * len(reduction)
        self._encoder, self._reduction = encoder, reduction

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return self._encoder.prepare(pixels)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder: float32 (n, PLACES * numbers)."""
        rows = self._encoder.encode(batch).reshape(len(batch), PLACES, -1)
        return np.ascontiguousarray((rows @ self._reduction.T).reshape(len(batch), self.dim))


def compute_tokens(
    model: Path, out: Path, photos: Mapping[str, Photo], ids: Sequence[str], train: Sequence[str], progress: Progress
) -> ReferenceTokens:
    """Return reduced tokens of photos, from the cache where it has them.

    Args:
        model: folder of the model whose tower sees them.
        out: the run folder, which keeps the directions.
        photos: id to photo.
        ids: the wanted ones.
        train: those by which the directions are found where the run folder has none; the first ones are taken.
        progress: notified of each photo.

    Raises:
        ModelError: the model's tower pools no map.
        KeyboardInterrupt: passed on; what was computed until then is kept.
    """
    encoder = open_reference(read_folder(model))
    path = out / REDUCTION
    if path.is_file():
        reduction = read_npy(path.read_bytes(), "<f4", str(path))
    else:
        some = list(dict.fromkeys(train))[:_FITTED]
        raw, _ = embed_photos(photos, some, {encoder.version: encoder}, progress)
        reduction = _directions(raw[encoder.name].reshape(-1, encoder.channels))
        _write(path, reduction)
    reduced = _Reduced(encoder, reduction)
    key = f"{encoder.version}-{sha256(reduction.tobytes()).hexdigest()[:16]}"
    wanted = list(dict.fromkeys(ids))
    found, rows = embed_photos(photos, wanted, {key: reduced}, progress)
    tokens = found[reduced.name].astype(np.float16).reshape(len(rows), PLACES, len(reduction))
    return ReferenceTokens(tokens, rows, reduction)


def _write(path: Path, array: NDArray[np.float32]) -> None:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    write_bytes(path, file.getvalue())


def _directions(tokens: Vectors) -> NDArray[np.float32]:
    """Return the directions in which tokens are largest, float32 (numbers, channels), the largest first."""
    values, vectors = np.linalg.eigh((tokens.T @ tokens).astype(np.float64))
    count = min(_NUMBERS, int((values > 1e-9 * values[-1]).sum()))
    return np.ascontiguousarray(vectors[:, ::-1][:, :count].T, np.float32)

"""Encodes photos to what an index keeps of each, in this process; ``ray_encoding.py`` does it on a cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from .. import images
from ..encode import Model, encode_photos, photo_encoders
from ..errors import IndexMismatch, ItemError
from ..store.schema import GARMENTS, LOOK
from ..types import Region, Vector, Vectors
from .garment_vectors import GarmentEncoder, PreparedGarments
from .manifest import IndexSpec

__all__ = ["EncodedPhoto", "LocalEncoding", "PhotoEncoding"]

K = TypeVar("K")


class EncodedPhoto(NamedTuple):
    """What a photo was encoded to: vectors by name, the picture's fingerprint, and the garments that were found."""

    vectors: Mapping[str, Vector | Vectors]
    fingerprint: str
    regions: tuple[Region, ...]


class PhotoEncoding(Protocol):
    """Encodes the photos of a job or an edit, wherever that is done."""

    def encode(self, photos: Iterable[tuple[K, bytes]]) -> Generator[tuple[K, EncodedPhoto | ItemError], None, None]:
        """Encode any number of photos. Closing the generator stops what is being encoded.

        Args:
            photos: key and bytes of each; read a bounded number ahead.

        Yields:
            Each key once, in any order, with what its photo was encoded to, or why it can't be used.
        """
        ...


class LocalEncoding:
    """Encodes in this process, with its threads.

    Args:
        model: of the index.
        spec: of the index: which vectors it keeps.
        workers: threads that decode, >= 1; None for one a core.
    """

    def __init__(self, model: Model, spec: IndexSpec, workers: int | None = None) -> None:
        self._model, self._spec, self._workers = model, spec, workers
        self._encoders = photo_encoders(model, spec.layout)
        self._garments: GarmentEncoder | None = None  # loaded with the first photo: an edit may encode none

    def encode(self, photos: Iterable[tuple[K, bytes]]) -> Generator[tuple[K, EncodedPhoto | ItemError], None, None]:
        """See PhotoEncoding; in the order of ``photos``.

        Raises:
            IndexMismatch: the index keeps garments that another parser found, or that features brought.
        """
        if GARMENTS not in self._spec.layout:
            for key, vectors, fingerprint in encode_photos(
                photos, self._encoders, workers=self._workers, after=images.fingerprint
            ):
                yield key, vectors if isinstance(vectors, ItemError) else EncodedPhoto(vectors, fingerprint, ())
            return
        self._garments = self._garments or _garment_encoder(self._model, self._spec)
        for key, vectors, seen in encode_photos(
            photos, self._encoders, workers=self._workers, after=self._garments.prepare, full_size=True
        ):
            yield key, vectors if isinstance(vectors, ItemError) else _with_garments(self._garments, vectors, seen)


def _with_garments(encoder: GarmentEncoder, vectors: Mapping[str, Vector], seen: PreparedGarments) -> EncodedPhoto:
    garments = encoder.encode(seen, vectors[LOOK])
    return EncodedPhoto({**vectors, GARMENTS: garments}, seen.fingerprint, seen.regions)


def _garment_encoder(model: Model, spec: IndexSpec) -> GarmentEncoder:
    garments = GarmentEncoder(model.image)
    if spec.regions != garments.version:
        raise IndexMismatch(
            f"the garments of the index were found by {spec.regions[:40] or 'something unknown'}, here it is "
            f"{garments.version[:40]}: index the catalogue into a new folder with --garments"
        )
    return garments

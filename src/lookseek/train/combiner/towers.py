"""Towers, which give features of photos and words, and tables of their features.

A pair of towers is what ``encode`` knows anyway: an ``Encoder`` and a ``TextEncoder``. They are those of a lookseek
model, or of a CLIP (clip.py); whoever learns from features does not ask which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...encode import Encoder, Model, TextEncoder, encode_photos
from ...errors import ItemError, TrainError
from ...evaluate.cache import cache_key, embed_photos, embed_texts
from ...progress import Progress
from ...types import Photo, Skipped, Vector, Vectors
from .reference import ReferenceTokens

__all__ = ["FeatureTable", "ModelTowers", "Towers", "compute_features"]


class Towers(Protocol):
    """A tower for photos and one for words, of one space."""

    @property
    def dim(self) -> int:
        """Length of the features of both."""
        ...

    @property
    def image(self) -> Encoder:
        """That of photos."""
        ...

    @property
    def text(self) -> TextEncoder:
        """That of words; what is too long for it is cut, never an error."""
        ...

    @property
    def weights(self) -> str:
        """Where they come from, as it stands beside every figure."""
        ...

    def keys(self) -> tuple[str, str]:
        """Names of all that the features of photos, and of words, depend on: those of their caches."""
        ...

    def checksum(self) -> str:
        """Hex, of the weights: the same on every machine."""
        ...


class ModelTowers:
    """A lookseek model's, which stay as they are.

    Raises:
        TrainError: it reads no words.
    """

    def __init__(self, model: Model) -> None:
        if model.text is None:
            raise TrainError(
                f"the model {model.name} reads no words, so there is no change to compose with: give --model a folder "
                "with a text tower, or a CLIP, e.g. --model open_clip/RN50"
            )
        self.dim, self.image, self.text, self.folder = model.dim, model.image, model.text, model.folder
        self.weights = f"the model {model.name}, as it is"
        self._keys = cache_key(model), f"{model.words[:32]}-words"
        self._checksum = f"{model.checksum}-{model.words}"

    def keys(self) -> tuple[str, str]:
        """See Towers."""
        return self._keys

    def checksum(self) -> str:
        """See Towers."""
        return self._checksum


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Features of photos and texts.

    Args:
        photos: float32 (n, dim), as the tower gives them.
        rows: the row of each id that could be had.
        texts: float32 (m, dim), as the tower gives them.
        text_rows: the row of each text.
        tokens: what attention sees of reference photos; None without attention.
    """

    photos: Vectors
    rows: Mapping[str, int]
    texts: Vectors
    text_rows: Mapping[str, int]
    tokens: ReferenceTokens | None = None

    def photo_features(self, ids: Sequence[str]) -> Vectors:
        """Features of photos, float32 (len(ids), dim)."""
        features: Vectors = self.photos[[self.rows[id] for id in ids]]
        return features

    def text_features(self, texts: Sequence[str]) -> Vectors:
        """Features of texts, float32 (len(texts), dim)."""
        features: Vectors = self.texts[[self.text_rows[text] for text in texts]]
        return features

    def reference_tokens(self, ids: Sequence[str]) -> NDArray[np.float32] | None:
        """Tokens of reference photos, float32 (len(ids), PLACES, numbers); None without attention."""
        return None if self.tokens is None else self.tokens.of(ids)


def compute_features(
    towers: Towers,
    photos: Mapping[str, Photo],
    ids: Sequence[str],
    captions: Mapping[str, str],
    texts: Sequence[str],
    progress: Progress,
    *,
    keep: bool = True,
) -> FeatureTable:
    """Features of photos, or of the captions that stand for them, and of texts.

    Args:
        towers: whose.
        photos: id to photo; ids that are not there are left out.
        ids: the wanted ones.
        captions: id to caption; where there are any, they stand for all photos.
        texts: the wanted ones.
        progress: notified of each.
        keep: whether the caches are used: not for towers that are being trained.
    """
    image_key, text_key = towers.keys() if keep else ("", "")
    standing = {id: captions[id] for id in ids if id in captions}
    wanted = list(dict.fromkeys([*standing.values(), *texts]))
    encoded_texts = embed_texts(wanted, towers.text, text_key, progress) if keep else _embed_texts(wanted, towers.text)
    text_rows = {text: row for row, text in enumerate(wanted)}
    if captions:
        rows = {id: row for row, id in enumerate(standing)}
        return FeatureTable(
            encoded_texts[[text_rows[text] for text in standing.values()]], rows, encoded_texts, text_rows
        )
    there = [id for id in ids if id in photos]
    if keep:
        found, rows = embed_photos(photos, there, {image_key: towers.image}, progress)
        return FeatureTable(found[towers.image.name], rows, encoded_texts, text_rows)
    return FeatureTable(*_embed_images(photos, there, towers.image, progress), encoded_texts, text_rows)


def _embed_texts(texts: Sequence[str], tower: TextEncoder) -> Vectors:
    parts = [tower.encode(texts[start : start + 256]) for start in range(0, len(texts), 256)]
    return np.concatenate(parts) if parts else np.empty((0, tower.dim), np.float32)


def _embed_images(
    photos: Mapping[str, Photo], ids: Sequence[str], tower: Encoder, progress: Progress
) -> tuple[Vectors, dict[str, int]]:
    vectors: list[Vector] = []
    rows: dict[str, int] = {}
    for id, encoded, _ in encode_photos(((id, photos[id]) for id in ids), [tower]):
        if isinstance(encoded, ItemError):
            progress.skipped(Skipped(id, "broken photo", str(encoded)))
            continue
        rows[id] = len(vectors)
        vectors.append(encoded[tower.name])
    return np.stack(vectors) if vectors else np.empty((0, tower.dim), np.float32), rows

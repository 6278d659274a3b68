"""Words to vectors with any model, or a word on which model can: most models see photos alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import models
from ..errors import QueryError
from ..types import Vectors
from .config import parse_config
from .model import DEFAULT, Model

__all__ = ["read_words", "reader"]


def read_words(model: Model, texts: Sequence[str]) -> Vectors:
    """The vectors of texts.

    Args:
        model: any.
        texts: at least one.

    Returns:
        float32 (n, dim), not normalised.

    Raises:
        QueryError: the model reads no words, or not these.
    """
    if model.text is None:
        there = reader()
        remedy = f"--model {there}" if there else "a model folder that reads words, --model FOLDER"
        raise QueryError(f"the index's model {model.name} reads no words: index again with {remedy}")
    return model.text.encode(texts)


def reader() -> str:
    """The name of a shipped model that reads words, the default one if it does; "" if none does."""
    configs = sorted(Path(models.__file__).parent.glob("*/config.json"), key=lambda path: path.parent.name != DEFAULT)
    return next((path.parent.name for path in configs if parse_config(path.read_bytes(), path).text is not None), "")

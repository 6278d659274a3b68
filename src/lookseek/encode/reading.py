"""Encodes texts with any model; the error names a model that can, since most models encode photos alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import models
from ..errors import QueryError
from ..types import Vectors
from .config import parse_config
from .model import DEFAULT, Model

__all__ = ["encode_texts", "text_model_name"]


def encode_texts(model: Model, texts: Sequence[str]) -> Vectors:
    """Return the vectors of texts.

    Args:
        model: any.
        texts: at least one.

    Returns:
        float32 (n, dim), not normalised.

    Raises:
        QueryError: the model reads no words, or not these.
    """
    if model.text is None:
        shipped = text_model_name()
        remedy = f"--model {shipped}" if shipped else "a model folder that reads words, --model FOLDER"
        raise QueryError(f"the index's model {model.name} reads no words: index again with {remedy}")
    return model.text.encode(texts)


def text_model_name() -> str:
    """Return the name of a shipped model that reads words, the default one if it does; "" if none does."""
    configs = sorted(Path(models.__file__).parent.glob("*/config.json"), key=lambda path: path.parent.name != DEFAULT)
    return next((path.parent.name for path in configs if parse_config(path.read_bytes(), path).text is not None), "")

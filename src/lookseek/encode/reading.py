"""Encodes texts with any model; the error names a model that can, since most models encode photos alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import models
from ..errors import QueryError
from ..types import Vectors
from .config import parse_config
from .encoder import TextEncoder
from .interpret import Interpretation, interpret
from .model import DEFAULT, Model
from .text import HeadedSentences
from .text_settings import SentenceTower
from .words import normalise

__all__ = ["encode_plain", "encode_texts", "interpretations", "text_model_name"]


def interpretations(
    encoder: TextEncoder | None, texts: Sequence[str], *, literal: bool = False
) -> list[Interpretation]:
    """Return what each text is read as, for towers that learned from the lexicon of training; others read it as typed.

    Args:
        encoder: of the words; None where there is none.
        texts: any number.
        literal: True takes the words as they are typed.

    Raises:
        QueryError: a text says nothing, or is far too long.
    """
    if literal or encoder is None or encoder.name != SentenceTower.name:
        return [Interpretation(text) for text in texts]
    return [interpret(normalise(text)) for text in texts]


def encode_texts(model: Model, texts: Sequence[str], *, literal: bool = False) -> Vectors:
    """Return the vectors of texts.

    Args:
        model: any.
        texts: at least one.
        literal: True takes the words as they are typed; else see ``interpretations``.

    Returns:
        float32 (n, dim), not normalised.

    Raises:
        QueryError: the model reads no words, or not these.
    """
    if model.text is None:
        shipped = text_model_name()
        remedy = f"--model {shipped}" if shipped else "a model folder that reads words, --model FOLDER"
        raise QueryError(f"the index's model {model.name} reads no words: index again with {remedy}")
    return model.text.encode([read.text for read in interpretations(model.text, texts, literal=literal)])


def encode_plain(model: Model, texts: Sequence[str], *, literal: bool = False) -> Vectors | None:
    """Return the vectors of texts without what phrases add, as ``encode_texts``; None of a model without phrases."""
    if not isinstance(model.text, HeadedSentences) or not model.text.has_phrases:
        return None
    return model.text.encode_plain([read.text for read in interpretations(model.text, texts, literal=literal)])


def text_model_name() -> str:
    """Return the name of a shipped model that reads words, the default one if it does; "" if none does."""
    configs = sorted(Path(models.__file__).parent.glob("*/config.json"), key=lambda path: path.parent.name != DEFAULT)
    return next((path.parent.name for path in configs if parse_config(path.read_bytes(), path).text is not None), "")

"""What the words of a query cost: the text tower's time grows with their tokens, about 2 milliseconds each."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ...encode import Model
from ...encode.text import HeadedSentences
from ...errors import QueryError
from ..settings import MAX_TOKENS

__all__ = ["check_words_cost"]

_AROUND = 8
"""Tokens around each text, at the most: the prefix and the marks of its ends."""


def check_words_cost(texts: Sequence[str], model: Model) -> None:
    """Refuse words that a tower of sentences would read for too long.

    A character is one token at the most, once compatibility characters are written out, of which one may be eighteen.
    A tower of tokens (CLIP's kind) reads a fixed number of each text, whatever its length.

    Args:
        texts: the query's own words and those of its terms.
        model: of the index that is searched.

    Raises:
        QueryError: they have more than ``MAX_TOKENS`` tokens, or say nothing.
    """
    if not isinstance(model.text, HeadedSentences):
        return
    characters = sum(len(unicodedata.normalize("NFKC", text)) for text in texts)
    if characters + _AROUND * len(texts) <= MAX_TOKENS:
        return
    count = model.text.sentences.count_tokens(texts)
    if count > MAX_TOKENS:
        raise QueryError(
            f"the words of the query are {count:,} tokens, {MAX_TOKENS:,} are taken, some 1,000 letters of plain "
            "words: use fewer words or terms"
        )

"""Scores of attribute values from those of words: how well a training that saw no attribute names them.

A value's words are looked up in the vocabulary ("Round Neck": the pair "round neck"; else its single words). What the
vocabulary lacks altogether has the same score for all photos. Within an attribute the values exclude each other, so a
value's score is its share among them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .vocabulary import Vocabulary, segments

__all__ = ["attribute_scores", "words_of_value"]


def words_of_value(value: str, vocabulary: Vocabulary) -> list[int]:
    """Return the places of a value's words: pairs first, then single words that no pair has.

    Args:
        value: of an attribute, e.g. "Three-Quarter Sleeves".
        vocabulary: of the training.
    """
    place = {word: number for number, word in enumerate(vocabulary.words)}
    found = []
    for segment in segments(value):
        words = [vocabulary.plurals.get(word, word) for word in segment]
        at = 0
        while at < len(words):
            pair = " ".join(words[at : at + 2])
            if at + 1 < len(words) and pair in place:
                found.append(place[pair])
                at += 2
                continue
            if words[at] in place:
                found.append(place[words[at]])
            at += 1
    return found


def attribute_scores(
    values: Sequence[tuple[str, str]], vocabulary: Vocabulary, logits: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return scores of attribute values, float32 (n, values), each 0 to 1.

    Args:
        values: attribute and value of each column.
        vocabulary: of the training.
        logits: of the vocabulary's words, calibrated, float32 (n, words).
    """
    scores = np.zeros((len(logits), len(values)), np.float32)
    columns: dict[str, list[int]] = defaultdict(list)
    for column, (name, value) in enumerate(values):
        columns[name].append(column)
        if words := words_of_value(value, vocabulary):
            scores[:, column] = logits[:, words].mean(1)
        else:
            scores[:, column] = np.median(logits)
    for some in columns.values():
        own = scores[:, some]
        own = np.exp(own - own.max(1, keepdims=True))
        scores[:, some] = own / own.sum(1, keepdims=True)
    return scores

"""What a model has learned of single phrases: a text that holds "round neck" is pulled towards photos of round necks.

    phrases.csv    phrase,rows      "round neck","12 40"
    phrases.npy    float16 (rows, columns): a direction in the first numbers of the model's space, as long as it pulls

A sentence model blurs what a text says of one detail; the directions are learned from photos that have it and photos
that lack it (``lookseek train phrases``). A text without such a phrase keeps its vector.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..errors import ModelError
from ..types import Vectors
from ..vectors import unit
from .npy import read_npy

__all__ = ["PHRASES", "PHRASE_ROWS", "Phrases", "longest_matches", "open_phrases", "pieces", "write_phrases"]

PHRASES, PHRASE_ROWS = "phrases.npy", "phrases.csv"

_COLUMNS = ["phrase", "rows"]
_MOST_ROWS = 100_000
_PIECE = re.compile(r"[\w'-]+")

Meaning = TypeVar("Meaning")


class Phrases:
    """Directions of phrases.

    Args:
        rows: the words of each phrase, as ``pieces`` gives them, to rows of ``directions``.
        directions: float32 (rows, dim), not 0, all of about one length.
    """

    def __init__(self, rows: Mapping[tuple[str, ...], tuple[int, ...]], directions: Vectors) -> None:
        self._rows, self._directions = rows, unit(directions)
        self._longest = max(map(len, rows), default=0)
        self._pull = float(np.linalg.norm(directions, axis=1).mean()) if len(directions) else 0.0

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, texts: Sequence[str], vectors: Vectors) -> Vectors:
        """Return the vectors of texts, pulled towards what their phrases mean.

        Args:
            texts: n of them.
            vectors: theirs, float32 (n, dim), of any length but 0.

        Returns:
            float32 (n, dim), not normalised.
        """
        pulled = unit(vectors)
        for row, text in enumerate(texts):
            meant = [
                unit(self._directions[list(rows)].sum(0), zeros="keep")
                for _, _, rows in longest_matches(pieces(text), self._rows, self._longest)
            ]
            if meant:
                pulled[row] += self._pull * unit(np.sum(meant, axis=0), zeros="keep")
        return pulled


def pieces(text: str) -> tuple[str, ...]:
    """Return the words of a text, NFC, lower case.

    >>> pieces("Round-neck T-shirt, red")
    ('round-neck', 't-shirt', 'red')
    """
    return tuple(_PIECE.findall(unicodedata.normalize("NFC", text.lower())))


def longest_matches(
    words: Sequence[str], known: Mapping[tuple[str, ...], Meaning], longest: int
) -> Iterator[tuple[int, int, Meaning]]:
    """Yield where phrases stand in words, from the left, the longest first: start, end and meaning.

    >>> list(longest_matches(("a", "b", "c"), {("a",): 1, ("a", "b"): 2, ("b", "c"): 3}, 2))
    [(0, 2, 2)]
    """
    start = 0
    while start < len(words):
        for end in range(min(len(words), start + longest), start, -1):
            meaning = known.get(tuple(words[start:end]))
            if meaning is not None:
                yield start, end, meaning
                start = end
                break
        else:
            start += 1


def open_phrases(directions: bytes, rows: bytes, dim: int, where: Path) -> Phrases:
    """Open the phrases of a model folder.

    Args:
        directions: content of phrases.npy.
        rows: content of phrases.csv.
        dim: length of the model's vectors.
        where: the folder, for messages.

    Raises:
        ModelError: the files are of another form, of another model, or name rows that are not there.
    """
    table = read_npy(directions, "<f2", f"{PHRASES} of {where}")
    if table.ndim != 2 or not 0 < len(table) <= _MOST_ROWS or not 0 < table.shape[1] <= dim:
        raise ModelError(
            f"{PHRASES} of {where} holds {table.dtype} {table.shape}, for a model of {dim} numbers a vector it is "
            f"float16 (1 to {_MOST_ROWS:,}, 1 to {dim}): export the model again"
        )
    floats = np.zeros((len(table), dim), np.float32)
    floats[:, : table.shape[1]] = table
    if not np.isfinite(floats).all() or not (np.linalg.norm(floats, axis=1) > 0).all():
        raise ModelError(f"{PHRASES} of {where} has a row of 0 or of no number: export the model again")
    found: dict[tuple[str, ...], tuple[int, ...]] = {}
    try:
        lines = csv.DictReader(io.StringIO(rows.decode("utf-8")), strict=True)
        if lines.fieldnames != _COLUMNS:
            raise ValueError(f"columns {lines.fieldnames}")
        for line in lines:
            places = tuple(int(place) for place in (line["rows"] or "").split())
            if not places or not all(0 <= place < len(table) for place in places) or not pieces(line["phrase"]):
                raise ValueError(f"the line {line}")
            found[pieces(line["phrase"])] = places
    except (ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        raise ModelError(f"{PHRASE_ROWS} of {where} can't be read ({error}): export the model again") from error
    return Phrases(found, floats)


def write_phrases(rows: Mapping[str, Sequence[int]], directions: Vectors) -> dict[str, bytes]:
    """Return the two files of phrases, which ``open_phrases`` reads.

    Args:
        rows: phrase to rows of ``directions``, at least one each.
        directions: float (rows, columns), of the first numbers of a vector, of which the others are not pulled; the
            length of each is how far it pulls.
    """
    text, table = io.StringIO(newline=""), io.BytesIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_COLUMNS)
    lines.writerows((phrase, " ".join(map(str, places))) for phrase, places in rows.items())
    rounded = np.ascontiguousarray(directions, "<f2")
    np.lib.format.write_array(table, rounded, version=(1, 0), allow_pickle=False)
    return {PHRASES: table.getvalue(), PHRASE_ROWS: text.getvalue().encode()}

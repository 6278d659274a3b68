"""TREC files: the rankings of a system (a run) and what is right (qrels), as trec_eval reads them.

    run      query Q0 document rank score tag        a line for each answer
    qrels    query 0 document grade                  a line for each judged document; from grade 1 on it is right

Columns are apart by any blanks. Lines that are empty or begin with ``#`` are passed over. As in trec_eval the rank of
a run is not read: answers stand by descending score, compared as float32, and equal scores by descending document as
it is written in the file, byte by byte. A grade below 0 counts as 0.

An id may be any text but the empty one. Blanks and control characters, ``%``, and a ``#`` at the beginning can't stand
in a column: ``%`` and two hexadecimal digits stand for each byte of their UTF-8 form. Reading turns all such back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np

from ..atomic import replacing
from ..errors import CatalogueError
from .metrics import WHOLE, Ranked

__all__ = ["Judged", "Qrels", "Run", "escaped", "judge", "read_qrels", "read_run", "write_qrels", "write_run"]

Run: TypeAlias = Mapping[str, Sequence[tuple[str, float]]]
"""Query to its answers, best first: document and score, a float32's value."""

Qrels: TypeAlias = Mapping[str, Mapping[str, int]]
"""Query to the grades of its judged documents."""

LONGEST = 1 << 16
"""Bytes of a line: a file without line ends is no TREC file, and not read whole to say so."""

HIGHEST = 127
"""The highest grade: what an int8 holds. Source: trec_eval, get_qrels.c, has the same limit."""

_UNSAFE = re.compile(r"^#|[\s%\x00-\x1f\x7f]")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_WHOLE_NUMBER = re.compile(rb"[+-]?[0-9]{1,18}")
_T = TypeVar("_T")


def read_run(path: Path) -> Run:
    """Read the rankings of a run file, each in trec_eval's order.

    Raises:
        CatalogueError: the file can't be read, is empty, or a line is wrong: which one, why, and what would be right.
    """
    found = _read(path, "query Q0 document rank score tag", 4, _score)
    return {query: _in_order(answers) for query, answers in found.items()}


def read_qrels(path: Path) -> Qrels:
    """Read the grades of a qrels file.

    Raises:
        CatalogueError: as ``read_run``; a grade that is no whole number of at most ``HIGHEST``.
    """
    found = _read(path, "query 0 document grade", 3, _grade)
    return {query: {id: grade for id, (grade, _) in judged.items()} for query, judged in found.items()}


def write_run(path: Path, run: Iterable[tuple[str, Sequence[tuple[str, float]]]], tag: str = "lookseek") -> None:
    """Write a run file: beside, then renamed, so that it is there as a whole or not at all.

    Args:
        path: of the file; its folder is there.
        run: each query once, and its answers, best first; scores are float32 and read back equal. Whoever reads the
            file puts equal scores in the order of ``escaped`` documents, descending, whatever their order here.
        tag: what the system is called.

    Raises:
        CatalogueError: it can't be written, or an id is empty or no Unicode text.
        ValueError: a query, or a document of a query, is there twice, or scores don't descend: a bug of ours.
    """
    name = escaped(tag)

    def lines() -> Iterator[str]:
        for query, answers in _once(run):
            before, asked = np.inf, escaped(query)
            for rank, (document, score) in enumerate(_once(answers), 1):
                if not score <= before:  # true of nan as well
                    raise ValueError(f"score {score} at rank {rank} of query {query!r} comes after {before}")
                before = score
                # 9 digits lie nearer to their float32 than to any other, also when they are read as float64 before
                yield f"{asked} Q0 {escaped(document)} {rank} {score:.9g} {name}\n"

    _write(path, lines())


def write_qrels(path: Path, qrels: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    """Write a qrels file as ``write_run`` does: each query once, and its grades, at most ``HIGHEST``."""
    every = ((escaped(query), escaped(id), grade) for query, grades in _once(qrels) for id, grade in grades.items())
    _write(path, (f"{query} 0 {id} {grade:d}\n" for query, id, grade in every))


def escaped(id: str) -> str:
    """Escape an id for a run file or qrels.

    Raises:
        CatalogueError: it is empty or no Unicode text.
    """
    with suppress(UnicodeEncodeError):
        if id.encode("utf-8"):
            return _UNSAFE.sub(lambda unsafe: "".join(f"%{byte:02X}" for byte in unsafe[0].encode("utf-8")), id)
    raise CatalogueError(f"the id {id[:80]!r} is empty or broken Unicode, which no TREC file holds: give another id")


def judge(run: Run, qrels: Qrels) -> Judged:
    """Return the input of ``metrics.measure`` that measures a run as trec_eval -c does; the gallery exceeds any k.

    Raises:
        CatalogueError: run and qrels have no query in common.
    """
    missing = tuple(query for query in qrels if query not in run)
    if len(missing) == len(qrels):
        ours, theirs = (f"{len(some):,} queries (the first is {next(iter(some), '')[:80]!r})" for some in (run, qrels))
        raise CatalogueError(f"the run has {ours}, the qrels {theirs}, none in common: give files of the same queries")
    found = [_right_ranks(run.get(query, ()), judged) for query, judged in qrels.items()]
    grades = np.zeros((len(found), max(max(ranks, default=-1) for ranks in found) + 1), np.int8)
    right = np.zeros((len(found), HIGHEST + 1), np.int64)
    for row, (ranks, judged) in enumerate(zip(found, qrels.values(), strict=True)):
        grades[row, list(ranks)] = list(ranks.values())
        np.add.at(right[row], [grade for grade in judged.values() if grade > 0], 1)
    highest = int(np.flatnonzero(right.any(axis=0)).max(initial=0))
    ranked = Ranked(grades, right[:, 1 : highest + 1], np.full(len(found), WHOLE))
    return Judged(tuple(qrels), ranked, missing, len(run.keys() - qrels.keys()))


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A run and its qrels, ready to be measured.

    Args:
        queries: all of the qrels, in their order: the rows of ``ranked``.
        ranked: the grades of the answers.
        missing: the queries among them that the run lacks; they score 0.
        unjudged: how many queries of the run have no qrels; they are left out.
    """

    queries: tuple[str, ...]
    ranked: Ranked
    missing: tuple[str, ...]
    unjudged: int


def _right_ranks(answers: Sequence[tuple[str, float]], judged: Mapping[str, int]) -> dict[int, int]:
    """Rank, from 0, to grade of the right answers: few, so that one long ranking does not make all rows long."""
    return {rank: judged[id] for rank, (id, _) in enumerate(answers) if judged.get(id, 0) > 0}


def _in_order(answers: Mapping[str, tuple[float, bytes]]) -> list[tuple[str, float]]:
    with np.errstate(over="ignore"):  # beyond float32 is infinite, as in C
        scores = np.array([score for score, _ in answers.values()]).astype(np.float32).tolist()
    keys = ((score, written, id) for score, (id, (_, written)) in zip(scores, answers.items(), strict=True))
    return [(id, score) for score, _, id in sorted(keys, reverse=True)]


def _read(path: Path, form: str, column: int, meant: Callable[[bytes], _T]) -> dict[str, dict[str, tuple[_T, bytes]]]:
    """Query to document to what a column means, and the document as it is written."""
    ids: dict[bytes, tuple[str, bytes]] = {}  # each is in memory once, however often the file has it
    found: dict[str, dict[str, tuple[_T, bytes]]] = {}
    for number, columns in _lines(path, form):
        try:
            query, _ = ids.get(columns[0]) or ids.setdefault(columns[0], (_plain(columns[0]), columns[0]))
            id, written = ids.get(columns[2]) or ids.setdefault(columns[2], (_plain(columns[2]), columns[2]))
            listed = found.setdefault(query, {})
            if id in listed:
                raise ValueError(f"the query {query[:80]!r} has {id[:80]!r} a second time: keep one of the lines")
            listed[id] = meant(columns[column]), written
        except ValueError as error:
            raise CatalogueError(f"{path}, line {number:,}: {error}") from error
    if not found:
        raise CatalogueError(f"{path} is empty: write {form} on each line")
    return found


def _lines(path: Path, form: str) -> Iterator[tuple[int, list[bytes]]]:
    """Number and columns of each line that has any."""
    wanted = len(form.split())
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), 1):
                columns = line.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").split()
                if not columns or columns[0].startswith(b"#"):
                    continue
                if len(columns) != wanted or len(line) > LONGEST:
                    size = f"{len(columns):,} columns in {len(line):,} bytes, not {wanted} in at most {LONGEST:,}"
                    raise CatalogueError(f"{path}, line {number:,} has {size}: write {form}")
                yield number, columns
    except OSError as error:
        raise CatalogueError(f"{path} can't be read ({error.strerror}): give a file in TREC's format") from error


def _plain(written: bytes) -> str:
    """Undo the escapes of an id. An id whose bytes are then no UTF-8 has another writer, and stays as it is."""
    for meant in (_ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), written), written):
        with suppress(UnicodeDecodeError):
            return meant.decode("utf-8")
    raise ValueError(f"the id {_shown(written)} is not UTF-8: save the file as UTF-8")


def _score(written: bytes) -> float:
    try:
        score = float(written)
    except ValueError:
        score = np.nan
    if score != score or b"_" in written:  # float reads 1_000
        raise ValueError(f"the score {_shown(written)} is no number: write one, such as 0.25")
    return score


def _grade(written: bytes) -> int:
    if not _WHOLE_NUMBER.fullmatch(written) or int(written) > HIGHEST:
        raise ValueError(f"the grade {_shown(written)} is no whole number of at most {HIGHEST}: write one, such as 1")
    return int(written)


def _shown(written: bytes) -> str:
    return repr(written[:80].decode("utf-8", "backslashreplace"))


def _once(pairs: Iterable[tuple[str, _T]]) -> Iterator[tuple[str, _T]]:
    seen = set()
    for id, value in pairs:
        if id in seen:
            raise ValueError(f"the id {id!r} is there twice")
        seen.add(id)
        yield id, value


def _write(path: Path, lines: Iterable[str]) -> None:
    try:
        with replacing(path) as out:
            out.writelines(line.encode() for line in lines)
    except OSError as error:
        raise CatalogueError(f"{path} can't be written ({error.strerror}): give a folder that takes files") from error

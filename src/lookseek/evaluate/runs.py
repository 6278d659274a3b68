"""Rankings as TREC files: those of an evaluation written, and those of any other program measured."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .figures import figures, gallery_hash
from .metrics import measure
from .outcome import KEPT, Evaluation, Outcome
from .rank import Block
from .result import Result, source_commit
from .task import EvaluationQuery, Loaded, Task
from .trec import judge, read_qrels, read_run, write_qrels, write_run
from .truth import Listed

__all__ = ["TREC", "RunWriter", "measure_run"]

TREC = "trec"
"""The name of the benchmark that is a pair of files."""

METRICS = (
    "map", "ndcg@10", "mrr", "precision@10", "recall@1", "recall@10", "fraction@10", "fraction@100", "r-precision",
)  # fmt: skip

DEEPEST = 1000
"""Answers of a query that a run file holds; metrics of the whole ranking, such as map, lose what is deeper.

Source: the usual depth of TREC's tracks, and of trec_eval -M."""


class RunWriter:
    """Follows an evaluation and writes a run file and a qrels file for each of its tasks."""

    def __init__(self, folder: Path, tag: str) -> None:
        self._folder = folder
        self._tag = tag
        self._blocks: dict[int, list[tuple[slice, NDArray[np.int64], NDArray[np.float32]]]] = {}
        self._tasks: list[Task] = []

    def __call__(self, task: Task, block: Block) -> None:
        """Take a block of answers."""
        if not self._tasks or self._tasks[-1] is not task:
            self._tasks.append(task)
        kept = (block.rows, block.order[:, :DEEPEST].copy(), block.scores[:, :DEEPEST].copy())
        self._blocks.setdefault(len(self._tasks), []).append(kept)

    def write(self) -> list[Path]:
        """Write all files, in the order of the tasks."""
        self._folder.mkdir(parents=True, exist_ok=True)
        written = []
        for number, task in enumerate(self._tasks, 1):
            words = [word for word in (task.name, task.stratum, "classes" if task.class_names else "") if word]
            name = re.sub(r"[^\w.=-]+", "_", "-".join([f"{number:02}", *words]))
            run, qrels = self._folder / f"{name}.run", self._folder / f"{name}.qrels"
            write_run(run, self._answers(number, task), self._tag)
            write_qrels(qrels, _judgements(task))
            written += [run, qrels]
        return written

    def _answers(self, number: int, task: Task) -> Iterator[tuple[str, list[tuple[str, float]]]]:
        columns = task.class_names or task.gallery
        for rows, order, scores in self._blocks[number]:
            for row, query in enumerate(task.queries[rows]):
                found = zip(order[row].tolist(), scores[row].tolist(), strict=True)
                yield query.id, [(columns[column], score) for column, score in found if column >= 0]


def _judgements(task: Task) -> Iterator[tuple[str, dict[str, int]]]:
    columns = task.class_names or task.gallery
    for row, query in enumerate(task.queries):
        grades = task.truth.grades(slice(row, row + 1))[0]
        yield query.id, {columns[column]: int(grades[column]) for column in np.flatnonzero(grades > 0)}


def measure_run(qrels: Path, run: Path) -> Evaluation:
    """Measure another program's ranking, as trec_eval would.

    Args:
        qrels: what is right.
        run: what was found.

    Raises:
        CatalogueError: a file can't be read, or the two have no query in common.
    """
    began = time.perf_counter()
    truth = read_qrels(qrels)
    judged = judge(read_run(run), truth)
    count = len(judged.queries)
    documents = tuple(sorted({id for some in truth.values() for id in some}))
    place = {id: row for row, id in enumerate(documents)}
    right = tuple({place[id]: grade for id, grade in truth[q].items() if grade > 0} for q in judged.queries)
    queries = tuple(EvaluationQuery(id, text=id) for id in judged.queries)
    task = Task(queries, documents, Listed(len(documents), right), METRICS)
    empty = np.full((count, KEPT), -1, np.int64)
    nothing = np.full((count, KEPT), np.nan, np.float32)
    found = judged.ranked.grades > 0
    outcome = Outcome(
        task,
        measure(METRICS, judged.ranked),
        empty,
        nothing,
        np.zeros((count, KEPT), np.int8),
        np.where(found.any(axis=1), found.argmax(axis=1) + 1, 0) if found.shape[1] else np.zeros(count, np.int64),
    )
    notes = ["The gallery is what the qrels name: how many more there were no file says."]
    if judged.missing:
        notes.append(f"{len(judged.missing):,} queries of the qrels are not in the run and count as 0.")
    if judged.unjudged:
        notes.append(f"{judged.unjudged:,} queries of the run are not in the qrels and are left out.")
    result = Result(
        benchmark=TREC,
        protocol="trec_eval",
        split=qrels.stem,
        gallery_size=len(documents),
        gallery_hash=gallery_hash([task]),
        queries=count,
        missing=(),
        metrics=figures([outcome], 0),
        model={"name": run.stem, "checksum": sha256(run.read_bytes()).hexdigest()},
        seed=0,
        commit=source_commit(),
        took_s=round(time.perf_counter() - began, 3),
    )
    return Evaluation(result, Loaded((task,), {}, notes=tuple(notes)), (outcome,), None)

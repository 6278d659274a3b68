"""What ``lookseek evaluate`` does: load, measure, write all that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from ..atomic import write_text
from ..errors import QueryError
from ..progress import Progress
from ..rerank import RERANKERS
from ..types import Metric, RerankKind
from .details import details_path, write_details
from .inputs import write_inputs
from .outcome import Evaluation
from .registry import BENCHMARKS, benchmark
from .routing import Route
from .run import evaluate
from .runs import TREC, RunWriter, measure_run
from .system import open_system
from .task import Benchmark, Options

__all__ = ["Asked", "Done", "ask"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line was given; see ``lookseek evaluate --help``."""

    benchmark: str
    data: Path | None
    split: str | None
    protocol: str | None
    model: str
    metric: Metric
    colour_weight: float
    composer: str | None
    by: str
    route: Route | None
    rerank: Literal["none"] | RerankKind
    json: Path | None
    report: Path | None
    trec: Path | None
    inputs: Path | None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it.

    Args:
        evaluation: None where only inputs were asked for.
        written: the files.
    """

    evaluation: Evaluation | None
    written: tuple[Path, ...]


def ask(asked: Asked, progress: Progress) -> Done:
    """Do what ``lookseek evaluate`` was asked.

    Raises:
        LookseekError: as ``evaluate`` and the readers of data and models raise them.
    """
    if asked.inputs is not None and (asked.json or asked.report or asked.trec):
        raise QueryError("--inputs only writes what a model has to encode: leave --json, --report and --trec out")
    _check_outputs(asked)
    if asked.benchmark == TREC:
        return _write(_of_files(asked), asked, progress, [])
    chosen = benchmark(asked.benchmark)
    options = _options(chosen, asked)
    if asked.inputs is not None:
        return Done(None, (write_inputs(chosen.load(options), asked.inputs, progress),))
    system = open_system(asked.model, asked.metric, asked.colour_weight, asked.composer)
    reranker = None if asked.rerank == "none" else RERANKERS[asked.rerank]
    measured = partial(evaluate, chosen, options, system, progress, route=asked.route, reranker=reranker)
    if asked.trec is None:
        return _write(measured(), asked, progress, [])
    writer = RunWriter(asked.trec, str(system.info["name"]))
    evaluation = measured(written=writer)
    progress.phase("TREC files", None)
    return _write(evaluation, asked, progress, writer.write())


def _write(evaluation: Evaluation, asked: Asked, progress: Progress, written: list[Path]) -> Done:
    if asked.json is not None:
        write_text(asked.json, evaluation.result.to_json())
        write_details(evaluation.outcomes, details_path(asked.json))
        written += [asked.json, details_path(asked.json)]
    if asked.report is not None:
        from .report import write_report

        progress.phase("report", None)
        written.append(write_report(evaluation, asked.report))
    return Done(evaluation, tuple(written))


def _of_files(asked: Asked) -> Evaluation:
    run = Path(asked.model)
    if asked.data is None or not run.is_file():
        raise QueryError("trec measures a run file: lookseek evaluate trec QRELS --model RUN")
    others: dict[str, object] = {
        "split": asked.split,
        "protocol": asked.protocol,
        "by": asked.by,
        "metric": asked.metric != "cosine",
        "colour-weight": asked.colour_weight,
        "composer": asked.composer is not None,
        "inputs": asked.inputs,
        "trec": asked.trec,
        "report": asked.report,
        "route": asked.route is not None,
        "rerank": asked.rerank != "none",
    }
    if given := [f"--{name}" for name, value in others.items() if value]:
        raise QueryError(f"trec measures what its files say: leave {', '.join(given)} out")
    return measure_run(asked.data, run)


def _check_outputs(asked: Asked) -> None:
    """Find out before the work whether its results can be written."""
    if asked.json is not None and (asked.json.is_dir() or not asked.json.name):
        raise QueryError(f"--json {asked.json} is a folder: give the name of a file")
    if asked.report is not None:
        from .report.style import check_matplotlib

        check_matplotlib()
    folders = {"report": asked.report, "trec": asked.trec, "inputs": asked.inputs}
    folders["json"] = None if asked.json is None else asked.json.parent
    for name, folder in folders.items():
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise QueryError(f"--{name} can't write to {folder} ({error.strerror}): choose another folder") from error


def _options(chosen: Benchmark, asked: Asked) -> Options:
    if asked.by and not chosen.by:
        raise QueryError(f"{chosen.name} has no columns to choose: leave --by out")
    if asked.composer is not None and chosen.asked != "change":
        able = ", ".join(name for name, one in BENCHMARKS.items() if one.asked == "change")
        raise QueryError(f"{chosen.name} asks with no photo and change: leave --composer out, or measure it on {able}")
    if asked.route is not None and chosen.lesson is None:
        able = ", ".join(name for name, one in BENCHMARKS.items() if one.lesson is not None)
        raise QueryError(
            f"{chosen.name} has no other split with labels that a router could learn from: leave --route out, or "
            f"measure it on {able}"
        )
    if asked.data is None and not chosen.drawn:
        raise QueryError(f"{chosen.name} needs data: lookseek evaluate {chosen.name} DATA, with {chosen.needs}")
    protocol = asked.protocol or chosen.protocols[0]
    if protocol not in chosen.protocols:
        raise QueryError(f"{chosen.name} has no protocol {protocol!r}: choose one of {', '.join(chosen.protocols)}")
    return Options(asked.data or Path("drawn"), asked.split or chosen.split, protocol, asked.by)

"""What ``lookseek evaluate`` does: load, measure, write all that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..atomic import write_text
from ..encode.garments.folder import DEFAULT_PARSER
from ..encode.model import DEFAULT
from ..encode.pairs.load import load_matcher
from ..encode.regions.folder import DEFAULT_REGIONS
from ..errors import QueryError
from ..progress import Progress
from ..rerank import Reranker, reranker_of
from ..search.pairs import PAIR_RERANKING, PairReranker
from ..types import Metric
from .copied.benchmark import DRAWN_COPIED, PASTED_COPIED, measure_copied
from .dataset_export import check_export, write_dataset
from .details import details_path, write_details
from .fiftyone_export import write_fiftyone
from .garments.benchmark import GARMENTS, measure_parser
from .inputs import write_inputs
from .outcome import Evaluation
from .registry import BENCHMARKS, benchmark
from .routing import Route
from .run import evaluate
from .runs import TREC, RunWriter, measure_run
from .system import open_system
from .task import Benchmark, Options

__all__ = ["Done", "EvaluationRequest", "run_request"]


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What ``lookseek evaluate`` is to do, as its help describes the options."""

    benchmark: str
    data: Path | None
    split: str | None
    protocol: str | None
    model: str
    metric: Metric
    colour_weight: float
    composer: str | None
    literal: bool
    by: str
    route: Route | None
    rerank: str
    json: Path | None
    report: Path | None
    trec: Path | None
    inputs: Path | None
    export: Path | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it.

    Args:
        evaluation: None where only inputs were asked for.
        written: the files.
    """

    evaluation: Evaluation | None
    written: tuple[Path, ...]


def run_request(request: EvaluationRequest, progress: Progress) -> Done:
    """Load, measure and write what was requested.

    Raises:
        LookseekError: as ``evaluate`` and the readers of data and models raise them.
    """
    if request.inputs is not None and (request.json or request.report or request.trec or request.export):
        raise QueryError(
            "--inputs only writes what a model has to encode: leave --json, --report, --trec and --export out"
        )
    _check_outputs(request)
    if request.benchmark == TREC:
        return _write(_of_files(request), request, progress, [])
    if request.benchmark in (DRAWN_COPIED, PASTED_COPIED):
        return _write(_of_copies(request, progress), request, progress, [])
    if request.benchmark == GARMENTS:
        return _write(_of_masks(request, progress), request, progress, [])
    chosen = benchmark(request.benchmark)
    options = _options(chosen, request)
    if request.inputs is not None:
        return Done(None, (write_inputs(chosen.load(options), request.inputs, progress),))
    pairs = request.rerank == PAIR_RERANKING
    system = open_system(
        request.model, request.metric, request.colour_weight, request.composer, literal=request.literal, pairs=pairs
    )
    reranker: Reranker | None
    if pairs and system.model is not None:
        reranker = PairReranker(load_matcher(system.model))
    else:
        reranker = reranker_of(request.rerank)
    measured = partial(evaluate, chosen, options, system, progress, route=request.route, reranker=reranker)
    if request.trec is None:
        return _write(measured(), request, progress, [])
    writer = RunWriter(request.trec, str(system.info["name"]))
    evaluation = measured(written=writer)
    progress.phase("TREC files", None)
    return _write(evaluation, request, progress, writer.write())


def _write(evaluation: Evaluation, request: EvaluationRequest, progress: Progress, written: list[Path]) -> Done:
    if request.json is not None:
        write_text(request.json, evaluation.result.to_json())
        write_details(evaluation.outcomes, details_path(request.json))
        written += [request.json, details_path(request.json)]
    if request.report is not None:
        from .report import write_report

        progress.phase("report", None)
        written.append(write_report(evaluation, request.report))
    if request.export is not None:
        written += write_dataset(evaluation, request.export, progress)
        labels = write_fiftyone(evaluation, request.export / "fiftyone", progress)
        written += [] if labels is None else [labels]
    return Done(evaluation, tuple(written))


def _of_files(request: EvaluationRequest) -> Evaluation:
    run = Path(request.model)
    if request.data is None or not run.is_file():
        raise QueryError("trec measures a run file: lookseek evaluate trec QRELS --model RUN")
    if given := _searching(request) + (["--split"] if request.split else []):
        raise QueryError(f"trec measures what its files say: leave {', '.join(given)} out")
    return measure_run(request.data, run)


def _of_masks(request: EvaluationRequest, progress: Progress) -> Evaluation:
    if request.data is None:
        raise QueryError("garments needs data: lookseek evaluate garments DATA, with a folder laid out like ccp/")
    if given := _searching(request):
        raise QueryError(f"garments measures a parser, which searches nothing: leave {', '.join(given)} out")
    model = DEFAULT_PARSER if request.model == DEFAULT else request.model
    return measure_parser(request.data, request.split or "test", model, progress)


def _of_copies(request: EvaluationRequest, progress: Progress) -> Evaluation:
    name = request.benchmark
    if name == DRAWN_COPIED and request.data is not None:
        raise QueryError(f"{name} is drawn: leave out {request.data}")
    if name == PASTED_COPIED and request.data is None:
        raise QueryError(f"{name} needs data: lookseek evaluate {name} DATA, with a folder laid out like myntra/")
    if given := _searching(request):
        raise QueryError(f"{name} measures a model of regions in its own way: leave {', '.join(given)} out")
    model = DEFAULT_REGIONS if request.model == DEFAULT else request.model
    return measure_copied(request.split or "test", model, progress, folder=request.data)


def _searching(request: EvaluationRequest) -> list[str]:
    """Return the options that were given and that say how something is searched, or what is written of that."""
    others: dict[str, object] = {
        "protocol": request.protocol,
        "by": request.by,
        "metric": request.metric != "cosine",
        "colour-weight": request.colour_weight,
        "composer": request.composer is not None,
        "inputs": request.inputs,
        "trec": request.trec,
        "export": request.export,
        "report": request.report,
        "route": request.route is not None,
        "rerank": request.rerank != "none",
        "literal": request.literal,
    }
    return [f"--{name}" for name, value in others.items() if value]


def _check_outputs(request: EvaluationRequest) -> None:
    """Find out before the work whether its results can be written."""
    if request.json is not None and (request.json.is_dir() or not request.json.name):
        raise QueryError(f"--json {request.json} is a folder: give the name of a file")
    if request.report is not None:
        from .report.style import check_matplotlib

        check_matplotlib()
    if request.export is not None:
        check_export(request.export)
    folders = {"report": request.report, "trec": request.trec, "inputs": request.inputs, "export": request.export}
    folders["json"] = None if request.json is None else request.json.parent
    for name, folder in folders.items():
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise QueryError(f"--{name} can't write to {folder} ({error.strerror}): choose another folder") from error


def _options(chosen: Benchmark, request: EvaluationRequest) -> Options:
    if request.by and not chosen.by:
        raise QueryError(f"{chosen.name} has no columns to choose: leave --by out")
    if request.composer is not None and chosen.query_type != "change":
        able = ", ".join(name for name, one in BENCHMARKS.items() if one.query_type == "change")
        raise QueryError(f"{chosen.name} asks with no photo and change: leave --composer out, or measure it on {able}")
    if request.route is not None and chosen.training_set is None:
        able = ", ".join(name for name, one in BENCHMARKS.items() if one.training_set is not None)
        raise QueryError(
            f"{chosen.name} has no other split with labels that a router could learn from: leave --route out, or "
            f"measure it on {able}"
        )
    if request.data is None and not chosen.drawn:
        raise QueryError(f"{chosen.name} needs data: lookseek evaluate {chosen.name} DATA, with {chosen.needs}")
    protocol = request.protocol or chosen.protocols[0]
    if protocol not in chosen.protocols:
        raise QueryError(f"{chosen.name} has no protocol {protocol!r}: choose one of {', '.join(chosen.protocols)}")
    return Options(request.data or Path("drawn"), request.split or chosen.split, protocol, request.by)

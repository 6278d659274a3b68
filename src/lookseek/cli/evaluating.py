"""Commands that measure: evaluate, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ..errors import QueryError
from ..types import Metric, RouteMode, RouterType
from .app import app
from .console import err, out, print_line
from .models import fetch_if_public
from .output import (
    print_evaluation,
)
from .progress_bars import ProgressBars


@app.command
def evaluate(
    benchmark: str | None = None,
    data: Path | None = None,
    /,
    *,
    list: Annotated[bool, Parameter(negative=())] = False,
    split: str | None = None,
    protocol: str | None = None,
    model: str = "lookseek-2",
    metric: Metric = "cosine",
    colour_weight: float = 0.0,
    composer: str | None = None,
    literal: Annotated[bool, Parameter(negative=())] = False,
    by: str = "",
    route: Literal["none"] | RouterType = "none",
    route_mode: RouteMode = "soft",
    route_preset: Literal["baseline", "linear"] = "baseline",
    rerank: str = "none",
    json: Path | None = None,
    report: Path | None = None,
    trec: Path | None = None,
    inputs: Path | None = None,
    export: Path | None = None,
) -> int:
    """Measure a model on a benchmark, by the field's protocols.

    Photos are encoded once and kept (LOOKSEEK_CACHE, else ~/.cache/lookseek): stop it with Ctrl-C whenever you like,
    the same command goes on from there.

    Args:
        benchmark: its name; --list names them all. "trec" measures a run file: DATA is the qrels, --model the run.
        data: the benchmark's folder or table, as --list says.
        list: print the benchmarks with their protocols, sizes and needs.
        split: the part that asks; for most benchmarks test.
        protocol: one of the benchmark's; the first that --list names if none is given.
        model: a shipped model's name, a public one's that lookseek models lists, a model folder,
            hf:OWNER/NAME@REVISION, "colour", or vectors: NAME.npy beside NAME.txt, a key a line. Of garments a parser,
            lookseek-garments if none is given.
        metric: how vectors are compared: cosine or euclidean.
        colour_weight: share of the colour in the score, 0 to 1, as in a search.
        literal: take words as they stand; else words that the model was never taught are read as ones that it was.
        composer: how a photo and a change become one: the model's own by name, sum, slerp:WEIGHT; photo or text alone.
        by: the columns meant, for benchmarks that take any table: the item's for instance, several for attributes.
        route: a router between queries and gallery, fitted on train, for benchmarks that have one.
        route_mode: soft, or hard for the likeliest key alone.
        route_preset: how svm learns, as lookseek route says.
        rerank: score the first candidates a second time, as a search does: query-expansion, database-augmentation,
            k-reciprocal or diffusion; several in order, joined by commas; or pairs alone.
        json: write the result into this file, and every query's values beside it.
        report: write a page with tables, plots and strips of the best and worst queries into this folder.
        trec: write run and qrels files into this folder.
        inputs: only write what a model has to encode into this folder: a table of keys, photos and texts.
        export: write the queries, their first ten answers and the photos of both into this folder, as a data set that
            load_dataset(FOLDER) of Hugging Face's datasets loads, and FOLDER/fiftyone that FiftyOne does.
    """
    from ..evaluate.command import EvaluationRequest, run_request
    from ..evaluate.routing import Route
    from . import tables

    if list:
        for line in tables.benchmark_lines():
            out.print(line, soft_wrap=True)
        return 0
    if benchmark is None:
        raise QueryError("no benchmark is named: lookseek evaluate --list names them")
    fetch_if_public(model)
    routed = None if route == "none" else Route(route, route_mode, route_preset)
    request = EvaluationRequest(
        benchmark=benchmark,
        data=data,
        split=split,
        protocol=protocol,
        model=model,
        metric=metric,
        colour_weight=colour_weight,
        composer=composer,
        literal=literal,
        by=by,
        route=routed,
        rerank=rerank,
        json=json,
        report=report,
        trec=trec,
        inputs=inputs,
        export=export,
    )
    with ProgressBars(err) as progress:
        done = run_request(request, progress)
    if progress.hidden_skips:
        err.print(f"... and {progress.hidden_skips:,} more skipped" + (f", all in {json}" if json else ""))
    if done.evaluation is not None:
        print_evaluation(done.evaluation)
    for path in done.written:
        err.print(f"wrote {path}", markup=False, soft_wrap=True)
    return 0


@app.command
def compare(first: Path, /, *others: Path) -> int:
    """Put results of evaluate --json side by side, with the significance of differences from the first.

    Results of another benchmark, protocol, split, gallery or set of queries are refused.

    Args:
        first: a result file.
        others: more result files.
    """
    from ..evaluate.compare import compare as compare_results
    from . import tables

    comparison = compare_results([first, *others])
    print_line(next(tables.protocol_lines(comparison.results[0])))
    for line in tables.model_lines(comparison):
        print_line(line)
    out.print()
    out.print(tables.comparison_table(comparison))
    print_line("\ndifference from the first, its 95 % interval and p: paired bootstrap over photos")
    if comparison.results[0].missing:
        err.print(f"[red]not comparable with other results:[/] {len(comparison.results[0].missing):,} photos missing")
    return 0

"""Commands that build and maintain an index: index, check, route, export-vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ..types import Metric, RouterType, StoreType
from .app import app
from .console import err, escape, out, print_line
from .output import (
    print_exported,
    print_keyed,
    print_summary,
)
from .progress_bars import ProgressBars


@app.command
def index(
    source: str,
    index: str,
    /,
    *,
    model: str | None = None,
    metric: Metric | None = None,
    prune: Annotated[bool, Parameter(negative=())] = False,
    image_column: str | None = None,
    id_column: str | None = None,
    store: StoreType | None = None,
) -> int:
    """Build an index, or bring one up to date: only new and changed photos are encoded.

    Stop it with Ctrl-C whenever you like; the same command goes on from there.

    Args:
        source: a folder of photos, a table (.csv, .tsv, .jsonl, .parquet), features (all_features.npy or its folder,
            as export-vectors writes it) or "drawn" for drawn garments.
        index: the folder of the index.
        model: a shipped model's name, a model folder, or hf:OWNER/NAME@REVISION of the Hugging Face hub; another than
            the index has builds a new index beside it. For features the model that made them.
        metric: "euclidean" also allows searching by Euclidean distance.
        prune: remove the items that the source no longer has.
        image_column: the table's column that holds the photos, if it isn't found by its name.
        id_column: the table's column that holds the ids, if it isn't found by its name.
        store: what keeps a new index: edge (any size; the default where its engine can be used), or numpy (plain files,
            up to some 50,000 items).
    """
    from ..catalogue import open_catalogue
    from ..index.job import build_index

    catalogue = open_catalogue(source, image_column=image_column, id_column=id_column)
    with ProgressBars(err) as progress:
        summary = build_index(catalogue, index, model=model, metric=metric, prune=prune, store=store, progress=progress)
    print_summary(summary, index, progress.hidden_skips)
    return 130 if summary.interrupted else 0


@app.command
def check(index: str, /) -> int:
    """Verify an index: checksums, counts, that stored vectors find themselves, that photos encode as stored.

    Args:
        index: the folder of the index.
    """
    from ..index.check import check_index

    findings = check_index(index)
    for finding in findings:
        out.print(f"{'[green]ok[/]    ' if finding.good else '[red]BROKEN[/]'} {finding.what}: ", end="")
        print_line(finding.message)
    return 0 if all(finding.good for finding in findings) else 1


@app.command
def route(
    index: str,
    /,
    *,
    kind: RouterType,
    by: str | None = None,
    preset: Literal["baseline", "linear"] = "baseline",
    cells: int = 50,
) -> int:
    """Fit a router on an index and key its items, so that search --route compares with a part of them alone.

    Run it again when the index has changed. The index answers as before until the end.

    Args:
        index: the folder of the index.
        kind: svm learns to tell the values of an attribute apart; kmeans makes cells of items that look alike.
        by: the attribute that svm learns; category if none is named.
        preset: how svm learns: baseline is the SVM, which takes some two milliseconds a query; linear a logistic
            regression, which takes none that count.
        cells: how many cells kmeans makes.
    """
    from ..index.routing import route_index

    try:
        with ProgressBars(err) as progress:
            done = route_index(index, kind, by=by, preset=preset, cells=cells, progress=progress)
    except KeyboardInterrupt:
        err.print(f"stopped: {escape(str(index))} is as it was; the same command begins again", soft_wrap=True)
        return 130
    print_keyed(done, index)
    return 0


@app.command
def export_vectors(index: str, out: Path, /, *, label: str | None = None) -> int:
    """Write an index's vectors as plain numpy files: all_features.npy, all_labels.npy, all_ids.txt and more.

    lookseek index OUT makes an index from them again, with nothing lost.

    Args:
        index: the folder of the index.
        out: the folder of the files; those of an earlier export are replaced, others stay.
        label: the attribute that becomes the class number; category if none is named and items have one.
    """
    from ..index.export import export_vectors as write

    with ProgressBars(err) as progress:
        exported = write(index, out, label=label, progress=progress)
    if exported.note:
        err.print(f"[yellow]note:[/] {exported.note}", soft_wrap=True)
    print_exported(exported, out)
    return 0

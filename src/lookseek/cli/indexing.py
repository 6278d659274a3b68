"""Commands that build and maintain an index: index, check, route, export-vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ..types import FolderStore, Metric, RouterType
from .app import app
from .console import err, escape, out, print_line, printable
from .exit_codes import ALL_WELL, code_of
from .fetching import print_fetched, remote_photos
from .models import fetch_if_public
from .output import (
    print_exported,
    print_keyed,
    print_summary,
)
from .progress_bars import ProgressBars
from .readings import dry_run as print_dry_run
from .readings import print_source
from .usage import UsageError


@app.command
def index(
    *paths: str,
    model: str | None = None,
    metric: Metric | None = None,
    prune: Annotated[bool, Parameter(negative=())] = False,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    strict: Annotated[bool, Parameter(negative=())] = False,
    list_sources: Annotated[bool, Parameter(negative=())] = False,
    drop_source: str = "",
    image_column: str | None = None,
    id_column: str | None = None,
    product_column: str | None = None,
    title_column: str | None = None,
    price_column: str | None = None,
    link_column: str | None = None,
    brand_column: str | None = None,
    image_pattern: str = "",
    decimal: Literal["point", "comma"] | None = None,
    join: Path | None = None,
    on: str = "",
    exclude: Annotated[list[str] | None, Parameter(negative=())] = None,
    fetch: Annotated[bool, Parameter(negative=())] = False,
    store: FolderStore | None = None,
    garments: Annotated[bool, Parameter(negative=())] = False,
    response_colour: Annotated[bool, Parameter(negative=())] = False,
    pairs: Annotated[bool, Parameter(negative=())] = False,
    ray: str | None = None,
) -> int:
    """Build an index, or bring one up to date: only new and changed photos are encoded.

    Stop it with Ctrl-C whenever you like; the same command goes on from there. Returns 0 if all is well, 3 if something
    was skipped, 4 if nothing was kept, 130 if it was stopped.

    Args:
        paths: one or more sources, then the folder of the index, or its address (postgresql://HOST/DATABASE#NAME,
            qdrant://HOST:6333/NAME). A source is a folder of photos, a table (.csv, .tsv, .json, .jsonl, .parquet, a
            feed in .xml, a webdataset in .tar), features (all_features.npy or its folder, as export-vectors writes it)
            or "drawn" for drawn garments.
        model: a shipped model's name, a public one's that lookseek models lists, a model folder, or
            hf:OWNER/NAME@REVISION of the Hugging Face hub; another than the index has builds a new index beside it.
            For features the model that made them.
        metric: "euclidean" also allows searching by Euclidean distance.
        prune: remove the items that the source no longer has.
        dry_run: print how the source is read, five of its items and what would be skipped; encode and write nothing.
        strict: publish nothing where something was skipped or is odd; what was encoded is kept for the next run.
        list_sources: print the sources of an index and do nothing else: lookseek index --list-sources shop.
        drop_source: remove the items that only this source named, and do nothing else: lookseek index --drop-source
            old.csv shop.
        image_column: the table's column that holds the photos, if another is taken; likewise the next ones.
        id_column: the column that holds the ids.
        product_column: the column that names the product that a photo shows.
        title_column: the column of the items' names.
        price_column: the column of the prices.
        link_column: the column of the products' pages.
        brand_column: the column of the brands.
        image_pattern: where the photos lie that no column names, e.g. "images/{id}.jpg" or "images/{id:.3}/{id}.jpg".
        decimal: the sign before decimals in the table's numbers, point or comma; found for each column if left out.
        join: a second table, whose columns are added to the rows of the first.
        on: the column by which rows of both tables belong together; that of the ids if left out.
        exclude: files and folders of a folder to leave out, e.g. "*_thumb.jpg"; may be repeated.
        fetch: download the photos that a table names by web address, from public hosts alone, or in a bucket, and read
            sources in buckets (s3://bucket/shop.csv; extra buckets); they are kept in lookseek's cache, where a further
            run finds them.
        store: what keeps a new index in a folder: edge (any size; the default where its engine can be used), or numpy
            (plain files, up to some 50,000 items).
        garments: keep a vector for each garment that is found in a photo too, so that trousers are found in a photo of
            a whole outfit by search --garment or --box; an index without them is made anew, later runs keep them.
        response_colour: keep the mean colour of the parts of a photo to which the model responds most too, for search
            --response-colour-weight; each photo goes through the model twice.
        pairs: keep the cells of each photo too, for search --rerank pairs; each photo goes through the model twice, and
            takes 3.6 KB more.
        ray: encode on a Ray cluster (extra bulk): its HOST:PORT, or auto for the one that runs on this machine, else
            a local one for this job.
    """
    from ..catalogue import ReadingOptions, options_of
    from ..index.job import build_index
    from ..index.remembered import open_as_before

    if list_sources and len(paths) == 1:
        return _print_sources(paths[0])
    if drop_source and len(paths) == 1:
        return _drop_source(paths[0], drop_source)
    if len(paths) < 2 or list_sources or drop_source:
        raise UsageError(
            f"index takes a source and the folder or address of the index, and got {' '.join(paths) or 'nothing'}"
        )
    *sources, index = paths
    fetch_if_public(model)
    given = {
        "photo": image_column,
        "id": id_column,
        "product": product_column,
        "title": title_column,
        "price": price_column,
        "link": link_column,
        "brand": brand_column,
    }
    columns = {role: name for role, name in given.items() if name is not None}
    remote = remote_photos(rehearsal=dry_run) if fetch else None
    options = ReadingOptions(
        columns,  # type: ignore[arg-type]
        image_pattern,
        decimal,
        join,
        on,
        tuple(exclude or ()),
        remote,
    )
    code = ALL_WELL
    for source in sources:
        catalogue = open_as_before(source, index, options)
        if remembered := set(options_of(catalogue).arguments) - set(options.arguments):
            said = f"{source} is read as before: {' '.join(sorted(remembered))}"
            err.print(printable(said), markup=False, soft_wrap=True)
        if dry_run:
            code = max(code, print_dry_run(catalogue))
            continue
        print_source(catalogue, err)
        with ProgressBars(err) as progress:
            summary = build_index(
                catalogue,
                index,
                model=model,
                metric=metric,
                prune=prune,
                strict=strict,
                store=store,
                garments=garments or None,
                response_colour=response_colour or None,
                pairs=pairs or None,
                ray=ray,
                progress=progress,
            )
        print_summary(summary, index, progress.hidden_skips)
        code = max(code, code_of(summary))
        if summary.interrupted:
            break
    if remote is not None:
        print_fetched(remote)
    return code


def _print_sources(index: str) -> int:
    from ..index.open_index import open_index

    opened = open_index(index)
    opened.store.close()
    for source in opened.manifest.sources:
        print_line(source)
    return ALL_WELL


def _drop_source(index: str, source: str) -> int:
    from ..index.drop_source import drop_source

    removed = drop_source(index, source)
    print_line(f"{index}: {removed:,} items removed, which {source} alone named")
    return ALL_WELL


@app.command
def check(index: str, /) -> int:
    """Verify an index: checksums, counts, that stored vectors find themselves, that photos encode as stored.

    Args:
        index: the folder or address of the index.
    """
    from ..index.check import check_index

    good = True
    for finding in check_index(index):
        out.print(f"{'[green]ok[/]    ' if finding.good else '[red]BROKEN[/]'} {finding.what}: ", end="")
        print_line(finding.message)
        good = good and finding.good
    return 0 if good else 1


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
        index: the folder or address of the index.
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
        index: the folder or address of the index.
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

"""The demo: builds an index of a catalogue, searches it and draws the results, in one go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .. import images
from ..catalogue import Catalogue, open_catalogue, vector_origin
from ..catalogue.download import DATASETS, download, list_files
from ..catalogue.drawn import write_catalogue
from ..errors import CatalogueError, QueryError
from ..index.address import place_of
from ..index.job import build_index
from ..index.report import Summary
from ..progress import Progress
from ..query import Query
from ..render import strip
from ..search import Searcher
from ..types import Item

QUERIES = 4
"""Searches that the demo draws."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What a demo made.

    Args:
        summary: of the index job.
        index: the index folder.
        picture: a PNG of queries and results.
        commands: what to try next, without the program's name.
    """

    summary: Summary
    index: Path
    picture: Path
    commands: tuple[str, ...]


def run_demo(
    source: str | None, download: str | None, folder: Path, *, progress: Progress, log: Callable[[str], None]
) -> DemoResult:
    """Index a catalogue, search it with some of its own photos and draw the results.

    Args:
        source: the user's photos or table; None for the data set that ``download`` names, or drawn garments.
        download: a name in ``DATASETS``, fetched into ``folder``; None for none.
        folder: receives the photos, the index and the picture.
        progress: receives the progress of every step.
        log: receives one line that names the source.

    Raises:
        CatalogueError, DownloadError, IndexFolderError: as the steps raise them.
    """
    if source is not None and download is not None:
        raise QueryError("give --source or --download, not both")
    if source is not None:
        log(f"showing your own photos: {source}")
    elif download is not None:
        source = str(_download(download, folder, progress, log))
        log(f"showing downloaded photos: {source}")
    else:
        source = str(_draw_garments(folder / "drawn", progress))
        log("showing drawn garments (use your own photos with --source FOLDER)")
    catalogue = open_catalogue(source)
    if vector_origin(catalogue) is not None:
        raise CatalogueError(f"{source} holds features, and the demo searches with photos: give those")
    index = folder / "index"
    earlier = place_of(index).published()
    if earlier is not None and set(earlier.sources) - {catalogue.origin}:
        shutil.rmtree(index)  # the demo's own folder, with an earlier demo's items
    summary = build_index(catalogue, index, prune=True, progress=progress)
    if not summary.items:
        raise CatalogueError(f"{source} gave no photo that can be used: skipped.csv in {index} says why")
    picture = folder / "results.png"
    first = _draw_results(catalogue, index, picture)
    commands = (
        f"search {index} --image {first} --strip strip.png",
        f"search {index} --image {first} -k 5 --json",
        f"check {index}",
    )
    return DemoResult(summary, index, picture, commands)


def _draw_garments(folder: Path, progress: Progress) -> Path:
    table = folder / "items.csv"
    if not table.is_file():
        progress.phase("drawing garments", None)
        write_catalogue(folder, items=80, views=3)
    return table


def _download(name: str, folder: Path, progress: Progress, log: Callable[[str], None]) -> Path:
    if name not in DATASETS:
        raise CatalogueError(f"there is no data set {name!r} to download: choose {', '.join(DATASETS)}")
    dataset, target = DATASETS[name], folder / name
    files = list_files(dataset)
    megabytes = sum(file.size for file in files) / 1e6
    log(f"{dataset.repository}: {len(files):,} photos, {megabytes:,.0f} MB, {dataset.licence}")
    progress.phase("downloading", len(files))
    download(dataset, files, target, progress.advance)
    return target


def _draw_results(catalogue: Catalogue, index: Path, picture: Path) -> str:
    """Search with photos spread evenly over the catalogue; returns the path of the first."""
    step = max(1, len(catalogue) // QUERIES)
    items = (entry for entry in islice(catalogue, step // 2, None, step) if isinstance(entry, Item) and entry.image)
    with Searcher(index) as searcher:
        answers = [searcher.search(Query(image=item.image, k=6)) for item in islice(items, QUERIES)]
    strips = [strip.draw_results(results, columns=6) for results in answers]
    picture.write_bytes(images.to_png(strip.stack_strips(strips)))
    image = answers[0].query.image
    return str(image) if isinstance(image, Path) else "PHOTO"

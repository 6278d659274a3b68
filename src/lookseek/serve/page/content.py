"""Resolves a state of the page to its content: results, items to browse, or an error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, islice

from ...errors import ImageError, IndexFolderError, ItemError, LookseekError, ModelError, QueryError
from ...index.manifest import Manifest
from ...index.open_index import OpenIndex
from ...index.products import one_photo_each
from ...results import Hit, Results
from ...store import Restriction
from ...types import Point, Region
from ..api.index import describe_index
from ..engine import Engine
from ..paging import index_version
from ..photo_shape import Shape
from ..pool import Busy
from ..problems import problem_from_error, strip_paths
from ..sorting import SORTED_HITS, newest_field, price_field, sort_by, sort_field
from ..uploads import Upload
from .facet_filters import to_condition, to_filter
from .facets import Facet, Facets
from .state import Sort, State, to_query

__all__ = ["PageContent", "PageError", "browse", "page_error", "resolve_page"]

log = logging.getLogger("lookseek.serve")


@dataclass(frozen=True, slots=True)
class PageError:
    """What the page shows in place of results.

    Args:
        key: of its texts, below ``trouble``.
        detail: the error's message, in English; "" for none.
        status: of HTTP.
        retry_seconds: after which the reader may try again; 0 for unknown.
    """

    key: str
    detail: str
    status: int
    retry_seconds: int = 0


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a state resolves to.

    Args:
        results: of its query; None without a query.
        hits: of the results, in the order of the page.
        browsed: items to look at where there is no query.
        total: results that there are: products, or items, that meet the filters.
        version: of the index.
        sorts: orders that the index can give.
        facets: with counts.
        shape: of the index's photos.
        error: in place of the rest.
        garments: in the upload, the largest first; empty where it is searched with in part, or was not looked at.
    """

    results: Results | None = None
    hits: tuple[Hit, ...] = ()
    browsed: tuple[Point, ...] = ()
    total: int = 0
    version: str = ""
    sorts: tuple[Sort, ...] = ()
    facets: tuple[Facet, ...] = ()
    shape: Shape = "tall"
    error: PageError | None = None
    garments: tuple[Region, ...] = ()


async def resolve_page(engine: Engine, facets: Facets, state: State, upload: Upload | None) -> PageContent:
    """Resolve a state. An error becomes part of the content.

    Args:
        engine: of the service.
        facets: of the service.
        state: of the page.
        upload: the state's photo where it is an upload.
    """
    selected = state.selected()

    def describe() -> PageContent:
        index = engine.searcher.current()
        total = facets.total(index, selected)
        sorts: list[Sort] = ["price", "-price"] if price_field(index.manifest) else []
        sorts += ["newest"] if newest_field(index.manifest) else []
        return PageContent(
            facets=facets.count(index, selected),
            shape=facets.shape(index),
            total=min(total, SORTED_HITS) if state.sort and state.has_query else total,
            version=index_version(index),
            sorts=tuple(sorts),
        )

    try:
        if not state.has_query:
            items = await engine.run_search(lambda: browse(engine.searcher.current(), facets, state))
            return replace(await engine.run_search(describe), browsed=items)
        method = state.method if state.method in describe_index(engine).routers else "none"
        manifest = engine.searcher.index.manifest
        order = _order(state, manifest)
        filter = to_filter(selected, manifest.fields)
        query = to_query(replace(state, k=SORTED_HITS) if order else state, _photo(upload), filter, method=method)
        photo = _photo(upload) if state.box is None else None
        described, results, garments = await asyncio.gather(  # the short job first: a long search must not delay it
            engine.run_search(describe), engine.search(query), _garments(engine, photo)
        )
        hits = sort_by(results.hits, order[0], descending=order[1])[: state.k] if order else results.hits
        return replace(described, results=results, hits=tuple(hits), garments=garments)
    except Busy as error:
        return PageContent(error=PageError("busy", "", 503, error.seconds))
    except LookseekError as error:
        return PageContent(error=page_error(error))


def browse(index: OpenIndex, facets: Facets, state: State) -> tuple[Point, ...]:
    """Return items to look at where nothing is searched: a sample, then all others; or all in an order."""
    manifest, product = index.manifest, index.manifest.roles.get("product")
    condition = to_condition(state.selected(), manifest.fields)
    points: Iterable[Point] = index.store.scan(Restriction(condition))
    if order := _order(state, manifest):
        points = sort_by(points, order[0], descending=order[1])
    elif condition is None:
        sample = index.store.get(facets.sample(index), vectors=False)
        shown = {point.id for point in sample}
        points = chain(sample, (point for point in points if point.id not in shown))
    return tuple(islice(one_photo_each(points, product), state.k))


def _order(state: State, manifest: Manifest) -> tuple[str, bool] | None:
    """Return the attribute that the state's results are sorted by, and whether its largest value comes first."""
    try:
        return sort_field(state.sort, manifest) if state.sort else None
    except QueryError:  # a link of before, to an index that has none
        return None


def _photo(upload: Upload | None) -> bytes | None:
    return upload.data if upload else None


async def _garments(engine: Engine, photo: bytes | None) -> tuple[Region, ...]:
    """Return the garments to tap; none where finding them would cost the results."""
    if photo is None:
        return ()
    try:
        return await engine.run_picture(lambda: engine.searcher.garments(photo))
    except (Busy, ModelError) as error:
        log.warning("no garments are shown on a photo: %s", error)
        return ()


def page_error(error: LookseekError) -> PageError:
    """Return what the page shows of an error."""
    response = problem_from_error(error)
    status, retry_seconds = response.status_code, int(response.headers.get("retry-after", "0"))
    if isinstance(error, ImageError | ItemError):
        return PageError("picture", strip_paths(str(error)), status)
    if status < 500:
        return PageError("query", strip_paths(str(error)), status)
    log.warning("the page could not be answered: %s", type(error).__name__)
    expected = isinstance(error, IndexFolderError | ModelError) or status == 503
    return PageError("index" if expected else "wrong", "", status, retry_seconds)

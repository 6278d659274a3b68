"""Resolves a state of the page to its content: results, items to browse, or an error."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from itertools import islice

from ...errors import ImageError, IndexFolderError, ItemError, LookseekError, ModelError
from ...index.products import one_photo_each
from ...results import Results
from ...store import Restriction
from ...types import Point
from ..api.index import describe_index
from ..engine import Engine
from ..photo_shape import Shape
from ..pool import Busy
from ..problems import problem_from_error, strip_paths
from ..uploads import Upload
from .facet_filters import to_condition, to_filter
from .facets import Facet, Facets
from .state import State, to_query

__all__ = ["PageContent", "PageError", "page_error", "resolve_page"]

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
        browsed: items to look at where there is no query.
        facets: with counts.
        shape: of the index's photos.
        error: in place of the rest.
    """

    results: Results | None = None
    browsed: tuple[Point, ...] = ()
    facets: tuple[Facet, ...] = ()
    shape: Shape = "tall"
    error: PageError | None = None


async def resolve_page(engine: Engine, facets: Facets, state: State, upload: Upload | None) -> PageContent:
    """Resolve a state. An error becomes part of the content.

    Args:
        engine: of the service.
        facets: of the service.
        state: of the page.
        upload: the state's photo where it is an upload.
    """
    selected = state.selected()

    def count_facets() -> tuple[tuple[Facet, ...], Shape]:
        index = engine.searcher.current()
        return facets.count(index, selected), facets.shape(index)

    def browse() -> tuple[Point, ...]:
        index = engine.searcher.current()
        condition = to_condition(selected, index.manifest.fields)
        if condition is None:
            return tuple(index.store.get(facets.sample(index), vectors=False))
        shown = one_photo_each(index.store.scan(Restriction(condition)), index.manifest.roles.get("product"))
        return tuple(islice(shown, state.k))

    try:
        if not state.has_query:
            items, (counted, shape) = await engine.run_search(browse), await engine.run_search(count_facets)
            return PageContent(browsed=items, facets=counted, shape=shape)
        method = state.method if state.method in describe_index(engine).routers else "none"
        filter = to_filter(selected, engine.searcher.index.manifest.fields)
        query = to_query(state, upload.data if upload else None, filter, method=method)
        results, (counted, shape) = await asyncio.gather(engine.search(query), engine.run_search(count_facets))
        return PageContent(results=results, facets=counted, shape=shape)
    except Busy as error:
        return PageContent(error=PageError("busy", "", 503, error.seconds))
    except LookseekError as error:
        return PageContent(error=page_error(error))


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

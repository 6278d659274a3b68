"""What a state of the page leads to: results, things to look at, or what keeps it from being answered."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from itertools import islice

from ...errors import ImageError, IndexFolderError, ItemError, LookseekError, ModelError
from ...results import Results
from ...store import Restriction
from ...types import Point
from ..api.index import describe_index
from ..engine import Engine
from ..photo_shape import Shape
from ..pool import Busy
from ..problems import problem_from_error, strip_paths
from ..uploads import Upload
from .facets import Facet, Facets, condition_of, filter_of
from .state import State, query_of

__all__ = ["Found", "Trouble", "answered", "trouble_of"]

log = logging.getLogger("lookseek.serve")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stands in the place of results: a text's key, what the core said in English, and a status."""

    key: str
    detail: str
    status: int
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a state leads to."""

    results: Results | None = None
    browsed: tuple[Point, ...] = ()
    facets: tuple[Facet, ...] = ()
    shape: Shape = "tall"
    trouble: Trouble | None = None


async def answered(engine: Engine, facets: Facets, state: State, upload: Upload | None) -> Found:
    """The answer to a state; what goes wrong is part of it."""
    chosen = state.chosen()

    def counted() -> tuple[tuple[Facet, ...], Shape]:
        index = engine.searcher.current()
        return facets.of(index, chosen), facets.shape(index)

    def browsed() -> tuple[Point, ...]:
        index = engine.searcher.current()
        condition = condition_of(chosen, index.manifest.fields)
        if condition is None:
            return tuple(index.store.get(facets.sample(index), vectors=False))
        return tuple(islice(index.store.scan(Restriction(condition)), state.k))

    try:
        if not state.asks:
            some, (told, shape) = await engine.run_search(browsed), await engine.run_search(counted)
            return Found(browsed=some, facets=told, shape=shape)
        method = state.method if state.method in describe_index(engine).routers else "none"
        filter = filter_of(chosen, engine.searcher.index.manifest.fields)
        query = query_of(state, upload.data if upload else None, filter, method=method)
        results, (told, shape) = await asyncio.gather(engine.search(query), engine.run_search(counted))
        return Found(results=results, facets=told, shape=shape)
    except Busy as error:
        return Found(trouble=Trouble("busy", "", 503, error.seconds))
    except LookseekError as error:
        return Found(trouble=trouble_of(error))


def trouble_of(error: LookseekError) -> Trouble:
    """What the page says of an error."""
    answer = problem_from_error(error)
    seconds = int(answer.headers.get("retry-after", "0"))
    if isinstance(error, ImageError | ItemError):
        return Trouble("picture", strip_paths(str(error)), answer.status_code)
    if answer.status_code < 500:
        return Trouble("query", strip_paths(str(error)), answer.status_code)
    log.warning("the page could not be answered: %s", type(error).__name__)
    known = isinstance(error, IndexFolderError | ModelError) or answer.status_code == 503
    return Trouble("index" if known else "wrong", "", answer.status_code, seconds)

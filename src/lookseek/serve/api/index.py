"""The API's routes that describe the index: what it is, and the values of its attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from ...errors import QueryError
from ...filters import Condition, check_fields, parse
from ...index.products import count_products
from ...store import Restriction, Store
from ..engine import Engine
from ..guards.filter_cost import check_filter_cost, slow_comparisons
from ..settings import MAX_COUNTED
from .response_schemas import PROBLEMS, Facets, IndexAbout

__all__ = ["count_facets", "describe_index", "router"]

router = APIRouter(tags=["search"])


_SLOW_WEIGHT = 5
"""What a comparison that no index helps with costs of an item, in countings of a field: 12 microseconds and 2.4."""


@router.get("/v1/facets", response_model=Facets, responses=PROBLEMS)
async def facets(
    request: Request,
    filter: Annotated[str, Query(max_length=10_000)] = "",
    field: Annotated[Sequence[str], Query(max_length=32)] = (),
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Count the values of attributes among the items that meet a filter."""
    engine: Engine = request.app.state.engine
    return await engine.run_search(lambda: JSONResponse(count_facets(engine, filter, field, limit)))


@router.get("/v1/index", responses=PROBLEMS)
async def index(request: Request) -> IndexAbout:
    """Say what the index holds and what can be asked of it."""
    engine: Engine = request.app.state.engine
    opened = await engine.run_search(engine.searcher.current)
    products = await engine.run_search(lambda: count_products(opened)) if "product" in opened.manifest.roles else None
    return describe_index(engine).model_copy(update={"products": products})


def count_facets(engine: Engine, filter: str, fields: Sequence[str], limit: int) -> dict[str, Any]:
    """Count the values of some fields, or of all that can be counted, as many of them as one request may.

    Args:
        engine: of the service.
        filter: counts only items that meet it; "" for all.
        fields: names; none for all.
        limit: values of a field at most, the most frequent first.

    Returns:
        What ``Facets`` has, as JSON values: the counts, and the fields that are left for further requests.

    Raises:
        QueryError: a field that does not exist or holds numbers.
        FilterError: a filter that can't be parsed.
    """
    index = engine.searcher.current()
    condition: Condition | None = parse(filter) if filter.strip() else None
    if condition is not None:
        check_fields(condition, index.manifest.fields)
        check_filter_cost(condition, index.manifest)
    names = list(dict.fromkeys(fields)) or [name for name, type_ in index.manifest.fields.items() if type_ != "number"]
    slow = 0 if condition is None else slow_comparisons(condition, index.manifest)
    at_once = max(1, MAX_COUNTED // max(1, index.manifest.items * (1 + _SLOW_WEIGHT * slow)))
    if not fields and len(names) > at_once:
        names = [name for name in names if _is_countable(index.store, name)]
    names, not_counted = names[:at_once], names[at_once:]
    facets = {}
    for name in names:
        if name not in index.manifest.fields:
            raise QueryError(f"no item has {name!r}: the index knows {', '.join(index.manifest.fields)}")
        try:
            values = index.store.facet(name, Restriction(condition), limit=limit)
        except QueryError:
            if fields:
                raise
            continue  # a field beyond those that the store can count
        facets[name] = [{"value": value, "count": count} for value, count in values if isinstance(value, str | bool)]
    return {"items": index.store.count(Restriction(condition)), "facets": facets, "not_counted": not_counted}


def _is_countable(store: Store, field: str) -> bool:
    """Return whether a field can be counted, without counting anything."""
    try:
        store.facet(field, Restriction(among=()), limit=1)
    except QueryError:
        return False
    return True


def describe_index(engine: Engine) -> IndexAbout:
    """Return the index's name, size, model, fields, metrics and routers."""
    index, model = engine.searcher.index, engine.searcher.model
    manifest = index.manifest
    return IndexAbout(
        name=index.place.name,
        items=manifest.items,
        model=model.name,
        languages=list(model.languages),
        composer=None if model.text is None else (model.composer.name if model.composer else "sum"),
        fields=dict(manifest.fields),
        roles=dict(manifest.roles),
        metrics=["cosine", "euclidean"] if "look_euclidean" in manifest.spec.layout else ["cosine"],
        routers=[kind for kind, note in manifest.routers.items() if note.current],
        updated=manifest.updated,
    )

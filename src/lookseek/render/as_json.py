"""Results as plain values, in the shape of ``search --json`` and of the API: the keys are a public format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from ..query import Query
from ..results import Hit, Results
from ..types import Region
from .contributions import contributions_to_dict

__all__ = ["query_to_dict", "region_to_dict", "results_to_dict"]

_HIT = ("id", "score", "rank", "attributes", "shares")

_DEFAULTS: dict[str, Any] = {
    "item": "",
    "text": "",
    "plus": (),
    "minus": (),
    "image_weight": 1.0,
    "like": (),
    "unlike": (),
    "composer": "",
    "rerank": "none",
    "literal": False,
    "group_by": "product",
    "garment": "",
    "explain": False,
    "copied": None,
}
"""Fields of a query that are omitted where they have these values."""


def results_to_dict(results: Results) -> dict[str, Any]:
    """Return results by the fixed keys.

    Hits have ``copies`` only where the query hides duplicates, ``product`` and ``photos`` only where they are products;
    ``readings`` are there only where words were read as others, ``hints`` only where no item meets the filter and
    something else was probably meant; ``garments`` and ``garment`` only where the query means
    a garment, and a hit's ``region`` only where a garment of its photo was compared; a hit's ``contributions`` only
    where the query has it explained. Where the query looks for copies, hits have ``verdicts``, and the answer
    ``uncompared`` where photos can't be read any more.
    """
    keys = (*_HIT, "copies") if results.query.hide_duplicates else _HIT
    if any(hit.product for hit in results.hits):
        keys = (*keys, "product", "photos")
    order = [field.name for field in fields(Hit) if field.name in keys]
    hits = [
        {
            **{key: _plain(getattr(hit, key)) for key in order},
            **({"region": region_to_dict(hit.region)} if hit.region is not None else {}),
            **({"verdicts": [asdict(each) for each in hit.verdicts]} if hit.verdicts else {}),
            **({} if hit.contributions is None else {"contributions": contributions_to_dict(hit.contributions)}),
        }
        for hit in results.hits
    ]
    took = round(results.took_ms, 3)
    answer = {"query": query_to_dict(results.query), "hits": hits, "took_ms": took, "index": results.index}
    if results.garment is not None:
        answer |= {"garments": [region_to_dict(each) for each in results.garments], "garment": results.garment}
    if results.uncompared:
        answer["uncompared"] = results.uncompared
    told = {"readings": list(results.readings), "hints": list(results.hints)}
    return answer | {name: lines for name, lines in told.items() if lines}


def region_to_dict(region: Region) -> dict[str, Any]:
    """Return a region as JSON values: box (x, y, width, height in pixels of the photo), kind and score."""
    box = region.box
    numbers = [round(number, 1) for number in (box.x, box.y, box.width, box.height)]
    return {"box": numbers, "kind": region.label, "score": round(region.score, 4)}


def query_to_dict(query: Query) -> dict[str, Any]:
    """Return the fields of a query without those that have their defaults; photos stay as the query has them."""
    given = {k: v for k, v in asdict(query).items() if v is not None and not (k in _DEFAULTS and v == _DEFAULTS[k])}
    for name in {"plus", "minus"} & given.keys():
        given[name] = [{k: v for k, v in term.items() if v not in ("", None)} for term in given[name]]
    return given


def _plain(value: object) -> object:
    """Return a mapping as a dict of its own; ``dataclasses.asdict`` would copy every value too, in far more time."""
    return dict(value) if isinstance(value, Mapping) else value

"""An answer as plain values, the shape of ``search --json`` and of the API: its keys are fixed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..query import Query
from ..results import Results

__all__ = ["answer", "asked"]

_HIT = ("id", "score", "rank", "attributes", "shares")

_UNASKED: dict[str, Any] = {
    "item": "",
    "text": "",
    "plus": (),
    "minus": (),
    "image_weight": 1.0,
    "like": (),
    "unlike": (),
    "composer": "",
}
"""What is left out where nothing is asked by it."""


def answer(results: Results) -> dict[str, Any]:
    """Results by the fixed keys. A hit has ``copies`` only where the query hides them."""
    keys = (*_HIT, "copies") if results.query.hide_duplicates else _HIT
    hits = [{key: value for key, value in asdict(hit).items() if key in keys} for hit in results.hits]
    took = round(results.took_ms, 3)
    return {"query": asked(results.query), "hits": hits, "took_ms": took, "index": results.index}


def asked(query: Query) -> dict[str, Any]:
    """What a query asks, and nothing that it does not; photos are as the query has them."""
    shown = {k: v for k, v in asdict(query).items() if v is not None and not (k in _UNASKED and v == _UNASKED[k])}
    for name in {"plus", "minus"} & shown.keys():
        shown[name] = [{k: v for k, v in term.items() if v not in ("", None)} for term in shown[name]]
    return shown

"""From a query to results: start with ``pipeline.py``, which is a search top to bottom."""

from __future__ import annotations

from typing import Any

__all__ = ["Searcher"]


def __getattr__(name: str) -> Any:
    if name == "Searcher":  # loads the store, which other modules of this package do not need
        from .searcher import Searcher

        return Searcher
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

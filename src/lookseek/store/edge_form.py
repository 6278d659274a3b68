"""Conditions as objects of the embedded engine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import qdrant_edge as engine

from .base import Restriction
from .qdrant_filter import compile_filter

__all__ = ["filter_of"]


class _EngineConditions:
    """See ``ConditionMaker``."""

    def filter(self, *, must: Sequence[Any] = (), should: Sequence[Any] = (), must_not: Sequence[Any] = ()) -> Any:
        return engine.Filter(must=list(must) or None, should=list(should) or None, must_not=list(must_not) or None)

    def any_of(self, path: str, texts: Sequence[str]) -> Any:
        return engine.FieldCondition(path, match=engine.MatchAny(list(texts)))

    def within(self, path: str, **bounds: float) -> Any:
        return engine.FieldCondition(path, range=engine.RangeFloat(**bounds))

    def dated(self, path: str, **bounds: datetime) -> Any:
        limits = {name: instant.isoformat() for name, instant in bounds.items()}
        return engine.FieldCondition(path, range=engine.RangeDateTime(**limits))

    def of_ids(self, ids: Collection[UUID]) -> Any:
        return engine.HasIdCondition(set(ids))


_CONDITIONS = _EngineConditions()


def filter_of(restriction: Restriction) -> engine.Filter | None:
    """Return a restriction as a filter of the engine; None for all points."""
    found: engine.Filter | None = compile_filter(restriction, _CONDITIONS)
    return found

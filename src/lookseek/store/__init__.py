"""Where points are kept and searched: one protocol, an embedded engine and a plain numpy reference.

A store works on points, vectors and conditions; photos, models and index folders are the business of packages above.
Whatever a store promises in ``base.py``, ``tests/test_store.py`` checks over every implementation.
"""

from __future__ import annotations

from ..types import StoreType
from .base import UNRESTRICTED, Restriction, RoutingFilter, ScoredId, Store
from .registry import Capabilities, capabilities, create_store, default_store, open_store
from .schema import FieldType, Layout, VectorSpec

__all__ = [
    "UNRESTRICTED",
    "Capabilities",
    "FieldType",
    "Layout",
    "Restriction",
    "RoutingFilter",
    "ScoredId",
    "Store",
    "StoreType",
    "VectorSpec",
    "capabilities",
    "create_store",
    "default_store",
    "open_store",
]

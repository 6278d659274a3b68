"""lookseek finds clothes by looking.

>>> from pathlib import Path
>>> from lookseek import Query, Searcher
>>> with Searcher(Path("my-index")) as searcher:  # doctest: +SKIP
...     for hit in searcher.search(Query(image=Path("dress.jpg"), k=5)).hits:
...         print(hit.rank, hit.id, round(hit.score, 3))
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .errors import LookseekError
from .query import Query, Term
from .results import Hit, Results
from .types import Box, Item

if TYPE_CHECKING:
    from .catalogue import open_catalogue
    from .client import Client
    from .index.job import build_index
    from .search import Searcher

# ONNX Runtime (1.32 on Linux) sends events over the network and keeps an id of the device in the home, from the moment
# it is imported, unless this is set before. Source: github.com/microsoft/onnxruntime/pull/27379
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# huggingface_hub adds to each request which programs run here and around it, unless this is set before it is imported.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

__all__ = [
    "Box",
    "Client",
    "Hit",
    "Item",
    "LookseekError",
    "Query",
    "Results",
    "Searcher",
    "Term",
    "build_index",
    "open_catalogue",
]
__version__ = "0.1.0"

_LATER = {"Client": "client", "Searcher": "search", "build_index": "index.job", "open_catalogue": "catalogue"}
"""Names that cost time to import, and the modules that have them: loaded when first asked for."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

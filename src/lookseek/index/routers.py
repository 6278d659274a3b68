"""Opens the routers of an index that is open; ``routing.py`` makes them."""

from __future__ import annotations

from shlex import quote

import numpy as np

from ..errors import IndexMismatch, QueryError
from ..route import files
from ..route.fit import CELLS
from ..route.router import Router
from ..store.schema import LOOK
from ..types import RouterType
from .manifest import Manifest, RouterInfo
from .place import ROUTERS, Place

__all__ = ["ARRAYS", "ESTIMATOR", "open_router", "route_command", "router_file", "routers_agree"]

ESTIMATOR, ARRAYS = ".skops", ".npz"
"""How the names of a router's two files end, see ``route.files``."""


def open_router(place: Place, manifest: Manifest, kind: RouterType) -> Router:
    """Open a router of an index.

    Raises:
        QueryError: the index has none of this kind; the message names the command.
        IndexMismatch: items changed since it keyed them.
        IndexDamaged: its file is not what was published.
    """
    info = manifest.routers.get(kind)
    if info is None:
        command = route_command(place.address, kind)
        raise QueryError(f"{place.address} has no {kind} router yet: make one with {command}")
    if not info.current:
        raise IndexMismatch(
            f"the {kind} router of {place.address} is older than its items, so it would miss the new ones: fit it "
            f"again with {route_command(place.address, kind, info)}"
        )
    return files.load(*_file(place, manifest, kind, ARRAYS), _known(manifest, kind))


def routers_agree(place: Place, manifest: Manifest, kind: RouterType) -> bool:
    """Return whether the arrays that queries read give what the estimator beside them gives.

    Raises:
        QueryError: scikit-learn or skops is not installed.
        IndexDamaged: a file is not what was published, or holds what is not trusted.
    """
    known = _known(manifest, kind)
    record = files.load_estimator(*_file(place, manifest, kind, ESTIMATOR), known)
    vectors = np.random.default_rng(0).standard_normal((32, known.dim)).astype(np.float32)
    read = open_router(place, manifest, kind).posterior(vectors)
    return bool(np.allclose(record.posterior(vectors), read, atol=1e-5))


def route_command(address: str, kind: RouterType, info: RouterInfo | None = None) -> str:
    """Return the command that makes a router like this one."""
    line = f"lookseek route {quote(address)} --kind {kind}"
    if info is None:
        return line + " --by FIELD" * (kind == "svm")
    if kind == "kmeans":
        return f"{line} --cells {len(info.sizes)}" if len(info.sizes) != CELLS else line
    return f"{line} --by {quote(info.by)}" + f" --preset {info.preset}" * (info.preset != "baseline")


def router_file(kind: RouterType, suffix: str) -> str:
    """Return the name of a router's file in its generation."""
    return f"{ROUTERS}/{kind}{suffix}"


def _file(place: Place, manifest: Manifest, kind: RouterType, suffix: str) -> tuple[bytes, str]:
    """Return a file's content, and what to call it in messages."""
    name = router_file(kind, suffix)
    return place.read_file(manifest, name), f"{name} of {place.address}"


def _known(manifest: Manifest, kind: RouterType) -> Router:
    info, dim = manifest.routers[kind], manifest.spec.layout[LOOK].dim
    return files.unread_router(kind, info.by, info.preset, list(info.sizes), dim).tuned(info.temperature, info.mass)

"""Checks whether an index is what its manifest says. Every finding comes with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

import numpy as np

from .. import images
from ..encode import ColourEncoder, encode_photos, load_model, photo_encoders
from ..errors import IndexDamaged, IndexFolderError, ItemError, LookseekError, QueryError
from ..store import Store
from ..store.schema import COLOUR, LOOK, LOOK_EUCLIDEAN, RESPONSE_COLOUR
from ..types import Photo, Point, RouterType
from ..vectors import cosine as cosine_of
from .address import Address
from .open_index import OpenIndex, open_index
from .points import content_hash

SAMPLE = 32
"""Stored vectors that must find themselves, and photos that are encoded again."""
SAME_AT_LEAST = 0.98
"""Cosine between a stored vector and the photo encoded again: another runtime or precision costs up to .012
(docs/decisions/encoder.md), another photo or model far more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Args:
        what: what was checked.
        good: whether it is as it should be.
        message: the figures, and on damage what to do.
    """

    what: str
    good: bool
    message: str


def check_index(index: Address) -> Iterator[Finding]:
    """Check all that an index promises: checksums, counts, search, routers, and its photos.

    Yields:
        What each check found, as soon as it is known. A check that damage stops is a finding too.

    Raises:
        IndexFolderError: it can't even be opened; the message names the remedy.
    """
    opened = open_index(index)
    points = list[Point]()

    def finds_itself() -> Finding:
        points.extend(_sample(opened.store))
        return _finds_itself(opened.store, points)

    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("index job", lambda: _interrupted(opened)),
        ("checksums", lambda: _files(opened)),
        ("count", lambda: _count(opened)),
        ("search", finds_itself),
        ("photos", lambda: _photos(opened, points)),
        *((f"router {kind}", partial(_router, opened, kind)) for kind in opened.manifest.routers),
    ]
    try:
        for what, check in checks:
            try:
                yield check()
            except IndexFolderError as error:
                yield Finding(what, False, str(error))
    finally:
        opened.store.close()


def _interrupted(index: OpenIndex) -> Finding:
    unfinished = index.place.unfinished()
    if unfinished is None:
        return Finding("index job", True, "the last one ended")
    if unfinished.journal is not None:
        return Finding("index job", True, "the last one ended; edits of a stopped service are there, and stay")
    options = ""
    if not unfinished.spec.same_vectors(index.manifest.spec):
        model = unfinished.spec.model_path or unfinished.spec.model
        options = f" --model {model}" + " --metric euclidean" * (LOOK_EUCLIDEAN in unfinished.spec.layout)
    message = "the last one was interrupted; every acknowledged item is kept. Finish it"
    return Finding("index job", False, f"{message}: {_index_command(index)}{options}")


def _files(index: OpenIndex) -> Finding:
    bad = list(index.place.damage(index.manifest, contents=True))
    if bad:
        message = f"{len(bad)} of {len(index.manifest.files)} files are not what was written, first {bad[0]}"
        return Finding("checksums", False, f"{message}. Delete {index.address} and run {_index_command(index)}")
    if index.place.store is not None:
        what = f"{len(index.manifest.files)} files as published; {index.place.store} watches over the rest"
        return Finding("checksums", True, what)
    return Finding("checksums", True, f"{len(index.manifest.files)} files as published")


def _count(index: OpenIndex) -> Finding:
    found = index.store.count()
    if index.manifest.updated and found != index.manifest.items and not index.place.being_written():
        message = f"{found:,} items, {index.manifest.items:,} expected"
        return Finding("count", False, f"{message}. Delete {index.address} and run {_index_command(index)}")
    return Finding("count", True, f"{found:,} items")


def _router(index: OpenIndex, kind: RouterType) -> Finding:
    from .routers import route_command, routers_agree

    info = index.manifest.routers[kind]
    again = route_command(index.address, kind, info)
    if not info.current:
        return Finding(f"router {kind}", True, f"older than the items, so no search uses it. Fit it again: {again}")
    try:
        good = routers_agree(index.place, index.manifest, kind)
    except QueryError as error:
        return Finding(f"router {kind}", True, f"not looked at: {error}")
    except IndexDamaged as error:
        return Finding(f"router {kind}", False, f"{error}: {again}")
    message = f"{len(info.sizes)} keys, keeps {info.kept:.1%} of the exact top-10 in validation"
    return Finding(f"router {kind}", good, message if good else f"its two files differ. Fit it again: {again}")


def _sample(store: Store) -> list[Point]:
    """Return up to ``SAMPLE`` points, the same ones each time, spread over the whole index (reservoir sampling)."""
    random, chosen = Random(0), list[str]()  # noqa: S311  no secret
    for seen, point in enumerate(store.scan()):
        if seen < SAMPLE:
            chosen.append(point.id)
        elif (place := random.randint(0, seen)) < SAMPLE:
            chosen[place] = point.id
    return store.get(chosen)


def _finds_itself(store: Store, points: Sequence[Point]) -> Finding:
    lost = []
    for point in points:
        if not np.isfinite(point.vectors[LOOK]).all():
            lost.append(point.id)
            continue
        hits = store.search(LOOK, point.vectors[LOOK], 10)
        best = hits[0].score if hits else 0.0
        # float16 keeps three decimals; a copy of the same photo may stand first
        if not any(hit.id == point.id and hit.score > best - 1e-3 for hit in hits):
            near = store.score(LOOK, point.vectors[LOOK], [point.id])
            if not near or near[0].score < best - 1e-3:
                lost.append(point.id)
    if lost:
        message = f"{len(lost)} of {len(points)} stored vectors don't find themselves, first {lost[0]!r}"
        return Finding("search", False, f"{message}. The graph is damaged: delete the index and build it again")
    return Finding("search", True, f"{len(points)} of {len(points)} sampled vectors find themselves")


def _photos(index: OpenIndex, points: Sequence[Point]) -> Finding:
    spec = index.manifest.spec
    try:
        model = load_model(spec.model_path or spec.model)
    except LookseekError as error:
        return Finding("photos", False, f"the model can't be loaded: {error}")
    names = [name for name in (LOOK, COLOUR, RESPONSE_COLOUR) if name in spec.layout]
    if model.checksum != spec.checksum or (COLOUR in names and ColourEncoder.version != spec.colour):
        message = f"model {spec.model} or the colour encoder did not make this index. Index again, or bring it back"
        return Finding("photos", False, message)
    known = [point for point in points if point.source]
    if points and not known:
        return Finding("photos", True, "none: the index was made from features, and nothing says where the photos are")
    points = known
    photos, missing, changed = _unchanged(index, points)
    worst, wrong = 1.0, set[str]()
    for point, vectors, _ in encode_photos(photos, photo_encoders(model, names)):
        for name in names:
            cosine = 0.0 if isinstance(vectors, ItemError) else float(cosine_of(vectors[name], point.vectors[name]))
            worst = min(worst, cosine)
            if cosine < SAME_AT_LEAST:
                wrong.add(point.id)
    message = f"{len(photos) - len(wrong)} of {len(points)} sampled photos encode as stored (cosine >= {worst:.4f})"
    message += f", {changed} changed since" * bool(changed) + f", {missing} not found" * bool(missing)
    if wrong:
        message += f"; {min(wrong)!r} does not. Delete {index.address} and run {_index_command(index)}"
    elif changed or missing:
        message += f": {_index_command(index)} --prune brings it up to date"
    return Finding("photos", not wrong, message)


def _unchanged(index: OpenIndex, points: Sequence[Point]) -> tuple[list[tuple[Point, Photo]], int, int]:
    """Return the photos that are still what was indexed, how many can't be had, and how many are others now."""
    photos: list[tuple[Point, Photo]] = []
    missing = changed = 0
    for point, where in zip(points, index.place.photos([point.source for point in points]), strict=True):
        try:
            photo = None if where is None else images.read(where)
        except ItemError:
            photo = None
        if photo is None:
            missing += 1
        elif content_hash(photo) != point.hash:
            changed += 1
        else:
            photos.append((point, photo))
    return photos, missing, changed


def _index_command(index: OpenIndex) -> str:
    return f"lookseek index {index.manifest.source or 'SOURCE'} {index.address}"

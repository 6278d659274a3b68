"""From a request to a query: JSON, or a form with a photo. Nothing that comes from outside is taken for a path."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from ...errors import QueryError
from ...query import Query, Term
from ...types import Box
from ..problems import problem
from ..uploads import check_size
from .schemas import SearchBody, TermBody

__all__ = ["Refused", "from_json", "image_bytes", "query_of", "read_search", "terms_of"]

M = TypeVar("M", bound=BaseModel)

_PARTS = 300
"""Fields of a form: 32 terms twice, 100 examples twice, and the rest."""

_FIELDS = 250
"""Fields of an object of JSON: an item has up to 200 attributes."""

_PHOTOS = 8
"""Photos of one query: each is decoded, and takes as long as a query of its own."""

_LISTS = ("plus", "minus", "like", "unlike")


MultiPartParser.spool_max_size = 64 * 2**20
"""Starlette writes larger photos of a form to the disk for a moment; the limit of bodies lies below."""


class Refused(Exception):
    """A request that can't be read, with the answer that says why."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


async def read_search(request: Request) -> tuple[SearchBody, bytes | None]:
    """The query's fields and, of a form, its photo.

    Raises:
        Refused: neither JSON nor a form, or one that can't be read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await asyncio.to_thread(from_json, SearchBody, await request.body()), None
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        detail = (
            f"the body is {kind or 'of no stated kind'}: send application/json, or multipart/form-data with a photo"
        )
        raise Refused(problem(415, "The body is of another kind", detail))
    async with request.form(max_files=1, max_fields=_PARTS, max_part_size=1 << 16) as form:
        fields: dict[str, Any] = {}
        photo: bytes | None = None
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if name != "image":
                    raise Refused(
                        problem(422, "The form can't be used", f"file {name[:50]!r}: the photo's field is image")
                    )
                photo = await value.read() if value.size else None
            elif name in _LISTS:
                fields.setdefault(name, []).append(weighed(value) if name in ("plus", "minus") else value)
            elif name == "box":
                fields[name] = value.split(",") if value else None
            elif value:  # a field of a form that was left empty is not asked by
                fields[name] = value
    return _checked(SearchBody, fields), photo


def weighed(typed: str) -> dict[str, Any]:
    """A term of a form: words, and perhaps ``:weight``.

    >>> weighed("long sleeves:0.5")
    {'text': 'long sleeves', 'weight': '0.5'}
    """
    found = re.fullmatch(r"(.+):(\d+\.?\d*|\.\d+)", typed, re.DOTALL)
    return {"text": found[1], "weight": found[2]} if found else {"text": typed}


def query_of(body: SearchBody, photo: bytes | None, fetched: bytes | None = None) -> Query:
    """The query that a body asks.

    Args:
        body: as it came.
        photo: of the form.
        fetched: what lay at ``image_url``.

    Raises:
        Refused: base64 that is none, or several photos.
        QueryError: as ``Query`` raises it.
    """
    given = [
        one for one in (photo, fetched, None if body.image is None else image_bytes(body.image)) if one is not None
    ]
    plus, minus = terms_of(body.plus), terms_of(body.minus)
    photos = [*given, *(term.photo for term in (*plus, *minus) if isinstance(term.photo, bytes))]
    if len(photos) > _PHOTOS:
        raise QueryError(f"the query has {len(photos)} photos, {_PHOTOS} are taken: keep those that matter")
    for one in photos:
        check_size(one)
    if len(given) > 1:
        raise QueryError("the query has several photos: give one as image, others as plus")
    return Query(
        image=given[0] if given else None,
        item=body.item,
        box=None if body.box is None else Box(*body.box),
        text=body.text,
        plus=plus,
        minus=minus,
        image_weight=body.image_weight,
        like=tuple(body.like),
        unlike=tuple(body.unlike),
        composer=body.composer,
        filter=body.filter,
        k=body.k,
        metric=body.metric,
        exact=body.exact,
        colour_weight=body.colour_weight,
        hide_duplicates=body.hide_duplicates,
        route=body.route,
        route_mode=body.route_mode,
        rerank=body.rerank,
    )


def terms_of(given: list[str | TermBody]) -> tuple[Term, ...]:
    """The terms of a sum."""
    bodies = (TermBody(text=one) if isinstance(one, str) else one for one in given)
    return tuple(Term(one.text, None if one.image is None else image_bytes(one.image), one.weight) for one in bodies)


def image_bytes(text: str) -> bytes:
    """Bytes from base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        detail = f"image is no base64 ({error}): send the file's bytes in base64, or as a field of a form"
        raise Refused(problem(422, "The picture can't be read", detail)) from None


def from_json(model: type[M], body: bytes) -> M:
    """What a JSON body says.

    Raises:
        Refused: no JSON (400), or other fields than those of the model (422).
    """
    try:
        # NaN and Infinity are Python's own and not JSON
        fields = json.loads(body, parse_constant=_no_constant, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise Refused(problem(400, "The body is no JSON", f"{str(error)[:200]}: send one JSON object")) from None
    return _checked(model, fields)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of few enough fields: each one that nobody knows is an error to be told, and half a million were."""
    if len(pairs) > _FIELDS:
        raise ValueError(f"an object has {len(pairs):,} fields, {_FIELDS} are taken")
    return dict(pairs)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _checked(model: type[M], fields: object) -> M:
    validate: Callable[[object], M] = model.model_validate
    try:
        return validate(fields)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        told = [{"where": ".".join(map(str, one["loc"])) or "body", "what": one["msg"]} for one in errors[:20]]
        detail = "; ".join(f"{one['where']}: {one['what']}" for one in told[:3])
        raise Refused(problem(422, "The request has fields that can't be used", detail, errors=told)) from None

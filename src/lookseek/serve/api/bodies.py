"""Parses request bodies: JSON, or a form with a photo. Nothing in a body is ever used as a path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from ..engine import Engine
from ..problems import problem
from ..settings import MAX_MARKS
from .request_schemas import SearchBody

__all__ = ["RequestRefused", "media_type", "parse_json", "read_search"]

M = TypeVar("M", bound=BaseModel)

_MAX_FORM_FIELDS = 300
"""32 terms twice, 100 examples twice, and the rest."""

_MAX_OBJECT_FIELDS = 250
"""Fields of a JSON object: an item has up to 200 attributes."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

_MARKS = (b",", b":", b"[", b"{")

_LISTS = ("plus", "minus", "like", "unlike")


MultiPartParser.spool_max_size = 64 * 2**20
"""Starlette writes larger photos of a form to the disk for a moment; the limit of bodies is below that."""


class RequestRefused(Exception):
    """A request that can't be answered, with the response that says why."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def media_type(request: Request) -> str:
    """Return the media type of a request's body in lower case, without parameters; "" where none is stated."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_search(request: Request) -> tuple[SearchBody, bytes | None]:
    """Return the fields of a query and, of a form, its photo.

    Raises:
        RequestRefused: neither JSON nor a form, or one that can't be parsed.
    """
    body_type = media_type(request)
    if body_type == "application/json":
        engine: Engine = request.app.state.engine
        body = await request.body()
        return await engine.run_charged(lambda: parse_json(SearchBody, body)), None
    if body_type not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        detail = (
            f"the body is {body_type or 'of no stated kind'}: send application/json, or multipart/form-data with a "
            "photo"
        )
        raise RequestRefused(problem(415, "The body is of another kind", detail))
    async with request.form(max_files=1, max_fields=_MAX_FORM_FIELDS, max_part_size=1 << 16) as form:
        fields: dict[str, Any] = {}
        photo: bytes | None = None
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if name != "image":
                    detail = f"file {name[:50]!r}: the photo's field is image"
                    raise RequestRefused(problem(422, "The form can't be used", detail))
                photo = await value.read() if value.size else None
            elif name in _LISTS:
                fields.setdefault(name, []).append(parse_term(value) if name in ("plus", "minus") else value)
            elif name == "box":
                fields[name] = value.split(",") if value else None
            elif value:  # an empty field of a form is omitted
                fields[name] = value
    return _validate(SearchBody, fields), photo


def parse_term(text: str) -> dict[str, Any]:
    """Parse a term of a form: words, optionally with ``:weight``.

    >>> parse_term("long sleeves:0.5")
    {'text': 'long sleeves', 'weight': '0.5'}
    """
    match = re.fullmatch(r"(.+):(\d+\.?\d*|\.\d+)", text, re.DOTALL)
    return {"text": match[1], "weight": match[2]} if match else {"text": text}


def parse_json(model: type[M], body: bytes) -> M:
    """Parse a JSON body.

    Raises:
        RequestRefused: no JSON or too many values (400), or other fields than those of the model (422).
    """
    marks = sum(map(body.count, _MARKS))
    if marks > MAX_MARKS:
        detail = (
            f"the JSON has {marks:,} commas, colons and opening brackets, {MAX_MARKS:,} are taken: send fewer values"
        )
        raise RequestRefused(problem(400, "The JSON body has too many values", detail))
    try:
        # Python also reads NaN and Infinity, which are no JSON
        fields = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant, object_pairs_hook=_object)
        if _SURROGATE.search(body):  # pairs of them are letters; one alone is none, and nothing can store it
            json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        detail = "a text holds half a surrogate pair (\\ud800 to \\udfff), which is no letter: send it without"
        raise RequestRefused(problem(422, "The request has fields that can't be used", detail)) from None
    except (ValueError, RecursionError) as error:
        detail = f"{str(error)[:200]}: send one JSON object"
        raise RequestRefused(problem(400, "The body is no JSON", detail)) from None
    return _validate(model, fields)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object with a bounded number of fields: each unknown one costs an error message."""
    if len(pairs) > _MAX_OBJECT_FIELDS:
        raise ValueError(f"an object has {len(pairs):,} fields, {_MAX_OBJECT_FIELDS} are taken")
    return dict(pairs)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _validate(model: type[M], fields: object) -> M:
    validate: Callable[[object], M] = model.model_validate
    try:
        return validate(fields)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = [{"where": ".".join(map(str, field["loc"])) or "body", "what": field["msg"]} for field in errors[:20]]
        detail = "; ".join(f"{field['where']}: {field['what']}" for field in wrong[:3])
        response = problem(422, "The request has fields that can't be used", detail, errors=wrong)
        raise RequestRefused(response) from None

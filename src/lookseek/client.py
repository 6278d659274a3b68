"""Asking a service (``lookseek serve``) as one asks an index: the same queries, the same results.

>>> from pathlib import Path
>>> from lookseek import Client, Query
>>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
...     for hit in client.search(Query(image=Path("dress.jpg"), text="in red")).hits:
...         print(hit.rank, hit.id, hit.score)
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from types import TracebackType
from typing import Any
from urllib.parse import quote

from . import images
from .errors import QueryError, ServiceError
from .query import Query, Term
from .results import Hit, Results
from .types import Attributes, Item, Photo, Value

try:
    import httpx2
except ModuleNotFoundError as error:
    raise QueryError("asking a service needs httpx2: pip install 'lookseek[client]'") from error

__all__ = ["Client", "Put"]

_TRIES = 4
"""Times that a search is sent where the service says that it is too busy."""

_STREAM = 2_000
"""Items of one stream."""

_LONGEST_WAIT = 10.0
"""Seconds between two of them at the most, whatever the service says."""


@dataclass(frozen=True, slots=True)
class Put:
    """What became of an item: ``what`` is added, changed, unchanged or failed, ``reason`` says why it failed."""

    id: str
    what: str
    reason: str = ""


class Client:
    """A service, asked over HTTP. May be used from several threads."""

    def __init__(self, address: str, *, key: str = "", seconds: float = 60.0) -> None:
        """Nothing is asked yet.

        Args:
            address: e.g. ``http://127.0.0.1:8000``.
            key: an API key, where the service wants one.
            seconds: that an answer may take.
        """
        headers = {"X-API-Key": key} if key else {}
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=seconds)

    def search(self, query: Query) -> Results:
        """Answer one query, as ``Searcher.search`` does; photos of the query are sent.

        Raises:
            ServiceError: the service can't be reached, is too busy, or refuses the query; it says why.
            ItemError: a photo of the query can't be read.
        """
        told = self._json("POST", "/v1/search", json=_asked(query))
        hits = tuple(
            Hit(
                one["id"], one["score"], one["rank"], one["attributes"], one["shares"], "", tuple(one.get("copies", ()))
            )
            for one in told["hits"]
        )
        return Results(query, hits, told["took_ms"], told["index"], good=told.get("good"))

    def about(self) -> Mapping[str, Any]:
        """What the index is: name, items, model, languages, composer, fields, metrics, routers, updated."""
        return dict(self._json("GET", "/v1/index"))

    def facets(self, *fields: str, filter: str = "") -> Mapping[str, list[tuple[Value, int]]]:
        """Values of attributes and how many items have each, among those that meet a filter."""
        told = self._json("GET", "/v1/facets", params={"filter": filter, "field": list(fields)})
        return {name: [(one["value"], one["count"]) for one in values] for name, values in told["facets"].items()}

    def get(self, id: str) -> Attributes | None:
        """An item's attributes, or None where there is no such item."""
        answer = self._send("GET", _place(id))
        return None if answer.status_code == 404 else dict(_checked(answer).json()["attributes"])

    def image(self, id: str, size: int = 320) -> bytes:
        """An item's picture, a JPEG whose longer side has about ``size`` pixels."""
        return bytes(_checked(self._send("GET", f"{_place(id)}/image", params={"size": size})).content)

    def put(self, item: Item) -> Put:
        """Add an item or replace it; one that is there keeps its photo where the new one has none."""
        return Put(**self._json("PUT", _place(item.id), json=_put(item)))

    def delete(self, id: str) -> bool:
        """Remove an item. Returns whether it was there."""
        answer = self._send("DELETE", _place(id))
        if answer.status_code == 404:
            return False
        _checked(answer)
        return True

    def put_all(self, items: Iterable[Item]) -> Iterator[Put]:
        """Add many items in streams of some thousand: each is told once it is lasting. Searches see whole streams.

        Raises:
            ServiceError: the service refuses, or the line breaks; what was told until then is lasting.
        """
        coming = iter(items)
        while some := list(islice(coming, 1)):
            # what is told of a stream waits in the connection until all of it was sent
            yield from self._put_stream(chain(some, islice(coming, _STREAM - 1)))

    def _put_stream(self, items: Iterable[Item]) -> Iterator[Put]:
        lines = (json.dumps({"id": item.id, **_put(item)}).encode() + b"\n" for item in items)
        headers = {"content-type": "application/x-ndjson"}
        try:
            with self._http.stream("POST", "/v1/items:batch", content=lines, headers=headers) as answer:
                if answer.status_code >= 400:
                    answer.read()
                _checked(answer)
                for line in answer.iter_lines():
                    yield Put(**json.loads(line))
        except httpx2.TransportError as error:
            raise ServiceError(f"{self._http.base_url} broke off ({error}): put what was not told again") from error

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _json(self, method: str, place: str, **what: Any) -> Any:
        return _checked(self._send(method, place, **what)).json()

    def _send(self, method: str, place: str, **what: Any) -> httpx2.Response:
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._http.request(method, place, **what)
            except httpx2.HTTPError as error:
                raise ServiceError(f"{self._http.base_url} can't be asked ({error}): check that it runs") from error
            if answer.status_code != 503 or attempt == _TRIES:
                break
            time.sleep(min(_LONGEST_WAIT, float(answer.headers.get("retry-after", "1"))))
        return answer


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code < 400:
        return answer
    try:
        told = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        told = f"{answer.request.url} answered with status {answer.status_code}: check that it is a lookseek service"
    raise ServiceError(str(told))


def _place(id: str) -> str:
    return f"/v1/items/{quote(id, safe='')}"


def _base64(photo: Photo) -> str:
    return base64.b64encode(images.read(photo)).decode()


def _put(item: Item) -> dict[str, Any]:
    photo = {} if item.image is None else {"image": _base64(item.image)}
    return {**photo, "attributes": dict(item.attributes)}


def _term(term: Term) -> dict[str, Any]:
    photo = {} if term.photo is None else {"image": _base64(term.photo)}
    return {"text": term.text, "weight": term.weight, **photo}


def _asked(query: Query) -> dict[str, Any]:
    asked: dict[str, Any] = {
        name: getattr(query, name)
        for name in (
            "item",
            "text",
            "image_weight",
            "composer",
            "filter",
            "k",
            "metric",
            "exact",
            "colour_weight",
            "hide_duplicates",
            "route",
            "route_mode",
            "rerank",
        )
    }
    asked |= {"like": list(query.like), "unlike": list(query.unlike)}
    asked |= {"plus": [_term(term) for term in query.plus], "minus": [_term(term) for term in query.minus]}
    if query.image is not None:
        asked["image"] = _base64(query.image)
    if query.box is not None:
        asked["box"] = [query.box.x, query.box.y, query.box.width, query.box.height]
    return asked

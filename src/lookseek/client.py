"""A client of ``lookseek serve``: takes the queries that ``Searcher`` takes, and returns the same results.

>>> from pathlib import Path
>>> from lookseek import Client, Query
>>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
...     for hit in client.search(Query(image=Path("dress.jpg"), text="in red")).hits:
...         print(hit.rank, hit.id, hit.score)
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from types import TracebackType
from typing import Any
from urllib.parse import quote

from .errors import QueryError, ServiceError
from .query import Query, check_is_query
from .render.contributions import contributions_from_dict
from .request_bodies import item_body, photo_text, query_body
from .results import Hit, RegionVerdict, Results
from .types import Attributes, Box, Item, Photo, Region, Value

try:
    import httpx2
except ModuleNotFoundError as error:
    raise QueryError("asking a service needs httpx2: pip install 'lookseek[client]'") from error

__all__ = ["Client", "Put"]

_MAX_ATTEMPTS = 4
"""Attempts at a request that the service refuses since it is too busy."""

_MAX_WAIT = 10.0
"""Seconds between two attempts at most, whatever the service's Retry-After is."""

_ITEMS_PER_STREAM = 2_000

_FIELDS_AT_ONCE = 32
"""Fields whose values one request asks for."""


@dataclass(frozen=True, slots=True)
class Put:
    """The outcome for an item: added, changed, unchanged or failed, and why it failed or what is odd about it."""

    id: str
    what: str
    reason: str = ""


class Client:
    """Sends requests to a service over HTTP. May be used from several threads."""

    def __init__(self, address: str, *, key: str = "", seconds: float = 60.0) -> None:
        """Prepare a client without sending anything.

        Args:
            address: e.g. ``http://127.0.0.1:8000``.
            key: an API key, where the service needs one.
            seconds: that a response may take.
        """
        headers = {"X-API-Key": key} if key else {}
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=seconds)

    def search(self, query: Query, *, cursor: str = "") -> Results:
        """Return the results of a query, as ``Searcher.search`` does; photos of the query are uploaded.

        Args:
            query: what is looked for; its ``k`` is the number of results of a page.
            cursor: ``Results.next`` of the page before; "" for the first.

        Raises:
            ServiceError: the service can't be reached, is too busy, or refuses the query; the message says why.
            ItemError: a photo of the query can't be read.
            QueryError: it is no ``Query``.
        """
        check_is_query(query)
        body = query_body(query) | ({"cursor": cursor} if cursor else {})
        answer = self._json("POST", "/v1/search", json=body)
        hits = tuple(
            Hit(
                id=hit["id"],
                score=hit["score"],
                rank=hit["rank"],
                attributes=hit["attributes"],
                shares=hit["shares"],
                copies=tuple(hit.get("copies", ())),
                product=hit.get("product", ""),
                photos=tuple(hit.get("photos", ())),
                region=_region(hit["region"]) if hit.get("region") else None,
                verdicts=tuple(RegionVerdict(**each) for each in hit.get("verdicts") or ()),
                contributions=contributions_from_dict(hit["contributions"]) if hit.get("contributions") else None,
            )
            for hit in answer["hits"]
        )
        garments = tuple(map(_region, answer.get("garments", ())))
        return Results(
            query,
            hits,
            answer["took_ms"],
            answer["index"],
            good=answer.get("good"),
            garments=garments,
            garment=answer.get("garment"),
            next=answer.get("next", ""),
            changed=answer.get("changed", False),
            hints=tuple(answer.get("hints", ())),
            uncompared=answer.get("uncompared", 0),
        )

    def pages(self, query: Query) -> Iterator[Results]:
        """Yield the results of a query in pages of ``query.k``, until no more come.

        An item comes once: where the index changes meanwhile, ``changed`` is true, and what came before is left out.
        Where the query asks for explanations, the hits of the first page have them.

        Raises:
            ServiceError: as ``search``.
        """
        seen = set[str]()
        cursor = ""
        while True:
            page = self.search(replace(query, explain=query.explain and not cursor), cursor=cursor)
            fresh = tuple(hit for hit in page.hits if hit.id not in seen)
            seen.update(hit.id for hit in fresh)
            ranked = tuple(replace(hit, rank=fresh[0].rank + place) for place, hit in enumerate(fresh))
            yield page if len(fresh) == len(page.hits) else replace(page, hits=ranked)
            cursor = page.next
            if not cursor:
                return

    def garments(self, photo: Photo) -> tuple[Region, ...]:
        """Return the garments in a photo, as ``Searcher.garments`` does.

        Raises:
            ServiceError: as ``search``.
            ItemError: the photo can't be read.
        """
        answer = self._json("POST", "/v1/garments", json={"image": photo_text(photo)})
        return tuple(map(_region, answer["garments"]))

    def about(self) -> Mapping[str, Any]:
        """Return the index's name, items, model, languages, composer, fields, metrics, routers and updated."""
        return dict(self._json("GET", "/v1/index"))

    def facets(self, *fields: str, filter: str = "") -> Mapping[str, list[tuple[Value, int]]]:
        """Return the values of attributes and how many items have each, among those that meet a filter."""
        found: dict[str, list[tuple[Value, int]]] = {}
        left = list(fields)
        while True:
            some, later = left[:_FIELDS_AT_ONCE], left[_FIELDS_AT_ONCE:]
            answer = self._json("GET", "/v1/facets", params={"filter": filter, "field": some})
            for name, values in answer["facets"].items():
                found[name] = [(value["value"], value["count"]) for value in values]
            left = [*answer.get("not_counted", ()), *later]
            if not left:
                return found

    def get(self, id: str) -> Attributes | None:
        """Return an item's attributes, or None where there is no such item."""
        response = self._send("GET", _item_path(id))
        return None if response.status_code == 404 else dict(_check(response).json()["attributes"])

    def image(self, id: str, size: int = 320) -> bytes:
        """Return an item's picture, a JPEG whose longer side has about ``size`` pixels."""
        return bytes(_check(self._send("GET", f"{_item_path(id)}/image", params={"size": size})).content)

    def put(self, item: Item) -> Put:
        """Add an item or replace it; an existing item keeps its photo where the new one has none."""
        return Put(**self._json("PUT", _item_path(item.id), json=item_body(item)))

    def delete(self, id: str) -> bool:
        """Remove an item. Returns whether it existed."""
        response = self._send("DELETE", _item_path(id))
        if response.status_code == 404:
            return False
        _check(response)
        return True

    def put_all(self, items: Iterable[Item]) -> Iterator[Put]:
        """Put many items in streams of some thousand; yields an outcome for each once it is durable.

        Searches see an item when its stream has ended.

        Raises:
            ServiceError: the service refuses, or the connection breaks; items with an outcome are durable.
        """
        rest = iter(items)
        while first := list(islice(rest, 1)):
            # outcomes of a stream are read after all of it was sent
            yield from self._put_stream(chain(first, islice(rest, _ITEMS_PER_STREAM - 1)))

    def _put_stream(self, items: Iterable[Item]) -> Iterator[Put]:
        lines = (json.dumps({"id": item.id, **item_body(item)}).encode() + b"\n" for item in items)
        headers = {"content-type": "application/x-ndjson"}
        try:
            with self._http.stream("POST", "/v1/items:batch", content=lines, headers=headers) as response:
                if response.status_code >= 400:
                    response.read()
                _check(response)
                for line in response.iter_lines():
                    yield Put(**json.loads(line))
        except httpx2.TransportError as error:
            raise ServiceError(f"{self._http.base_url} broke off ({error}): put what was not told again") from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _json(self, method: str, path: str, **options: Any) -> Any:
        return _check(self._send(method, path, **options)).json()

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request, and again where the service is too busy."""
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            try:
                response = self._http.request(method, path, **options)
            except httpx2.HTTPError as error:
                raise ServiceError(f"can't connect to {self._http.base_url} ({error}). Is it running?") from error
            if response.status_code != 503 or attempt == _MAX_ATTEMPTS:
                break
            time.sleep(min(_MAX_WAIT, float(response.headers.get("retry-after", "1"))))
        return response


def _check(response: httpx2.Response) -> httpx2.Response:
    """Return a response; raises a ``ServiceError`` with the service's message for statuses from 400."""
    if response.status_code < 400:
        return response
    status = response.status_code
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"{response.request.url} answered with status {status}: check that it is a lookseek service"
    raise ServiceError(str(detail))


def _item_path(id: str) -> str:
    return f"/v1/items/{quote(id, safe='')}"


def _region(answer: Mapping[str, Any]) -> Region:
    return Region(Box(*answer["box"]), answer["kind"], answer["score"])

"""The results of a query in pages: an answer has a cursor, by which the next one goes on where it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...errors import QueryError
from ...index.manifest import Manifest
from ...query import Query
from ...query_checks import MAX_DISTINCT
from ..paging import Cursor, parse_cursor, query_digest
from ..settings import MAX_K
from ..sorting import SORTED_HITS, sort_by, sort_field

__all__ = ["Page"]


@dataclass(frozen=True, slots=True)
class _Described:
    """A hit of an answer, and its attributes to sort by."""

    hit: dict[str, Any]

    @property
    def attributes(self) -> dict[str, Any]:
        return self.hit["attributes"]  # type: ignore[no-any-return]


class Page:
    """One page of a query's results.

    Args:
        asked: the query, with the number of results of a page.
        cursor: of the answer before; "" for the first page.
        sort: the order of the nearest ``SORTED_HITS`` results; "" for by score.
        manifest: of the index.

    Raises:
        QueryError: a cursor that is none, or of another query; an order that is none; more results than are given.
    """

    def __init__(self, asked: Query, cursor: str, sort: str, manifest: Manifest) -> None:
        if asked.explain and (cursor or sort):
            raise QueryError(
                "explanations are of a first page in the order of scores: leave out the cursor and the sort"
            )
        if asked.copied is not None and (cursor or sort):
            raise QueryError("copies come in one page in the order of scores: leave out the cursor and the sort")
        self._asked, self._digest = asked, query_digest(asked, sort)
        self._cursor = parse_cursor(cursor) if cursor else None
        if self._cursor is not None and self._cursor.query != self._digest:
            raise QueryError("the cursor is of another query: give it with the query whose answer had it")
        self._offset = self._cursor.offset if self._cursor else 0
        self._sort = sort_field(sort, manifest) if sort else None
        self._most = SORTED_HITS if sort else MAX_DISTINCT if asked.hide_duplicates else MAX_K
        self.query = asked if self._offset == 0 and not sort else self._deeper()

    def _deeper(self) -> Query:
        """Return the query that finds the page's results and all before it."""
        end = self._offset + self._asked.k
        if self._offset >= self._most:
            raise QueryError(f"the cursor begins after {self._offset:,} results, {self._most:,} are given: search anew")
        return replace(self._asked, k=self._most if self._sort else min(end, self._most))

    def of(self, answer: dict[str, Any], version: str) -> dict[str, Any]:
        """Return the page's part of an answer to ``query``, with ``next`` where more may come.

        ``changed`` is true where the index is no longer the one that the pages before were found in.

        Args:
            answer: as JSON values.
            version: of the index that was searched.
        """
        hits = answer["hits"]
        full = len(hits) >= self.query.k
        if self._sort is not None:
            field, descending = self._sort
            rows = sort_by([_Described(hit) for hit in hits], field, descending=descending)
            hits, full = [row.hit for row in rows], False
        end = self._offset + self._asked.k
        answer["hits"] = hits[self._offset : end]
        answer["query"]["k"] = self._asked.k
        full = full and self._asked.copied is None
        if (full or len(hits) > end) and end < self._most:
            answer["next"] = Cursor(end, version, self._digest).to_text()
        if self._cursor is not None and self._cursor.version != version:
            answer["changed"] = True
        if self._sort is not None:
            answer["sort"] = f"{'-' if self._sort[1] else ''}{self._sort[0]}"
        if answer.get("good") is not None:  # of the nearest: in another order the first ones are not those
            answer["good"] = None if self._sort else min(answer["good"], end)
        return answer

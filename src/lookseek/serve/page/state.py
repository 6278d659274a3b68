"""The state of a page as one value, which is also its URL: everybody with the URL sees the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from urllib.parse import urlencode

from ...query import Query, Term
from ...query_checks import MAX_COPIED
from ...types import Box, Metric
from ..path_prefix import address

__all__ = ["DEFAULT_K", "MAX_EXAMPLES", "MAX_FACETS", "MAX_K", "MAX_STEPS", "Method", "Sort", "State", "to_query"]

DEFAULT_K, MAX_K = 24, 200
"""Results of a page: nobody looks at more than a few screens."""

CHANGED_REGIONS = 2
"""Regions that a copy may differ in: the definition of Lang et al., CVPR 2020 (docs/decisions/copies.md)."""

MAX_STEPS = 8
"""Steps of the search history in a URL: the earliest are dropped."""

MAX_EXAMPLES, MAX_FACETS = 24, 32
"""Liked or disliked items, and selected values: a URL has a limited length."""

Method: TypeAlias = Literal["none", "svm", "kmeans"]
Sort: TypeAlias = Literal["", "price", "-price", "newest"]
"""The order of results: the nearest first, the cheapest, the dearest, or the newest."""


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a page depends on except the index.

    ``parameters.parse_state`` makes it and guarantees valid values.

    Args:
        photo: "u:TOKEN" for an upload, "i:ID" for an item, "" for none.
        box: x, y, width and height of the part of the upload to search with, pixels.
        text: words, or the change of the photo.
        plus: terms that are added.
        minus: terms that are subtracted.
        like: ids.
        unlike: ids.
        k: results, 1 to ``MAX_K``.
        metric: how photos alone are compared.
        method: the router; "none" searches all items.
        dup: whether near-identical photos are hidden.
        copies: whether copies of the photo's design are looked for, region by region; of a photo alone.
        sort: the order of the results.
        scores: whether ranks and scores are shown, for experts.
        facets: selected values as (field, value), sorted, a range of numbers as "low..high".
        steps: earlier states of this dialogue, the earliest first, each as its query string.
        lang: the page's language where the URL sets it.
    """

    photo: str = ""
    box: tuple[int, int, int, int] | None = None
    text: str = ""
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    k: int = DEFAULT_K
    metric: Metric = "cosine"
    method: Method = "none"
    dup: bool = False
    copies: bool = False
    sort: Sort = ""
    scores: bool = False
    facets: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()
    lang: str = ""

    @property
    def upload(self) -> str:
        """The token of the upload, or ""."""
        return self.photo[2:] if self.photo.startswith("u:") else ""

    @property
    def item(self) -> str:
        """The id of the item to search with, or ""."""
        return self.photo[2:] if self.photo.startswith("i:") else ""

    @property
    def has_query(self) -> bool:
        """Whether it holds more than filters."""
        return bool(self.photo or self.text or self.plus or self.minus or self.like or self.unlike)

    @property
    def photo_only(self) -> bool:
        """Whether its query is a photo alone."""
        return bool(self.photo) and not (self.text or self.plus or self.minus or self.like or self.unlike)

    def selected(self) -> Mapping[str, tuple[str, ...]]:
        """Return the selected values by field."""
        fields: dict[str, tuple[str, ...]] = {}
        for field, value in self.facets:
            fields[field] = (*fields.get(field, ()), value)
        return fields

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters of its URL: those that differ from the defaults."""
        pairs = [("photo", self.photo)] if self.photo else []
        if self.box is not None:
            pairs.append(("box", ",".join(map(str, self.box))))
        if self.text:
            pairs.append(("text", self.text))
        for name in ("plus", "minus", "like", "unlike"):
            pairs += [(name, value) for value in getattr(self, name)]
        pairs += [(f"f.{field}", value) for field, value in self.facets]
        options = (("k", self.k, DEFAULT_K), ("metric", self.metric, "cosine"), ("method", self.method, "none"))
        pairs += [(name, str(value)) for name, value, default in options if value != default]
        pairs += [(name, "1") for name in ("dup", "copies", "scores") if getattr(self, name)]
        if self.sort:
            pairs.append(("sort", self.sort))
        pairs += [("step", step) for step in self.steps]
        if self.lang:
            pairs.append(("lang", self.lang))
        return pairs

    def query_string(self) -> str:
        """Return the parameters as a query string; ``parameters.parse_query_string`` is the inverse."""
        return urlencode(self.parameters())

    def url(self) -> str:
        """Return the URL of its page, without the host."""
        query = self.query_string()
        return address(f"/?{query}" if query else "/")

    def with_photo(self, photo: str) -> State:
        """Return the state of a search with this photo alone; the query before becomes a step of the search history."""
        return replace(self._without_query(), photo=photo, steps=self._next_steps())

    def with_upload(self, token: str, *, same_photo: bool) -> State:
        """Return the state of a search with an upload.

        Args:
            token: of the upload.
            same_photo: the upload replaces the present photo (an item's that becomes croppable, or an expired one):
                the rest of the query stays. Words without a photo stay too; else a new search begins.
        """
        photo = f"u:{token}"
        return replace(self, photo=photo, box=None) if same_photo or not self.photo else self.with_photo(photo)

    def with_copies(self) -> State:
        """Return the state of a search for copies of the design in its photo."""
        return replace(self, copies=True, sort="")

    def without_copies(self) -> State:
        """Return the state of the usual search with the same photo."""
        return replace(self, copies=False)

    def without_photo(self) -> State:
        """Return the state without its photo."""
        return replace(self, photo="", box=None)

    def without_text(self) -> State:
        """Return the state without its words: of a photo with a change, the photo alone."""
        return replace(self, text="")

    def with_box(self, box: Box) -> State:
        """Return the state that searches with a part of the photo, widened to whole pixels."""
        left, top = math.floor(box.x), math.floor(box.y)
        return replace(self, box=(left, top, math.ceil(box.x + box.width) - left, math.ceil(box.y + box.height) - top))

    def without_box(self) -> State:
        """Return the state that searches with the whole photo."""
        return replace(self, box=None)

    def without_term(self, name: Literal["plus", "minus"], words: str) -> State:
        """Return the state without a term."""
        rest = tuple(term for term in getattr(self, name) if term != words)
        return replace(self, plus=rest) if name == "plus" else replace(self, minus=rest)

    def toggle_judgement(self, id_: str, *, liked: bool) -> State:
        """Return the state in which an item is liked or disliked; where it is already, neither."""
        same, other = (self.like, self.unlike) if liked else (self.unlike, self.like)
        same = tuple(item for item in same if item != id_) if id_ in same else (*same, id_)[-MAX_EXAMPLES:]
        other = tuple(item for item in other if item != id_)
        return replace(self, like=same if liked else other, unlike=other if liked else same)

    def toggle_facet(self, field: str, value: str) -> State:
        """Return the state in which a facet's value is selected; where it is already, not selected."""
        pair = field, value
        if pair in self.facets:
            return replace(self, facets=tuple(facet for facet in self.facets if facet != pair))
        return replace(self, facets=tuple(sorted((*self.facets, pair)))[:MAX_FACETS])

    def without_facets(self, field: str | None = None) -> State:
        """Return the state without the selected values of a field, or of all fields."""
        return replace(self, facets=tuple(facet for facet in self.facets if field is not None and facet[0] != field))

    def _without_query(self) -> State:
        return replace(self, photo="", box=None, text="", plus=(), minus=(), like=(), unlike=(), copies=False)

    def _next_steps(self) -> tuple[str, ...]:
        """Return the search history of a state that follows this one."""
        if not self.has_query:
            return self.steps
        step = replace(self, facets=(), steps=(), lang="", k=DEFAULT_K, metric="cosine", method="none", dup=False)
        step = replace(step, sort="", scores=False, copies=False)
        return (*self.steps, step.query_string())[-MAX_STEPS:]


def to_query(state: State, photo: bytes | None, filter: str, *, method: Method) -> Query:
    """Return the query of a state.

    Args:
        state: one that has a query.
        photo: the bytes of its upload, if any.
        filter: of its facets.
        method: its router where the index has it, else "none".

    Raises:
        QueryError: as ``Query`` raises it.
    """
    copied = CHANGED_REGIONS if state.copies and state.photo_only else None
    return Query(
        image=photo,
        item=state.item,
        box=None if state.box is None or photo is None else Box(*state.box),
        text=state.text,
        plus=tuple(Term(words) for words in state.plus),
        minus=tuple(Term(words) for words in state.minus),
        like=state.like,
        unlike=state.unlike,
        filter=filter,
        k=state.k if copied is None else min(state.k, MAX_COPIED),
        metric=state.metric if state.photo_only and copied is None else "cosine",
        hide_duplicates=state.dup,
        route=method,
        copied=copied,
    )

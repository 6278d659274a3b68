"""What a page shows, as one value that is its address: whoever has the address sees the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from urllib.parse import urlencode

from ...query import Query, Term
from ...types import Box, Metric

__all__ = ["DEFAULT_K", "MAX_EXAMPLES", "MAX_FACETS", "MAX_K", "MAX_STEPS", "Method", "State", "query_of"]

DEFAULT_K, MAX_K = 24, 200
"""Pictures of a page: more than some screens of them nobody looks at."""

MAX_STEPS = 8
"""Steps of the trail that an address carries: the earliest go."""

MAX_EXAMPLES, MAX_FACETS = 24, 32
"""Items that are judged, and values that are chosen: an address must stay one."""

Method: TypeAlias = Literal["none", "svm", "kmeans"]


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a page depends on but the index.

    Made by ``parameters.parse``, which lets nothing in that could not be asked.

    Args:
        photo: "u:TOKEN" for an upload, "i:ID" for an item, "" for none.
        box: x, y, width and height of the part of the upload that is meant, pixels.
        text: words, or the change of the photo.
        plus: words that are added.
        minus: words that are taken away.
        like: ids.
        unlike: ids.
        k: results, 1 to ``MAX_K``.
        metric: how photos alone are compared.
        method: which router is asked; "none" for all items.
        dup: whether one of several near-identical photos is shown.
        facets: chosen values as (field, value), in order, a range of numbers as "low..high".
        steps: what was asked before in this dialogue, the earliest first, each as the query string of its state.
        lang: the page's language where the address says one.
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
    facets: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()
    lang: str = ""

    @property
    def upload(self) -> str:
        """The name of the upload, or ""."""
        return self.photo[2:] if self.photo.startswith("u:") else ""

    @property
    def item(self) -> str:
        """The id of the item in the photo's place, or ""."""
        return self.photo[2:] if self.photo.startswith("i:") else ""

    @property
    def asks(self) -> bool:
        """Whether anything is asked but filters."""
        return bool(self.photo or self.text or self.plus or self.minus or self.like or self.unlike)

    @property
    def photo_alone(self) -> bool:
        """Whether a photo is all that is asked by."""
        return bool(self.photo) and not (self.text or self.plus or self.minus or self.like or self.unlike)

    def chosen(self) -> Mapping[str, tuple[str, ...]]:
        """Chosen values by field."""
        fields: dict[str, tuple[str, ...]] = {}
        for field, value in self.facets:
            fields[field] = (*fields.get(field, ()), value)
        return fields

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of its address, of those that are not as they are at first."""
        pairs = [("photo", self.photo)] if self.photo else []
        if self.box is not None:
            pairs.append(("box", ",".join(map(str, self.box))))
        if self.text:
            pairs.append(("text", self.text))
        for name in ("plus", "minus", "like", "unlike"):
            pairs += [(name, one) for one in getattr(self, name)]
        pairs += [(f"f.{field}", value) for field, value in self.facets]
        options = (("k", self.k, DEFAULT_K), ("metric", self.metric, "cosine"), ("method", self.method, "none"))
        pairs += [(name, str(value)) for name, value, at_first in options if value != at_first]
        if self.dup:
            pairs.append(("dup", "1"))
        pairs += [("step", step) for step in self.steps]
        if self.lang:
            pairs.append(("lang", self.lang))
        return pairs

    def query_string(self) -> str:
        """``parameters.parse_query`` makes the state of it again."""
        return urlencode(self.pairs())

    def address(self) -> str:
        """Where the page of this state is."""
        query = self.query_string()
        return f"/?{query}" if query else "/"

    def with_photo(self, photo: str) -> State:
        """Another photo in place of what was asked, which becomes a step of the trail."""
        return replace(self._fresh(), photo=photo, steps=self._trail())

    def with_upload(self, name: str, *, gone: bool) -> State:
        """An upload: of words the photo, in place of one that is ``gone`` the same again, else another question."""
        photo = f"u:{name}"
        return replace(self, photo=photo, box=None) if gone or not self.photo else self.with_photo(photo)

    def without_photo(self) -> State:
        """What is left without the photo."""
        return replace(self, photo="", box=None)

    def whole(self) -> State:
        """With all of the photo."""
        return replace(self, box=None)

    def without(self, name: Literal["plus", "minus"], words: str) -> State:
        """Without one of the terms."""
        left = tuple(one for one in getattr(self, name) if one != words)
        return replace(self, plus=left) if name == "plus" else replace(self, minus=left)

    def judged(self, id_: str, *, good: bool) -> State:
        """With an item liked or not; a second time takes it back."""
        mine, other = (self.like, self.unlike) if good else (self.unlike, self.like)
        mine = tuple(one for one in mine if one != id_) if id_ in mine else (*mine, id_)[-MAX_EXAMPLES:]
        other = tuple(one for one in other if one != id_)
        return replace(self, like=mine if good else other, unlike=other if good else mine)

    def toggled(self, field: str, value: str) -> State:
        """With a value of a facet, or without it."""
        pair = field, value
        if pair in self.facets:
            return replace(self, facets=tuple(one for one in self.facets if one != pair))
        return replace(self, facets=tuple(sorted((*self.facets, pair)))[:MAX_FACETS])

    def cleared(self, field: str | None = None) -> State:
        """Without the values of a facet, or of all."""
        return replace(self, facets=tuple(one for one in self.facets if field is not None and one[0] != field))

    def _fresh(self) -> State:
        return replace(self, photo="", box=None, text="", plus=(), minus=(), like=(), unlike=())

    def _trail(self) -> tuple[str, ...]:
        if not self.asks:
            return self.steps
        now = replace(self, facets=(), steps=(), lang="", k=DEFAULT_K, metric="cosine", method="none", dup=False)
        return (*self.steps, now.query_string())[-MAX_STEPS:]


def query_of(state: State, photo: bytes | None, filter: str, *, method: Method) -> Query:
    """The query that a state asks.

    Args:
        state: that asks something.
        photo: the bytes of the upload, where it has one.
        filter: of the chosen facets.
        method: the state's, where the index has it.

    Raises:
        QueryError: as ``Query`` raises it.
    """
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
        k=state.k,
        metric=state.metric if state.photo_alone else "cosine",
        hide_duplicates=state.dup,
        route=method,
    )

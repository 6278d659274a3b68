"""A hit and a step of the trail as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from ...results import Hit
from ...types import Attributes, Point, Value
from ..uploads import Uploads
from .language import Texts
from .parameters import back_to, parse_query
from .state import State

__all__ = ["Card", "Share", "Step", "cards_of", "image_address", "steps_of"]

_TITLES = ("title", "name", "product_name", "productdisplayname")
_KINDS = ("label", "category", "type", "article", "kind")
_UNTOLD = ("id", "split", "image", "path", "file", "url", "link")
"""Attributes that say nothing to people."""

_ENDINGS = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif")
_LONGEST, _MOST_TOLD = 40, 2
_NAMED = {"look", "colour", "words", "photo", "photo+words", "liked", "disliked"}


@dataclass(frozen=True, slots=True)
class Share:
    """What one part of a question gave to a score: in words, and as a piece of a bar of 100."""

    words: str
    value: str
    kind: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Card:
    """A hit."""

    id: str
    rank: int | None
    score: str
    title: str
    told: tuple[str, ...]
    shares: tuple[Share, ...]
    copies: int
    liked: bool
    unliked: bool
    next: str
    like: str
    unlike: str

    @property
    def image(self) -> str:
        """Address of its picture, without a size."""
        return image_address(self.id)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was asked before: its address, its photo's where it has one, and its words."""

    address: str
    image: str
    words: str


def image_address(id_: str) -> str:
    """Where the picture of an item is; whatever its id holds stays one segment."""
    return f"/v1/items/{quote(id_, safe='')}/image"


def cards_of(hits: Iterable[Hit | Point], state: State, texts: Texts) -> list[Card]:
    """The hits of a state; points, which nobody compared with anything, have neither rank nor score."""
    return [_card(one, state, texts) for one in hits]


def _card(one: Hit | Point, state: State, texts: Texts) -> Card:
    hit = one if isinstance(one, Hit) else None
    title, told = _told(one.attributes, texts)
    return Card(
        id=one.id,
        rank=hit.rank if hit else None,
        score=texts.number(hit.score, 2) if hit else "",
        title=title or _file(one.id),
        told=told,
        shares=_shares(hit.shares, texts) if hit else (),
        copies=len(hit.copies) if hit else 0,
        liked=one.id in state.like,
        unliked=one.id in state.unlike,
        next=state.with_photo(f"i:{one.id}").address(),
        like=state.judged(one.id, good=True).address(),
        unlike=state.judged(one.id, good=False).address(),
    )


def _file(id_: str) -> str:
    """The last part of an id, which is a file's name where photos of a folder were indexed."""
    name = id_.replace("\\", "/").rpartition("/")[2] or id_
    stem, _, ending = name.rpartition(".")
    return stem if stem and ending.lower() in _ENDINGS else name


def _told(attributes: Attributes, texts: Texts) -> tuple[str, tuple[str, ...]]:
    """A title and what else tells most: short words, then numbers."""
    lower: dict[str, Value] = {name.lower(): value for name, value in attributes.items()}
    words = {n: v for n, v in lower.items() if isinstance(v, str) and v.strip() and n not in _UNTOLD}
    title = next((words[name] for name in (*_TITLES, *_KINDS) if name in words), "")
    rest = [v for n, v in words.items() if v.lower() != title.lower() and len(v) <= _LONGEST and n not in _TITLES]
    for name, value in lower.items():
        if isinstance(value, bool):
            rest += [texts.known("field", name)] if value else []
        elif isinstance(value, int | float) and not name.endswith("id") and name not in _UNTOLD:
            rest.append(f"{texts.known('field', name)} {texts.number(value)}")
    return title, tuple(rest[:_MOST_TOLD])


def _shares(shares: Mapping[str, float], texts: Texts) -> tuple[Share, ...]:
    whole = max(1.0, sum(abs(value) for value in shares.values()))
    told, left = [], 0.0
    for name, value in shares.items():
        mark, words = (name[0], name[1:]) if name not in _NAMED and name[:1] in ("+", "-") else ("", name)
        if mark:
            said, kind = f"{'−' if mark == '-' else '+'} {words}", "minus" if mark == "-" else "plus"
        else:
            base = name if name in _NAMED else "words"
            said, kind = texts.known("share", base) if base == name else name, base.replace("+", "-")
        width = 100 * abs(value) / whole
        told.append(Share(said, texts.number(value, 2), kind, round(left, 2), round(width, 2)))
        left += width
    return tuple(told)


def steps_of(state: State, uploads: Uploads) -> list[Step]:
    """The trail; a photo that is gone leaves its words."""
    told = []
    for number, step in enumerate(state.steps):
        then = parse_query(step)
        image = image_address(then.item) if then.item else ""
        if then.upload and uploads.get(then.upload) is not None:
            image = f"/photos/{quote(then.upload, safe='')}"
        words = [then.text, *(f"+ {one}" for one in then.plus), *(f"− {one}" for one in then.minus)]
        told.append(Step(back_to(state, number).address(), image, ", ".join(filter(None, words))))
    return told

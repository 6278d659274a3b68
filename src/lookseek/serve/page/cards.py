"""Hits as the page shows them: a card each, with title, details, score and links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from ...results import Hit, RegionVerdict
from ...types import Point, Role
from ..path_prefix import address
from .description import describe
from .language import Texts
from .state import State

__all__ = ["Card", "ScorePart", "image_url", "look_url", "to_cards", "upload_url", "view_url"]

_IMAGE_SUFFIXES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif")
_SHARE_NAMES = {"look", "colour", "words", "photo", "photo+words", "liked", "disliked"}


@dataclass(frozen=True, slots=True)
class ScorePart:
    """What one part of a query contributed to a score.

    Args:
        words: its label.
        value: formatted.
        kind: of the part, for its colour.
        left: where it begins in a bar of width 100.
        width: in that bar.
    """

    words: str
    value: str
    kind: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Card:
    """A hit or an item to browse.

    Args:
        id: of the item.
        rank: 1 for the best; None for an item to browse.
        score: formatted; "" for an item to browse.
        title: of the item, or the file's name.
        brand: of the item; "" for none.
        price: formatted; "" for none.
        link: to the item's page in the shop, http or https; "" for none.
        details: a few attributes, formatted.
        verdict: which regions of the garment differ, where copies are looked for; "" else.
        shares: parts of the score.
        copies: near-identical photos that are hidden.
        photos: further photos of its product.
        liked: whether the state likes it.
        unliked: whether the state dislikes it.
        view_url: page that shows it large, with all of its photos.
        similar_url: page of a search with it.
        like_url: page of the state that likes it, or no longer.
        unlike_url: page of the state that dislikes it, or no longer.
    """

    id: str
    rank: int | None
    score: str
    title: str
    brand: str
    price: str
    link: str
    details: tuple[str, ...]
    verdict: str
    shares: tuple[ScorePart, ...]
    copies: int
    photos: int
    liked: bool
    unliked: bool
    view_url: str
    similar_url: str
    like_url: str
    unlike_url: str

    @property
    def image(self) -> str:
        """URL of its picture, without a size."""
        return image_url(self.id)


def image_url(id_: str) -> str:
    """Return the URL of an item's picture; whatever its id holds is one segment."""
    return address(f"/v1/items/{quote(id_, safe='')}/image")


def view_url(id_: str, state: State) -> str:
    """Return the URL of the page that shows an item large; the state is that of the results to go back to."""
    return address(f"/view?{urlencode([('item', id_), *state.parameters()])}")


def look_url(id_: str, state: State) -> str:
    """Return the URL of the page of items that go with one."""
    return address(f"/look?{urlencode([('item', id_), *state.parameters()])}")


def upload_url(token: str) -> str:
    """Return the URL of an uploaded photo."""
    return address(f"/photos/{quote(token, safe='')}")


def to_cards(
    items: Iterable[Hit | Point], state: State, texts: Texts, roles: Mapping[Role, str] | None = None
) -> list[Card]:
    """Return the cards of a state's hits, or of items to browse.

    Args:
        items: of the index.
        state: of the page.
        texts: of its language.
        roles: role to attribute, as the index remembers them.
    """
    return [_card(item, state, texts, roles or {}) for item in items]


def _card(item: Hit | Point, state: State, texts: Texts, roles: Mapping[Role, str]) -> Card:
    hit = item if isinstance(item, Hit) else None
    described = describe(item.attributes, roles, texts)
    return Card(
        id=item.id,
        rank=hit.rank if hit else None,
        score=_rounded(hit.score, texts) if hit else "",
        title=described.title or _file_name(item.id),
        brand=described.brand,
        price=described.price,
        link=described.link,
        details=described.details,
        verdict=_verdict(hit.verdicts, texts) if hit and hit.verdicts else "",
        shares=_score_parts(hit.shares, texts, worded=not state.photo and bool(state.text)) if hit else (),
        copies=len(hit.copies) if hit else 0,
        photos=len(hit.photos) if hit else 0,
        liked=item.id in state.like,
        unliked=item.id in state.unlike,
        view_url=view_url(item.id, state),
        similar_url=state.with_photo(f"i:{item.id}").url(),
        like_url=state.toggle_judgement(item.id, liked=True).url(),
        unlike_url=state.toggle_judgement(item.id, liked=False).url(),
    )


def _verdict(verdicts: Sequence[RegionVerdict], texts: Texts) -> str:
    """Return which regions differ and of which that is not sure; what is the same is said where nothing differs."""

    def named(differs: bool | None) -> str:
        return ", ".join(texts.label("region", each.region) for each in verdicts if each.differs is differs)

    differing, same, unsure = named(True), named(False), named(None)
    if not unsure:
        return texts.format("copied.differs", regions=differing) if differing else texts.format("copied.same")
    if not differing and not same:
        return texts.format("copied.unsure")
    known = "copied.differs" if differing else "copied.alike"
    said = texts.format(known, regions=differing or same), texts.format("copied.unsure_of", regions=unsure)
    return " · ".join(said)


def _file_name(id_: str) -> str:
    """Return the last part of an id: the file's name, where a folder of photos was indexed."""
    name = id_.replace("\\", "/").rpartition("/")[2] or id_
    stem, _, suffix = name.rpartition(".")
    return stem if stem and suffix.lower() in _IMAGE_SUFFIXES else name


def _score_parts(shares: Mapping[str, float], texts: Texts, *, worded: bool) -> tuple[ScorePart, ...]:
    total = max(1.0, sum(abs(value) for value in shares.values()))
    parts, left = [], 0.0
    for name, value in shares.items():
        sign, term = (name[0], name[1:]) if name not in _SHARE_NAMES and name[:1] in ("+", "-") else ("", name)
        if f"region.{name}" in texts.texts:
            words, kind = texts.label("region", name), "look"
        elif sign:
            words, kind = f"{'−' if sign == '-' else '+'} {term}", "minus" if sign == "-" else "plus"
        else:
            known = name if name in _SHARE_NAMES else "words"
            shown = "words" if worded and known == "look" else known  # words alone are compared with how photos look
            words, kind = texts.label("share", shown) if known == name else name, shown.replace("+", "-")
        width = 100 * abs(value) / total
        parts.append(ScorePart(words, _rounded(value, texts), kind, round(left, 2), round(width, 2)))
        left += width
    return tuple(parts)


def _rounded(value: float, texts: Texts) -> str:
    return texts.number(round(value, 2) + 0.0, 2)  # never minus zero

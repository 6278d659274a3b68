"""From the parameters of an address to a state: whatever they hold, a state comes of it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from ..api.schemas import MAX_ID, MAX_TEXT
from .state import DEFAULT_K, MAX_EXAMPLES, MAX_FACETS, MAX_K, MAX_STEPS, Method, State

__all__ = ["back_to", "parse", "parse_query"]

_METHODS: tuple[Method, ...] = ("none", "svm", "kmeans")
_MAX_TERMS = 8
_MAX_FIELD, _MAX_VALUE, _MAX_STEP = 100, 250, 4_000
_MAX_TRAIL = 4_000
"""Characters of all steps: every link of a page holds the whole trail, and a page has some hundred."""

_MAX_PIXELS = 1_000_000


def parse_query(query: str) -> State:
    """The state of a query string."""
    return parse(parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=None))


def parse(pairs: Iterable[tuple[str, str]]) -> State:
    """The state of parameters, whatever they hold: those that are unknown or can't be are passed over."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    photo = _photo(given.get("photo", [""])[-1])
    like = _ids(given.get("like", []))
    return State(
        photo=photo,
        box=_box(",".join(given.get("box", []))) if photo.startswith("u:") else None,
        text=_words(given.get("text", [""])[-1]),
        plus=_terms(given.get("plus", [])),
        minus=_terms(given.get("minus", [])),
        like=like,
        unlike=tuple(one for one in _ids(given.get("unlike", [])) if one not in like),
        k=_count(given.get("k", [""])[-1]),
        metric="euclidean" if given.get("metric", [""])[-1] == "euclidean" else "cosine",
        method=next((one for one in _METHODS if one == given.get("method", [""])[-1]), "none"),
        dup=given.get("dup", [""])[-1] in ("1", "on", "true"),
        facets=_facets(given),
        steps=_steps(given.get("step", [])),
        lang=next((one for one in ("en", "vi") if one == given.get("lang", [""])[-1]), ""),
    )


def back_to(state: State, step: int) -> State:
    """As it was at a step of the trail, with the filters and options of now."""
    then = parse_query(state.steps[step])
    asked = {name: getattr(then, name) for name in ("photo", "box", "text", "plus", "minus", "like", "unlike")}
    return replace(state, **asked, steps=state.steps[:step])


def _plain(text: str) -> str:
    """Text that UTF-8 can hold, in the form that catalogues have."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode())


def _words(text: str) -> str:
    visible = "".join(sign if unicodedata.category(sign) != "Cc" else " " for sign in _plain(text[: 2 * MAX_TEXT]))
    return " ".join(visible.split())[:MAX_TEXT].strip()


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _terms(values: list[str]) -> tuple[str, ...]:
    return _unique(map(_words, values))[:_MAX_TERMS]


def _ids(values: list[str]) -> tuple[str, ...]:
    return _unique(one for one in map(_plain, values) if len(one) <= MAX_ID)[-MAX_EXAMPLES:]


def _photo(value: str) -> str:
    value = _plain(value)
    return value if value[:2] in ("u:", "i:") and 2 < len(value) <= MAX_ID + 2 else ""


def _box(value: str) -> tuple[int, int, int, int] | None:
    parts = value.split(",")
    if len(parts) != 4:
        return None
    try:
        x, y, width, height = (round(number) for number in map(float, parts) if math.isfinite(number))
    except ValueError:
        return None
    fits = min(x, y) >= 0 and min(width, height) > 0 and max(x, y, width, height) <= _MAX_PIXELS
    return (x, y, width, height) if fits else None


def _count(value: str) -> int:
    return min(max(int(value), 1), MAX_K) if value.isascii() and value.isdigit() and len(value) < 8 else DEFAULT_K


def _facets(given: Mapping[str, list[str]]) -> tuple[tuple[str, str], ...]:
    pairs: dict[tuple[str, str], None] = {}
    for name, values in given.items():
        mark, _, field = _plain(name).partition(".")
        if not 0 < len(field) <= _MAX_FIELD:
            continue
        if mark == "f":
            pairs |= {(field, one): None for one in map(_plain, values) if 0 < len(one) <= _MAX_VALUE}
        elif mark in ("low", "high"):  # a form's two ends of a range
            ends = (given.get(f"{end}.{field}", [""])[-1].strip() for end in ("low", "high"))
            spoken = "..".join(_plain(end)[:20] for end in ends)
            pairs |= {(field, spoken): None} if spoken != ".." else {}
    return tuple(sorted(pairs))[:MAX_FACETS]


def _steps(values: list[str]) -> tuple[str, ...]:
    """Steps as they are written, never steps of steps."""
    told = []
    for value in values[-MAX_STEPS:]:
        step = replace(parse(pair for pair in parse_qsl(_plain(value)[:_MAX_STEP]) if pair[0] != "step"), facets=())
        if step.asks:
            told.append(replace(step, k=DEFAULT_K, metric="cosine", method="none", dup=False, lang="").query_string())
    while sum(map(len, told)) > _MAX_TRAIL:  # every link of a page holds the whole trail
        del told[0]
    return tuple(told)

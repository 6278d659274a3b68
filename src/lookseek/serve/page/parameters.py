"""Parses the parameters of a URL into a state. Invalid parameters are dropped, so that every URL is a page."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from ..settings import MAX_ID, MAX_TEXT
from .language import LANGUAGES
from .state import DEFAULT_K, MAX_EXAMPLES, MAX_FACETS, MAX_K, MAX_STEPS, Method, Sort, State

__all__ = ["parse_query_string", "parse_state", "state_at_step"]

_METHODS: tuple[Method, ...] = ("none", "svm", "kmeans")
_ON = ("1", "on", "true")
_SORTS: tuple[Sort, ...] = ("price", "-price", "newest")
_MAX_TERMS = 8
_MAX_FIELD, _MAX_VALUE, _MAX_STEP = 100, 250, 4_000
_MAX_HISTORY = 4_000
"""Characters of all steps: every link holds the whole search history, and a page has about a hundred links."""

_MAX_PIXELS = 1_000_000


def parse_query_string(query_string: str) -> State:
    """Return the state of a query string."""
    return parse_state(parse_qsl(query_string, keep_blank_values=True, errors="replace", max_num_fields=None))


def parse_state(pairs: Iterable[tuple[str, str]]) -> State:
    """Return the state of parameters. Unknown names and invalid values are dropped."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    last = {name: several[-1] for name, several in values.items()}
    photo, like = _photo(last.get("photo", "")), _ids(values.get("like", []))
    method, lang = last.get("method", ""), last.get("lang", "")
    return State(
        photo=photo,
        box=_box(",".join(values.get("box", []))) if photo.startswith("u:") else None,
        text=_words(last.get("text", "")),
        plus=_terms(values.get("plus", [])),
        minus=_terms(values.get("minus", [])),
        like=like,
        unlike=tuple(id_ for id_ in _ids(values.get("unlike", [])) if id_ not in like),
        k=_count(last.get("k", "")),
        metric="euclidean" if last.get("metric") == "euclidean" else "cosine",
        method=next((known for known in _METHODS if known == method), "none"),
        dup=last.get("dup") in _ON,
        copies=last.get("copies") in _ON,
        sort=next((known for known in _SORTS if known == last.get("sort")), ""),
        scores=last.get("scores") in _ON,
        facets=_facets(values),
        steps=_steps(values.get("step", [])),
        lang=lang if lang in LANGUAGES else "",
    )


def state_at_step(state: State, step: int) -> State:
    """Return the query of a step of the search history, with the filters and options of ``state``."""
    earlier = parse_query_string(state.steps[step])
    query = {name: getattr(earlier, name) for name in ("photo", "box", "text", "plus", "minus", "like", "unlike")}
    return replace(state, **query, steps=state.steps[:step])


def _normalise(text: str) -> str:
    """Return text without lone surrogates, in NFC."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode())


def _words(text: str) -> str:
    printable = "".join(c if unicodedata.category(c) != "Cc" else " " for c in _normalise(text[: 2 * MAX_TEXT]))
    return " ".join(printable.split())[:MAX_TEXT].strip()


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _terms(values: list[str]) -> tuple[str, ...]:
    return _unique(map(_words, values))[:_MAX_TERMS]


def _ids(values: list[str]) -> tuple[str, ...]:
    return _unique(id_ for id_ in map(_normalise, values) if len(id_) <= MAX_ID)[-MAX_EXAMPLES:]


def _photo(value: str) -> str:
    value = _normalise(value)
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


def _facets(parameters: Mapping[str, list[str]]) -> tuple[tuple[str, str], ...]:
    """Return the values of ``f.FIELD``, and the ranges of ``low.FIELD`` and ``high.FIELD``, which a form sends."""
    pairs: dict[tuple[str, str], None] = {}
    for name, values in parameters.items():
        prefix, _, field = _normalise(name).partition(".")
        if not 0 < len(field) <= _MAX_FIELD:
            continue
        if prefix == "f":
            pairs |= {(field, value): None for value in map(_normalise, values) if 0 < len(value) <= _MAX_VALUE}
        elif prefix in ("low", "high"):
            ends = (parameters.get(f"{end}.{field}", [""])[-1].strip() for end in ("low", "high"))
            number_range = "..".join(_normalise(end)[:20] for end in ends)
            pairs |= {(field, number_range): None} if number_range != ".." else {}
    return tuple(sorted(pairs))[:MAX_FACETS]


def _steps(values: list[str]) -> tuple[str, ...]:
    """Return steps in normal form, without steps of their own; the earliest are dropped where all are too long."""
    steps = []
    for value in values[-MAX_STEPS:]:
        pairs = (pair for pair in parse_qsl(_normalise(value)[:_MAX_STEP]) if pair[0] != "step")
        step = replace(parse_state(pairs), facets=())
        if step.has_query:
            bare = replace(step, k=DEFAULT_K, metric="cosine", method="none", dup=False, copies=False, lang="")
            bare = replace(bare, sort="", scores=False)
            steps.append(bare.query_string())
    while sum(map(len, steps)) > _MAX_HISTORY:
        del steps[0]
    return tuple(steps)

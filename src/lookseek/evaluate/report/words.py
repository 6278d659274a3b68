"""How a report writes ids, numbers and the names of metrics, in words that everybody reads."""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable

from ..result import Figure

__all__ = ["LONGEST", "brief", "escaped", "interval", "is_share", "legend", "number", "one_line", "seconds"]

LONGEST = 80
"""Characters of an id or a name that are shown: a path can have thousands."""

_JOINERS = "\u200c\u200d"
"""Letters of some languages hang together by these; other invisible signs could turn or hide what stands around."""

_SAID = {
    "recall": ("a right answer among the first {k}", "a right answer found at all"),
    "any": ("anything that fits among the first {k}", "anything that fits found at all"),
    "fraction": ("of all right answers are among the first {k}", "of all right answers found"),
    "precision": ("of the first {k} answers are right", "of all answers are right"),
    "map": ("right answers come early, first {k}", "right answers come early"),
    "mrr": ("how early the first right one comes", "how early the first right one comes"),
    "ndcg": ("the best ones come early, first {k}", "the best ones come early"),
    "r-precision": ("of as many answers as there are right ones", "of as many answers as there are right ones"),
    "accuracy": ("the right class among the first {k}", "the right class named"),
    "query_ms": ("milliseconds a query, {k} answers", "milliseconds a query"),
    "exact": ("of the first {k} of a search of all are found", "of a search of all is found"),
    "visited": ("of the gallery was compared", "of the gallery was compared"),
}
"""Kind of metric to what a figure says, with a k and without."""

_FIRST = {
    "recall": "the first answer is right",
    "any": "the first answer fits",
    "precision": "the first answer is right",
    "accuracy": "the right class named",
}
"""The same where k is 1."""

_MEANT = {
    "recall": "Hit rate: the share of queries with at least one right answer among the first k. Papers of this "
    "field call it R@k. 0.53 means 53 of 100 queries.",
    "any": "As recall@k, but every item that fits counts as right, not the exact target alone.",
    "fraction": "Of all right answers that the gallery holds, the share among the first k, averaged over the "
    "queries; TREC calls this recall.",
    "precision": "The share of right answers among the first k, averaged over the queries.",
    "map": "Mean average precision: the share of right answers down to each right one, averaged over the right ones; "
    "with a k, over the first k answers. 1 means that all right answers come before all wrong ones.",
    "mrr": "Mean reciprocal rank: 1 if the first answer is right, 1/2 if the second is the first right one, 1/3 if "
    "the third is, averaged over the queries.",
    "ndcg": "How much of what the best possible order would give is in the first k answers; very right answers count "
    "more than right ones, early ranks more than late ones.",
    "r-precision": "The share of right answers among the first R, where R is how many right ones the query has.",
    "accuracy": "The share of queries whose class is named right; with a k, whose class is among the first k named.",
    "query_ms": "How long one query takes alone, in milliseconds. Less is better.",
    "exact": "Of the first k answers of a search that compares with all, the share that a routed search finds too.",
    "visited": "The share of the gallery that a query was compared with: what a router spares. Less is better.",
}
"""Kind of metric to a sentence for the legend."""


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text in one line, composed, cut in its middle where it is too long.

    Args:
        text: anything, also what no page may hold: control characters, half a surrogate pair.
        longest: characters, >= 3.
    """
    short = text if len(text) <= 4 * longest else text[: 2 * longest] + text[-2 * longest :]
    line = " ".join(unicodedata.normalize("NFC", short).split())
    line = "".join("\ufffd" if unicodedata.category(c)[0] == "C" and c not in _JOINERS else c for c in line)
    if len(line) <= longest:
        return line
    head = (longest - 1) * 2 // 3
    return f"{line[:head]}…{line[len(line) - (longest - 1 - head) :]}"


def escaped(text: str, longest: int = LONGEST) -> str:
    """Escape one line of text for HTML, also for quoted attributes."""
    return html.escape(one_line(text, longest))


def number(value: float) -> str:
    """Return a figure as it is printed: three decimals, four digits of what is larger; "" of what is no number.

    >>> number(0.53333), number(12.3456)
    ('0.533', '12.35')
    """
    if not math.isfinite(value):
        return ""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def interval(figure: Figure) -> str:
    """Its 95 % interval, "0.511–0.555"; "" where there is none."""
    if not (math.isfinite(figure.low) and math.isfinite(figure.high)):
        return ""
    return f"{number(figure.low)}–{number(figure.high)}"


def seconds(took: float) -> str:
    """Return a time in words.

    >>> seconds(3.21), seconds(200)
    ('3.2 s', '3 min 20 s')
    """
    if took < 60:
        return f"{took:.1f} s"
    minutes, rest = divmod(round(took), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def brief(metric: str) -> str:
    """Return the meaning of a headline figure in a few words; "" for an unknown metric."""
    kind, _, k = metric.partition("@")
    with_k, without = _SAID.get(kind, ("", ""))
    if k == "1" and kind in _FIRST:
        return _FIRST[kind]
    return with_k.format(k=k) if k else without


def is_share(metric: str) -> bool:
    """Return whether a metric is known to range from 0 to 1."""
    kind = metric.partition("@")[0]
    return kind in _SAID and kind != "query_ms"


def legend(metrics: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of a metric's form and a sentence on its meaning; each kind once, in order.

    >>> [name for name, _ in legend(["recall@1", "recall@10", "map"])]
    ['recall@k', 'map']
    """
    kinds: dict[str, bool] = {}
    for metric in metrics:
        kind, _, k = metric.partition("@")
        if kind in _MEANT:
            kinds[kind] = kinds.get(kind, False) or bool(k)
    return [(f"{kind}@k" if with_k else kind, _MEANT[kind]) for kind, with_k in kinds.items()]

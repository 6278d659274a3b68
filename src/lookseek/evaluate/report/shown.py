"""The sections of the queries that were answered best and worst."""

from __future__ import annotations

from pathlib import Path

from ... import images
from ..outcome import Evaluation, Outcome
from ..task import Loaded
from .answers import Answer, AnsweredQuery, answered_query, extremes
from .headline import shown_outcome
from .markup import counted, scrolling, section
from .strips import strip
from .words import escaped, number

__all__ = ["SHOWN", "queries_sections"]

SHOWN = 8
"""Queries of each kind that are shown with their answers."""

_WORDS = 400
"""Characters of a query's words that are shown."""


def queries_sections(evaluation: Evaluation, folder: Path) -> tuple[str, str]:
    """Return the best and the worst queries; "" where there is none, or no photos are ranked."""
    outcome = shown_outcome(evaluation)
    if outcome is None:
        return "", ""
    best, worst = extremes(outcome, SHOWN)
    return (
        section("best", "Queries answered best", _queries(evaluation, outcome, best, "best", folder)),
        section("worst", "Queries answered worst", _queries(evaluation, outcome, worst, "worst", folder)),
    )


def _queries(evaluation: Evaluation, outcome: Outcome, rows: list[int], name: str, folder: Path) -> str:
    if not rows:
        return ""
    metric, stratum = next(iter(outcome.values)), outcome.task.stratum
    of = f" of {escaped(stratum)}" if stratum else ""
    asked = [answered_query(outcome, row) for row in rows]
    shown = "".join(_query(one, evaluation, folder / f"{name}-{place}.png") for place, one in enumerate(asked, 1))
    frames = " Right answers have a green frame and a tick, wrong ones a red frame and a cross."
    return f"<p>By {escaped(metric)}{of}, the {name} first.{frames if '<img' in shown else ''}</p>{shown}"


def _query(asked: AnsweredQuery, evaluation: Evaluation, file: Path) -> str:
    pixels = strip(asked, evaluation)
    loaded = evaluation.loaded
    answers = f'<ol class="answers">{"".join(_answer(answer, loaded) for answer in asked.answers)}</ol>'
    if pixels is None:
        return f'<figure class="strip"><figcaption>{_caption(asked, loaded)}{answers}</figcaption></figure>'
    file.write_bytes(images.to_png(pixels))
    height, width = pixels.shape[:2]
    picture = f'<img src="{file.name}" width="{width}" height="{height}" alt="{_alt(asked)}">'
    return (
        f'<figure class="strip">{scrolling("Query and its answers", picture)}<figcaption>{_caption(asked, loaded)}'
        f"<details><summary>The answers in words</summary>{answers}</details></figcaption></figure>"
    )


def _alt(asked: AnsweredQuery) -> str:
    """Return the alternative text of the picture, escaped."""
    what = "its photo" if asked.query.photo else "its words"
    right = [str(answer.rank) for answer in asked.answers if answer.right]
    wrong = [str(answer.rank) for answer in asked.answers if not answer.right]
    ranks = (f"{verdict} at {', '.join(some)}" for verdict, some in (("right", right), ("wrong", wrong)) if some)
    answers = ", ".join([counted(len(asked.answers), "answer"), *ranks])
    return f"Query {escaped(asked.query.id)}: {what}, and {answers}."


def _caption(asked: AnsweredQuery, loaded: Loaded) -> str:
    """Return the caption of a query: its id, photo and words, its value, and the rank of the first right answer."""
    query = asked.query
    words = f" “{escaped(query.said, _WORDS)}”" if query.text else ""
    photo = f" photo {_named(query.photo, loaded)}" if query.photo and query.photo != query.id else ""
    label = loaded.labels.get(query.photo, "")
    own = f" ({escaped(label)})" if label and not photo else ""
    found = f"first right answer at rank {asked.first:,}" if asked.first else "no right answer found"
    targets = ", ".join(_named(id, loaded) for id in asked.targets)
    missed = f" Right would be, for example: {targets}." if targets else ""
    return (
        f"<p>Query <code>{escaped(query.id)}</code>{own}{photo}{words}: {escaped(asked.metric)} "
        f"<b>{number(asked.value)}</b>, {found}.{missed}</p>"
    )


def _answer(answer: Answer, loaded: Loaded) -> str:
    verdict = '<span class="right">✓ right</span>' if answer.right else '<span class="wrong">✗ wrong</span>'
    return f"<li>{_named(answer.id, loaded)}<small>{number(answer.score)} {verdict}</small></li>"


def _named(id: str, loaded: Loaded) -> str:
    """Return an id with its label, or with the words that stand for the photo."""
    more = loaded.labels.get(id) or loaded.texts.get(id, "")
    return f"<code>{escaped(id)}</code>{f' ({escaped(more)})' if more else ''}"

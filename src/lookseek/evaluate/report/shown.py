"""The sections of the questions that were answered best and worst."""

from __future__ import annotations

from pathlib import Path

from ... import images
from ..outcome import Evaluation, Outcome
from ..task import Loaded
from .headline import shown_outcome
from .markup import counted, scrolling, section
from .questions import Answer, Answered, answered, extremes
from .strips import strip
from .words import escaped, number

__all__ = ["SHOWN", "questions_sections"]

SHOWN = 8
"""Questions of each kind that are shown with their answers."""

_WORDS = 400
"""Characters of a question's words that are shown."""


def questions_sections(evaluation: Evaluation, folder: Path) -> tuple[str, str]:
    """The best and the worst questions; "" where there is none, or no photos are ranked."""
    outcome = shown_outcome(evaluation)
    if outcome is None:
        return "", ""
    best, worst = extremes(outcome, SHOWN)
    return (
        section("best", "Questions answered best", _questions(evaluation, outcome, best, "best", folder)),
        section("worst", "Questions answered worst", _questions(evaluation, outcome, worst, "worst", folder)),
    )


def _questions(evaluation: Evaluation, outcome: Outcome, rows: list[int], name: str, folder: Path) -> str:
    if not rows:
        return ""
    metric, stratum = next(iter(outcome.values)), outcome.task.stratum
    of = f" of {escaped(stratum)}" if stratum else ""
    asked = [answered(outcome, row) for row in rows]
    shown = "".join(_question(one, evaluation, folder / f"{name}-{place}.png") for place, one in enumerate(asked, 1))
    frames = " Right answers have a green frame and a tick, wrong ones a red frame and a cross."
    return f"<p>By {escaped(metric)}{of}, the {name} first.{frames if '<img' in shown else ''}</p>{shown}"


def _question(asked: Answered, evaluation: Evaluation, file: Path) -> str:
    pixels = strip(asked, evaluation)
    loaded = evaluation.loaded
    answers = f'<ol class="answers">{"".join(_answer(answer, loaded) for answer in asked.answers)}</ol>'
    if pixels is None:
        return f'<figure class="strip"><figcaption>{_told(asked, loaded)}{answers}</figcaption></figure>'
    file.write_bytes(images.to_png(pixels))
    height, width = pixels.shape[:2]
    picture = f'<img src="{file.name}" width="{width}" height="{height}" alt="{_alt(asked)}">'
    return (
        f'<figure class="strip">{scrolling("Question and its answers", picture)}<figcaption>{_told(asked, loaded)}'
        f"<details><summary>The answers in words</summary>{answers}</details></figcaption></figure>"
    )


def _alt(asked: Answered) -> str:
    """The picture in words, escaped."""
    what = "its photo" if asked.question.photo else "its words"
    right = [str(answer.rank) for answer in asked.answers if answer.right]
    wrong = [str(answer.rank) for answer in asked.answers if not answer.right]
    ranks = (f"{verdict} at {', '.join(some)}" for verdict, some in (("right", right), ("wrong", wrong)) if some)
    answers = ", ".join([counted(len(asked.answers), "answer"), *ranks])
    return f"Question {escaped(asked.question.id)}: {what}, and {answers}."


def _told(asked: Answered, loaded: Loaded) -> str:
    """The question in words: its id, what it asks, how it was answered."""
    question = asked.question
    words = f" “{escaped(question.said, _WORDS)}”" if question.text else ""
    photo = f" photo {_named(question.photo, loaded)}" if question.photo and question.photo != question.id else ""
    label = loaded.labels.get(question.photo, "")
    own = f" ({escaped(label)})" if label and not photo else ""
    found = f"first right answer at rank {asked.first:,}" if asked.first else "no right answer found"
    targets = ", ".join(_named(id, loaded) for id in asked.targets)
    missed = f" Right would be, for example: {targets}." if targets else ""
    return (
        f"<p>Question <code>{escaped(question.id)}</code>{own}{photo}{words}: {escaped(asked.metric)} "
        f"<b>{number(asked.value)}</b>, {found}.{missed}</p>"
    )


def _answer(answer: Answer, loaded: Loaded) -> str:
    verdict = '<span class="right">✓ right</span>' if answer.right else '<span class="wrong">✗ wrong</span>'
    return f"<li>{_named(answer.id, loaded)}<small>{number(answer.score)} {verdict}</small></li>"


def _named(id: str, loaded: Loaded) -> str:
    """An id with its label, or with the words that stand for the photo."""
    more = loaded.labels.get(id) or loaded.texts.get(id, "")
    return f"<code>{escaped(id)}</code>{f' ({escaped(more)})' if more else ''}"

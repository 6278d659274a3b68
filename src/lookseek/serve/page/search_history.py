"""The search history of a dialogue: earlier states, each with a link back."""

from __future__ import annotations

from dataclasses import dataclass

from ..uploads import Uploads
from .cards import image_url, upload_url
from .parameters import parse_query_string, state_at_step
from .state import State

__all__ = ["HistoryStep", "history_steps"]


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """An earlier state.

    Args:
        url: of its page.
        image: URL of its photo; "" without one, or where the upload has expired.
        words: its text and terms.
    """

    url: str
    image: str
    words: str


def history_steps(state: State, uploads: Uploads) -> list[HistoryStep]:
    """Return the steps of a state, the earliest first."""
    steps = []
    for number, query_string in enumerate(state.steps):
        earlier = parse_query_string(query_string)
        image = image_url(earlier.item) if earlier.item else ""
        if earlier.upload and uploads.get(earlier.upload) is not None:
            image = upload_url(earlier.upload)
        terms = (*(f"+ {term}" for term in earlier.plus), *(f"− {term}" for term in earlier.minus))
        words = ", ".join(filter(None, (earlier.text, *terms)))
        steps.append(HistoryStep(state_at_step(state, number).url(), image, words))
    return steps

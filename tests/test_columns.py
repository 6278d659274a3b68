"""Conditions over columns: the same items as the reference, whatever the values."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lookseek.filters import And, Compare, In, Not, Or, matches, parse
from lookseek.filters.columns import Column, column_of, mask

NAMES = st.sampled_from(["a", "b", "màu"])
DATES = ("2026-01-05", "2026-01-05T09:30", "2026-01-06T00:00:00+07:00", "9999-12-31")
STORED = st.one_of(
    st.none(),
    st.sampled_from([*DATES, "2026-02-30"]),
    st.lists(st.sampled_from([*DATES, "red"]), min_size=1, max_size=3, unique=True).map(tuple),
    st.sampled_from(["", "red", "đỏ", "2012", "true", "True", "1", "1.0", "nan"]),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 10**400, -(10**400), 2012]),
    st.floats(),  # a filter names no NaN and no infinity, but an item may have them
)
LITERALS = st.one_of(
    st.sampled_from(["", "red", "đỏ", "2012", "true", "1"]),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 2012, 1.0, -0.0]),
    st.floats(allow_nan=False, allow_infinity=False),
)


def trees() -> st.SearchStrategy[Any]:
    leaf = st.one_of(
        st.builds(Compare, NAMES, st.sampled_from(["=", "!="]), LITERALS),
        st.builds(Compare, NAMES, st.sampled_from(["<", "<=", ">", ">="]), st.floats(-5, 5) | st.integers(-5, 5)),
        st.builds(Compare, NAMES, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(DATES)),
        st.builds(In, NAMES, st.lists(LITERALS, min_size=1, max_size=4).map(tuple), st.booleans()),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.lists(inner, min_size=2, max_size=3).map(tuple).map(And),
            st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or),
        ),
        max_leaves=6,
    )


def columns_of(items: list[dict[str, Any]]) -> Any:
    made: dict[str, Column] = {}
    return lambda name: made.setdefault(name, column_of([item.get(name) for item in items]))


@given(
    items=st.lists(st.dictionaries(NAMES, STORED.filter(lambda value: value is not None)), max_size=8),
    condition=trees(),
)
def test_a_mask_keeps_what_the_reference_keeps(items: list[dict[str, Any]], condition: Any) -> None:
    kept = mask(condition, columns_of(items))
    assert kept.dtype == np.bool_
    assert kept.tolist() == [matches(condition, item) for item in items]


def test_columns_are_left_as_they_are() -> None:
    columns = columns_of([{"a": "red"}, {"a": 4}, {}])
    for text in ("a = red or a = 4", "not a in (red, 4)", "a != red and a < 5"):
        first = mask(parse(text), columns)
        assert mask(parse(text), columns).tolist() == first.tolist()


def test_values_are_counted() -> None:
    column = column_of(["red", True, "red", None, 1, "True"])
    assert dict(column.counts(None)) == {"red": 2, True: 1, "True": 1}
    assert column.counts(np.array([False, True, False, True, True, False])) == [(True, 1)]
    assert column_of([]).counts(None) == []

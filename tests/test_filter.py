"""The filter language: what it reads, what it means, and how it says no."""

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookseek.errors import FilterError
from lookseek.filters import (
    And,
    Compare,
    Condition,
    In,
    Not,
    Or,
    check_fields,
    field_names,
    matches,
    parse,
    plain_values,
    to_text,
)
from lookseek.filters.parser import MAX_DEPTH, MAX_LENGTH
from lookseek.types import Attributes, Value

RED = Compare("colour", "=", "red")
CHEAP = Compare("price", "<", 50)
DRESS = Compare("category", "=", "dress")

# --- what is read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("colour = red", RED),
        ("colour=red", RED),
        ("  colour\n=\tred  ", RED),
        ("colour == red", RED),
        ("(((colour = red)))", RED),
        ("colour != red", Compare("colour", "!=", "red")),
        ("price<50", CHEAP),
        ("price <= 50", Compare("price", "<=", 50)),
        ("price > -4.5", Compare("price", ">", -4.5)),
        ("price >= 1e3", Compare("price", ">=", 1000.0)),
        ("colour = navy blue", Compare("colour", "=", "navy blue")),
        ("colour = navy   \t blue and price < 50", And((Compare("colour", "=", "navy blue"), CHEAP))),
        ("size = 10 12", Compare("size", "=", "10 12")),
        ("colour in (red, navy blue)", In("colour", ("red", "navy blue"))),
        ("colour not in (red)", In("colour", ("red",), negated=True)),
        ("colour NOT IN(red)", In("colour", ("red",), negated=True)),
        ("year in (2011, 2012.5, true, '2013')", In("year", (2011, 2012.5, True, "2013"))),
        ("`Base Colour` = red", Compare("Base Colour", "=", "red")),
        ("'Base Colour' = red", Compare("Base Colour", "=", "red")),
        ('"Base Colour" = red', Compare("Base Colour", "=", "red")),
        ("`and` = `x` or a = 1", None),
        ("`and` = 1", Compare("and", "=", 1)),
        ("x = 'it''s'", None),
        (r"x = 'it\'s'", Compare("x", "=", "it's")),
        (r'x = "a\"b\\c\n\t"', Compare("x", "=", 'a"b\\c\n\t')),
        (r"x = '\u{1F600}\u{0}\u{10ffff}'", Compare("x", "=", "\U0001f600\0\U0010ffff")),
        ("brand = Levi's and price < 50", And((Compare("brand", "=", "Levi's"), CHEAP))),
        ("brand = H&M", Compare("brand", "=", "H&M")),
        ("path = a/b_c-d.e:f", Compare("path", "=", "a/b_c-d.e:f")),
        ("x = ''", Compare("x", "=", "")),
        ("x = 😀", Compare("x", "=", "😀")),
        ("màu = đỏ đô", Compare("màu", "=", "đỏ đô")),
        ("not colour = red", Not(RED)),
        ("NOT not colour = red", Not(Not(RED))),
        ("not (colour = red)", Not(RED)),
        ("not colour = red and price < 50", And((Not(RED), CHEAP))),
        ("not (colour = red and price < 50)", Not(And((RED, CHEAP)))),
    ],
)
def test_reads(text: str, tree: Condition | None) -> None:
    if tree is None:
        with pytest.raises(FilterError):
            parse(text)
    else:
        assert repr(parse(text)) == repr(tree)  # repr tells 1 from 1.0 and True, == does not


def test_and_binds_closer_than_or_and_parentheses_stay() -> None:
    assert parse("category = dress or colour = red and price < 50") == Or((DRESS, And((RED, CHEAP))))
    assert parse("(category = dress or colour = red) AND price < 50") == And((Or((DRESS, RED)), CHEAP))
    assert parse("category = dress and (colour = red and price < 50)") == And((DRESS, And((RED, CHEAP))))
    assert parse("category = dress and colour = red and price < 50") == And((DRESS, RED, CHEAP))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0.5", -0.5),
        ("12", 12),
        ("12.0", 12.0),
        ("007", "007"),
        ("+5", "+5"),
        (".5", ".5"),
        ("5.", "5."),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("５０", "５０"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("null", "null"),
        ("TRUE", True),
        ("False", False),
        ("'true'", "true"),
        ("'12'", "12"),
        ("truely", "truely"),
    ],
)
def test_what_a_bare_word_stands_for(text: str, value: Value) -> None:
    tree = parse(f"x = {text}")
    assert isinstance(tree, Compare)
    assert (type(tree.value), tree.value) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "value", "written"), [("12E4", 120000.0, "12E4"), ("2E-3", 0.002, "2E-3"), ("1.50", 1.5, "1.50")]
)
def test_a_number_that_is_written_like_a_code_finds_the_code_too(text: str, value: float, written: str) -> None:
    for tree in (parse(f"x = {text}"), parse(f"x in ({text})")):
        assert tree == In("x", (value, written))
        assert parse(to_text(tree)) == tree
        assert matches(tree, {"x": written})
        assert matches(tree, {"x": value})
    assert parse(f"x != {text}") == In("x", (value, written), negated=True)
    assert parse(f"x < {text}") == Compare("x", "<", value)
    assert parse("x = 49,90") == In("x", (49.9, "49,90"))


def test_both_unicode_forms_of_a_filter_are_one() -> None:
    text = "màu = đỏ đậm"
    decomposed = unicodedata.normalize("NFD", text)
    assert decomposed != text
    assert parse(decomposed) == parse(text)
    assert matches(parse(decomposed), {"màu": "đỏ đậm"})


# --- what it means ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "attributes", "expected"),
    [
        ("colour = red", {"colour": "red"}, True),
        ("colour = red", {"colour": "Red"}, False),
        ("colour = red", {}, False),
        ("colour != red", {"colour": "blue"}, True),
        ("colour != red", {"colour": "red"}, False),
        ("colour != red", {}, True),
        ("colour in (red, pink)", {"colour": "pink"}, True),
        ("colour in (red, pink)", {}, False),
        ("colour not in (red, pink)", {"colour": "pink"}, False),
        ("colour not in (red, pink)", {}, True),
        ("not colour in (red, pink)", {}, True),
        ("year = 2012", {"year": 2012}, True),
        ("year = 2012", {"year": 2012.0}, True),
        ("year = 2012", {"year": "2012"}, True),
        ("year = 2012.0", {"year": 2012}, True),
        ("year = 2012.0", {"year": "2012"}, False),
        ("year = '2012'", {"year": "2012"}, True),
        ("year = '2012'", {"year": 2012}, False),
        ("year in (2011, 2012)", {"year": "2011"}, True),
        ("year != 2012", {"year": "2012"}, False),
        ("sku = 007", {"sku": "007"}, True),
        ("sku = 007", {"sku": 7}, False),
        ("kids = true", {"kids": True}, True),
        ("kids = true", {"kids": "True"}, True),
        ("kids = true", {"kids": "yes"}, False),
        ("kids = true", {"kids": 1}, False),
        ("kids = false", {"kids": 0}, False),
        ("kids = 1", {"kids": True}, False),
        ("kids = 'true'", {"kids": True}, False),
        ("price < 50", {"price": 49}, True),
        ("price < 50", {"price": 50.0}, False),
        ("price <= 50", {"price": 50.0}, True),
        ("price > 50", {"price": 50.5}, True),
        ("price >= 50", {"price": 49.99}, False),
        ("price < 50", {"price": "49"}, False),
        ("price > 0", {"price": True}, False),
        ("price < 50", {}, False),
        ("price >= 50", {}, False),
        ("not price < 50", {}, True),
        ("price < 50", {"price": 10**400}, False),
        ("price = 9007199254740993", {"price": 9007199254740992}, True),
        ("price != 5", {"price": math.nan}, True),
        ("màu = đỏ", {"màu": "đỏ"}, True),
        ("màu = đỏ", {"màu": "do"}, False),
        ("a = 1 and b = 2 or c = 3", {"c": 3}, True),
        ("a = 1 and (b = 2 or c = 3)", {"c": 3}, False),
    ],
)
def test_means(text: str, attributes: Attributes, expected: bool) -> None:
    assert matches(parse(text), attributes) is expected


def test_readings_are_what_equality_finds() -> None:
    assert plain_values("red") == ("red",)
    assert plain_values(4.5) == (4.5, "4.5")
    assert plain_values(False) == (False, "false", "False", "FALSE")
    for value in ("red", "4", 4, 4.5, True, False):
        assert all(matches(Compare("x", "=", value), {"x": reading}) for reading in plain_values(value))


# Few names and values, so that trees and attributes meet often; all kinds, so that kinds are mixed up.
NAMES = ("a", "b", "Base Colour", "màu", "and", "not", "`", "1", "x\\", "true")
PLAIN: tuple[Value, ...] = (
    0,
    1,
    2,
    -1,
    1.0,
    2.5,
    True,
    False,
    "1",
    "true",
    "True",
    "red",
    "đỏ",
    "navy blue",
    "",
    "in",
)
values = st.sampled_from(PLAIN)
numbers = st.sampled_from([value for value in PLAIN if not isinstance(value, str | bool)])
names = st.sampled_from(NAMES)


def trees(names: st.SearchStrategy[str], values: st.SearchStrategy[Value]) -> st.SearchStrategy[Condition]:
    leaves = st.one_of(
        st.builds(Compare, names, st.sampled_from(("=", "!=")), values),
        st.builds(Compare, names, st.sampled_from(("<", "<=", ">", ">=")), numbers),
        st.builds(In, names, st.lists(values, min_size=1, max_size=4).map(tuple), st.booleans()),
    )

    def above(below: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        parts = st.lists(below, min_size=2, max_size=4).map(tuple)
        return st.one_of(st.builds(Not, below), st.builds(And, parts), st.builds(Or, parts))

    return st.recursive(leaves, above, max_leaves=12)


few = trees(names, values)
items = st.dictionaries(names, values, max_size=6)


Kinds = set[tuple[str, object]]


def wanted(value: Value) -> Kinds:
    if isinstance(value, bool):
        return {("bool", value)} | {("text", form(str(value))) for form in (str, str.lower, str.upper)}
    return {("text", value)} if isinstance(value, str) else {("number", float(value)), ("text", str(value))}


def stored(attributes: Mapping[str, Value], field: str) -> Kinds:
    if field not in attributes:
        return set()
    value = attributes[field]
    kind = "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return {(kind, float(value) if kind == "number" else value)}


def naive_compare(have: Kinds, op: str, value: Value) -> bool:
    if op in ("=", "!="):
        return bool(have & wanted(value)) is (op == "=")
    numbers = [number for kind, number in have if kind == "number"]
    signs = {(number > float(value)) - (number < float(value)) for number in numbers}  # type: ignore[operator]
    return bool(signs & {"<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}[op])


def naive(condition: Condition, attributes: Mapping[str, Value]) -> bool:
    """The rules once more, by sets of (kind, value) instead of comparisons."""
    match condition:
        case Not():
            return naive(condition.part, attributes) is False
        case And():
            return not [part for part in condition.parts if not naive(part, attributes)]
        case Or():
            return bool([part for part in condition.parts if naive(part, attributes)])
        case In():
            any_of = set().union(*map(wanted, condition.values))
            return bool(stored(attributes, condition.field) & any_of) is not condition.negated
        case Compare():
            return naive_compare(stored(attributes, condition.field), condition.op, condition.value)


@given(few, items)
def test_agrees_with_a_naive_evaluator(condition: Condition, attributes: dict[str, Value]) -> None:
    assert matches(condition, attributes) is naive(condition, attributes)


@given(few, few, items)
def test_de_morgan(one: Condition, two: Condition, attributes: dict[str, Value]) -> None:
    assert matches(Not(And((one, two))), attributes) is matches(Or((Not(one), Not(two))), attributes)
    assert matches(Not(Or((one, two))), attributes) is matches(And((Not(one), Not(two))), attributes)


@given(names, st.lists(values, min_size=2, max_size=4), items)
def test_in_is_a_row_of_equals(field: str, several: list[Value], attributes: dict[str, Value]) -> None:
    either = Or(tuple(Compare(field, "=", value) for value in several))
    assert matches(In(field, tuple(several)), attributes) is matches(either, attributes)
    assert matches(In(field, tuple(several), negated=True), attributes) is matches(Not(either), attributes)


# --- text and tree ----------------------------------------------------------------------------------

any_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
any_value = st.one_of(
    any_text, st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.one_of(few, trees(any_text.filter(bool), any_value)))
def test_a_written_tree_is_read_back(condition: Condition) -> None:
    assert repr(parse(to_text(condition))) == repr(condition)


@pytest.mark.parametrize(
    "value",
    ["e\u0301", "\u0338", "\u212b", "\u1fef", "a\u0338 b", "“q”", "\\", "'", '"', "`", "&&", "\x00\x1b"],
)
def test_signs_that_unicode_or_the_grammar_would_change_are_read_back(value: str) -> None:
    tree = And((Compare(value, "=", value), In(value, (value, value))))
    assert parse(to_text(tree)) == tree


def test_written_as_a_person_would() -> None:
    text = 'category = dress and (colour in (red, "navy blue") or not price >= 50) and `Base Colour` != đỏ'
    assert to_text(parse(text)) == text


def test_fields() -> None:
    assert field_names(parse("a = 1 and (not b in (1) or c < 2) and a = 3")) == {"a", "b", "c"}


def test_check_fields_names_the_closest() -> None:
    known = {"colour": 1, "category": 2, "Base Colour": 3}
    check_fields(parse("colour = red and `Base Colour` = red"), known)
    with pytest.raises(FilterError, match=r"Did you mean `Variant Price`\?"):
        check_fields(parse("price < 5"), {"Variant Price": "number", "Title": "words"})
    with pytest.raises(FilterError, match=r"no item has a field 'color'\. Did you mean colour") as error:
        check_fields(parse("color = red"), known)
    assert "There are: `Base Colour`, category, colour." in str(error.value)
    with pytest.raises(FilterError, match=r"'COLOUR'\. Did you mean colour"):
        check_fields(parse("colour = x or COLOUR = red"), list(known))
    with pytest.raises(FilterError, match=r"'zzz'\. There are"):
        check_fields(parse("zzz = 1"), known)
    with pytest.raises(FilterError, match="no attributes to filter by"):
        check_fields(parse("zzz = 1"), ())
    with pytest.raises(FilterError, match="and 30 more"):
        check_fields(parse("zzz = 1"), [f"f{n}" for n in range(50)])


# --- saying no --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", 1, "expected the name of a field, found the end"),
        ("   ", 4, "expected the name of a field, found the end"),
        ("colour", 7, "expected = != < <= > >= in or not in after 'colour', found the end"),
        ("colour = ", 10, "expected a value, found the end"),
        ("colour red", 8, "found 'red': put a name of several words in `backticks`"),
        ("= red", 1, "expected the name of a field, found '='"),
        ("and = red", 1, "expected the name of a field, found 'and'"),
        ("`` = red", 1, "the name of a field is empty"),
        ("colour = red price < 50", 20, "is there an and missing before 'price'"),
        ("colour = red)", 13, "expected and, or, or the end, found ')'"),
        ("colour = 'red' blue", 16, "expected and, or, or the end, found 'blue'"),
        ("(colour = red", 14, "expected ), found the end"),
        ("colour in red", 11, "expected ( and a list of values after in, found 'red'"),
        ("colour in ()", 12, "expected a value, found ')'"),
        ("colour in (red,)", 16, "expected a value, found ')'"),
        ("colour in (red", 15, "expected ), found the end"),
        ("colour not = red", 12, "expected in after 'colour', found '='"),
        ("price < cheap", 9, "< compares with a number, or a date such as 2026-01-31, and found 'cheap'"),
        ("price < '50'", 9, "< compares with a number, or a date"),
        ("price < true", 9, "< compares with a number, or a date"),
        ("price < 1e999", 9, "too large"),
        (f"price = {'9' * 5000}", 9, "too large"),
        ("colour = not red", 10, "'not' is a keyword: put a value that holds it in quotes"),
        ("colour = made in x", 15, "'in' is a keyword"),
        ("a = 1 && b = 2", 7, "write and instead of &&"),
        ("a = 1 || b = 2", 7, "write or instead of ||"),
        ("a = `b`", 5, "backticks are for names"),
        ("a = 'red", 5, "this ' is not closed"),
        ("a = “red”", 5, 'write "'),
        ("a ! b", 3, "write != or not"),
        ("a = c:\\b", 7, "put it in quotes"),
        ("a = '\\q'", 6, "unknown escape"),
        ("a = '\\u{d800}'", 6, "unknown escape"),
        ("a = '\\u{110000}'", 6, "unknown escape"),
        ("a = '\\u0041'", 6, "unknown escape"),
        ("a = '\\", 6, "unknown escape"),
        ("a = \0", 5, "(U+0000) has no meaning here"),
        ("a = '\0'", 6, "U+0000 cannot be in a filter"),
        ("a = '\ud800'", 6, "U+D800 cannot be in a filter"),
        ("a = \udfff", 5, "(U+DFFF) has no meaning here"),
    ],
)
def test_says_where_and_what(text: str, place: int, message: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(text)
    first, shown, caret, example = str(error.value).split("\n")
    assert first.startswith(f"filter, character {place}: ")
    assert message in first
    assert len(first) < 200
    if len(text) < 40:
        assert caret == " " * (place + 1) + "^"
        assert shown.isprintable()
    parse(example.partition(": ")[2])


def test_the_caret_stands_under_wide_and_combined_characters() -> None:
    with pytest.raises(FilterError) as error:
        parse("a = 服装 x\u0337 )")
    shown, caret = str(error.value).split("\n")[1:3]
    assert shown == "  a = 服装 x\u0337 )"
    assert caret.index("^") == 2 + len("a = ") + 4 + len(" x ")  # two columns a sign, none a mark


def test_of_a_long_filter_the_surroundings_are_shown() -> None:
    with pytest.raises(FilterError) as error:
        parse("a = b and " * 300 + "a ? b" + " and a = b" * 300)
    shown, caret = str(error.value).split("\n")[1:3]
    assert len(shown) < 100
    assert shown[caret.index("^")] == "?"


HOSTILE = [
    "(" * 100_000,
    "(" * MAX_LENGTH,
    "not " * (MAX_LENGTH // 4),
    "'" * (MAX_LENGTH - 1),
    "\\" * MAX_LENGTH,
    "a = '" + "\\u{1" * 2000,
    "a in (" + "1," * 4000,
    "=\u0338" * 4000,
    "\0" * MAX_LENGTH,
    "\ud800" * MAX_LENGTH,
    "a" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[f"{text[:6]!a}x{len(text)}" for text in HOSTILE])
def test_hostile_text_is_refused_with_a_short_message(text: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(text)
    assert len(str(error.value)) < 600
    str(error.value).encode()


def test_limits_are_the_ones_that_are_told() -> None:
    deepest = "(" * MAX_DEPTH + "a = 1" + ")" * MAX_DEPTH
    assert parse(deepest) == Compare("a", "=", 1)
    assert matches(parse("not " * MAX_DEPTH + "a = 1"), {"a": 1})
    with pytest.raises(FilterError, match=f"more than {MAX_DEPTH}"):
        parse(f"({deepest})")
    with pytest.raises(FilterError, match=f"more than {MAX_DEPTH}"):
        parse("not " * (MAX_DEPTH + 1) + "a = 1")
    longest = "a = 1 or " * ((MAX_LENGTH - 5) // 9) + "a = 1"
    longest += " " * (MAX_LENGTH - len(longest))
    assert isinstance(parse(longest), Or)
    with pytest.raises(FilterError, match="10,001 characters, 10,000 are allowed"):
        parse(longest + " ")


PIECES = (
    "a",
    "=",
    "(",
    ")",
    ",",
    "'",
    '"',
    "`",
    "\\",
    "in",
    "not",
    "and",
    "or",
    "!=",
    "<",
    "1",
    "red",
    "\\u{",
    "đ",
)
words = st.sampled_from((*PIECES, "\u0301", "\0", "\ud800", "“", "&&", "😀", " "))


@given(st.one_of(st.text(max_size=40), st.lists(words, max_size=14).map(" ".join), st.lists(words).map("".join)))
def test_any_text_is_a_tree_or_a_filter_error(text: str) -> None:
    try:
        tree = parse(text)
    except FilterError as error:
        place = re.match(r"filter, character (\d+): ", str(error))
        assert place
        assert 1 <= int(place[1]) <= len(unicodedata.normalize("NFC", text)) + 1
        str(error).encode()
    else:
        assert parse(to_text(tree)) == tree
        matches(tree, {})


def unusable() -> Iterator[tuple[str, object]]:
    yield "no field", lambda: Compare("", "=", 1)
    yield "not a number", lambda: Compare("a", "=", math.nan)
    yield "infinite", lambda: In("a", (1, math.inf))
    yield "beyond floats", lambda: Compare("a", "<", 10**400)
    yield "half a pair", lambda: Compare("a", "=", "\ud800")
    yield "half a pair in a name", lambda: In("\udfff", ("a",))
    yield "text in an ordering", lambda: Compare("a", "<", "b")
    yield "boolean in an ordering", lambda: Compare("a", ">=", True)
    yield "no values", lambda: In("a", ())
    yield "one part", lambda: And((RED,))
    yield "no part", lambda: Or(())


@pytest.mark.parametrize("make", [make for _, make in unusable()], ids=[name for name, _ in unusable()])
def test_a_tree_that_no_text_could_give_is_not_built(make: object) -> None:
    assert callable(make)
    with pytest.raises(FilterError):
        make()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("since > 2026-01-05", ["c"]),
        ("since >= 2026-01-05", ["a", "b", "c"]),
        ("since < 2026-01-05", []),
        ("since <= 2026-01-05", ["a", "b"]),
        ("since < 2026-01-05T10:00", ["a", "b"]),  # b: 02:30 of UTC
        ("since > '2026-01-05T02:00'", ["b", "c"]),
        ("since = 2026-01-05", ["a"]),
    ],
)
def test_dates_are_compared_as_dates(text: str, found: list[str]) -> None:
    items = {"a": "2026-01-05", "b": "2026-01-05T09:30:00+07:00", "c": ("soon", "2026-01-06"), "d": "soon", "e": 2026}
    assert [name for name, since in items.items() if matches(parse(text), {"since": since})] == found
    assert parse(to_text(parse(text))) == parse(text)


def test_a_date_is_compared_with_dates_alone() -> None:
    check_fields(parse("since > 2026-01-05"), {"since": "words"})
    with pytest.raises(FilterError, match="price is a number in this index"):
        check_fields(parse("price > 2026-01-05"), {"price": "number"})
    with pytest.raises(FilterError, match=r"a date such as 2026-01-31"):
        parse("since > January")

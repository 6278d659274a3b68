r"""The filter language: ``category = dress and colour in (red, navy blue) and price < 50``.

Grammar (keywords in any case; limits ``MAX_LENGTH`` and ``MAX_DEPTH``)::

    either     = both { "or" both }
    both       = single { "and" single }
    single     = "not" single | "(" either ")" | comparison
    comparison = field ( "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" ) value
               | field [ "not" ] "in" "(" value { "," value } ")"
    field      = word | `quoted` | 'quoted' | "quoted"
    value      = word { word } | 'quoted' | "quoted"

A word is a run of anything but blanks, control characters and ``( ) , = ! < > " ' ` \ “ ” „``; an
apostrophe may stand inside it (``Levi's``). A value of several words goes up to the next ``and``,
``or``, ``)``, ``,`` or the end; blanks between them count as one; the keywords and, or, not, in need
quotes. A value of one bare word is a number if JSON calls it one (``007`` and ``.5`` are text), true or
false if it is that word in any case, else text. What is in quotes is always text; there ``\n``, ``\t``,
``\u{1ea7}`` and a backslash before any sign that is no letter or digit are escapes. Text is put into
Unicode form NFC, as catalogues put theirs; an escape keeps what it names. Outside ``in`` a number may have a decimal
comma, without blanks: ``price < 49,90``. A number that is written otherwise than Python writes it stands for its text
as well, so that codes are found: ``style = 12E4`` is ``style in (120000.0, "12E4")``.

What the tree means is told in ``lookseek.filters.condition``.
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NoReturn, cast

from ..errors import FilterError
from ..types import Value
from .condition import ORDERINGS, And, Compare, Condition, In, Not, Operator, Or, field_names
from .dates import instant_of
from .tokens import FOREIGN, KEYWORDS, Token, fail, format_field, format_value, read_value, tokenize

__all__ = ["check_fields", "parse", "to_text"]

MAX_LENGTH = 10_000
"""Characters of a filter: room for 250 UUIDs in one ``in``, and milliseconds to read."""

MAX_DEPTH = 64
"""Parentheses and ``not`` inside each other."""


@lru_cache(maxsize=32)
def parse(text: str) -> Condition:
    """Parse a filter into its tree. The last ones are kept: a search reads its filter more than once.

    Args:
        text: at most ``MAX_LENGTH`` characters.

    Raises:
        FilterError: what is wrong, where, and what was expected, with a caret under the place.

    >>> parse("colour = navy blue and not price >= 50")
    And(parts=(Compare(field='colour', op='=', value='navy blue'), \
Not(part=Compare(field='price', op='>=', value=50))))
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(f"the filter has {len(text):,} characters, {MAX_LENGTH:,} are allowed: shorten it")
    text = unicodedata.normalize("NFC", text)
    return _Parser(text, tokenize(text)).whole()


def check_fields(condition: Condition, known: Collection[str]) -> None:
    """Refuse a condition that names a field which no item has, or compares one that holds no numbers by < or >.

    Args:
        condition: the tree.
        known: names of the attributes there are; of a mapping its keys, and its values are their types.

    Raises:
        FilterError: the unknown field, the closest known ones, and what there is; or the comparison that can't hold.
    """
    for field in sorted(field_names(condition) - set(known)):
        if not known:
            raise FilterError(f"no item has a field {field!r}: these items have no attributes to filter by")
        lower = {name.lower(): name for name in sorted(known)}
        near = [lower[name] for name in difflib.get_close_matches(field.lower(), lower, n=3, cutoff=0.6)]
        near += [name for low, name in lower.items() if field.lower() in low and name not in near][: 3 - len(near)]
        meant = f" Did you mean {' or '.join(map(format_field, near))}?" if near else ""
        names = sorted(known)
        rest = f" and {len(names) - 20} more" if len(names) > 20 else ""
        there = ", ".join(map(format_field, names[:20]))
        raise FilterError(f"no item has a field {field!r}.{meant} There are: {there}{rest}.")
    if isinstance(known, Mapping):
        _check_orderings(condition, known)


def _check_orderings(condition: Condition, types: Mapping[str, str]) -> None:
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                _check_orderings(part, types)
        case Not(part):
            _check_orderings(part, types)
        case Compare(field, op, value) if op in ORDERINGS and types[field] != (
            "number" if condition.date is None else "words"
        ):
            kinds = {"words": "text", "number": "a number"}
            name, kind = format_field(field), kinds.get(types[field], "true or false")
            raise FilterError(
                f"{name} {op} {format_value(value)} can't hold: {name} is {kind} in this index. Compare it with =, or, "
                "if it should be numbers, see how its column is read by lookseek index --dry-run"
            )


def to_text(condition: Condition) -> str:
    """Return the filter that ``parse`` reads as this tree, if the tree is within ``parse``'s limits."""
    match condition:
        case Or(parts):
            return " or ".join(f"({to_text(part)})" if isinstance(part, Or) else to_text(part) for part in parts)
        case And(parts):
            return " and ".join(_tight(part) for part in parts)
        case Not(part):
            return f"not {_tight(part)}"
        case In(field, values, negated):
            inside = ", ".join(map(format_value, values))
            return f"{format_field(field)} {'not in' if negated else 'in'} ({inside})"
        case Compare(field, op, value):
            return f"{format_field(field)} {op} {format_value(value)}"


def _tight(condition: Condition) -> str:
    text = to_text(condition)
    return f"({text})" if isinstance(condition, And | Or) else text


class _Parser:
    """Reads tokens from left to right; one method a rule of the grammar."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._next = 0

    def whole(self) -> Condition:
        condition = self._either(0)
        token = self._peek()
        if token.kind != "end":
            before = self._tokens[self._next - 1]
            lost = before.kind == "word" and token.kind == "sign" and token.text not in "(),"
            hint = f": is there an and missing before {before}?" if lost else ""
            self._fail(f"expected and, or, or the end, found {token}{hint}")
        return condition

    def _either(self, depth: int) -> Condition:
        parts = [self._both(depth)]
        while self._take_word("or"):
            parts.append(self._both(depth))
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def _both(self, depth: int) -> Condition:
        parts = [self._single(depth)]
        while self._take_word("and"):
            parts.append(self._single(depth))
        return And(tuple(parts)) if len(parts) > 1 else parts[0]

    def _single(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} parentheses and nots inside each other: write it flatter")
        if self._take_word("not"):
            return Not(self._single(depth + 1))
        if self._take_sign("("):
            inner = self._either(depth + 1)
            self._close()
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        token = self._peek()
        if token.kind not in ("word", "text", "name") or token.is_word(*KEYWORDS):
            self._fail(f"expected the name of a field, found {token}")
        if not token.text:
            self._fail("the name of a field is empty")
        self._next += 1
        negated = self._take_word("not")
        if self._take_word("in"):
            return In(token.text, self._values(), negated)
        op = self._peek()
        if negated or op.kind != "sign" or op.text in "(),":
            hint = ": put a name of several words in `backticks`" if op.kind == "word" and not negated else ""
            expected = "in" if negated else "= != < <= > >= in or not in"
            self._fail(f"expected {expected} after {token}, found {op}{hint}")
        self._next += 1
        start = self._peek()
        value, *spelled = self._decimal_comma() or self._value()
        if op.text in ORDERINGS and (isinstance(value, bool) or (isinstance(value, str) and instant_of(value) is None)):
            self._fail(f"{op.text} compares with a number, or a date such as 2026-01-31, and found {start}", start)
        if spelled and op.text not in ORDERINGS:
            return In(token.text, (value, *spelled), op.text == "!=")
        return Compare(token.text, cast(Operator, "=" if op.text == "==" else op.text), value)

    def _decimal_comma(self) -> tuple[Value, ...]:
        """Return the number that is written with a decimal comma, such as 49,90, and its text; () if none is next."""
        whole, *rest = self._tokens[self._next : self._next + 3]
        if len(rest) < 2 or not (rest[0].is_sign(",") and rest[1].kind == "word" and rest[1].text.isdecimal()):
            return ()
        beside = whole.at + len(whole.text) == rest[0].at and rest[0].at + 1 == rest[1].at
        if not beside or whole.kind != "word" or isinstance(read_value(whole.text), str | float | bool):
            return ()
        self._next += 3
        return float(f"{whole.text}.{rest[1].text}"), f"{whole.text},{rest[1].text}"

    def _values(self) -> tuple[Value, ...]:
        if not self._take_sign("("):
            self._fail(f"expected ( and a list of values after in, found {self._peek()}")
        values = [*self._value()]
        while self._take_sign(","):
            values += self._value()
        self._close()
        return tuple(values)

    def _value(self) -> tuple[Value, ...]:
        """Return the next value; of a number that is written otherwise than Python writes it, its text as well."""
        first = self._peek()
        if first.kind == "text":
            self._next += 1
            return (first.text,)
        words: list[str] = []
        while (token := self._peek()).kind == "word" and not token.is_word("and", "or"):
            if token.is_word(*FOREIGN):
                self._fail(f"write {FOREIGN[token.text]} instead of {token.text}")
            if token.is_word(*KEYWORDS):
                self._fail(f"{token} is a keyword: put a value that holds it in quotes")
            words.append(token.text)
            self._next += 1
        if not words:
            hint = ": backticks are for names, quotes for values" if first.kind == "name" else ""
            self._fail(f"expected a value, found {first}{hint}")
        written = " ".join(words)
        value = read_value(written)
        if not isinstance(value, str) and not math.isfinite(value):
            self._fail(f"{first} is too large for a 64-bit float", first)
        return (value,) if isinstance(value, str | bool) or str(value) == written else (value, written)

    def _close(self) -> None:
        if not self._take_sign(")"):
            self._fail(f"expected ), found {self._peek()}")

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take_word(self, word: str) -> bool:
        taken = self._peek().is_word(word)
        self._next += taken
        return taken

    def _take_sign(self, sign: str) -> bool:
        taken = self._peek().is_sign(sign)
        self._next += taken
        return taken

    def _fail(self, problem: str, token: Token | None = None) -> NoReturn:
        fail(self._text, (token or self._peek()).at, problem)

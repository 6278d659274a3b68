"""Filter expressions: text to a tree of conditions, and what an item's attributes say to it."""

from .condition import And, Compare, Condition, In, Not, Operator, Or, field_names, matches, plain_values
from .parser import check_fields, parse, to_text

__all__ = [
    "And",
    "Compare",
    "Condition",
    "In",
    "Not",
    "Operator",
    "Or",
    "check_fields",
    "field_names",
    "matches",
    "parse",
    "plain_values",
    "to_text",
]

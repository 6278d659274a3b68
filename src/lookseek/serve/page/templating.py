"""The page's templates: everything that they are given is text, never markup."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

__all__ = ["environment", "render"]


@cache
def environment() -> Environment:
    """Where templates are found; all are escaped, and a name that is not there is an error."""
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render(context: dict[str, Any]) -> str:
    """The whole page."""
    return environment().get_template("page.html").render(context)

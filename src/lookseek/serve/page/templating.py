"""The page's templates. All values in them are escaped as text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..path_prefix import address

__all__ = ["environment", "render_template"]


@cache
def environment() -> Environment:
    """Return the Jinja environment: autoescaping is on, and an undefined name is an error."""
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals["address"] = address
    return made


def render_template(context: dict[str, Any], template: str = "page.html") -> str:
    """Return the HTML of the page, or of another template."""
    return environment().get_template(template).render(context)

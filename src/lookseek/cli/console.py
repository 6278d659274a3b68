"""Standard output and standard error as rich consoles, and text escaped for them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from rich.console import Console

__all__ = ["err", "escape", "out", "print_line", "printable", "program_name"]

out = Console(highlight=False, emoji=False)  # ":abc:" in an id or a path is not an emoji
err = Console(stderr=True, highlight=False, emoji=False)


def program_name() -> str:
    """Return what a person types to start this program: its name where the shell finds it, else its path."""
    script = Path(sys.argv[0])
    if shutil.which("lookseek") or script.name != "lookseek":
        return "lookseek"
    return os.path.relpath(script)


def print_line(line: str) -> None:
    """Print a line to standard output: without markup, not broken at the terminal's width, so that it can be copied."""
    out.print(printable(line, keep="\n\t"), markup=False, soft_wrap=True)


def printable(text: str, keep: str = "") -> str:
    """Return text without control characters, which a terminal would obey, but for those of ``keep``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else "\N{REPLACEMENT CHARACTER}" for c in text)


def escape(text: str, keep: str = "") -> str:
    """Return text that comes from users without control characters but ``keep``, and with rich's markup escaped."""
    from rich.markup import escape as escape_markup

    return escape_markup(printable(text, keep))

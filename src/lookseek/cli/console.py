"""The two consoles, and text made safe for them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from rich.console import Console

__all__ = ["err", "out", "plain", "program", "say"]

out = Console(highlight=False, emoji=False)  # ":abc:" in an id or a file is no picture of letters
err = Console(stderr=True, highlight=False, emoji=False)


def program() -> str:
    """What to type to get this program again: its name where the shell finds it, else its path."""
    here = Path(sys.argv[0])
    if shutil.which("lookseek") or here.name != "lookseek":
        return "lookseek"
    return os.path.relpath(here)


def say(line: str) -> None:
    """A line as it is: no markup, not broken at the terminal's width, so that it can be copied."""
    out.print(line, markup=False, soft_wrap=True)


def plain(text: str) -> str:
    """Text of a user's catalogue, with nothing in it that a terminal or rich would act on."""
    from rich.markup import escape

    return escape("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text))

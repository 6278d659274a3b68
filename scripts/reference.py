"""Writes docs/reference.md: the help of every command. tests/test_docs.py fails when it is stale.

python scripts/reference.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lookseek.train.recipes import RECIPES

VERBS = ["index", "search", "route", "check", "export-vectors", "copy", "evaluate", "compare", "train"]
VERBS += [*(f"train {name}" for name in RECIPES), "export", "models", "tag", "serve", "demo"]
PAGE = Path(__file__).parents[1] / "docs" / "reference.md"

HEAD = """# Commands

The help of `lookseek` and of each command, as `--help` prints it. [How to](how-to.md) shows what they are for.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for verb in ("", *VERBS):
        name = f"lookseek {verb}".strip()
        parts.append(f"## {name}\n\n```text\n{said(verb)}\n```\n")
    return "\n".join(parts)


def said(verb: str) -> str:
    """A command's help, 110 columns wide."""
    command = [sys.executable, "-m", "lookseek.cli", *verb.split(), "--help"]
    environment = {**os.environ, "COLUMNS": "110", "TERM": "dumb", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

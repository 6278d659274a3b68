"""Writes docs/reference.md: what every command says of itself. tests/test_docs.py fails when it is stale.

python scripts/reference.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

VERBS = ["index", "search", "route", "check", "export-vectors", "evaluate", "compare", "train", "export", "tag", "demo"]
PAGE = Path(__file__).parents[1] / "docs" / "reference.md"


def page() -> str:
    """The whole page."""
    parts = ["# Commands\n\nWhat `lookseek --help` and each command's `--help` say.\n"]
    for verb in ("", *VERBS):
        name = f"lookseek {verb}".strip()
        parts.append(f"## {name}\n\n```text\n{said(verb)}\n```\n")
    return "\n".join(parts)


def said(verb: str) -> str:
    """A command's help at a fixed width."""
    command = [sys.executable, "-m", "lookseek.cli", *([verb] if verb else []), "--help"]
    environment = {**os.environ, "COLUMNS": "110", "TERM": "dumb", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return "\n".join(line.rstrip() for line in done.stdout.replace("cli.py", "lookseek").strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

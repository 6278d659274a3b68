"""The page of these benchmarks, of which each writes its own part."""

from __future__ import annotations

from pathlib import Path

from benchmarks.paths import PAGES

__all__ = ["replace_part"]

PAGE = PAGES / "scale.md"


def replace_part(begin: str, end: str, tables: str, page: Path = PAGE) -> None:
    """Put tables between two marks of the page, in place of those that stand there."""
    before, _, rest = page.read_text("utf-8").partition(begin)
    page.write_text(f"{before}{begin}\n{tables}\n{end}{rest.partition(end)[2]}", "utf-8")

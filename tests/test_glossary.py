"""The same thing has the same name on the page, in the command line, in the API and in the documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = ROOT / "src" / "lookseek" / "serve" / "page" / "texts"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    lines = [line for line in read(ROOT / "docs" / "glossary.md").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


ROWS = rows()


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_a_thing_has_one_name_everywhere(row: list[str]) -> None:
    thing, english, vietnamese, option, field, unwanted = row
    assert english in read(TEXTS / "en.toml").lower(), thing
    assert vietnamese in read(TEXTS / "vi.toml").lower(), thing
    if option:
        assert re.search(rf"(?<![\w-]){re.escape(option.strip('`'))}\b", read(ROOT / "docs" / "reference.md")), thing
    if field:
        assert f'"{field.strip("`")}": {{' in read(ROOT / "docs" / "openapi.json"), thing
    if unwanted:
        pages = [TEXTS / "en.toml", *(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "docs" / "openapi.json"]
        for path in pages:
            if path.name not in ("glossary.md", "results.md"):
                assert unwanted not in read(path).lower(), (unwanted, path.name)


def test_the_table_has_what_the_page_offers() -> None:
    assert len(ROWS) > 10
    assert all(len(row) == 6 for row in ROWS)

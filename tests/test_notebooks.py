"""The notebooks run from top to bottom, as a newcomer runs them: in an empty folder, without data or a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="notebooks run with lookseek[dev]")
nbformat = pytest.importorskip("nbformat", reason="notebooks run with lookseek[dev]")
pytest.importorskip("ipykernel", reason="notebooks run with lookseek[dev]")

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

PRINTED = {
    "measure": ["recall@1", "default instance"],
    "search": ["added,", "dress"],
    "train": ["run-tags", "attribute,value,confidence"],
}
"""What the last lines of its work say."""

PICTURES = {"measure": 0, "search": 3, "train": 1}


def test_each_notebook_is_known() -> None:
    assert {path.stem for path in NOTEBOOKS} == PRINTED.keys()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if path.stem == "train":
        pytest.importorskip("torch", reason="training needs lookseek[train]")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONWARNINGS", "")
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs stay out of the repository"
    nbclient.NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    text = "".join(output.get("text", "") for output in outputs)
    assert "rror:" not in text, text
    assert "not found" not in text, text
    for expected in PRINTED[path.stem]:
        assert expected in text, text
    assert sum("image/png" in output.get("data", {}) for output in outputs) == PICTURES[path.stem]

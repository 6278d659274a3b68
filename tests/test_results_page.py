"""The page of results says what the result files say, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lookseek.atomic import write_text
from lookseek.evaluate.result import Figure, Result

SCRIPT = Path(__file__).parents[1] / "scripts" / "results.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("results", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "results", module)  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module


def result(value: float, split: str = "test", **figures: float) -> Result:
    numbers = {"map@10": value, **{f"map@10/{part}": part_value for part, part_value in figures.items()}}
    return Result(
        "clothing", "photographers-apart", split, 1358, "ab" * 32, 344, (),
        {name: Figure(number, number - 0.01, number + 0.01) for name, number in numbers.items()},
        {"name": "m"}, 0, "c" * 40, 1.0,
    )  # fmt: skip


def test_every_figure_stands_with_split_protocol_gallery_and_commit(script: ModuleType, tmp_path: Path) -> None:
    plan = next(plan for plan in script.PLAN if plan.benchmark == "clothing")
    for place, system in enumerate(script.SYSTEMS):
        path = script.path_of(tmp_path, plan, "test", "photographers-apart", system)
        write_text(path, result(0.1 + place / 10, dress=0.05 + place / 10).to_json())
        write_text(path.with_suffix(".notes"), "A note.")
    page = script.page(tmp_path)
    assert "from commit cccccccccccc;" in page
    assert "| clothing | test | map@10 | 0.100 [0.090, 0.110] | 0.200 [0.190, 0.210] |" in page
    assert "**test**, protocol `photographers-apart`: 344 queries, gallery 1,358 (`abababababab`)" in page
    assert "| map@10 | dress |" in page
    assert f"| {script.SYSTEMS[0].name} | 0.050 |" in page
    assert "- A note." in page
    assert "not measured" not in page


def test_what_could_not_be_measured_says_why(script: ModuleType, tmp_path: Path) -> None:
    plan = next(plan for plan in script.PLAN if plan.benchmark == "myntra-text")
    path = script.path_of(tmp_path, plan, "test", "whole-split", plan.systems[0])
    write_text(path.with_suffix(".error"), "the model reads no words")
    assert (
        "**test**, protocol `whole-split`, not measured. lookseek-2, the default: the model reads no words."
        in script.page(tmp_path)
    )


def test_the_split_is_the_result_s_own(script: ModuleType, tmp_path: Path) -> None:
    plan = next(plan for plan in script.PLAN if plan.benchmark == "instance")
    path = script.path_of(tmp_path, plan, "test", "leave-one-out", script.LOOK)
    write_text(path, result(0.5, split="all").to_json())
    write_text(path.with_suffix(".notes"), "")
    page = script.page(tmp_path)
    assert "| instance on drawn:200 | all | map@10 |" in page
    assert "**all**, protocol" in page

"""The registry of recipes and the command line that is made of it: options, help, one line for a new recipe."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from safetensors.torch import load_file
from test_cli import Said, say

from lookseek.cli.recipe_options import recipe_command
from lookseek.errors import TrainError
from lookseek.train.recipes import RECIPES, find_recipe

__all__ = ["say"]


def options(text: str) -> set[str]:
    """The long options that a help names."""
    return set(re.findall(r"--[a-z0-9-]+", text))


OLD = {
    "classifier": "--preset --label --backbone --weights --epochs --batch --rate --size --seed --precision",
    "align": "--preset --epochs --batch --rate --seed --precision",
    "combiner": "--preset --model --weights --epochs --batch --rate --seed --precision --tune --tune-epochs "
    "--tune-batch --tune-rate --checkpointing --no-checkpointing --projection --hidden --ablation",
}
"""Options of version 0.1."""


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_s_help_names_its_own_options_alone(name: str, say: Callable[..., Said]) -> None:
    said = say("train", name, "--help")
    assert said.code == 0
    recipe = find_recipe(name)
    own = {f"--{field.name.replace('_', '-')}" for field in fields(recipe.settings)}
    shown = options(said.out)
    assert own | set(OLD.get(name, "").split()) | {"--accelerator", "--devices", "--nodes", "--workers"} <= shown
    others = {f"--{field.name.replace('_', '-')}" for other in RECIPES for field in fields(find_recipe(other).settings)}
    assert not shown & (others - own)
    for preset, settings in recipe.presets.items():
        number = "epochs" if hasattr(settings, "epochs") else fields(settings)[0].name  # not all learn in epochs
        assert f"{preset} {getattr(settings, number)}" in said.out


def test_help_needs_no_torch() -> None:
    code = """
import sys
sys.argv = ["lookseek", "train", "combiner", "--help"]
from lookseek.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
assert "torch" not in sys.modules, "torch"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--tune CHOICE" in done.stdout


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_is_explained(name: str) -> None:
    signature = recipe_command(find_recipe(name), lambda *_: 0).__signature__  # type: ignore[attr-defined]
    for parameter in signature.parameters.values():
        (how,) = parameter.annotation.__metadata__
        assert len(how.help) > 8, parameter.name


def test_the_overview_names_recipes_and_how_to_go_on(say: Callable[..., Said]) -> None:
    said = say("train", "--help")
    assert said.code == 0
    assert all(re.search(rf"\b{name} ", said.out) for name in RECIPES)
    assert "lookseek train RECIPE --help" in " ".join(said.out.split())


def test_list_has_a_line_a_recipe_on_its_data_and_all_presets(say: Callable[..., Said]) -> None:
    said = say("train", "--list")
    assert said.code == 0
    for name in RECIPES:
        recipe = find_recipe(name)
        assert f"{name}\n  {recipe.about}\n  needs: {recipe.needs}\n" in said.out
    assert "preset baseline of classifier\n  backbone resnet50, epochs 10, batch 32, rate 0.001" in said.out


def test_wrong_values_are_wrong_use(say: Callable[..., Said]) -> None:
    said = say("train", "classifier", "DATA", "OUT", "--precision", "fp4")
    assert said.code == 2
    assert "32-true" in said.err
    assert say("train", "classifier", "DATA").code == 2
    assert say("train", "classifier", "DATA", "OUT", "--nonsense").code == 2


def test_an_option_of_another_recipe_is_named_so(say: Callable[..., Said]) -> None:
    said = say("train", "align", "DATA", "OUT", "--no-checkpointing")
    assert said.code == 1
    assert "--no-checkpointing is of the recipe combiner, align has none: leave it out" in said.err


def test_a_recipe_s_name_is_guessed() -> None:
    with pytest.raises(TrainError, match="no recipe 'combine': did you mean combiner"):
        find_recipe("combine")


# a new recipe: its own file and one line of the registry


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setitem(RECIPES, "line", "helpers.line_recipe")
    points = tmp_path / "points.csv"
    points.write_text("x,y\n" + "".join(f"{x},{3 * x - 1}\n" for x in (-1, -0.5, 0, 0.5, 1)))
    return points


def test_a_new_recipe_is_listed_and_has_its_help(line: Path, say: Callable[..., Said]) -> None:
    assert "line\n  a line through points\n  needs: a table with columns x and y\n" in say("train", "--list").out
    said = say("train", "line", "--help")
    assert said.code == 0
    own = {"--epochs", "--rate", "--seed", "--shift", "--preset"}
    assert options(said.out) == own | {"--accelerator", "--devices", "--nodes", "--workers", "--help"} - {"--help"}
    assert "passes over the points. [modern 300, lazy 1]" in " ".join(said.out.split())


def test_a_new_recipe_trains_by_the_command(line: Path, tmp_path: Path, say: Callable[..., Said]) -> None:
    arguments = ("train", "line", line, tmp_path / "run", "--shift", 2, "--accelerator", "cpu")
    said = say(*arguments)
    assert (said.code, said.out) == (0, "error 0.0000\n"), said.err
    assert "note: A line is straight." in said.err
    weights = load_file(tmp_path / "run" / "best.safetensors")
    assert [round(float(value), 2) for value in (weights["weight"], weights["bias"])] == [3.0, 1.0]
    assert say(*arguments).out == said.out
    other = say(*arguments, "--preset", "lazy", "--rate", "0.5")
    assert other.code == 1
    assert "preset 'modern', now 'lazy'; epochs 300, now 1; rate 0.1, now 0.5" in other.err.replace("\n", " ")


def test_a_recipe_without_an_exporter_says_so(line: Path, tmp_path: Path, say: Callable[..., Said]) -> None:
    say("train", "line", line, tmp_path / "run", "--epochs", 1, "--accelerator", "cpu")
    said = say("export", tmp_path / "run", tmp_path / "model")
    assert said.code == 1
    assert "the recipe line makes no model folder" in said.err


def test_export_takes_a_run_folder_alone(tmp_path: Path, say: Callable[..., Said]) -> None:
    assert "is no training run (it has no run.json)" in say("export", tmp_path, tmp_path / "model").err
    (tmp_path / "run.json").write_text("{")
    assert "its run.json can't be read" in say("export", tmp_path, tmp_path / "model").err
    (tmp_path / "run.json").write_text('{"recipe": "capsules"}')
    assert "there is no recipe 'capsules'" in say("export", tmp_path, tmp_path / "model").err

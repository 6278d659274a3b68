"""Verbs that make models: train, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from ..errors import TrainError
from .app import app
from .console import err, print_line
from .progress_bars import ProgressBars

USAGE = "Usage: lookseek train RECIPE DATA OUT [OPTIONS]"

HELP = (
    "Train a model by a recipe, into a run folder that lookseek export makes a model of. lookseek train RECIPE --help "
    "names the options of a recipe, lookseek train --list the data that each needs and all that its presets set. Stop "
    "it with Ctrl-C whenever you like, or let it be killed: the same command goes on from there and ends with the same "
    "weights. The best epoch on val is kept."
)


@app.command(help_flags=[], version_flags=[])
def train(*arguments: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]) -> int:
    """Train a model by a recipe, into a run folder that lookseek export makes a model of."""
    from ..train.recipes import RECIPES, find_recipe
    from .recipe_options import refuse_foreign_options

    if arguments and arguments[0] in RECIPES:
        refuse_foreign_options(find_recipe(arguments[0]), arguments, map(find_recipe, RECIPES))
    status = _recipes()(arguments, exit_on_error=False, print_error=True, result_action="return_value")
    return int(status or 0)


@app.command
def export(
    run: str,
    model: Path,
    /,
    *,
    int8: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Make a model folder of a training, or of a model of open_clip: without torch, for index and search.

    The folder is checked against what it was made of on 64 photos, and describes itself (README.md). A training's best
    epoch is taken, and its classes too.

    Args:
        run: the folder that lookseek train wrote, or a model of open_clip: open_clip/NAME:TAG@REVISION,
            open_clip/NAME:FILE, hf-hub:OWNER/NAME@REVISION or local-dir:FOLDER.
        model: the model folder to make; its name becomes the model's.
        int8: in 8 bits, calibrated on the training's photos: faster, a little less exact; the card says how much.
    """
    with ProgressBars(err) as bars:
        lines = _export(run, model, int8, bars)
    for line in lines:
        print_line(line)
    return 0


def _export(run: str, model: Path, int8: bool, bars: ProgressBars) -> Sequence[str]:
    from ..train.openclip.source import is_source
    from ..train.recipes import recipe_of_run

    if is_source(run):
        from ..train.openclip.export import export_published

        if int8:
            raise TrainError("a model of open_clip has no classes to judge 8 bits by: leave --int8 out")
        return export_published(run, model, progress=bars).lines()
    recipe = recipe_of_run(Path(run))
    if recipe.export is None:
        raise TrainError(f"the recipe {recipe.name} makes no model folder: its run folder is all that it leaves")
    return recipe.export(Path(run), model, int8=int8, progress=bars).lines()


def _recipes() -> App:
    """Return the program ``lookseek train``: a command for each recipe."""
    from ..train.recipes import RECIPES, find_recipe
    from .recipe_options import recipe_command

    recipes = App(
        name="lookseek train",
        usage=USAGE,
        help=HELP,
        help_format="plaintext",
        version_flags=[],
        suppress_keyboard_interrupt=False,  # as the whole program: main prints what happens to the work
    )
    for name in RECIPES:

        def run(data: str, out: Path, options: Mapping[str, Any], name: str = name) -> int:
            return _train(name, data, out, options)

        recipes.command(recipe_command(find_recipe(name), run), name=name)
    recipes.default(_list)
    return recipes


def _list(
    recipe: Annotated[str | None, Parameter(show=False)] = None,
    /,
    *rest: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    list: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> int:
    """What happens where no recipe is named, or one that is not there.

    Args:
        recipe: its name.
        rest: all else.
        list: print the recipes and presets.
    """
    from ..train.recipes import find_recipe
    from .tables import recipe_lines

    if list:
        for line in recipe_lines():
            print_line(line)
        return 0
    if recipe is not None:
        find_recipe(recipe)
    raise TrainError("lookseek train RECIPE DATA OUT: lookseek train --list names the recipes")


def _train(name: str, data: str, out: Path, options: Mapping[str, Any]) -> int:
    from ..train.recipes import find_recipe
    from ..train.trainer.memory import keep_freed_memory

    keep_freed_memory()  # of the whole process, so that the program decides it and not a function
    with ProgressBars(err) as bars:
        trained = find_recipe(name).run(data, out, progress=bars, **options)
    if bars.hidden_skips:
        rest = "those that can't be read are listed in skipped.csv"
        err.print(f"... and {bars.hidden_skips:,} more skipped; {rest} of {out}", markup=False, soft_wrap=True)
    for line in trained.lines():
        print_line(line)
    for note in trained.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    return 0

"""The command models: the models that ship and the public ones; fetches one, after it was agreed to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..errors import ModelError
from .app import app
from .console import err, print_line
from .progress_bars import ProgressBars

if TYPE_CHECKING:
    from ..encode.public_models import PublicModel

__all__ = ["fetch_if_public"]


@app.command
def models(name: str = "", /, *, yes: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Print the models that --model takes by name, or fetch a public one.

    A public model is fetched once, after its size and licence were shown and agreed to, and made into a model folder
    in lookseek's cache; that needs lookseek[train,hub]. index and evaluate take its name from then on, without torch
    and without a network.

    Args:
        name: of a public model, or NAME@REVISION for another of its commits; none prints the list.
        yes: fetch without asking; where nobody can be asked, nothing is fetched without it.
    """
    from ..encode.public_models import find_public

    if not name:
        for line in _lines():
            print_line(line)
        return 0
    model, revision = find_public(name)
    folder = _fetch(model, revision, agreed=yes)
    print_line(f"{model.name}@{folder.parent.name}: {folder}")
    return 0


def fetch_if_public(name: str | None) -> None:
    """Fetch the model that a command names, if it is a public one that is not on this machine.

    Raises:
        ModelError: it was not agreed to, or can't be fetched.
    """
    from ..encode.public_models import find_public, is_made, is_public

    if name is not None and is_public(name):
        model, revision = find_public(name)
        if not is_made(model, revision):
            _fetch(model, revision, agreed=False)


def _fetch(model: PublicModel, revision: str, *, agreed: bool) -> Path:
    from ..encode.public_models import is_made
    from ..train.openclip.public import make_public

    if not is_made(model, revision):
        at = f"revision {revision[:12]}" if revision else "its newest revision, which is kept from then on"
        where = f"huggingface.co/{model.repository}"
        err.print(
            f"{model.name}: {model.megabytes:,} MB from {where} at {at}; licence {model.licence}",
            markup=False,
            soft_wrap=True,
        )
        if not agreed:
            _ask(model, revision)
    with ProgressBars(err) as bars:
        return make_public(model, revision, bars)


def _ask(model: PublicModel, revision: str) -> None:
    """Return if the person at the terminal says yes.

    Raises:
        ModelError: no, or there is nobody.
    """
    name = f"{model.name}@{revision}" if revision not in ("", model.revision) else model.name
    if not sys.stdin.isatty():
        raise ModelError(f"{model.name} was not fetched, since nobody can be asked here: lookseek models {name} --yes")
    err.print("Fetch it? [y/N] ", end="", markup=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ModelError(f"{model.name} was not fetched: nothing was done")


def _lines() -> Iterator[str]:
    """Yield the list: what ships, then what can be fetched, two lines a model."""
    from .. import models as shipped
    from ..encode.public_models import PUBLIC_MODELS, made_folders

    for file in sorted(Path(shipped.__file__).parent.glob("*/config.json")):
        config = json.loads(file.read_bytes())
        if "dim" in config:
            words = "photos and words" if "text" in config else "photos"
            yield f"{file.parent.name}\n  ships with lookseek: {words}, {config['dim']:,} numbers, {config['licence']}"
    for model in PUBLIC_MODELS:
        made = ", ".join(each[:12] for each in made_folders(model))
        here = f"on this machine at {made}" if made else f"fetched by lookseek models {model.name}"
        words = "photos and words" if model.reads else "photos"
        at = f"at {model.revision[:12]}" if model.revision else "at its newest revision"
        yield (
            f"{model.name}\n  {model.about}\n  {words}, {model.dim:,} numbers, {model.licence}, {model.megabytes:,} MB "
            f"from huggingface.co/{model.repository} {at}; {here}"
        )

"""The folder of a training: the names of its files, and run.json, which says which training it is.

    run.json            settings, data, first weights: two trainings with the same one are the same training
    skipped.csv         photos that could not be used, and why
    log.jsonl           a line every few steps, and one an epoch; tensorboard/ has the same
    curves.png          the same as a picture
    checkpoint.pt       all that a stopped training needs to go on
    best.safetensors    the weights of the best epoch on val
    test.json           figures on the test split, measured once, at the end

A recipe of several stages keeps the files of a stage in a folder of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_origin, get_type_hints

from ...atomic import write_text
from ...errors import TrainError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from torch import Tensor

__all__ = [
    "BEST",
    "CHECKPOINT",
    "CURVES",
    "LOCK",
    "LOG",
    "RUN",
    "SKIPPED",
    "TENSORBOARD",
    "TEST",
    "RunFolder",
    "best_weights",
    "recipe_of",
    "source_address",
]

RUN, LOG, CURVES, CHECKPOINT = "run.json", "log.jsonl", "curves.png", "checkpoint.pt"

BEST, TEST, SKIPPED, TENSORBOARD = "best.safetensors", "test.json", "skipped.csv", "tensorboard"

LOCK = "training.lock"

FORMAT = 1

MAX_DIFFERENCE = 200
"""Characters of a difference that a message has in full; of a longer one it has the field's name alone."""

Run = TypeVar("Run", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class RunFolder(Generic[Run]):
    """A run folder of one recipe.

    Args:
        path: the folder.
        recipe: the recipe's name, as run.json has it.
        record: the frozen dataclass of what run.json holds. Its fields are strings, numbers, mappings, tuples, and
            ``settings``, a dataclass itself.
    """

    path: Path
    recipe: str
    record: type[Run]

    def read(self) -> Run:
        """Return what run.json holds.

        Raises:
            TrainError: there is no run, or one of another recipe or of another version of lookseek.
        """
        file = self.path / RUN
        if not file.is_file():
            raise TrainError(f"{self.path} is no training run: give a folder that lookseek train wrote")
        try:
            content = json.loads(file.read_bytes())
            if content.pop("format") != FORMAT:
                raise ValueError("another format")
            if content["recipe"] != self.recipe:
                raise ValueError(f"a run of the recipe {content['recipe']}, not {self.recipe}")
            return _decode(self.record, content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TrainError(f"{file} can't be read ({error}): train again into a new folder") from error

    def write(self, run: Run) -> None:
        """Write run.json, whole or not at all."""
        text = json.dumps({"format": FORMAT, **asdict(run)}, ensure_ascii=False, indent=1)
        write_text(self.path / RUN, text + "\n")

    def begin(self, run: Run) -> None:
        """Write run.json, or compare it with the one that is there.

        Raises:
            TrainError: the folder holds another training.
        """
        if not (self.path / RUN).is_file():
            self.write(run)
            return
        if differences := _differences(self.read(), run):
            raise TrainError(
                f"{self.path} holds a training with {'; '.join(differences)}: give the same options to go on with it, "
                "or a new folder"
            )


def best_weights(folder: Path) -> dict[str, Tensor]:
    """Return the weights of the best epoch.

    Args:
        folder: of the run, or of a stage of it.

    Raises:
        TrainError: there are none yet.
    """
    from safetensors.torch import load_file

    file = folder / BEST
    if not file.is_file():
        raise TrainError(f"{folder} has no {BEST} yet: run the training to the end of its first epoch")
    return load_file(file)


def recipe_of(folder: Path) -> str:
    """Return the recipe of a run folder; "" where nothing readable says it."""
    try:
        return str(json.loads((folder / RUN).read_bytes())["recipe"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _decode(kind: type[Run], content: Mapping[str, Any]) -> Run:
    """Make a dataclass from JSON's lists and objects."""
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, value in content.items():
        hint = hints.get(name)
        if is_dataclass(hint):
            value = _decode(hint, value)  # type: ignore[arg-type]
        elif get_origin(hint) is tuple:
            value = tuple(value)
        values[name] = value
    return kind(**values)


def _differences(there: object, new: object) -> list[str]:
    """Return the differences, a few words each."""
    old, now = (asdict(run) for run in (there, new))  # type: ignore[call-overload]
    old, now = old | old.pop("settings"), now | now.pop("settings")
    lines = [f"{name} {old.get(name)!r}, now {now[name]!r}" for name in now if old.get(name) != now[name]]
    return [line if len(line) < MAX_DIFFERENCE else line.split(" ")[0] for line in lines]


def source_address(data: str) -> str:
    """Return what run.json keeps of a source of photos: a path, absolute, or drawn garments as they were asked for.

    >>> source_address("drawn:40")
    'drawn:40'
    """
    return data if data.partition(":")[0] == "drawn" else str(Path(data).resolve())

"""``run.json`` of a joint space: what makes a training the same training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import load_file

from ...atomic import write_text
from ...errors import TrainError
from ..trainer.run_folder import BEST, RUN
from .network import Joint, Trunk, halves
from .settings import AlignSettings

__all__ = ["AlignRun", "read_run"]

FORMAT = 1


@dataclass(frozen=True, slots=True)
class AlignRun:
    """What ``run.json`` says.

    Args:
        recipe: ``align``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the folder, absolute.
        photos: split to how many.
        texts: split to how many different ones.
        content: hex, of photos and words.
        weights: where the tower's first weights came from.
    """

    recipe: str
    preset: str
    settings: AlignSettings
    data: str
    photos: Mapping[str, int]
    texts: Mapping[str, int]
    content: str
    weights: str

    def network(self, folder: Path) -> tuple[Trunk, Joint]:
        """The frozen half, and the learning one of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        file = folder / BEST
        if not file.is_file():
            raise TrainError(f"{folder} has no {BEST} yet: run the training to the end of its first epoch")
        trunk, joint, _ = halves(self.settings)
        joint.load_state_dict(load_file(file))
        return trunk, joint.eval()

    def write(self, folder: Path) -> None:
        """Write ``run.json``, whole or not at all."""
        write_text(folder / RUN, json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1) + "\n")


def read_run(folder: Path) -> AlignRun:
    """What a run folder says of itself.

    Raises:
        TrainError: there is no run of a joint space, or another lookseek wrote it.
    """
    file = folder / RUN
    if not file.is_file():
        raise TrainError(f"{folder} is no training run: give a folder that lookseek train wrote")
    try:
        said = json.loads(file.read_bytes())
        if said.pop("format") != FORMAT or said["recipe"] != "align":
            raise ValueError("another format or recipe")
        return AlignRun(settings=AlignSettings(**said.pop("settings")), **said)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TrainError(f"{file} can't be read ({error}): train again into a new folder") from error

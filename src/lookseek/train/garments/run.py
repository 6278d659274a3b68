"""What the run.json of a parser holds, and the network that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...catalogue.garment_kinds import KINDS
from ..trainer.run_folder import RunFolder, best_weights
from .network import ParserDecoder, ParserNetwork, build_tower
from .settings import GarmentsSettings

__all__ = ["GarmentsRun", "read_run", "run_folder"]


@dataclass(frozen=True, slots=True)
class GarmentsRun:
    """What makes a training the same training.

    Args:
        recipe: ``garments``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the folder, absolute.
        views: split to how many.
        content: hex, of the views.
        weights: where the tower's weights came from.
    """

    recipe: str
    preset: str
    settings: GarmentsSettings
    data: str
    views: Mapping[str, int]
    content: str
    weights: str

    def network(self, folder: Path) -> ParserNetwork:
        """Return the network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        weights = best_weights(folder)
        decoder = ParserDecoder(len(KINDS), self.settings.width, self.settings.dropout)
        decoder.load_state_dict(weights)
        return ParserNetwork(build_tower()[0], decoder).eval()


def run_folder(path: Path) -> RunFolder[GarmentsRun]:
    """Return a folder as the run folder of a parser."""
    return RunFolder(path, "garments", GarmentsRun)


def read_run(path: Path) -> GarmentsRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of a parser, or another version of lookseek wrote it.
    """
    return run_folder(path).read()

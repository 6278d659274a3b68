"""What the run.json of a training on texts holds, and the network that the run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..trainer.run_folder import RunFolder, best_weights
from .network import WeakNetwork
from .settings import WeakSettings
from .vocabulary import Vocabulary

__all__ = ["WeakRun", "read_run", "run_folder"]


@dataclass(frozen=True, slots=True)
class WeakRun:
    """What makes a training the same training.

    Args:
        recipe: ``weak``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the source of the photos and texts, as it was given, absolute.
        model: whose vectors are learned from: a shipped model's name, or a model folder, absolute.
        checksum: of that model.
        width: of its vectors.
        words: of the vocabulary.
        plurals: word to the singular that it counts as.
        photos: split to how many were used.
        content: hex, of ids and texts.
    """

    recipe: str
    preset: str
    settings: WeakSettings
    data: str
    model: str
    checksum: str
    width: int
    words: tuple[str, ...]
    plurals: Mapping[str, str]
    photos: Mapping[str, int]
    content: str

    @property
    def vocabulary(self) -> Vocabulary:
        """The words as one object."""
        return Vocabulary(self.words, self.plurals)

    def network(self, folder: Path) -> WeakNetwork:
        """Return the network of the best epoch, in evaluation mode.

        Raises:
            TrainError: there are no weights yet.
        """
        network = WeakNetwork(self.width, len(self.words), self.settings)
        network.load_state_dict(best_weights(folder))
        return network.eval()


def run_folder(path: Path) -> RunFolder[WeakRun]:
    """Return a folder as the run folder of a training on texts."""
    return RunFolder(path, "weak", WeakRun)


def read_run(path: Path) -> WeakRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of texts, or another version of lookseek wrote it.
    """
    return run_folder(path).read()

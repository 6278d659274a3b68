"""What the run.json of phrases holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..trainer.run_folder import RunFolder
from .settings import PhraseSettings

__all__ = ["FIGURES", "PhrasesRun", "read_run", "run_folder"]

FIGURES = "figures.json"
"""Of val, without and with phrases."""


@dataclass(frozen=True, slots=True)
class PhrasesRun:
    """What makes a training the same training.

    Args:
        recipe: ``phrases``.
        preset: whose settings were taken, before changes.
        settings: all of them.
        data: the folder of the photos, absolute.
        model: whose words learn: a shipped model's name, or a model folder, absolute.
        checksum: of that model's photos.
        words: of what reads its words.
        photos: split to how many were used.
        content: hex, of photos and what is known of them.
    """

    recipe: str
    preset: str
    settings: PhraseSettings
    data: str
    model: str
    checksum: str
    words: str
    photos: Mapping[str, int]
    content: str


def run_folder(path: Path) -> RunFolder[PhrasesRun]:
    """Return a folder as the run folder of phrases."""
    return RunFolder(path, "phrases", PhrasesRun)


def read_run(path: Path) -> PhrasesRun:
    """Return what a run folder's run.json holds.

    Raises:
        TrainError: there is no run of phrases, or another version of lookseek wrote it.
    """
    return run_folder(path).read()

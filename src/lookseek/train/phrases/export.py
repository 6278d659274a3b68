"""Phrases as a model folder: the model whose words learned, with ``phrases.npy`` and ``phrases.csv`` beside.

The model's name and its checksum of photos stay, so an index of its photos goes on being one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...encode import load_model
from ...encode.phrases import PHRASE_ROWS, PHRASES
from ...errors import TrainError
from ...progress import Progress
from ..export.folder import check_target, folder_files, with_section, write_folder
from .run import FIGURES, PhrasesRun, read_run

__all__ = ["ExportedPhrases", "export_phrases"]


@dataclass(frozen=True, slots=True)
class ExportedPhrases:
    """What an export made.

    Args:
        folder: the model folder.
        size: of the two files, bytes.
        base: the model whose towers it has.
    """

    folder: Path
    size: int
    base: str

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        return [
            f"{self.folder / PHRASES} and {PHRASE_ROWS}: {self.size / 1e6:.1f} MB, beside the towers of {self.base}",
            f"go on with: lookseek index SOURCE INDEX --model {self.folder}",
        ]


def export_phrases(folder: Path, target: Path, *, progress: Progress) -> ExportedPhrases:
    """Make a model folder of a run: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, one that did not come to its end, something at ``target``, or a model that is no longer
            that of the training.
        ModelError: the model can't be loaded.
    """
    run = read_run(folder)
    check_target(target)
    if not (folder / FIGURES).is_file():
        raise TrainError(f"{folder} has no {FIGURES} yet: run the training to its end")
    figures = json.loads((folder / FIGURES).read_bytes())
    model = load_model(run.model, single=True)
    if (model.checksum, model.words) != (run.checksum, run.words):
        raise TrainError(f"the model {run.model} is not the one that was trained on: bring it back, or train again")
    progress.phase("writing the model folder", None)
    files = folder_files(model)
    made = {name: (folder / name).read_bytes() for name in (PHRASES, PHRASE_ROWS)}
    config = json.loads(files["config.json"])
    config["text"]["phrases"] = True
    files["config.json"] = (json.dumps(config, ensure_ascii=False, indent=2) + "\n").encode()
    phrases = made[PHRASE_ROWS].count(b"\n") - 1
    section = _section(run, phrases, figures, folder.resolve().name)
    files["README.md"] = with_section(files, model.name, "Phrases", section)
    write_folder(target, {**files, **made})
    return ExportedPhrases(target, sum(map(len, made.values())), model.name)


def _section(run: PhrasesRun, phrases: int, figures: Mapping[str, Sequence[float]], folder: str) -> str:
    """The phrases' section of the model card."""
    rows = "\n".join(f"| {name} | {before:.3f} | {after:.3f} |" for name, (before, after) in figures.items())
    settings = run.settings
    return f"""`{PHRASES}` and `{PHRASE_ROWS}` have directions for {phrases:,} phrases in English and Vietnamese: a text
that holds one is pulled towards photos that have what it says. Found by `lookseek train phrases` ({folder}) on
{run.photos["train"]:,} photos of {Path(run.data).name}: least {settings.least}, ridge {settings.ridge:g}, pull
{settings.pull:g}, drawn {settings.drawn}. On val ({run.photos["val"]:,} photos), on which these numbers were chosen,
right photos among the first ten:

| | without | with |
|---|---|---|
{rows}
"""

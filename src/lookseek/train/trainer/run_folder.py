"""The names of what a training leaves in its run folder, and what every run can be asked."""

from __future__ import annotations

import json
from pathlib import Path

from ...evaluate.result import Result, read_result

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
    "recipe_of",
    "tested",
]

RUN, LOG, CURVES, CHECKPOINT = "run.json", "log.jsonl", "curves.png", "checkpoint.pt"

BEST, TEST, SKIPPED, TENSORBOARD = "best.safetensors", "test.json", "skipped.csv", "tensorboard"

LOCK = "training.lock"


def recipe_of(folder: Path) -> str:
    """The recipe of a run folder; "" where nothing readable says it."""
    try:
        return str(json.loads((folder / RUN).read_bytes())["recipe"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def tested(folder: Path) -> Result | None:
    """The figures on the test photos, or None where the training has not come to its end."""
    return read_result(folder / TEST) if (folder / TEST).is_file() else None

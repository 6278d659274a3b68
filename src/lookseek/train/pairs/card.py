"""The matcher's section of a model card."""

from __future__ import annotations

from pathlib import Path

from ...encode.folder import PAIRS
from ...encode.pairs.pyramid import SCALES
from ..trainer.log import read_log
from ..trainer.presets import changed_options
from .run import PairRun
from .settings import PRESETS

__all__ = ["pairs_section"]


def pairs_section(run: PairRun, folder: Path, size: int) -> str:
    """Return the section below its heading, Markdown.

    Args:
        run: of the training.
        folder: of the run; its log is read.
        size: of the file, bytes.
    """
    lines = [line for line in read_log(folder) if "val_recall" in line]
    best = max(lines, key=lambda line: float(line["val_recall"]), default=None)
    judged = (
        f"Epoch {best['epoch']} of {len(lines)} was chosen on {run.views['val']:,} views of val, where the best photo "
        f"matches in {best['val_recall']:.3f}, by the model's vectors alone in {best['val_recall_cosine']:.3f}."
        if best
        else "No figure: the run has no log."
    )
    sizes = ", ".join(f"{side} x {side}" for side in SCALES)
    changes = changed_options(PRESETS[run.preset], run.settings)
    return f"""`{PAIRS}` compares two photos cell by cell (graph reasoning on a similarity pyramid, GRNet, ICCV 2019),
to re-rank the first results of a search: `lookseek index --pairs`, then `lookseek search --rerank pairs`. It takes the
tower's maps in {sizes} cells, {run.settings.dim} numbers a cell, and changes no vector. {size / 1e6:.1f} MB.

Learned from {run.views["train"]:,} views: photos of designs of the shop Myntra and strong views of them, drawn garments
and cluttered or turned views of them; each only where the folder that was trained on had it. Made by `lookseek train
pairs DATA RUN --preset {run.preset}{changes}`, then `lookseek export RUN MODEL`.

{judged} By the benchmarks, on test too: `docs/decisions/pairs.md` of lookseek.
"""

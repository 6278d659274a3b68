"""The matcher's section of a model card."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ...encode.folder import PAIRS
from ...encode.pairs.pyramid import SCALES
from ..trainer.log import read_log
from .run import PairRun
from .settings import PRESETS

__all__ = ["pairs_section"]

_HEAD = "\n## Pairs\n"


def pairs_section(card: str, run: PairRun, folder: Path, size: int) -> str:
    """Return a model's card with the section of its matcher; an older one is replaced.

    Args:
        card: of the model, Markdown.
        run: of the training.
        folder: of the run; its log is read.
        size: of the file, bytes.
    """
    before, found, after = card.partition(_HEAD)
    rest = after.partition("\n## ")
    kept = before.rstrip() + (f"\n\n## {rest[2].rstrip()}" if found and rest[1] else "")
    lines = [line for line in read_log(folder) if "val_recall" in line]
    best = max(lines, key=lambda line: float(line["val_recall"]), default=None)
    judged = (
        f"Epoch {best['epoch']} of {len(lines)} was chosen on {run.views['val']:,} views of val, where the best photo "
        f"matches in {best['val_recall']:.3f}, by the model's vectors alone in {best['val_recall_cosine']:.3f}."
        if best
        else "No figure: the run has no log."
    )
    sizes = ", ".join(f"{side} x {side}" for side in SCALES)
    return f"""{kept}
{_HEAD}
`{PAIRS}` compares two photos cell by cell (graph reasoning on a similarity pyramid, GRNet, ICCV 2019), to re-rank the
first results of a search: `lookseek index --pairs`, then `lookseek search --rerank pairs`. It takes the tower's maps in
{sizes} cells, {run.settings.dim} numbers a cell, and changes no vector. {size / 1e6:.1f} MB.

Learned from {run.views["train"]:,} views: photos of designs of the shop Myntra and strong views of them, drawn garments
and cluttered or turned views of them; each only where the folder that was trained on had it. Made by `lookseek train
pairs DATA RUN --preset {run.preset}{_changes(run)}`, then `lookseek export RUN MODEL`.

{judged} By the benchmarks, on test too: `docs/decisions/pairs.md` of lookseek.
"""


def _changes(run: PairRun) -> str:
    """Return the options that were given beside the preset."""
    preset, own = asdict(PRESETS[run.preset]), asdict(run.settings)
    return "".join(f" --{name.replace('_', '-')} {own[name]}" for name in own if own[name] != preset[name])

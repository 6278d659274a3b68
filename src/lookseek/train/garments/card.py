# ruff: noqa: E501  rows of a table are one line each
"""The card of a parser: data, training, figures on val, limits."""

from __future__ import annotations

from pathlib import Path

from ...catalogue.garment_kinds import CCP_KINDS, KINDS, UNJUDGED
from ..trainer.log import read_log
from ..trainer.presets import changed_options
from ..trainer.run_folder import LOG
from .run import GarmentsRun
from .settings import PRESETS

__all__ = ["parser_card"]


def parser_card(name: str, run: GarmentsRun, folder: Path, size: int, differing: float) -> str:
    """Return the card, Markdown.

    Args:
        name: of the parser.
        run: of the training.
        folder: of the run; its log is read.
        size: of the graph, bytes.
        differing: share of cells whose kind differs from the network's.
    """
    merged = "\n".join(
        f"| {kind} | {', '.join(label for label, of in CCP_KINDS.items() if of == kind)} |" for kind in KINDS
    )
    changes = changed_options(PRESETS[run.preset], run.settings)
    return f"""# {name}

Finds the garments in a photo: which of {len(KINDS)} kinds each of 80 x 80 cells shows, and from that a box, a kind and a
confidence for each garment. Trained by `lookseek train garments`.

| | |
|---|---|
| network | EfficientNet-Lite2 (weights: {run.weights}; Apache-2.0; `LICENSE`, `NOTICE`), frozen; a decoder of {run.settings.width} channels |
| learned from | {run.views["train"]:,} views of photos: Clothing Co-Parsing (street photos of people with masks; Apache-2.0 by its repository, the photographers' rights are not shown), the clothing dataset of Alexey Grigorev (CC0 1.0; a kind, no mask), drawn garments (lookseek's own) |
| input | uint8 (n, 320, 320, 3), sRGB, fitted with `pad` |
| size | {size / 1e6:.1f} MB as fp16 |
| made by | `lookseek train garments DATA RUN --preset {run.preset}{changes}`, then `lookseek export RUN {name}` |
| parity | another kind than torch's at {differing:.2%} of the cells of 16 drawn photos |

## Kinds

| kind | labels of Clothing Co-Parsing |
|---|---|
{merged}

Not learned, where they are seen: {", ".join(sorted(UNJUDGED))}.

## On val, which chose the epoch

{_judged(folder)}

## Limits

- Street photos of single persons, most of them women, from fashion blogs of around 2012; other people, other clothes and
  crowds are parsed worse.
- Masks are semantic: two tops of one person are one garment, and people who touch may be one.
- A dress, and a top with a skirt of the same cloth, are often taken for each other.
- No claim about people: it is not made to recognise or describe them.
"""


def _judged(folder: Path) -> str:
    lines = [line for line in read_log(folder) if "val_miou" in line]
    if not lines:
        return f"No figure: the run has no {LOG}."
    best = max(lines, key=lambda line: float(line["val_miou"]))
    rows = [f"| {key.removeprefix('val_iou_')} | {best[key]:.3f} |" for key in best if key.startswith("val_iou_")]
    table = "\n".join(["| kind | IoU |", "|---|---|", *rows])
    return f"Epoch {best['epoch']} of {len(lines)}, intersection over union of cells: mean {best['val_miou']:.3f}.\n\n{table}"

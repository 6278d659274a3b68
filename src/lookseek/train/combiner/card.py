"""What a model card says of a Combiner: what it was trained on, and its figures beside those of the plain sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

from ...catalogue.drawn import KINDS
from ...evaluate.benchmarks.changes import LANGUAGES
from ...evaluate.result import Result, short_commit, source_commit
from .run import CombinerRun

__all__ = ["composer_section"]

_KINDS = {
    "shop": "of a shop's catalogue",
    "photos": "of photos",
    "captions": "of captions that stood for the photos, so it has seen no photo",
}

_EXPERIMENTAL = (
    "Experimental: changes of pattern, sleeve, neckline and length. It learned them from drawn garments alone, and "
    "drawn garments alone were asked about them; no figure of photos confirms them.",
    "",
)

_PARTS = (*LANGUAGES.values(), *KINDS)
"""Whose figures stand beside the bare ones."""


def composer_section(
    run: CombinerRun, figures: Mapping[str, Result], folder: str, rows: int, worst: float, limit: float
) -> str:
    """Return the section ``Composer``, Markdown.

    Args:
        run: what the run says of itself.
        figures: ``sum.val``, ``val`` and so on, as far as they are there.
        folder: the run folder's own name.
        rows: pairs of the parity.
        worst: of the parity.
        limit: of the parity.
    """
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(run.settings).items())
    attention = run.settings.composer == "attention"
    kind = (
        "attention over a reference photo's cells (after FashionVLP): a photo's vector, that of a change in words, and "
        "the cells of the photo, of its garment and of the garment's regions"
        if attention
        else "a Combiner (CLIP4Cir): a photo's vector and that of a change in words"
    )
    alone = " Where only the vector of a photo is at hand, it composes by that." if attention else ""
    lengths = (
        "takes vectors of any length"
        if run.settings.normalise
        else "learned from features as the towers give them; here it brings each to the mean length of its training's"
    )
    made = (
        ("generated", "generated", "of a shop's colours"),
        ("attributes", "generated", "of its attributes"),
        ("drawn", "drawn", "of drawn garments"),
    )
    some = [
        f"{run.triplets[name]:,} {what}"
        for name, setting, what in made
        if getattr(run.settings, setting) and run.triplets.get(name)
    ]
    more = " and ".join(some)
    besides = f", and on {more} that were made, in English and Vietnamese" if more else ""
    lines = [
        "## Composer",
        "",
        f"`composer.onnx` is {kind} become the vector of the photo that is meant. It {lengths}.{alone}",
        "",
        f"Trained on {run.triplets['train']:,} triplets {_KINDS[run.kind]} ({Path(run.data).name}){besides}; "
        f"preset {run.preset}, first weights: {run.weights}. Settings: {settings}.",
        "",
        *(_EXPERIMENTAL if run.settings.drawn and run.triplets["drawn"] and not run.triplets.get("attributes") else ()),
        *_figures(figures, "attention" if attention else "Combiner"),
        f"Parity with torch on {rows} pairs: 1 - cosine {worst:.1e} at worst (limit {limit:.0e}).",
        "",
        f"Made by `lookseek export {folder}`, {date.today().isoformat()}, commit {short_commit(source_commit())}.",
    ]
    return "\n".join(lines) + "\n"


def _figures(figures: Mapping[str, Result], composer: str) -> list[str]:
    if not figures:
        return ["Not measured: the training had not come to its end.", ""]
    lines = []
    for exam in ("val", "changes.val", "drawn.val", "test", "changes.test", "drawn.test"):
        if exam not in figures or f"sum.{exam}" not in figures:
            continue
        plain, own = figures[f"sum.{exam}"], figures.get(f"units.{exam}", figures[exam])
        chosen = ", on which the best epoch was chosen" if own.split == "val" else ", measured once"
        lines += [
            f"{own.benchmark}, protocol {own.protocol}, split {own.split}{chosen}: {own.queries:,} queries, gallery "
            f"{own.gallery_size:,}, seed {own.seed}, commit {short_commit(own.commit)}; 95 % bootstrap intervals.",
            "",
            f"| | sum | {composer} |",
            "|---|---|---|",
        ]
        lines += [
            f"| {name} | {plain.metrics[name].value:.3f} | {figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}) |"
            for name, figure in own.metrics.items()
            if "/" not in name or ("@10/" in name and name.partition("/")[2] in _PARTS)
        ]
        if own.missing:
            lines += ["", f"Not comparable with other results: {len(own.missing):,} photos were missing."]
        lines.append("")
    return lines

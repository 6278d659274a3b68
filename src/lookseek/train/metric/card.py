# ruff: noqa: E501  rows of a table are one line each
"""The model card of an embedding: data, settings, figures, limits."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

from ...evaluate.result import Result, short_commit, source_commit
from ..export.parity import FP16_LIMIT, PARITY_ROWS
from ..trainer.log import read_log
from .run import MetricRun

__all__ = ["model_card"]


def model_card(
    name: str, run: MetricRun, folder: Path, base: str, tested: Result | None, worst: float, size: int
) -> str:
    """Return the card, Markdown.

    Args:
        name: of the model.
        run: of the training.
        folder: of the run; its log is read.
        base: a sentence on the first weights.
        tested: figures on test; None where there are none.
        worst: 1 - cosine of graph and network.
        size: of the graph, bytes.
    """
    s = run.settings
    photos = ", ".join(f"{count:,} of {split}" for split, count in run.photos.items())
    settings = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in asdict(s).items())
    frozen = " behind it, frozen; an embedding on its vectors was learned" if run.model else ", trained on"
    return f"""# {name}

Photo to a vector of {s.dim} numbers in which photos of one item are near each other. Trained by `lookseek train metric`.

| | |
|---|---|
| network | {s.backbone}{frozen} |
| first weights | {base} |
| learned from | {run.photos["train"]:,} photos of {run.items:,} items by {run.by}, of {Path(run.data).name or "its data"}; {photos} |
| loss | {s.loss}, weight {s.similarity:g}{f"; cross-entropy of {len(run.classes):,} classes beside it, weight {s.classification:g}" if run.classes else ""} |
| size | {size / 1e6:.1f} MB as fp16 |
| made by | `lookseek export {folder.name} {name}`, {date.today().isoformat()}, lookseek commit {short_commit(source_commit())} |
| parity | 1 - cosine to torch on {PARITY_ROWS} drawn photos {worst:.1e} at worst (limit {FP16_LIMIT:.0e}) |

Settings: {settings}.

## Figures

{_best(folder)}

{_tested(tested)}

## Limits

- It was trained to tell items apart as this data has them: what sets none of them apart it may have forgotten.
- It reads no words, even where the model behind it does: the embedding is another space.
- The whole photo counts. On a cluttered background, give the box of the garment.
- No claim about people: it is not made to recognise or describe them.
"""


def _best(folder: Path) -> str:
    lines = [line for line in read_log(folder) if "val_recall@1" in line]
    if not lines:
        return "Nothing was measured on val."
    best = max(lines, key=lambda line: (line["val_recall@1"], line["val_recall@10"]))
    return (
        f"On val, which chose the epoch ({best['epoch']:g}): recall@1 {best['val_recall@1']:.3f}, recall@10 "
        f"{best['val_recall@10']:.3f}."
    )


def _tested(result: Result | None) -> str:
    if result is None:
        return "Not measured on test: the data has none, or none with two photos of an item."
    rows = "\n".join(f"| {name} | {f.value:.3f} | {f.low:.3f} to {f.high:.3f} |" for name, f in result.metrics.items())
    return (
        f"On test, each photo finds the others of its item: {result.queries:,} photos, gallery {result.gallery_size:,}, "
        f"95 % bootstrap intervals, measured once in torch.\n\n| | | 95 % |\n|---|---|---|\n{rows}"
    )

# ruff: noqa: E501  rows of a table are one line each
"""Trained capsules as a model folder that ``lookseek index`` takes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

from ...evaluate.result import Result, read_result, short_commit, source_commit
from ...progress import Progress
from ..backbones import RANDOM_NUMBERS
from ..export.embedding_graph import EmbeddingGraph, ExportedEmbedding, graph_of_photos
from ..export.folder import check_target, model_config, write_folder
from ..export.origin import weights_origin
from ..export.parity import FP16_LIMIT, PARITY_ROWS
from ..trainer.results import read_test_result
from .job import TEST_GIVEN
from .run import CapsuleRun, read_run

__all__ = ["export_capsule"]


def export_capsule(folder: Path, target: Path, *, progress: Progress) -> ExportedEmbedding:
    """Make a model folder of a run's best epoch: whole, or not at all.

    Args:
        folder: of the run.
        target: the model folder, which must not be there; its name becomes the model's.
        progress: notified of every stage.

    Raises:
        TrainError: no such run, something at ``target``, or a graph that is not the network.
    """
    run = read_run(folder)
    check_target(target)
    network = run.network(folder)
    progress.phase("writing the graph and comparing it with the network", None)
    name = target.resolve().name
    made = graph_of_photos(network, run.preprocessing, weights_origin("", RANDOM_NUMBERS), half=False)
    content = made.graph.SerializeToString(deterministic=True)
    progress.phase("writing the model folder", None)
    write_folder(
        target,
        {
            "image.onnx": content,
            "config.json": model_config(name, run.dim, made.how, made.licence, made.sources),
            "README.md": _card(name, run, folder, made, len(content)).encode(),
        },
    )
    return ExportedEmbedding(target, len(content), made.worst, stored="fp32")


def _card(name: str, run: CapsuleRun, folder: Path, made: EmbeddingGraph, size: int) -> str:
    s = run.settings
    settings = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in asdict(s).items())
    given = read_result(folder / TEST_GIVEN) if (folder / TEST_GIVEN).is_file() else None
    return f"""# {name}

Photo to {len(run.classes):,} capsules of {s.dim} numbers, all but that of the class it seems to be masked. Trained by
`lookseek train capsule`.

| | |
|---|---|
| network | {s.stem} capsules, from random numbers |
| learned from | {run.photos["train"]:,} photos of {run.items:,} items by {run.by}, of {Path(run.data).name or "its data"} |
| classes | {", ".join(run.classes[:40])} |
| size | {size / 1e6:.1f} MB as fp32: a rounding could change the class of a photo |
| made by | `lookseek export {folder.resolve().name} {name}`, {date.today().isoformat()}, lookseek commit {short_commit(source_commit())} |
| parity | 1 - cosine to torch on {PARITY_ROWS} drawn photos {made.worst:.1e} at worst (limit {FP16_LIMIT:.0e}) |

Settings: {settings}.

## Figures

{_figures("each masked by the class that it seems to be, as in a search", read_test_result(folder))}
{_figures("each masked by its true class, which no search has", given)}

## Limits

- Photos whose class is told wrongly find nothing of their own item.
- It reads no words, and has seen no other photos than those above.
- No claim about people: it is not made to recognise or describe them.
"""


def _figures(how: str, tested: Result | None) -> str:
    if tested is None:
        return f"Photos of test, {how}: not measured, the data has none."
    figures = ", ".join(f"{name} {f.value:.3f} ({f.low:.3f} to {f.high:.3f})" for name, f in tested.metrics.items())
    return f"{tested.queries:,} photos of test, {how}: {figures}.\n"

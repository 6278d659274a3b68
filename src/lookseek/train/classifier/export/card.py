"""The model card: what the model is, what made it, and what was measured of it. It is written by the export alone."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

from ....evaluate.result import Figure, Result, short_commit, source_commit
from ...export.origin import Origin
from ...export.parity import FP16_LIMIT
from ...export.speed import Speed
from ...trainer.log import read_log
from ..run import ClassifierRun
from .int8 import Int8Graph
from .map_change import MapChange
from .parity import INT8_LIMIT, Parity

__all__ = ["CardFacts", "best_epoch", "model_card"]

MAX_CLASSES = 60
"""Classes that a card names; ``classes.json`` has them all."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """All that a card states.

    Args:
        name: of the model, its folder's.
        run_folder: the run folder's own name.
        run: of the training.
        origin: of its first weights.
        weights: how many numbers the tower has.
        size: of ``image.onnx``, bytes.
        parity: of the graph stored as fp16.
        own: how many of the parity's photos are of the training data; the others are drawn garments.
        data_note: on the training's data at the time of export, a sentence or "".
        tested: the figures on the test photos, None where the training did not come to its end.
        best: the best epoch's line in the log, None where there is none.
        int8: the 8-bit graph's figures, None where the graph is not in 8 bits.
    """

    name: str
    run_folder: str
    run: ClassifierRun
    origin: Origin
    weights: int
    size: int
    parity: Parity
    own: int
    data_note: str
    tested: Result | None
    best: Mapping[str, float] | None
    int8: Int8Graph | None


def best_epoch(folder: Path) -> Mapping[str, float] | None:
    """Return the line of a run's log with the best accuracy on val, then the lowest loss; None where there is none."""
    lines = [line for line in read_log(folder) if {"val_accuracy", "val_loss", "epoch"} <= line.keys()]
    return max(lines, key=lambda line: (line["val_accuracy"], -line["val_loss"]), default=None)


def model_card(facts: CardFacts) -> str:
    """Return the card's text, Markdown."""
    parts = [_head(facts), _table(facts), _training(facts), _tested(facts.tested), _parity(facts)]
    if facts.int8:
        parts.append(_int8(facts.int8))
    return "\n\n".join([*parts, _limits(facts)]) + "\n"


def _head(facts: CardFacts) -> str:
    run = facts.run
    return (
        f"# {_plain(facts.name)}\n\nPhoto to a vector of {run.dim} numbers: the pooled features of "
        f"{_plain(run.settings.backbone)}, trained on the {len(run.classes)} classes of {_plain(_data(run))}. Beside "
        "it the last layer of that training, which names the class of a photo from its vector."
    )


def _table(facts: CardFacts) -> str:
    run, how = facts.run, facts.run.preprocessing
    shown = ", ".join(_plain(name) for name in run.classes[:MAX_CLASSES])
    more = f" and {len(run.classes) - MAX_CLASSES:,} more (`classes.json`)" if len(run.classes) > MAX_CLASSES else ""
    stored = "8-bit numbers (int8 weights)" if facts.int8 else "fp16, which becomes fp32 when a session loads"
    command = f"lookseek export {_plain(facts.run_folder)} {_plain(facts.name)}{' --int8' if facts.int8 else ''}"
    commit = short_commit(source_commit())
    mean, std = (", ".join(f"{x:g}" for x in numbers) for numbers in (run.mean, run.std))
    rows = {
        "first weights": facts.origin.note,
        "licence": f"{facts.origin.licence}. The terms of the training data, which lookseek does not know, apply too.",
        "classes": f"{len(run.classes):,}: {shown}{more}",
        "input": f"uint8 (n, {how.height}, {how.width}, 3), sRGB, fitted with `{how.resize}`; the graph does "
        f"(x - ({mean})) / ({std}) channel by channel",
        "output": f"float32 (n, {run.dim}), not normalised",
        "size": f"{facts.weights / 1e6:.2f} million weights, stored as {stored}: {facts.size / 1e6:.1f} MB",
        "made by": f"`{command}`, {date.today().isoformat()}, lookseek commit {commit}",
    }
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {text} |" for name, text in rows.items())


def _training(facts: CardFacts) -> str:
    run = facts.run
    photos = ", ".join(f"{count:,} of {split}" for split, count in run.photos.items())
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(run.settings).items())
    lines = [
        "## Training\n",
        f"Recipe {_plain(run.recipe)}, preset {_plain(run.preset)}. Data: {_plain(_data(run))}, classes from "
        f"{_plain(run.label or 'category')}; {photos} photos. {facts.data_note}".rstrip(),
        f"\nSettings: {_plain(settings)}.",
    ]
    if facts.best:
        lines.append(
            f"\nBest epoch: {facts.best.get('epoch', '?'):g} of {run.settings.epochs}, accuracy "
            f"{facts.best['val_accuracy']:.3f} on val, on which it was chosen."
        )
    return "\n".join(lines)


def _tested(result: Result | None) -> str:
    if result is None:
        return (
            "## Figures\n\nNot measured on test: the training had not come to its end, or its data has no split test."
        )
    lines = [
        "## Figures\n",
        f"{_plain(result.benchmark)}, protocol {_plain(result.protocol)}, split {_plain(result.split)}: "
        f"{result.queries:,} photos, {result.gallery_size:,} answers to choose from, seed {result.seed}, commit "
        f"{short_commit(result.commit)}; 95 % bootstrap intervals over photos. Measured once, in torch, before "
        "export.\n",
        "| | | 95 % |",
        "|---|---|---|",
    ]
    lines += [f"| {_plain(name)} | {f.value:.3f} | {f.low:.3f} to {f.high:.3f} |" for name, f in result.metrics.items()]
    if result.missing:
        lines.append(f"\nNot comparable with other results: {len(result.missing):,} photos were missing.")
    return "\n".join(lines)


def _parity(facts: CardFacts) -> str:
    same = facts.parity
    whose = f"{facts.own} photos of train" if facts.own else ""
    rest = f"{same.photos - facts.own} drawn garments" if same.photos > facts.own else ""
    photos = " and ".join(filter(None, [whose, rest]))
    torch, onnxruntime = (metadata.version(name) for name in ("torch", "onnxruntime"))
    stored = "The graph stored as fp16" if facts.int8 else "This file"
    return (
        f"## Parity\n\n{stored}, in ONNX Runtime {onnxruntime} at fp32, against torch {torch} at fp32, on {photos}: "
        f"1 - cosine is {same.mean:.1e} on average, {same.worst:.1e} at worst (limit {FP16_LIMIT:.0e}); both name the "
        f"same class first for {same.same_class} of {same.photos}. Both saw the same uint8 input."
    )


def _int8(graph: Int8Graph) -> str:
    same = "; ".join(
        f"in {runtime} {metadata.version(runtime)} 1 - cosine is {p.mean:.1e} on average (limit {INT8_LIMIT:g}), "
        f"{p.worst:.1e} at worst, and the class named first is the same for {p.same_class} of {p.photos}"
        for runtime, p in graph.parity.items()
    )
    return "\n\n".join(
        [
            "## 8 bits",
            f"This file: weights int8 with a scale for each channel, what flows uint8, ranges of {graph.calibrated} "
            f"photos of train. Normalising, the first {graph.kept} layers with weights and the sums of the pooling "
            f"stay fp32. Against torch at fp32, on the photos of the parity: {same}.",
            _change(graph.change),
            _speed(graph.speed),
        ]
    )


def _change(change: MapChange | None) -> str:
    if change is None:
        return "The change of mAP@10 was not measured: there are no photos of val that could ask."
    d = change.difference
    return (
        f"mAP@10, a photo of the same class is right, {change.queries:,} photos of val ask, {change.gallery:,} photos "
        f"of train are the gallery, ONNX Runtime: {_figure(change.before)} at fp16, {_figure(change.after)} at int8. "
        f"Difference {d.value:+.4f} (95 % {d.low:+.4f} to {d.high:+.4f}, p = {change.p:.2g}; "
        f"paired bootstrap over photos, seed {change.seed})."
    )


def _speed(speed: Speed) -> str:
    rows = "\n".join(
        f"| {runtime} | {_rate(rates['fp16'])} | {_rate(rates['int8'])} | {rates['int8'][0] / rates['fp16'][0]:.1f} |"
        for runtime, rates in speed.rates.items()
    )
    return (
        f"Photos a second on {speed.cores} cores of {speed.processor} ({platform.system()}), tower alone, in turn, "
        f"median (slowest to fastest round), while whatever else ran there ran:\n\n"
        f"| runtime | fp16 file | int8 file | times |\n|---|---|---|---|\n{rows}"
    )


def _limits(facts: CardFacts) -> str:
    lines = [
        "It was trained to tell its classes apart: what they do not need, such as colour or print, it may have "
        "forgotten. lookseek keeps colour in a vector of its own.",
        "Its probabilities are of its classes alone: a photo of anything else gets one of them too. They are not "
        "calibrated.",
        "The whole photo counts. On a cluttered background, give the box of the garment.",
        "No claim about people: it is not made to recognise or describe them.",
        "Vectors differ a little between runtimes and precisions: an index records both.",
    ]
    if facts.int8:
        lines.append(
            "Processors without VNNI may saturate where they add 8-bit products: measure there before you rely on it."
        )
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _data(run: ClassifierRun) -> str:
    """The data's own name: where it lies on the machine is nobody's business."""
    return Path(run.data).name or "its data"


def _figure(figure: Figure) -> str:
    return f"{figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"


def _rate(rates: tuple[float, float, float]) -> str:
    return f"{rates[0]:.0f} ({rates[1]:.0f} to {rates[2]:.0f})"


def _plain(text: str) -> str:
    """Words of a user's data, with nothing in them that Markdown would act on within a line or a table."""
    kept = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return "".join("\\" + sign if sign in "|`*[]<>\\" else sign for sign in kept)

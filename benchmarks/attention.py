"""What attention over the cells of a photo gains over the Combiner, on val of myntra; a model's features, frozen.

    python benchmarks/attention.py [--only combiner attention ...] [--epochs 40] [--model lookseek-base] [--test]

Each composer is trained by the same steps on the same triplets in the same order, and measured by the same benchmark;
its best epoch is chosen on val. ``--test`` measures that epoch on test, once. Which is better, and why a search does
without: docs/decisions/combiner.md.

Needs ``pip install 'lookseek[train]'`` and the folder of LOOKSEEK_DATA. Some 15 minutes for the cells on 2 cores, once
(they are kept where vectors are); an epoch is some 6 seconds of the Combiner and more of attention.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from attention_cells import CELLS, seen
from attention_network import Attention

from lookseek.encode import load_model
from lookseek.encode.compose import Sum
from lookseek.encode.model import DEFAULT
from lookseek.evaluate.result import Result
from lookseek.evaluate.run import evaluate
from lookseek.evaluate.system import Embedded, System
from lookseek.evaluate.task import Question
from lookseek.train.batches import number
from lookseek.train.combiner.combiner import Combiner
from lookseek.train.combiner.exam import Exam
from lookseek.train.combiner.loss import contrast
from lookseek.train.combiner.order import Order
from lookseek.train.combiner.settings import CombinerSettings, settings_of
from lookseek.train.combiner.stages import features
from lookseek.train.combiner.towers import Known, ModelTowers
from lookseek.train.combiner.triplets import Triplets, read_data
from lookseek.train.combiner.tune import groups_of
from lookseek.train.loop import share_of_rate
from lookseek.train.machine import Silent

DATA = Path(os.environ.get("LOOKSEEK_DATA") or Path(__file__).parents[1] / ".." / "shared" / "data") / "myntra"

WANTED = {"combiner": (), "attention-none": (), "attention-whole": (0,), "attention": (0, 1)}
"""Composer to which cells it sees: 0 of the whole photo, 1 of the garment."""

SHOWN = ("recall@1", "recall@10", "recall@50", "any@1", "any@10", "any@50")

Join = Callable[[Sequence[str], NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Photos' ids, their vectors, changes' vectors to composed ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Cells, float16 (n, places, channels), and the row of each photo."""

    cells: NDArray[np.float16]
    rows: Mapping[str, int]

    def of(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Flat, float32 (len(ids), places * channels)."""
        chosen = self.cells[[self.rows[id] for id in ids]].astype(np.float32)
        return chosen.reshape(len(ids), -1)


def main() -> None:
    """Train what is asked for and print a row of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=WANTED, nargs="*", default=list(WANTED))
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--test", action="store_true")
    given = parser.parse_args()
    settings = settings_of("modern", {"precision": "32-true", "seed": given.seed, "epochs": given.epochs})
    towers, triplets = ModelTowers(load_model(given.model)), read_data(DATA, given.seed)
    known = features(towers, triplets, settings, Silent())
    splits = ("val", "test")[: 1 + given.test]
    for split in splits:
        row("sum", split, take(triplets.exams[split], known, lambda _, photos, texts: Sum().compose(photos, texts)))
    nothing = Seen(np.empty((len(known.photos), 0, 1), np.float16), known.rows)
    cells = all_cells(given.model, towers, triplets, known) if any(WANTED[name] for name in given.only) else nothing
    for name in given.only:
        join, parameters = trained(name, part(cells, WANTED[name]), triplets, known, settings)
        for split in splits:
            row(f"{name} ({parameters:,} parameters)", split, take(triplets.exams[split], known, join))


def row(name: str, split: str, result: Result) -> None:
    """Print a line of the table."""
    print(f"| {name}, {split} | " + " | ".join(f"{result.metrics[m].value:.3f}" for m in SHOWN) + " |", flush=True)


def all_cells(model: str, towers: ModelTowers, triplets: Triplets, known: Known) -> Seen:
    """Of each photo that is asked with; both grids, the whole photo's first."""
    photos, ids = dict(triplets.photos), [e.reference for e in (*triplets.train, *triplets.more)]
    for exam in triplets.exams.values():
        photos |= exam.loaded.photos
        ids += [exam.asked(question)[0] for question in exam.loaded.questions()]
    there = [id for id in dict.fromkeys(ids) if id in known.rows]
    cells, rows = seen(load_model(model).folder, towers.checksum(), photos, there, Silent())
    return Seen(cells.reshape(len(cells), 2 * CELLS * CELLS, -1), rows)


def part(cells: Seen, grids: Sequence[int]) -> Seen:
    """Some of the grids."""
    places = [place for grid in grids for place in range(grid * CELLS * CELLS, (grid + 1) * CELLS * CELLS)]
    return Seen(cells.cells[:, places], cells.rows)


def begun(name: str, cells: Seen, triplets: Triplets, known: Known, settings: CombinerSettings) -> Combiner | Attention:
    """A composer with its first weights."""
    torch.manual_seed(settings.seed)
    dim = known.photos.shape[1]
    if name == "combiner":
        return Combiner(dim, settings)
    network = Attention(dim, settings, *cells.cells.shape[1:])
    if cells.cells.size:
        network.know(cells.of([e.reference for e in triplets.train[:2000]]))
    return network


def trained(name: str, cells: Seen, triplets: Triplets, known: Known, settings: CombinerSettings) -> tuple[Join, int]:
    """A composer of its best epoch on val, and its number of parameters."""
    network = begun(name, cells, triplets, known, settings)

    def ask(ids: Sequence[str], photos: Tensor, texts: Tensor) -> Tensor:
        made: Tensor = network(torch.cat([photos, torch.from_numpy(cells.of(ids))], dim=1), texts)
        return made

    def join(ids: Sequence[str], photos: NDArray[np.float32], texts: NDArray[np.float32]) -> NDArray[np.float32]:
        network.eval()
        with torch.no_grad():
            parts = [
                ask(ids[k : k + 512], torch.from_numpy(photos[k : k + 512]), torch.from_numpy(texts[k : k + 512]))
                for k in range(0, len(ids), 512)
            ]
        return torch.cat(parts).numpy()

    val, best, best_epoch, kept = triplets.exams["val"], -1.0, 0, network.state_dict()
    whole = [*triplets.train, *triplets.more]
    order = Order(len(triplets.train), len(triplets.more), settings.generated, settings.batch, settings.seed, 2)
    groups = groups_of(whole)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=settings.rate,
    )
    step = 0
    for epoch in range(settings.epochs):
        network.train()
        began = time.monotonic()
        for places, form in order.epoch(epoch, 0):
            torch.manual_seed(number(settings.seed, 2, step))
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * share_of_rate(step, settings.epochs * len(order), settings)
            some = [whole[place] for place in places]
            ids, texts = [e.reference for e in some], [e.texts[k] for e, k in zip(some, form, strict=True)]
            queries = ask(ids, torch.from_numpy(known.of(ids)), torch.from_numpy(known.said(texts)))
            targets = normalize(torch.from_numpy(known.of([e.target for e in some])), dim=-1)
            loss = contrast(queries, targets, groups[torch.from_numpy(places)], network.scale)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
        metrics = take(val, known, join).metrics
        figure = float(np.mean([metrics[m].value for m in val.judged]))
        print(f"{name} {epoch + 1}: {figure:.4f}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        if figure > best:
            best, best_epoch = figure, epoch
            kept = {key: value.clone() for key, value in network.state_dict().items()}
        elif epoch - best_epoch >= settings.patience:
            break
    network.load_state_dict(kept)
    return join, sum(p.numel() for p in network.parameters())


def take(exam: Exam, known: Known, join: Join) -> Result:
    """Measure, as ``Exam.take`` does, what composes by photos' ids too."""

    def embed(_: object, photos: Sequence[str], questions: Sequence[Question], __: object) -> Embedded:
        asked = [(question.key, *exam.asked(question)) for question in questions]
        asked = [(key, id, change) for key, id, change in asked if id in known.rows]
        ids = [id for _, id, _ in asked]
        made = join(ids, known.of(ids), known.said([change for _, _, change in asked]))
        there = [id for id in photos if id in known.rows]
        vectors = np.concatenate([known.of(there), made])
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
        return Embedded(vectors, {key: k for k, key in enumerate([*there, *(key for key, _, _ in asked)])})

    benchmark = replace(exam.benchmark, load=lambda _: exam.loaded)
    return evaluate(benchmark, exam.options, System({"name": "trial"}, "cosine", embed, None), Silent()).result


if __name__ == "__main__":
    main()

"""Attention over a reference photo's cells beside a Combiner that learned from the same triplets.

    python -m benchmarks.composers.attention RUNS [--references 2000] [--test] [--write]

Both are trained by ``lookseek train combiner`` on myntra's triplets of so many reference photos (drawn garments left
out: all that is asked here is of photos), for about as many steps as the Combiner that ships; what is there in RUNS
is gone on with. They stand beside the plain sum and the shipped Combiner, which learned from all triplets, on val of
myntra-changes and myntra-composed, where the best epochs were chosen; ``--test`` reads test. ``--write`` puts the
tables at the end of docs/benchmarks/composers.md.

Needs ``pip install 'lookseek[train]'`` and the folder of LOOKSEEK_DATA. Seeing a photo costs a tenth of a second on one
core, once; a training some minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.composers.composers import ATTENTION, PAGE
from benchmarks.composers.trials import costs, difference, figure
from benchmarks.paths import DATA
from benchmarks.progress import Stages
from lookseek import images
from lookseek.atomic import write_text
from lookseek.encode import load_model
from lookseek.encode.compose import GraphComposer
from lookseek.encode.folder import read_folder
from lookseek.encode.model import DEFAULT
from lookseek.encode.reference import open_reference
from lookseek.evaluate.details import details_path, write_details
from lookseek.evaluate.result import read_result, short_commit
from lookseek.train.combiner.export import composer_graph
from lookseek.train.combiner.job import TrainedCombiner, train_combiner
from lookseek.train.combiner.join import compose_vectors
from lookseek.train.combiner.reference import compute_tokens
from lookseek.train.combiner.towers import ModelTowers, compute_features
from lookseek.train.combiner.triplets import Triplets, read_triplet_folder
from lookseek.train.combiner.validation_set import Compose
from lookseek.train.export.graph import to_fp16
from lookseek.train.trainer.devices import Devices

MYNTRA = DATA / "myntra"

SETTINGS: Mapping[str, object] = {
    "hidden": 0.75, "drawn": 0.0, "generated": 4.0, "batch": 256, "epochs": 60, "every": 2, "patience": 8,
}  # fmt: skip
"""Of both. The size is that of lookseek-2's Combiner; the rest makes about as many steps of the sample as that had."""

NAMES = {"changes.": "myntra-changes", "": "myntra-composed"}
METRICS = ("recall@10", "recall@10/vi", "recall@10/vi-plain", "any@10")
BESIDE = "Combiner, same triplets"
TIMED = 60


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one composer, as a search runs it.

    Args:
        size: of its graph, bytes.
        parameters: numbers that were learned.
        multiply_adds: of the matrix products of one query.
        ms: of one query, from vectors and tokens to a vector, in one thread, the median.
    """

    size: int
    parameters: int
    multiply_adds: int
    ms: float


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--references", type=int, default=2000)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    trained = {kind: train(given.runs, kind, given.references, test=given.test) for kind in ("combiner", "attention")}
    whole = read_triplet_folder(MYNTRA, 0)
    lines = list(prices(trained, whole))
    splits = ("val", "test") if given.test else ("val",)
    for split in splits:
        for part in NAMES:
            lines += figures(trained, whole, f"{part}{split}", given.runs)
    text = "\n\n".join([ATTENTION, about(trained, given.references, test=given.test), *lines]) + "\n"
    print(text)
    if given.write:
        before = PAGE.read_text(encoding="utf-8").partition(ATTENTION)[0].rstrip()
        write_text(PAGE, f"{before}\n\n{text}")


def train(runs: Path, kind: str, references: int, *, test: bool) -> TrainedCombiner:
    """Train one, or go on with it."""
    return train_combiner(
        str(MYNTRA),
        runs / f"{kind}-{references}",
        changes={**SETTINGS, "composer": kind, "references": references},
        model=DEFAULT,
        val_only=not test,
        devices=Devices("cpu"),
        progress=Stages(),
    )


def about(trained: Mapping[str, TrainedCombiner], references: int, *, test: bool) -> str:
    """What a reader must know of the tables."""
    counts = trained["attention"].run.triplets
    made = f"{counts['generated']:,} of colours, {counts['attributes']:,} of attributes"
    epochs = " and ".join(f"{done.best_epoch} ({kind})" for kind, done in trained.items())
    commits = sorted({short_commit(done.figures["changes.val"].commit) for done in trained.values()})
    option = " --test" if test else ""
    return (
        f"Written by `python -m benchmarks.composers.attention RUNS --references {references}{option} --write` on "
        f"{datetime.now(UTC):%Y-%m-%d} from commit {' and '.join(commits)}. Model {DEFAULT}. Attention "
        f"(`lookseek train combiner --composer attention`) and the Combiner beside it learned from the same triplets "
        f"of {references:,} reference photos, a part of all: {counts['train']:,} that people wrote, {made}; best "
        f"epochs {epochs}, chosen on val. The shipped Combiner learned from all triplets, and from drawn garments. "
        "Brackets: 95 % bootstrap intervals over queries (seed 0); differences by the paired bootstrap."
    )


def prices(trained: Mapping[str, TrainedCombiner], whole: Triplets) -> Iterator[str]:
    """What each costs."""
    encoder = open_reference(read_folder(load_model(DEFAULT).folder))
    photos = [photo for photo, _ in zip(whole.sets["val"].loaded.photos.values(), range(TIMED + 1), strict=False)]
    took = []
    for photo in photos:
        began = time.perf_counter()
        encoder.encode([encoder.prepare(images.decode(photo, encoder.min_side))])
        took.append(1000 * (time.perf_counter() - began))
    lines = ["| | MB | parameters | multiply-adds | ms a query |", "|---|---|---|---|---|"]
    for name, kind in ((BESIDE, "combiner"), ("attention", "attention")):
        cost = cost_of(trained[kind], encoder.dim if kind == "attention" else 0)
        lines.append(
            f"| {name} | {cost.size / 1e6:.1f} | {cost.parameters:,} | {cost.multiply_adds:,} | {cost.ms:.2f} |"
        )
    yield "\n".join(lines)
    yield (
        f"Of the composer alone, in one thread, median of {TIMED}. Attention has to look at the photo and its garment "
        f"before, {median(took[1:]):.0f} ms more (the parser, the regions and the tower twice, all cores); an index "
        "holds nothing of it."
    )


def cost_of(done: TrainedCombiner, tokens: int) -> Cost:
    """Measure one by its graph."""
    graph = to_fp16(composer_graph(done.run.combiner(done.folder)))
    dim = done.run.dim
    inputs = dict.fromkeys(("photos", "texts"), (dim,)) | ({"tokens": (tokens,)} if tokens else {})
    parameters, multiply_adds = costs(graph, inputs)
    content = graph.SerializeToString(deterministic=True)
    composer = GraphComposer(done.run.settings.composer, content, dim, str(done.folder), tokens)
    chance = np.random.default_rng(0)
    took = []
    for _ in range(TIMED + 1):
        rows = {name: chance.random((1, *shape)).astype(np.float32) for name, shape in inputs.items()}
        began = time.perf_counter()
        composer.compose(rows["photos"], rows["texts"], rows.get("tokens"))
        took.append(1000 * (time.perf_counter() - began))
    return Cost(len(content), parameters, multiply_adds, median(took[1:]))


def figures(trained: Mapping[str, TrainedCombiner], whole: Triplets, split: str, runs: Path) -> Iterator[str]:
    """A benchmark's table on one split."""
    combiner, attention = (trained[kind].folder for kind in ("combiner", "attention"))
    paths = {
        "sum": combiner / f"sum.{split}.json",
        "shipped Combiner, all triplets": measured(trained, whole, split, runs, "shipped"),
        BESIDE: combiner / f"{split}.json",
        "attention": attention / f"{split}.json",
        "attention, photos unseen": measured(trained, whole, split, runs, "unseen"),
    }
    first = read_result(paths[BESIDE])
    yield (
        f"**{first.benchmark}**, {first.split}, protocol `{first.protocol}`: {first.queries:,} queries, gallery "
        f"{first.gallery_size:,} (`{first.gallery_hash[:12]}`)."
    )
    heads = [*METRICS, f"recall@10 beyond the {BESIDE}"]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for name, path in paths.items():
        result = read_result(path)
        beyond = difference(paths[BESIDE], path, METRICS[0])
        lines.append(f"| {name} | {' | '.join(figure(result, metric) for metric in METRICS)} | {beyond} |")
    yield "\n".join(lines)


def measured(trained: Mapping[str, TrainedCombiner], whole: Triplets, split: str, runs: Path, what: str) -> Path:
    """Measure what no training measures, unless it was before; return its result file."""
    done = trained["attention"]
    path = runs / "beside" / f"{what}.{split}.json"
    if what == "unseen":
        path = done.folder / f"unseen.{split}.json"
    if path.is_file():
        return path
    exam, model = whole.sets[split], load_model(DEFAULT)
    towers = ModelTowers(model)
    features = compute_features(towers, exam.loaded.photos, exam.ids(), {}, exam.changes(), Stages())
    assert model.composer is not None
    shipped = model.composer
    compose: Compose = lambda photos, texts, _: shipped.compose(photos, texts)  # noqa: E731  of one type
    if what == "unseen":
        tokens = compute_tokens(towers.folder, done.folder, exam.loaded.photos, exam.references()[:1], [], Stages())
        blind = np.zeros((1, *tokens.tokens.shape[1:]), np.float32)
        join = partial(compose_vectors, done.run.combiner(done.folder))
        compose = lambda photos, texts, _: join(photos, texts, np.repeat(blind, len(photos), axis=0))  # noqa: E731
    info = {"name": f"{what} on {model.name}", "checksum": model.checksum, "words": model.words}
    evaluation = exam.evaluate(features, compose, info, Stages())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, evaluation.result.to_json())
    write_details(evaluation.outcomes, details_path(path))
    return path


if __name__ == "__main__":
    main()

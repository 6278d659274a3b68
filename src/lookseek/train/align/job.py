"""The recipe ``align``: photos and words of a catalogue to one joint space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...encode.text import Sentences
from ...errors import TrainError
from ...evaluate.cache import embed_texts
from ...progress import Progress
from ...types import Vectors
from ..trainer.devices import Devices
from ..trainer.launch import launch
from ..trainer.lock import RunLock
from ..trainer.loop import fit
from ..unreadable import write_unreadable
from ..words.lexicon import read_lexicon
from .labelled_items import FIELDS, LabelledItems, read_labelled_items
from .maps import compute_maps
from .network import Trunk, build_networks
from .run import AlignRun, run_folder
from .settings import settings_of
from .texts import EmbeddedTexts, TextTable, make_texts
from .training import SplitArrays, align_training
from .validation import validation_queries

__all__ = ["TrainedSpace", "train_align"]

CACHE = "cache"
SENTENCES = Sentences()


@dataclass(frozen=True, slots=True)
class TrainedSpace:
    """What a training came to.

    Args:
        folder: of the run.
        run: which training it was.
        best_epoch: whose weights are kept.
        figure: of the best epoch on val, as ``validation.retrieval_figures`` computes it.
        notes: none.
    """

    folder: Path
    run: AlignRun
    best_epoch: int
    figure: float
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what a person should know, a line each."""
        run = self.run
        return [
            f"{run.photos['train']:,} photos and {run.texts['train']:,} texts · preset {run.preset} · first weights: "
            f"{run.weights} · seed {run.settings.seed}",
            f"best epoch {self.best_epoch} of {run.settings.epochs}, chosen on val: {self.figure:.3f}",
            f"go on with: lookseek export {self.folder} MODEL; {self.folder / CACHE} can be removed",
        ]


def train_align(
    data: str,
    out: Path,
    *,
    preset: str = "modern",
    changes: Mapping[str, Any],
    devices: Devices,
    progress: Progress,
) -> TrainedSpace:
    """Train a joint space, or go on with the training that the folder holds.

    Args:
        data: the folder of photos with words, as ``read_labelled_items`` takes it.
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
        raise TrainError(f"{fabric.world_size} devices can't share the batches of a joint space: give --devices 1")
    torch.manual_seed(settings.seed)
    trunk, joint, weights = build_networks(settings)
    lexicon = read_lexicon()
    with RunLock(out, fabric):
        items = read_labelled_items(Path(data), settings.drawn, lexicon)
        tables = {
            split: make_texts(some, lexicon, settings.seed, captions=split == "train") for split, some in items.items()
        }
        run = AlignRun(
            recipe="align",
            preset=preset,
            settings=settings,
            data=str(Path(data).resolve()),
            photos={split: len(some) for split, some in items.items()},
            texts={split: len(table.texts) for split, table in tables.items()},
            content=_content(list(items.values()), list(tables.values())),
            weights=weights,
        )
        (out / CACHE).mkdir(exist_ok=True)
        run_folder(out).begin(run)
        queries = validation_queries(items["val"], lexicon)
        words = {language: _embed(texts, progress) for language, texts in queries.texts.items()}
        splits = {
            split: _arrays(split, some, tables[split], trunk, out / CACHE, some.encode_values(lexicon), progress)
            for split, some in items.items()
        }
        broken = {items[s].items[row].id: "can't be decoded" for s in items for row in splits[s].maps.broken}
        write_unreadable(out, broken)
        features = splits["train"].texts.features
        joint.centre.copy_(torch.from_numpy(features.mean(0)))
        joint.spread.copy_(torch.from_numpy(features.std(0)))
        joint.to(memory_format=torch.channels_last)
        training = align_training(fabric, joint, splits["train"], (splits["val"], queries, words), settings)
        state = fit(fabric, training, out, progress)
    return TrainedSpace(out, run, state.best_epoch, state.best_score[0])


def _arrays(
    split: str,
    items: LabelledItems,
    table: TextTable,
    trunk: Trunk,
    cache: Path,
    values: NDArray[np.int64],
    progress: Progress,
) -> SplitArrays:
    features = _embed(table.texts, progress)
    maps = compute_maps(cache, split, items, trunk, split == "train", progress)
    rows = np.setdiff1d(np.arange(len(items)), np.array(sorted(maps.broken), np.intp))
    if not len(rows):
        raise TrainError(f"no photo of {split} can be decoded: bring them back")
    return SplitArrays(
        maps=maps,
        texts=EmbeddedTexts(table, features),
        values=values,
        designs=_numbers([item.design for item in items.items]),
        colours=values[:, FIELDS.index("baseColour")],
        rows=rows,
    )


def _embed(texts: Sequence[str], progress: Progress) -> Vectors:
    return embed_texts(texts, SENTENCES, SENTENCES.key, progress)


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    """Return each name's number, -1 for an empty one."""
    known = {name: row for row, name in enumerate(sorted(set(names) - {""}))}
    return np.array([known.get(name, -1) for name in names], np.int64)


def _content(items: Sequence[LabelledItems], tables: Sequence[TextTable]) -> str:
    digest = sha256()
    for some, table in zip(items, tables, strict=True):
        digest.update(some.content.encode())
        digest.update("\n".join(table.texts).encode())
    return digest.hexdigest()

"""Small trainings of Combiners for tests: triplets of drawn garments, and a CLIP of random numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import open_clip
import torch

from lookseek import images
from lookseek.catalogue.drawn import DrawnItem, draw
from lookseek.catalogue.drawn.changes import families
from lookseek.catalogue.fashioniq import CATEGORIES
from lookseek.train.combiner.job import TrainedCombiner, train_combiner
from lookseek.train.trainer.devices import Devices
from lookseek.train.trainer.interrupt import StopRequest

from .catalogues import Heard

torch.set_num_threads(1)  # beside other tests, threads that wait for each other take longer than one

SIDE, DIM = 32, 16

TEXT = {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}

CLIPS = {
    "lookseek-tiny-vit": {
        "embed_dim": DIM,
        "vision_cfg": {"image_size": SIDE, "layers": 1, "width": 32, "patch_size": 8, "head_width": 16},
        "text_cfg": TEXT,
    },
    "lookseek-tiny-rn": {
        "embed_dim": DIM,
        "vision_cfg": {"image_size": SIDE, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
        "text_cfg": TEXT,
    },
}

VIT, RESNET = (f"open_clip/{name}" for name in CLIPS)

SMALL = {"epochs": 2, "batch": 8, "tune_epochs": 2, "tune_batch": 8, "projection": 1.0, "hidden": 1.0, "drawn": 0.0}


def register(folder: Path) -> None:
    """Makes the tiny CLIPs known to open_clip by name, as a user's own configs are."""
    for name, config in CLIPS.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(config))
        open_clip.add_model_config(path)


def put(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_triplets(folder: Path, counts: dict[str, int] | None = None, hidden: tuple[str, ...] = ()) -> Path:
    """Drawn families in FashionIQ's layout with photos; ``counts``: families a split, of all categories together."""
    shown: dict[str, DrawnItem] = {}
    for seed, (split, count) in enumerate((counts or {"train": 9, "val": 6, "test": 6}).items()):
        entries: dict[str, list[dict[str, Any]]] = {category: [] for category in CATEGORIES}
        ids: dict[str, list[str]] = {category: [] for category in CATEGORIES}
        for family in families(count, seed):
            category = family.reference.attributes["category"]
            first = _named(family.reference, split)
            shown[first] = family.reference
            ids[category].append(first)
            for change in family.changes:
                id = _named(change.target, split)
                shown[id] = change.target
                ids[category].append(id)
                target = {} if split in hidden else {"target": id}
                captions = [f"{change.text}.", f"the same, {change.text}"]
                entries[category].append({"candidate": first, "captions": captions, **target})
        for category in CATEGORIES:
            put(folder / "captions" / f"cap.{category}.{split}.json", entries[category])
            put(folder / "image_splits" / f"split.{category}.{split}.json", ids[category])
    (folder / "images").mkdir(exist_ok=True)
    for id, spec in shown.items():
        (folder / "images" / f"{id}.jpg").write_bytes(images.to_jpeg(draw(spec, 40)))
    return folder


def _named(item: DrawnItem, split: str) -> str:
    return f"{split}-{item.id}".replace("/", "-")


def trained(data: Path, out: Path, model: str = VIT, progress: Any = None, **changes: object) -> TrainedCombiner:
    preset = str(changes.pop("preset", "modern"))
    return train_combiner(
        str(data),
        out,
        preset=preset,
        changes=SMALL | {"precision": "32-true"} | changes,
        model=model,
        weights="random",
        devices=Devices("cpu", workers=0),
        progress=progress or Heard(),
    )


class StopAfter:
    """Asks to stop after some batches, as Ctrl-C does."""

    def __init__(self, batches: int) -> None:
        self.left, self.stop, self.training = batches, StopRequest(), False

    @contextmanager
    def deferred_interrupt(self) -> Iterator[StopRequest]:
        yield self.stop

    def phase(self, name: str, total: int | None) -> None:
        self.training = name.startswith("training")

    def advance(self, entries: int) -> None:
        if self.training and entries:
            self.left -= 1
            if self.left <= 0:
                self.stop.requested = True

    def skipped(self, skipped: object) -> None:
        raise AssertionError(skipped)

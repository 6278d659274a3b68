"""The loop: photos and texts learn to lie side by side. Read it top to bottom; it is all that happens.

What chance decides depends on the seed and the step alone, and the checkpoint holds everything else, so a training
that was killed and started again ends with the same weights.

Source of the loss, symmetric and with several positives a row: Khosla et al., Supervised Contrastive Learning, NeurIPS
2020, equation 2, as pytorch-metric-learning has it; between photos and texts as in Radford et al., CLIP, 2021.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from pytorch_metric_learning.distances import DotProductSimilarity
from pytorch_metric_learning.losses import SupConLoss
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...progress import Progress
from ...types import Vectors
from ..trainer.checkpoint import State, restore, save, save_best
from ..trainer.interrupt import stoppable
from ..trainer.log import Journal
from ..trainer.schedule import LOG_STEPS, SAVE_SECONDS, share_of_rate
from ..trainer.seeds import number
from .alike import said_of, titled
from .judge import Asked, figures
from .maps import Maps
from .network import Joint
from .settings import AlignSettings
from .texts import LANGUAGES, Texts

__all__ = ["Split", "fit"]

_SEEN = 256
"""Photos a run where nothing is learned."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Photos and texts of train or val, as numbers.

    Args:
        maps: of the photos.
        texts: of titles and captions.
        codes: values of the photos, int64 (n, fields).
        designs: number of each photo's design, int64 (n,), -1: unknown.
        colours: number of each photo's colour, int64 (n,), -1: unknown.
        rows: photos that can be used, int64 (m,).
    """

    maps: Maps
    texts: Texts
    codes: NDArray[np.int64]
    designs: NDArray[np.int64]
    colours: NDArray[np.int64]
    rows: NDArray[np.intp]


def fit(  # noqa: C901  one visible loop is easier to follow than its parts
    fabric: Fabric,
    joint: Joint,
    train: Split,
    judge: tuple[Split, Asked, dict[str, Vectors]],
    settings: AlignSettings,
    folder: Path,
    progress: Progress,
) -> State:
    """Train, from the folder's checkpoint on if there is one.

    Args:
        fabric: launched, of one device.
        joint: with its first weights.
        train: what it learns from.
        judge: val, its questions, and the features of their words by language.
        settings: of the training.
        folder: of the run; the best epoch's weights, the checkpoint and the logs go there.
        progress: told of every photo.

    Returns:
        How it ended; ``best_accuracy`` is the judge's figure. The weights that count are in ``best.safetensors``.

    Raises:
        KeyboardInterrupt: Ctrl-C; the checkpoint is written first.
        TrainError: the checkpoint can't be read.
    """
    _, optimiser = fabric.setup(joint, torch.optim.AdamW(_rates(joint, settings)))
    average = ModelEmaV3(joint, decay=settings.average, use_warmup=True)
    parts = {"network": joint, "optimiser": optimiser, "average": average}
    state = restore(folder, **parts)
    batches = len(train.rows) // min(settings.batch, len(train.rows))
    steps = settings.epochs * batches
    alike = SupConLoss(temperature=1.0, distance=DotProductSimilarity(normalize_embeddings=False))
    journal = Journal(folder, state.step)
    progress.phase(f"training, {settings.epochs} epochs", steps * settings.batch)
    progress.advance(state.step * settings.batch)
    saved = time.monotonic()

    def told(photos: Tensor, texts: Tensor, true: Tensor, false: Tensor) -> Tensor:
        """How well photos and texts find each other, both ways; pairs that are neither true nor false are left out."""
        loss: Tensor = alike(photos, None, (*true.nonzero(as_tuple=True), *false.nonzero(as_tuple=True)), texts)
        back = alike(texts, None, (*true.T.nonzero(as_tuple=True), *false.T.nonzero(as_tuple=True)), photos)
        both: Tensor = (loss + back) / 2
        return both

    def learn(rows: NDArray[np.intp], views: NDArray[np.intp], language: NDArray[np.intp]) -> float:
        """One step."""
        torch.manual_seed(number(settings.seed, state.step))  # for dropout and noise
        share = share_of_rate(state.step, steps, settings)
        for group in optimiser.param_groups:
            group["lr"] = group["highest"] * share
        said = train.texts.said
        captions = said.captions[rows, language]
        titles = said.titles[rows]
        features = train.texts.features[np.concatenate([captions, np.maximum(titles, 0)])]
        maps, small = train.maps.at(rows * train.maps.views + views)
        with fabric.autocast():
            photos = normalize(joint.photos(*fabric.to_device((maps, small))).float(), dim=1) * joint.scale
            texts = normalize(joint.texts(fabric.to_device(torch.from_numpy(features))).float(), dim=1)
        codes, facts = torch.from_numpy(train.codes[rows]), torch.from_numpy(said.facts[captions])
        named = (torch.from_numpy(some[rows]) for some in (train.designs, train.colours))
        loss = told(photos, texts[: len(rows)], *said_of(codes, facts))
        if (titles >= 0).any():
            loss = (loss + told(photos, texts[len(rows) :], *titled(torch.from_numpy(titles), *named))) / 2
        optimiser.zero_grad()
        fabric.backward(loss)
        optimiser.step()
        state.step += 1
        average.update(joint, step=state.step)
        if state.step % LOG_STEPS == 0:
            journal.write(state.step, {"loss": float(loss.detach()), "scale": float(joint.scale.detach())})
        return float(loss.detach())

    def end_epoch(epoch: int) -> None:
        """Judge, and keep the weights if they are the best so far."""
        figure, parts_of = _judged(average.module, *judge)
        if figure > state.best_accuracy:
            state.best_epoch, state.best_accuracy = epoch, figure
            save_best(folder, average.module)
        journal.write(state.step, {"epoch": epoch, "train_loss": state.loss / batches, "val": figure, **parts_of})
        state.loss = 0.0

    with stoppable() as stop:
        while state.step < steps and not stop.asked:
            epoch, first = divmod(state.step, batches)
            joint.train()
            for place in _order(train, settings, epoch, first):
                state.loss += learn(*place)
                progress.advance(settings.batch)
                if stop.asked or time.monotonic() - saved > SAVE_SECONDS:
                    break
            if state.step == (epoch + 1) * batches:
                end_epoch(epoch + 1)
            save(folder, state, **parts)
            saved = time.monotonic()
    journal.close()
    if state.step < steps:
        raise KeyboardInterrupt
    return state


def _order(
    train: Split, settings: AlignSettings, epoch: int, first: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]]:
    """The batches of an epoch from one on: photos, which view of each, and the language of its caption."""
    chance = np.random.default_rng(number(settings.seed, epoch))
    rows = chance.permutation(train.rows)
    views = chance.integers(0, train.maps.views, len(rows))
    language = chance.integers(0, len(LANGUAGES), len(rows))
    batch = min(settings.batch, len(rows))
    for at in range(first * batch, len(rows) - batch + 1, batch):
        part = slice(at, at + batch)
        yield rows[part], views[part], language[part]


def _rates(joint: Joint, settings: AlignSettings) -> list[dict[str, object]]:
    """Parameters in groups of one learning rate and weight decay: decay is of matrices and kernels alone."""
    tower = {id(parameter) for module in (joint.last, joint.end) for parameter in module.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in joint.parameters():
        rate = settings.tower_rate if id(parameter) in tower else settings.rate
        groups.setdefault((rate, settings.weight_decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    return [
        {"params": some, "lr": rate, "highest": rate, "weight_decay": decay} for (rate, decay), some in groups.items()
    ]


def see(joint: nn.Module, split: Split) -> Vectors:
    """Vectors of a split's photos, as they are and not mirrored, float32 (n, dim), of length 1."""
    found = []
    rows = np.arange(len(split.codes)) * split.maps.views
    with torch.no_grad():
        for start in range(0, len(rows), _SEEN):
            found.append(normalize(joint.photos(*split.maps.at(rows[start : start + _SEEN])), dim=1))  # type: ignore[operator]
    vectors: Vectors = torch.cat(found).numpy()
    return vectors


def read(joint: nn.Module, features: Vectors) -> Vectors:
    """Vectors of texts, float32 (n, dim), of length 1."""
    with torch.no_grad():
        vectors: Vectors = normalize(joint.texts(torch.from_numpy(features)), dim=1).numpy()  # type: ignore[operator]
    return vectors


def _judged(joint: nn.Module, val: Split, asked: Asked, words: dict[str, Vectors]) -> tuple[float, dict[str, float]]:
    joint.eval()
    titles = val.texts.said.titles, read(joint, val.texts.features)
    return figures(see(joint, val), titles, asked, {language: read(joint, some) for language, some in words.items()})

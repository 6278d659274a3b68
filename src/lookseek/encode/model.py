"""A model: a folder of weights and settings, loaded and ready to encode."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..errors import ModelError, QueryError
from ..types import Pixels, Vectors
from .compose import GraphComposer, Slerp, Sum
from .encoder import Composer, Encoder, Prepared, TextEncoder
from .folder import COMPOSER, SENTENCES, TEXT, ModelFolder, read_folder
from .head import Head
from .hub import PREFIX, is_hub, model_folder
from .onnx_file import refuse_external_data
from .prepare import Preprocessing, min_side, prepare
from .runtime import Port, Precision, Runtime, Tower, open_tower
from .text import open_text

__all__ = ["DEFAULT", "PLAIN", "Model", "composer_of", "load_model"]

DEFAULT = "lookseek-base"
"""The model that is taken where none is named: photos and words in one space."""

PLAIN = "efficientnet-lite2"
"""The other that ships: ImageNet's features of photos, no words."""

_CHUNK = 8
"""Photos a run, at the most. More do not fit the cache. Source: docs/decisions/encoder.md."""


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model.

    Args:
        name: as its config gives it.
        checksum: hex SHA-256 of what makes its vectors; two models with the same one give the same vectors.
        dim: length of its vectors.
        runtime: what runs it. Vectors of two runtimes or precisions differ a little.
        precision: in which it multiplies.
        image: its encoder of photos.
        folder: where it came from.
        head: what names classes; None where it names none.
        text: its encoder of words; None where it reads none.
        composer: its own way to join a photo with a change in words; None where it has none.
        languages: that ``text`` reads, BCP 47; empty without one.
        words: hex SHA-256 of what makes vectors of words and composed ones; "" where it reads none.
    """

    name: str
    checksum: str
    dim: int
    runtime: Runtime
    precision: Precision
    image: Encoder
    folder: Path
    head: Head | None = None
    text: TextEncoder | None = None
    composer: Composer | None = None
    languages: tuple[str, ...] = ()
    words: str = ""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that it tells apart; empty where it has no head."""
        return self.head.classes if self.head else ()

    def classify(self, features: Vectors) -> NDArray[np.float32]:
        """Probabilities of its classes.

        Args:
            features: float32 (n, dim), as ``image`` gives them.

        Returns:
            float32 (n, classes), each row sums to 1.

        Raises:
            ModelError: the model has no head, or the features are another model's.
        """
        if self.head is None:
            raise ModelError(
                f"the model {self.name} gives vectors and names no classes: give one that lookseek export made of a "
                "training"
            )
        if features.ndim != 2 or features.shape[1] != self.dim:
            raise ModelError(
                f"features of shape {features.shape} are not the model {self.name}'s, which have {self.dim} numbers a "
                "photo: encode the photos with this model"
            )
        return self.head.classify(features)


def load_model(
    name_or_path: str | Path = DEFAULT,
    *,
    threads: int | None = None,
    single: bool = False,
    queries: bool = False,
    runtime: Runtime | None = None,
) -> Model:
    """Loads a model that ships with lookseek, any model folder, or one of the Hugging Face hub.

    Args:
        name_or_path: the name of a shipped model, a folder, or ``hf:OWNER/NAME@REVISION``, which is fetched at its
            first use. Other text with a path separator is a folder.
        threads: that encode at once, >= 1; None for as many as there are cores.
        single: True when only a photo or two will be encoded: loads in 0.1 s instead of 0.3 s.
        queries: True when photos come one by one and somebody waits for each: two threads a photo, which takes little
            more than half as long; a catalogue goes faster with one.
        runtime: a name insists, e.g. to compare them; None takes the one that ``LOOKSEEK_RUNTIME`` names, else the
            faster.

    Returns:
        The model, its files checked against their checksums and its graph against its config.

    Raises:
        ModelError: no such model, one that can't be fetched, a damaged folder, or a graph that does not fit its config.
    """
    folder = read_folder(_locate(name_or_path))
    where = f"image.onnx of {folder.path}"
    refuse_external_data(folder.onnx, where)
    tower = open_tower(folder.onnx, threads=threads, single=single, queries=queries, runtime=runtime)
    encoder = _ImageEncoder(folder, tower, where)
    return Model(
        name=folder.config.name,
        checksum=folder.checksum,
        dim=folder.config.dim,
        runtime=tower.runtime,
        precision=tower.precision,
        image=encoder,
        folder=folder.path,
        head=folder.head,
        text=_text(folder),
        composer=_composer(folder),
        languages=folder.config.languages,
        words=folder.words,
    )


def _text(folder: ModelFolder) -> TextEncoder | None:
    settings, where = folder.config.text, str(folder.path)
    if settings is None:
        return None
    refuse_external_data(folder.text, f"{TEXT} of {where}")
    if folder.sentences:
        refuse_external_data(folder.sentences, f"{SENTENCES} of {where}")
    return open_text(settings, folder.text, folder.tokenizer, folder.config.dim, where, folder.sentences)


def _composer(folder: ModelFolder) -> Composer | None:
    name, where = folder.config.composer, str(folder.path)
    if name is None:
        return None
    refuse_external_data(folder.composer, f"{COMPOSER} of {where}")
    return GraphComposer(name, folder.composer, folder.config.dim, where)


class _ImageEncoder:
    """A tower behind the Encoder protocol. Its input and output have been checked against the config."""

    name = "look"

    def __init__(self, folder: ModelFolder, tower: Tower, where: str) -> None:
        self.dim = folder.config.dim
        self._how: Preprocessing = folder.config.preprocessing
        self.min_side = min_side(self._how)
        self._run = tower.run
        self._streams = tower.streams
        self._pool = ThreadPoolExecutor(tower.streams, thread_name_prefix="lookseek-encode")
        self._where = where
        self._fixed = _check_input(tower.inputs, self._how, where)
        _check_output(tower.outputs, self.dim, where)

    def prepare(self, pixels: Pixels) -> Prepared:
        """See Encoder."""
        return prepare(pixels, self._how)

    def encode(self, batch: Sequence[Prepared]) -> Vectors:
        """See Encoder."""
        vectors = np.empty((len(batch), self.dim), np.float32)
        step = self._fixed or max(1, min(_CHUNK, -(-len(batch) // self._streams)))
        starts = range(0, len(batch), step)
        run = self._pool.map if len(starts) > 1 and self._streams > 1 else map
        for start, rows in zip(starts, run(lambda at: self._rows(batch[at : at + step]), starts), strict=True):
            vectors[start : start + step] = rows
        if not np.isfinite(vectors).all():
            raise ModelError(
                f"{self._where} gave numbers that are not finite: its weights overflow at this precision, "
                "export it again in fp32"
            )
        return vectors

    def _rows(self, photos: Sequence[Prepared]) -> Vectors:
        chunk = np.stack(photos)
        if self._fixed:
            missing = self._fixed - len(photos)
            chunk = np.concatenate([chunk, np.repeat(chunk[-1:], missing, axis=0)])
        out = self._run(chunk)
        if out.shape != (len(chunk), self.dim):
            raise ModelError(
                f"{self._where} gave an array of shape {out.shape} for {len(chunk)} photos, its config says "
                f"({len(chunk)}, {self.dim}): correct dim in config.json, or export pooled features"
            )
        rows: Vectors = out[: len(photos)]
        return rows


def _locate(name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, str) and is_hub(name_or_path):
        return model_folder(name_or_path)
    shipped = Path(models.__file__).parent
    names = sorted(p.parent.name for p in shipped.glob("*/config.json"))
    if isinstance(name_or_path, str) and name_or_path in names:
        return shipped / name_or_path
    path = Path(name_or_path)
    if not path.is_dir() and len(path.parts) <= 1:
        raise ModelError(
            f"no model {str(name_or_path)!r}: give one of {', '.join(names) or 'none'}, the path of a model folder, or "
            f"{PREFIX}OWNER/NAME@REVISION"
        )
    return path


def _check_input(inputs: tuple[Port, ...], how: Preprocessing, where: str) -> int:
    """Returns the batch that the graph insists on, 0 for any."""
    sides = (how.height, how.width, 3) if how.layout == "nhwc" else (3, how.height, how.width)
    if len(inputs) != 1:
        raise ModelError(f"{where} has {len(inputs)} inputs, not 1: export the image tower alone")
    (port,) = inputs
    if port.dtype != how.dtype:
        raise ModelError(f"{where} takes {port.dtype}, its config says {how.dtype}: correct dtype in config.json")
    if len(port.shape) != 4 or any(a not in (None, b) for a, b in zip(port.shape[1:], sides, strict=True)):
        raise ModelError(
            f"{where} takes photos of shape {port.shape[1:]}, its config says {sides} ({how.layout}): correct "
            "width, height or layout in config.json"
        )
    return port.shape[0] or 0


def _check_output(outputs: tuple[Port, ...], dim: int, where: str) -> None:
    port = outputs[0]
    if port.dtype != "float32" or len(port.shape) != 2:
        raise ModelError(
            f"{where} gives {port.dtype} of shape {port.shape}, not float32 (n, {dim}): export pooled features"
        )
    if port.shape[1] not in (None, dim):
        raise ModelError(f"{where} gives {port.shape[1]} numbers a photo, its config says {dim}: correct dim")


def composer_of(model: Model, name: str | None = None) -> Composer:
    """A composer by name.

    Args:
        model: whose vectors are composed.
        name: ``sum``, ``slerp``, ``slerp:W`` with the words' share W, or that of the model's own; None: its own where
            it has one, else ``sum``.

    Raises:
        QueryError: the model has none of that name.
    """
    own = model.composer
    if name is None:
        return Sum() if own is None else own
    if own is not None and name == own.name:
        return own
    if name == "sum":
        return Sum()
    kind, colon, weight = name.partition(":")
    if kind == "slerp":
        try:
            return Slerp(float(weight)) if colon else Slerp()
        except ValueError:
            raise QueryError(f"slerp has the weight {weight!r}: give a number from 0 to 1, e.g. slerp:0.3") from None
    there = ["sum", "slerp", "slerp:WEIGHT", *([] if own is None else [own.name])]
    raise QueryError(f"the model {model.name} has no composer {name!r}: choose one of {', '.join(there)}")

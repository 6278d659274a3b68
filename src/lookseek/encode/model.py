"""Loads a model folder into a model that is ready to encode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..errors import ModelError, QueryError
from ..types import Vectors
from .attribute_head import AttributeHead
from .cells import CellEncoder, open_cells
from .compose import GraphComposer, Slerp, Sum
from .config import COLOUR_WEIGHT
from .encoder import Composer, Encoder, TextEncoder
from .folder import COMPOSER, SENTENCES, TEXT, ModelFolder, read_folder
from .head import Head
from .hub import PREFIX, is_hub, model_folder
from .image_encoder import ImageEncoder
from .onnx_file import refuse_external_data
from .public_models import is_public, public_folder
from .reference import open_reference
from .runtime import Precision, Runtime, open_tower
from .text import open_text

__all__ = ["DEFAULT", "PLAIN", "Model", "composer_of", "load_cells", "load_model"]

DEFAULT = "lookseek-2"
"""The default model: photos and words in one space, and what tells one item from another beside it."""

PLAIN = "efficientnet-lite2"
"""The other shipped model: ImageNet's features of photos, without words."""


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model.

    Args:
        name: of its config.
        checksum: hex SHA-256 of everything that its vectors depend on; two models with the same one are equal.
        dim: length of its vectors.
        runtime: the library that runs it. Vectors of two runtimes or precisions differ slightly.
        precision: in which it multiplies.
        image: its encoder of photos.
        folder: its path.
        head: its classifier; None without one.
        tags: its attribute head; None without one.
        text: its encoder of words; None without one.
        composer: its own composer of a photo and a change in words; None without one.
        languages: that ``text`` reads, BCP 47; empty without one.
        colour_weight: share of the colour in the score of two photos where a query names none, 0 to 1.
        parts: of its vectors, in their order: name to how many numbers it has; empty where a vector is one whole.
        words: hex SHA-256 of everything that vectors of words and composed ones depend on; "" without words.
    """

    name: str
    checksum: str
    dim: int
    runtime: Runtime
    precision: Precision
    image: Encoder
    folder: Path
    head: Head | None = None
    tags: AttributeHead | None = None
    text: TextEncoder | None = None
    composer: Composer | None = None
    languages: tuple[str, ...] = ()
    words: str = ""
    colour_weight: float = COLOUR_WEIGHT
    parts: Mapping[str, int] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its classes; empty without a head."""
        return self.head.classes if self.head else ()

    def classify(self, features: Vectors) -> NDArray[np.float32]:
        """Return the probabilities of its classes.

        Args:
            features: float32 (n, dim), as ``image`` returns them.

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
    """Load a model that ships with lookseek, any model folder, or one of the Hugging Face hub.

    Args:
        name_or_path: the name of a shipped model, a folder, ``hf:OWNER/NAME@REVISION``, which is fetched at its first
            use, or the short name of a public model that was fetched. Other text with a path separator is a folder.
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
    encoder = ImageEncoder(folder.config, tower, where)
    return Model(
        name=folder.config.name,
        checksum=folder.checksum,
        dim=folder.config.dim,
        runtime=tower.runtime,
        precision=tower.precision,
        image=encoder,
        folder=folder.path,
        head=folder.head,
        tags=folder.tags,
        text=_text(folder),
        composer=_composer(folder),
        languages=folder.config.languages,
        words=folder.words,
        colour_weight=folder.config.colour_weight,
        parts=folder.config.parts,
    )


def load_cells(name_or_path: str | Path = DEFAULT) -> CellEncoder | None:
    """Load a model's tower by cells, for what each cell of a photo adds to a score.

    Args:
        name_or_path: as of ``load_model``.

    Returns:
        None where the tower has no maps that it pools.

    Raises:
        ModelError: as ``load_model``.
    """
    folder = read_folder(_locate(name_or_path))
    refuse_external_data(folder.onnx, f"image.onnx of {folder.path}")
    return open_cells(folder)


def _text(folder: ModelFolder) -> TextEncoder | None:
    settings, where = folder.config.text, str(folder.path)
    if settings is None:
        return None
    refuse_external_data(folder.text, f"{TEXT} of {where}")
    if folder.sentences:
        refuse_external_data(folder.sentences, f"{SENTENCES} of {where}")
    return open_text(
        settings, folder.text, folder.tokenizer, folder.config.dim, where, folder.sentences, folder.phrases
    )


def _composer(folder: ModelFolder) -> Composer | None:
    name, where = folder.config.composer, str(folder.path)
    if name is None:
        return None
    refuse_external_data(folder.composer, f"{COMPOSER} of {where}")
    path = folder.path  # not the folder's content: what sees photos is opened at its first use, seldom ever
    return GraphComposer(
        name,
        folder.composer,
        folder.config.dim,
        where,
        folder.config.composer_tokens,
        lambda: open_reference(read_folder(path)),
    )


def _locate(name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, str) and is_hub(name_or_path):
        return model_folder(name_or_path)
    if isinstance(name_or_path, str) and is_public(name_or_path):
        return public_folder(name_or_path)
    shipped = Path(models.__file__).parent
    names = sorted(p.parent.name for p in shipped.glob("*/config.json"))
    if isinstance(name_or_path, str) and name_or_path in names:
        return shipped / name_or_path
    path = Path(name_or_path)
    if not path.is_dir() and len(path.parts) <= 1:
        raise ModelError(
            f"no model {str(name_or_path)!r}: give one of {', '.join(names) or 'none'}, the path of a model folder, "
            f"{PREFIX}OWNER/NAME@REVISION, or a public one that lookseek models names"
        )
    return path


def composer_of(model: Model, name: str | None = None) -> Composer:
    """Return a composer by name.

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

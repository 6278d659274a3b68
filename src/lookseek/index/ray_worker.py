"""What runs on the machines of a Ray cluster: a worker for each core, which loads the model once and encodes blocks."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass

from .. import __version__
from ..encode import Model, load_model
from ..encode.tower import Precision, Runtime
from ..errors import ClusterError, IndexMismatch, ItemError, LookseekError
from .manifest import IndexSpec
from .photo_encoding import EncodedPhoto, LocalEncoding

__all__ = ["RayWorker", "WorkerTask"]


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """What a worker must have to make the vectors that the job's own machine would make.

    Args:
        version: of lookseek.
        spec: of the index: its model, and which vectors it keeps.
        runtime: the library that runs the model.
        precision: in which it multiplies.
    """

    version: str
    spec: IndexSpec
    runtime: Runtime
    precision: Precision


class RayWorker:
    """Encodes photos with one thread. Ray makes it an actor, so its methods run one after the other."""

    def __init__(self) -> None:
        self._encoding: LocalEncoding | None = None

    def load(self, task: WorkerTask) -> None:
        """Load the model.

        Raises:
            LookseekError: this machine has another lookseek, model or processor than the job's, or not the model.
        """
        try:
            model = load_model(task.spec.model_path or task.spec.model, threads=1, runtime=task.runtime)
            _check(model, task)
        except LookseekError as error:
            raise type(error)(f"on the machine {platform.node()} of the cluster: {error}") from None
        self._encoding = LocalEncoding(model, task.spec, workers=1)

    def encode(self, photos: Sequence[bytes]) -> list[EncodedPhoto | ItemError]:
        """Return what each photo was encoded to, in order, or why it can't be used."""
        assert self._encoding is not None, "load comes first"
        return [photo for _, photo in self._encoding.encode(enumerate(photos))]


def _check(model: Model, task: WorkerTask) -> None:
    if __version__ != task.version:
        raise ClusterError(f"lookseek is {__version__} there and {task.version} here: install the same one")
    if model.checksum != task.spec.checksum:
        raise IndexMismatch(
            f"the model {model.name} is another one there ({model.checksum[:12]}) than here "
            f"({task.spec.checksum[:12]}): copy this one to the same path"
        )
    if model.precision != task.precision:
        raise ClusterError(
            f"its processor multiplies in {model.precision} and the job's in {task.precision}, whose vectors differ: "
            "set LOOKSEEK_RUNTIME=onnxruntime for the job, or take machines of one kind"
        )

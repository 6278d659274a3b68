"""lookseek's models for LookBench (PyPI ``look-bench``): its registry of models, by one call.

Source: look-bench 0.4.0, ``ModelRegistry`` and ``BaseModel``: a class with ``load_model``, which returns the model and
an instance, and ``get_transform``, which is asked without the model's name; so each model has a class of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import TrainError
from .torch_model import open_torch_model

__all__ = ["register"]


def register(name_or_path: str | Path, name: str = "lookseek") -> str:
    """Make a model known to LookBench.

    Args:
        name_or_path: as of ``load_model``; loaded now, once.
        name: which LookBench's configuration names: a section with ``embedding_dim``, the length of its vectors, since
            LookBench cuts vectors to it.

    Returns:
        The name.

    Raises:
        TrainError: look-bench is not installed.
        ModelError: as ``load_model``.
    """
    try:
        from look_bench.models import BaseModel, register_model
    except ImportError as error:
        raise TrainError(f"LookBench is not there ({error}): pip install 'lookseek[look-bench]'") from error
    model, preprocess, _ = open_torch_model(name_or_path)

    class LookseekModel(BaseModel):  # type: ignore[misc]  # its package is not typed
        """A lookseek model, whose name in LookBench's configuration is not read: it was loaded before."""

        @classmethod
        def load_model(cls, model_name: str, model_path: str | None = None) -> tuple[Any, Any]:
            return model, cls()

        @classmethod
        def get_transform(cls, input_size: int, is_train: bool = False) -> Any:
            return preprocess

        def get_model_info(self, model: Any) -> dict[str, Any]:
            known = model.lookseek
            info = {"model_type": "lookseek", "framework": str(known.runtime)}
            return info | {"name": known.name, "checksum": known.checksum, "dim": known.dim}

    about = {"description": f"lookseek's model {model.lookseek.name}", "default_embedding_dim": model.lookseek.dim}
    register_model(name, metadata=about)(LookseekModel)
    return name

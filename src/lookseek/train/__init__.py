"""Training: the only part of lookseek that imports torch.

    data ──> examples ──> batches ──> loop ──> best epoch in a run folder ──> export ──> model folder

A recipe (``recipes.py`` lists them) reads data, fits a network in the one loop (``trainer/loop.py``) and leaves a run
folder; ``export`` makes of that a model folder that ``lookseek index`` takes. Nothing outside this folder imports it
but the command line, and that only to train or to export.
"""

from __future__ import annotations

import importlib.util

from ..errors import TrainError

_NEEDED = ("torch", "torchvision", "timm", "lightning_fabric", "safetensors", "tensorboard", "matplotlib", "onnx")

if _missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
    raise TrainError(
        f"training needs {', '.join(_missing)}, which this environment lacks: pip install 'lookseek[train]'"
    )

"""A trained network to a model folder that ``lookseek index`` takes. ``export.py`` is the way through it."""

from .export import Exported, export

__all__ = ["Exported", "export"]

"""A trained network to a model folder that ``lookseek index`` takes. ``job.py`` is the way through it."""

from .job import Exported, export

__all__ = ["Exported", "export"]

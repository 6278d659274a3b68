"""Fetches a public model and makes its model folder in lookseek's cache."""

from __future__ import annotations

from pathlib import Path

from ...encode.caches import cache_folder
from ...encode.hub import newest_revision
from ...encode.public_models import PublicModel, made_folders
from ...progress import Progress
from .export import export_published

__all__ = ["make_public"]


def make_public(model: PublicModel, revision: str, progress: Progress) -> Path:
    """Return the model folder of a public model, fetched and made if it is not there.

    Args:
        model: which.
        revision: 40 hex digits; "" for what is here, else the newest, which is kept from then on.
        progress: notified of every stage.

    Raises:
        ModelError: it can't be fetched.
        TrainError: its licence is not the one that the list names, or it is not what open_clip computes.
    """
    made = made_folders(model)
    if found := made.get(revision) if revision else next(iter(made.values()), None):
        return found
    revision = revision or newest_revision(model.repository)
    target = cache_folder() / "public" / revision / model.name
    export_published(f"{model.source}@{revision}", target, progress=progress, licence=model.licence)
    return target

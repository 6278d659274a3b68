"""Photos that can't be used, found before a training begins and listed in its folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import images
from ..atomic import write_text
from ..encode.runtime import cores
from ..errors import ItemError
from ..progress import Progress
from ..types import Photo, Skipped
from .trainer.run_folder import SKIPPED

__all__ = ["find_unreadable", "write_unreadable"]

SIDE = 224
"""Pixels a side that a photo is decoded to, to see whether it can be."""


def find_unreadable(
    out: Path,
    photos: Iterable[tuple[str, Photo]],
    progress: Progress,
    *,
    listed: bool,
    missing: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the photos that can't be used, id to reason. Each is decoded once in the life of a run.

    Args:
        out: the run folder; the list is kept there.
        photos: id and photo.
        progress: notified of every photo that is decoded, and of those that can't be used.
        listed: whether the list in the folder is of this training: one that failed before it began may have left
            another's.
        missing: id to reason of photos that are not there at all.
    """
    missing, file = missing or {}, out / SKIPPED
    if listed and file.is_file():
        reasons = _read(file)
    else:
        reasons = {**missing, **_decode(list(photos), progress)}
        write_unreadable(out, reasons)
    for id, reason in reasons.items():
        progress.skipped(Skipped(id, "missing photo" if id in missing else "broken photo", reason))
    return reasons


def write_unreadable(out: Path, reasons: Mapping[str, str]) -> None:
    """Write the list of a run folder, id to reason, whole or not at all."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["id", "reason"])
    table.writerows(reasons.items())
    write_text(out / SKIPPED, text.getvalue())


def _read(file: Path) -> dict[str, str]:
    with file.open(newline="", encoding="utf-8") as lines:
        return {row["id"]: row["reason"] for row in csv.DictReader(lines)}


def _decode(photos: list[tuple[str, Photo]], progress: Progress) -> dict[str, str]:
    progress.phase("looking at the photos", len(photos))

    def problem(photo: Photo) -> str:
        try:
            images.decode(photo, SIDE)
        except ItemError as error:
            return str(error)
        return ""

    found = {}
    with ThreadPoolExecutor(cores()) as pool:
        for (id, _), reason in zip(photos, pool.map(problem, (photo for _, photo in photos)), strict=True):
            if reason:
                found[id] = reason
            progress.advance(1)
    return found

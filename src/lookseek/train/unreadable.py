"""Photos that can't be decoded, found before a training begins and listed in its folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import images
from ..atomic import write_text
from ..encode.runtime import cores
from ..errors import ItemError
from ..progress import Progress
from ..types import Photo

__all__ = ["broken", "read_list", "write_list"]


def broken(photos: Sequence[tuple[str, Photo]], progress: Progress) -> dict[str, str]:
    """Id to reason of the photos that can't be decoded.

    Args:
        photos: id and photo.
        progress: told of every photo.
    """
    progress.phase("looking at the photos", len(photos))

    def problem(photo: Photo) -> str:
        try:
            images.decode(photo, 224)
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


def write_list(path: Path, reasons: Mapping[str, str]) -> None:
    """Write ids and reasons as a table, whole or not at all."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["id", "reason"])
    table.writerows(reasons.items())
    write_text(path, text.getvalue())


def read_list(path: Path) -> dict[str, str]:
    """Ids and reasons, as ``write_list`` wrote them."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["id"]: row["reason"] for row in csv.DictReader(file)}

"""What a model has to encode for a benchmark, as files: so that any program can make the vectors."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from .. import images
from ..atomic import write_text
from ..errors import ItemError
from ..progress import Progress
from ..types import Skipped
from .task import Loaded

__all__ = ["write_inputs"]


def write_inputs(loaded: Loaded, folder: Path, progress: Progress) -> Path:
    """Write ``inputs.csv``, and the photos that are no files of their own, as PNG.

    Columns: key (what the vector's row must be called), id (of the photo; of a change that of its reference), photo
    (its file, empty where it can't be had here), text (the words, or the change; of a proxy the words that stand for
    a photo). A row for each photo, and for each query that is not a photo alone.

    Returns:
        The table.
    """
    ids = loaded.photo_ids()
    progress.phase("inputs", len(ids))
    places: dict[str, str] = {}
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["key", "id", "photo", "text"])
    for number, id in enumerate(ids):
        try:
            places[id] = "" if id in loaded.texts else str(_file(loaded, id, folder / "photos" / f"{number:06}.png"))
        except (ItemError, KeyError) as error:
            progress.skipped(Skipped(id, "missing photo", str(error)))
        table.writerow([id, id, places.get(id, ""), loaded.texts.get(id, "")])
        progress.advance(1)
    asked = [query for query in loaded.queries() if query.text]
    table.writerows([q.key, q.photo, places.get(q.photo, ""), q.text if q.photo else q.said] for q in asked)
    write_text(folder / "inputs.csv", text.getvalue())
    return folder / "inputs.csv"


def _file(loaded: Loaded, id: str, path: Path) -> Path:
    photo = loaded.photos[id]
    if isinstance(photo, Path):
        images.decode(photo)  # raises for what can't be used
        return photo.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.to_png(images.decode(photo)))
    return path.absolute()

"""The queries of an evaluation for FiftyOne, as its ``FiftyOneImageClassificationDataset`` is read from disk.

    data/000000.jpg    the photo that was asked with
    labels.json        {"labels": {"000000": {"label": ..., "attributes": {...}}}}: where the first right answer stood

Source of the form: FiftyOne's documentation, "Loading datasets from disk", FiftyOneImageClassificationDataset.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ..atomic import write_text
from ..errors import ItemError
from ..progress import Progress
from .dataset_export import photo_file, query_rows
from .outcome import KEPT, Evaluation

__all__ = ["write_fiftyone"]

_DEEPER = f"right beyond the first {KEPT}, or not at all"


def write_fiftyone(evaluation: Evaluation, folder: Path, progress: Progress) -> Path | None:
    """Write photos and labels of the headline's queries; those in words alone have no photo and are left out.

    Args:
        evaluation: what was measured.
        folder: of the export, replaced if it is there.
        progress: notified of every query.

    Returns:
        The labels; None where no query has a photo.
    """
    rows = [row for outcome in evaluation.outcomes if not outcome.task.name for row in query_rows(outcome)]
    progress.phase("FiftyOne", len(rows))
    shutil.rmtree(folder, ignore_errors=True)
    labels: dict[str, object] = {}
    for number, row in enumerate(rows):
        progress.advance(1)
        try:
            content, suffix = photo_file(evaluation.loaded.photos[row["photo"]])
        except (KeyError, ItemError):
            continue
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "data" / f"{number:06}{suffix}").write_bytes(content)
        attributes = {_attribute(name): value for name, value in row.items() if name != "image"}
        labels[f"{number:06}"] = {"label": _label(row["first_right"]), "attributes": attributes}
    if not labels:
        return None
    write_text(folder / "labels.json", json.dumps({"labels": labels}, ensure_ascii=False, indent=1) + "\n")
    return folder / "labels.json"


def _label(first_right: int) -> str:
    """Return the class of a query.

    >>> _label(1), _label(4)
    ('right at 1', 'right at 2 to 10')
    """
    return "right at 1" if first_right == 1 else f"right at 2 to {KEPT}" if 1 < first_right <= KEPT else _DEEPER


def _attribute(name: str) -> str:
    """Return a column's name as an attribute's, which is an identifier.

    >>> _attribute("recall@10"), _attribute("r-precision")
    ('recall_at_10', 'r_precision')
    """
    return name.replace("@", "_at_").replace("-", "_")

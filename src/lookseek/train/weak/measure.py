"""What a training on texts came to: words on val and test, calibrated, and attributes that it never saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray

from ...atomic import write_text
from ...errors import CatalogueError, TrainError
from ..tags.calibration import calibrate, expected_error, thresholds
from ..tags.labels import Labels, read_labels
from ..tags.measure import mean_ap
from ..tags.run import CALIBRATION
from ..tags.settings import PRESETS as TAGS
from ..tags.training import logits_of
from .attributes import attribute_scores
from .run import WeakRun
from .training import word_ap, word_chance

__all__ = ["calibrated_figures", "labels_of"]


def labels_of(data: str) -> Labels | None:
    """Return the attributes of photos as ``train tags`` learns them, to measure by; None where the data has none."""
    try:
        return read_labels(data, TAGS["modern"])
    except (CatalogueError, TrainError):  # a table of texts alone
        return None


def calibrated_figures(
    fabric: Fabric,
    run: WeakRun,
    out: Path,
    vectors: Mapping[str, NDArray[np.float32]],
    has: Mapping[str, NDArray[np.bool_]],
    ids: Mapping[str, tuple[str, ...]],
    labels: Labels | None,
) -> Mapping[str, Any]:
    """Calibrate the words on val, measure val and once test; both are kept in the run folder.

    Args:
        fabric: launched.
        run: the training.
        out: its folder.
        vectors: split to features, float32 (n, width).
        has: split to which words the texts have, bool (n, words).
        ids: split to the ids of the same photos.
        labels: attributes to measure by; None for none.
    """
    file = out / CALIBRATION
    if file.is_file():
        kept: Mapping[str, Any] = json.loads(file.read_bytes())
        return kept
    network = run.network(out)
    val = logits_of(fabric, network, vectors["val"])
    slope, offset = calibrate(val, has["val"].astype(np.int8))
    limits = thresholds(_probabilities(val * slope + offset), has["val"].astype(np.int8), run.settings.precise)
    figures = {}
    for split in ("val", "test"):
        if not len(vectors[split]):
            continue
        logits = (val if split == "val" else logits_of(fabric, network, vectors[split])) * slope + offset
        likely = _probabilities(logits)
        sure = likely >= np.array([np.inf if limit is None else limit for limit in limits])
        figures[split] = {
            "word_ap": word_ap(logits, has[split]),
            "chance": word_chance(has[split]),
            "precision": float((sure & has[split]).sum() / max(1, sure.sum())),
            "recall": float((sure & has[split]).sum() / max(1, has[split].sum())),
            "written": int(sure.sum()),
            "error": expected_error(likely, has[split].astype(np.int8)),
            "mean_ap": {} if labels is None else _attributes(run, logits, ids[split], labels, split),
        }
    found = {"slope": slope.tolist(), "offset": offset.tolist(), "thresholds": list(limits), "figures": figures}
    text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    write_text(file, text)
    written: Mapping[str, Any] = json.loads(text)  # as a later run reads them
    return written


def _attributes(
    run: WeakRun, logits: NDArray[np.float32], ids: tuple[str, ...], labels: Labels, split: str
) -> dict[str, tuple[float, float]]:
    place = {id: row for row, id in enumerate(ids)}
    known = labels.splits[split]
    there = np.array([row for row, id in enumerate(known.ids) if id in place], np.intp)
    some = known.rows(there)
    scores = attribute_scores(labels.values, run.vocabulary, logits[[place[id] for id in some.ids]])
    return mean_ap(labels.values, scores, some)


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)
    return found

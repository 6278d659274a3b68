"""Evaluations made up for tests of what shows them: drawn garments found by their colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from lookseek import images
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.encode import ColourEncoder
from lookseek.evaluate.outcome import KEPT, Evaluation, Outcome
from lookseek.evaluate.result import Figure, Result
from lookseek.evaluate.task import EvaluationQuery, Loaded, Task
from lookseek.evaluate.truth import BARRED, Listed, SameLabel
from lookseek.types import Photo, Pixels, Vectors


@cache
def garments(items: int = 24, views: int = 4) -> tuple[dict[str, bytes], dict[str, str], dict[str, str], Vectors]:
    """(photos, design and category of each, unit vectors)."""
    encoder = ColourEncoder()
    specs = drawn_specs(items, views, 3)
    pixels = [draw(spec, 160) for spec in specs]
    vectors = encoder.encode([encoder.prepare(one) for one in pixels])
    photos = {spec.id: images.to_jpeg(one) for spec, one in zip(specs, pixels, strict=True)}
    designs = {spec.id: spec.item_id for spec in specs}
    return photos, designs, {spec.id: str(spec.attributes["category"]) for spec in specs}, vectors


def figure(values: Sequence[float]) -> Figure:
    mean = float(np.mean(values))
    reach = 1.96 * float(np.std(values)) / len(values) ** 0.5
    return Figure(mean, max(0.0, mean - reach), min(1.0, mean + reach))


def outcome(task: Task, scores: np.ndarray) -> Outcome:
    """A task measured by recall@1, recall@10, precision@10 and mrr, whatever metrics it names."""
    grades = task.truth.grades(slice(0, len(task.queries)))
    scores = np.where(grades == BARRED, -np.inf, scores)
    order = np.argsort(-scores, axis=1, kind="stable")
    sorted_grades = np.take_along_axis(grades, order, axis=1)
    sorted_scores = np.take_along_axis(scores, order, axis=1)
    right = sorted_grades > 0
    first = np.where(right.any(axis=1), right.argmax(axis=1) + 1, 0)
    measured = {
        "recall@1": right[:, :1].any(axis=1),
        "recall@10": right[:, :10].any(axis=1),
        "precision@10": right[:, :10].mean(axis=1),
        "mrr": np.divide(1, first, out=np.zeros(len(first)), where=first > 0),
        "accuracy": right[:, 0],
    }
    there = sorted_scores > -np.inf

    def kept(array: np.ndarray, fill: float) -> np.ndarray:
        array = np.where(there, array, np.array(fill, array.dtype))[:, :KEPT]
        return np.pad(array, ((0, 0), (0, KEPT - array.shape[1])), constant_values=fill)

    return Outcome(
        task,
        {name: measured[name].astype(np.float64) for name in task.metrics},
        kept(order, -1),
        kept(sorted_scores.astype(np.float32), np.nan),
        kept(sorted_grades, 0),
        first,
    )


def result(metrics: Mapping[str, Figure], **changed: object) -> Result:
    usual = {
        "benchmark": "drawn-instance",
        "protocol": "leave-one-out",
        "split": "test",
        "gallery_size": 96,
        "gallery_hash": "5e1f" * 16,
        "queries": 96,
        "missing": (),
        "metrics": metrics,
        "model": {"name": "colour", "checksum": "0123456789abcdef" * 4, "metric": "cosine", "colour_weight": 0.25},
        "seed": 0,
        "commit": "ab1d686" + "0" * 33,
        "took_s": 3.21,
    }
    return Result(**{**usual, **changed})  # type: ignore[arg-type]


def seen(photo: Photo) -> Pixels:
    return images.resize(images.decode(photo), 64, 64)


def instance(items: int = 24, views: int = 4, seed: int = 0) -> Evaluation:
    """Views of one garment find each other; with parts by category, and classes named by votes."""
    photos, designs, categories, vectors = garments(items, views)
    ids = tuple(photos)
    labels = np.unique([designs[id] for id in ids], return_inverse=True)[1].astype(np.int64)
    own = np.arange(len(ids), dtype=np.int64)
    names = sorted(set(categories.values()))
    parts = {name: np.array([i for i, id in enumerate(ids) if categories[id] == name], np.intp) for name in names}
    similar = vectors @ vectors.T
    queries = tuple(EvaluationQuery(id, id) for id in ids)
    metrics = ("recall@1", "recall@10", "precision@10", "mrr")
    task = Task(queries, ids, SameLabel(labels, labels, own), metrics, parts=parts)
    found = outcome(task, similar)
    classes = np.array([[categories[id] == name for name in names] for id in ids])
    votes = (similar - 2 * np.eye(len(ids))) @ classes / classes.sum(axis=0)
    true = Listed(len(names), tuple({names.index(categories[id]): 1} for id in ids))
    voted = outcome(Task(queries, ids, true, ("accuracy",), classes=classes, class_names=tuple(names)), votes)
    figures = {name: figure(values) for name, values in {**found.values, **voted.values}.items()}
    for part, rows in parts.items():
        figures |= {f"{name}/{part}": figure(values[rows]) for name, values in found.values.items()}
    notes = ("Every photo asks once; its own view is left out of the gallery.",)
    loaded = Loaded((found.task, voted.task), photos, labels=categories, notes=notes)
    return Evaluation(result(figures), loaded, (found, voted), seen)


def abstract(queries: int, shown: int, parts: int = 0, seed: int = 0, **changed: object) -> Evaluation:
    """Scores by chance and no photo anywhere, as of vectors from elsewhere."""
    dice = np.random.default_rng(seed)
    gallery = tuple(f"g{number}" for number in range(shown))
    right = tuple({int(row): 1} for row in dice.integers(0, shown, queries))
    rows = np.arange(queries)
    some = {f"part {n:03d}": rows[n::parts] for n in range(parts) if len(rows[n::parts])}
    asked = tuple(EvaluationQuery(f"q{number}", text=f"words of {number}") for number in range(queries))
    task = Task(asked, gallery, Listed(shown, right), ("recall@10",), parts=some)
    found = outcome(task, dice.random((queries, shown), np.float32))
    figures = {"recall@10": figure(found.values["recall@10"])}
    figures |= {f"recall@10/{part}": figure(found.values["recall@10"][rows]) for part, rows in some.items()}
    made = result(figures, gallery_size=shown, queries=queries, **changed)
    return Evaluation(made, Loaded((task,), {}), (found,), None)


HTML = "<script>alert(1)</script>\"'&$x$"
"""What no page may take for anything but letters."""


def hostile() -> Evaluation:
    """A proxy with words for photos, ids that are HTML or endless, photos that are broken, figures that are none."""
    photos = iter(garments(6, 2)[0].values())
    ids = [f"{HTML}{number}" for number in range(4)]
    gallery = (*ids, "đầm-hoa-đỏ-" + "x" * 4000, "áo sơ mi trắng", "ア服装", *(f"g{number}" for number in range(13)))
    queries = (
        EvaluationQuery("q" + HTML, gallery[0], "đổi sang màu đỏ, tay dài hơn và không có hoa; " * 9),
        EvaluationQuery("L" * 4096, gallery[4]),
        EvaluationQuery("words", text="đầm hoa đỏ"),
    )
    truth = Listed(len(gallery), ({3: 2, 4: 1}, {19: 1}, {6: 1}))
    parts = {HTML: np.array([0]), "_hidden": np.array([1, 2])}
    found = outcome(
        Task(queries, gallery, truth, ("recall@10", "mrr"), parts=parts),
        np.random.default_rng(0).random((3, len(gallery))),
    )
    figures = {name: figure(values) for name, values in found.values.items()}
    figures |= {f"recall@10/{HTML}": Figure(1, 1, 1), "recall@10/_hidden": Figure(0.5, 0, 1)}
    figures |= {
        "mrr/none": Figure(np.nan, np.nan, np.nan),
        "query_ms@10": Figure(12.345, 11, 14),
        "odd": Figure(7, 1, 9),
    }
    texts = {gallery[0]: "a long red dress, " * 40, gallery[1]: "áo khoác", gallery[4]: "đầm hoa đỏ tay ngắn"}
    loaded = Loaded(
        (found.task,),
        {**dict(zip(gallery[5:8], photos, strict=False)), "g1": b"broken", "g2": Path("/nowhere/a.jpg")},
        texts,
        labels={gallery[0]: HTML, gallery[5]: "áo", gallery[1]: "váy"},
        notes=("A proxy: words stand for photos.", HTML),
    )
    missing = (HTML, "b\nc", "\ud800x", "z" * 5000)
    made = result(figures, benchmark=HTML, protocol="", commit="", model={"name": HTML}, missing=missing, queries=3)
    return Evaluation(made, loaded, (found,), None)


def changed_photos() -> Evaluation:
    """Strata by how strongly photos were changed, and the same without change beside them."""
    usual = instance(6, 2)
    task, found = usual.loaded.tasks[0], usual.outcomes[0]
    strata = {f"{change}={strength:g}": strength for change in ("blur", "dark") for strength in (0.25, 0.5, 1.0)}
    scores = np.random.default_rng(1).random((len(task.queries), len(task.gallery)))
    outcomes = [outcome(replace(task, stratum=name, parts={}), scores) for name in strata]
    figures = {
        "recall@1": Figure(0.6, 0.5, 0.7),
        "map@10": Figure(0.3, 0.2, 0.4),
        "map@10/clean": Figure(0.5, 0.4, 0.6),
    }
    for name, strength in strata.items():
        figures[f"recall@1/{name}"] = Figure(0.9 - strength / 2, 0.85 - strength / 2, 0.95 - strength / 2)
        figures[f"map@10/{name}"] = Figure(0.4 - strength / 4, 0.3 - strength / 4, 0.5 - strength / 4)
    clean = replace(found, task=replace(task, name="clean", parts={}))
    every = (*outcomes, clean)
    return Evaluation(result(figures), replace(usual.loaded, tasks=tuple(o.task for o in every)), every, seen)


def many_classes(classes: int = 40, queries: int = 600) -> Evaluation:
    """A task beside the headline that ranks more classes than a picture shows."""
    dice = np.random.default_rng(2)
    true = np.minimum(dice.geometric(0.08, queries) - 1, classes - 1)
    names = tuple(f"class {number:02d}" for number in range(classes))
    ids = tuple(f"p{number}" for number in range(queries))
    task = Task(
        tuple(EvaluationQuery(id, id) for id in ids),
        ids,
        Listed(classes, tuple({int(row): 1} for row in true)),
        ("accuracy",),
        name="kinds",
        parts={name: np.flatnonzero(true == number) for number, name in enumerate(names) if (true == number).any()},
        classes=np.eye(classes, dtype=bool)[true],
        class_names=names,
    )
    scores = dice.random((queries, classes))
    scores[np.arange(queries), true] += 0.7
    found = outcome(task, scores)
    figures = {"accuracy/kinds": figure(found.values["accuracy"])}
    figures |= {f"accuracy/kinds-{part}": figure(found.values["accuracy"][rows]) for part, rows in task.parts.items()}
    return Evaluation(result(figures), Loaded((task,), {}), (found,), None)

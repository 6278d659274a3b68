"""Composers on trial: their size, their time, and their figures on a benchmark.

A trained composer runs as an ONNX graph in one thread, as in a search.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from statistics import median

import numpy as np
import onnx
from onnx import numpy_helper

from benchmarks.paths import DATA
from benchmarks.progress import Stages
from lookseek.atomic import write_text
from lookseek.encode import Composer, Model
from lookseek.encode.compose import GraphComposer, Slerp, Sum
from lookseek.encode.folder import COMPOSER
from lookseek.encode.runtime import open_session
from lookseek.evaluate.compare import compare
from lookseek.evaluate.details import details_path, write_details
from lookseek.evaluate.registry import BENCHMARKS
from lookseek.evaluate.result import Result, read_result
from lookseek.evaluate.task import Options
from lookseek.train.combiner.towers import FeatureTable, ModelTowers, compute_features
from lookseek.train.combiner.validation_set import Compose, ValidationSet

__all__ = ["SHIPPED", "SUM", "Split", "Trial", "costs", "difference", "encoded", "figure", "trained_trial", "trial_of"]
__all__ += ["photo_exam", "shipped"]


PLACES: Mapping[str, str] = {"myntra-composed": "myntra", "drawn-composed": "drawn"}
"""Benchmarks of photos and changes, to their folders."""

SUM, SHIPPED = "sum, or slerp half way", "Combiner of the model"
"""Half way on the arc is the sum's direction, by geometry."""

TIMED = 200
"""Queries whose median is the time of one."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A composer on trial: its cost, and what its figures hang on.

    Args:
        name: for people.
        compose: makes composed vectors of photos' and changes'.
        parameters: numbers that were learned.
        multiply_adds: of the matrix products of one query.
        made_by: hash of what was learned: figures of another are measured anew.
    """

    name: str
    compose: Compose
    parameters: int = 0
    multiply_adds: int = 0
    made_by: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A split of a benchmark, and the features of all that it names."""

    exam: ValidationSet
    features: FeatureTable

    def measured(self, trial: Trial, info: Mapping[str, str | float], keep: Path) -> Path:
        """Measure a trial, unless it was before; gives its result file, which ``lookseek compare`` reads."""
        identity = {**info, "composer": trial.name, "made_by": trial.made_by}
        place = keep / f"{self.exam.benchmark.name}-{self.exam.options.split}"
        path = place / f"{trial.name.replace(',', '').replace(' ', '-')}.json"
        if path.is_file() and read_result(path).model == identity:
            return path
        evaluation = self.exam.evaluate(self.features, trial.compose, identity, Stages())
        write_text(path, evaluation.result.to_json())
        write_details(evaluation.outcomes, details_path(path))
        return path

    def ms(self, trial: Trial) -> float:
        """Of one query, from vectors to a vector: the median."""
        pairs = [self.exam.parse(query) for query in self.exam.loaded.queries()]
        took = []
        for id, change in [pairs[0], *pairs][: 1 + TIMED]:
            photo, words = self.features.photo_features([id]), self.features.text_features([change])
            began = time.perf_counter()
            trial.compose(photo, words, None)
            took.append(1000 * (time.perf_counter() - began))
        return median(took[1:])


def photo_exam(name: str, split: str = "test") -> ValidationSet:
    """A benchmark of photos and changes."""
    benchmark = BENCHMARKS[name]
    options = Options(DATA / PLACES[name], split, benchmark.protocols[0])
    return ValidationSet(benchmark, options, benchmark.load(options), {}, lambda q: (q.photo, q.text), ())


def encoded(exam: ValidationSet, towers: ModelTowers) -> Split:
    """With its features, from the cache where it has them."""
    found = compute_features(towers, exam.loaded.photos, exam.ids(), exam.captions, exam.changes(), Stages())
    return Split(exam, found)


def shipped(model: Model) -> Iterator[Trial]:
    """What a model that reads words can do without further training, each part alone included."""
    yield trial_of(SUM, Sum())
    yield trial_of("slerp, .7 words", Slerp(0.7))
    if model.composer is not None:
        graph = onnx.load(str(model.folder / COMPOSER))
        yield replace(trained_trial(SHIPPED, graph, model.dim), compose=model.composer.compose)
    yield Trial("photo alone", lambda photos, *_: photos)
    yield Trial("words alone", lambda _, texts, *__: texts)


def trial_of(name: str, composer: Composer) -> Trial:
    """One that needs vectors alone."""
    return Trial(name, composer.compose)


def trained_trial(name: str, graph: onnx.ModelProto, dim: int) -> Trial:
    """One that was trained, as a search would run it."""
    content = graph.SerializeToString(deterministic=True)
    trial = trial_of(name, GraphComposer(name, content, dim, name))
    return _priced(trial, graph, dict.fromkeys(("photos", "texts"), (dim,)))


def _priced(trial: Trial, graph: onnx.ModelProto, inputs: Mapping[str, tuple[int, ...]]) -> Trial:
    parameters, multiply_adds = costs(graph, inputs)
    made_by = sha256(graph.SerializeToString(deterministic=True)).hexdigest()[:12]
    return replace(trial, parameters=parameters, multiply_adds=multiply_adds, made_by=made_by)


def costs(model: onnx.ModelProto, inputs: Mapping[str, tuple[int, ...]]) -> tuple[int, int]:
    """Of a graph its parameters, and the multiplications of its matrix products for one row.

    The products' shapes are those of a run: what depends on the number of rows is not written in a graph.

    Args:
        model: a graph of float32 inputs.
        inputs: name to the shape of a row.
    """
    weights = [numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    parameters = sum(array.size for array in weights if array.dtype.kind == "f" and array.ndim)
    products = [node for node in model.graph.node if node.op_type in ("MatMul", "Gemm")]
    named = list(dict.fromkeys(name for node in products for name in (node.input[0], node.output[0])))
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    del open_model.graph.output[:]
    open_model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in named)
    session, _, _ = open_session(open_model.SerializeToString(), threads=1, where="a composer")
    given = {name: np.ones((1, *shape), np.float32) for name, shape in inputs.items()}
    shapes = {name: array.shape for name, array in zip(named, session.run(named, given), strict=True)}
    return parameters, sum(
        int(np.prod(shapes[node.output[0]])) * shapes[node.input[0]][0 if _turned(node) else -1] for node in products
    )


def _turned(node: onnx.NodeProto) -> bool:
    return any(attribute.name == "transA" and attribute.i for attribute in node.attribute)


def figure(result: Result, metric: str) -> str:
    """A figure with its interval; empty where the benchmark has none of that name."""
    one = result.metrics.get(metric)
    return "" if one is None else f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def difference(first: Path, other: Path, metric: str) -> str:
    """How far the other's figure lies from the first's, with the interval of the paired bootstrap."""
    if first == other:
        return ""
    found = compare([first, other]).differences[metric][0]
    return f"{found.by:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"

"""Result files, what stands beside them, and what may be put side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookseek.atomic import write_text
from lookseek.errors import ResultError
from lookseek.evaluate.compare import compare
from lookseek.evaluate.details import details_path, read_details, write_details
from lookseek.evaluate.outcome import KEPT, Outcome
from lookseek.evaluate.result import Figure, Result, read_result, source_commit
from lookseek.evaluate.task import EvaluationQuery, Task
from lookseek.evaluate.truth import Listed

KEYS = {
    "benchmark", "protocol", "split", "gallery_size", "gallery_hash", "queries", "missing", "metrics", "model", "seed",
    "commit", "took_s",
}  # fmt: skip
"""Of a result file; users' programs read them."""

RESULT = Result(
    benchmark="toy",
    protocol="plain",
    split="test",
    gallery_size=4,
    gallery_hash="ab12" * 16,
    queries=200,
    missing=(),
    metrics={"recall@1": Figure(0.5, 0.4, 0.6), "recall@1/đầm": Figure(0.25, 0.1, 0.5)},
    model={"name": "một", "checksum": "c0ffee", "metric": "cosine", "colour_weight": 0.1},
    seed=0,
    commit="",
    took_s=1.5,
)


def outcome(values: np.ndarray, ids: list[str] | None = None, name: str = "", stratum: str = "") -> Outcome:
    """A measured task with these values of recall@1."""
    count = len(values)
    queries = tuple(EvaluationQuery(id, text="x") for id in ids or [f"q{number}" for number in range(count)])
    task = Task(queries, ("a",), Listed(1, ({},) * count), ("recall@1",), name, stratum)
    empty = np.zeros((count, KEPT))
    return Outcome(
        task, {"recall@1": values}, empty.astype(int), empty.astype("f4"), empty.astype("i1"), np.zeros(count, int)
    )


def put(folder: Path, name: str, *outcomes: Outcome, **changes: object) -> Path:
    """A result file and its details."""
    path = folder / f"{name}.json"
    value = float(np.mean([one.values["recall@1"].mean() for one in outcomes if not one.task.name]))
    metrics = {"recall@1": Figure(value, value, value)}
    result = replace(RESULT, model={**RESULT.model, "name": name}, metrics=metrics, **changes)  # type: ignore[arg-type]
    write_text(path, result.to_json())
    write_details(outcomes, details_path(path))
    return path


def test_the_keys_of_a_result_file_are_fixed() -> None:
    written = json.loads(RESULT.to_json())
    assert set(written) == KEYS
    assert written["metrics"]["recall@1"] == {"value": 0.5, "low": 0.4, "high": 0.6}
    assert "đầm" in RESULT.to_json(), "words stay readable"


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "a.json", RESULT.to_json())
    assert read_result(tmp_path / "deep" / "a.json") == RESULT
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.json"], "nothing is left beside it"


BROKEN: dict[str, Callable[[dict[str, object]], object]] = {
    "a list": lambda result: [result],
    "a key less": lambda result: {key: value for key, value in result.items() if key != "protocol"},
    "a key more": lambda result: {**result, "other": 1},
    "figures of text": lambda result: {**result, "metrics": {"a": {"value": "x", "low": 0, "high": 1}}},
    "figures that are none": lambda result: {**result, "metrics": {"a": {"value": math.nan, "low": 0, "high": 1}}},
    "a figure without interval": lambda result: {**result, "metrics": {"a": {"value": 0.5}}},
    "metrics that are a list": lambda result: {**result, "metrics": []},
    "a text for a number": lambda result: {**result, "queries": "many"},
    "missing that is a number": lambda result: {**result, "missing": 3},
}


@pytest.mark.parametrize("how", BROKEN)
def test_another_file_is_refused_by_name(tmp_path: Path, how: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(BROKEN[how](json.loads(RESULT.to_json()))), encoding="utf-8")
    with pytest.raises(ResultError, match=r"other\.json"):
        read_result(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"null"])
def test_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.json").write_bytes(content)
    with pytest.raises(ResultError, match=r"other\.json"):
        read_result(tmp_path / "other.json")
    with pytest.raises(ResultError, match="absent"):
        read_result(tmp_path / "absent.json")


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=8), st.floats(0, 1)
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda pair: pair[0],
    )
)
@settings(max_examples=50)
def test_details_come_back_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float]]
) -> None:
    path = tmp_path_factory.mktemp("details") / "a.queries.csv"
    values = np.array([value for _, value in rows])
    write_details((outcome(values, [id for id, _ in rows], stratum="s, 1"),), path)
    assert read_details(path) == {("", "recall@1"): {"s, 1": {(id, id): value for id, value in rows}}}


def test_a_table_that_is_no_details_is_refused(tmp_path: Path) -> None:
    for content in (
        "",
        "a,b\n1,2\n",
        "name,stratum,query,unit,recall@1\n,,q,q,many\n",
        "name,stratum,query,unit,r\n,,q\n",
    ):
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
        with pytest.raises(ResultError, match=r"a\.csv"):
            read_details(tmp_path / "a.csv")


def test_a_real_difference_is_significant_and_none_is_not(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    base = (random.random(400) < 0.5).astype(float)
    better = np.maximum(base, random.random(400) < 0.2)
    paths = [put(tmp_path, name, outcome(values)) for name, values in (("a", base), ("b", base), ("c", better))]
    comparison = compare(paths)
    same, above = comparison.differences["recall@1"]
    assert (same.by, same.p) == (0, 1)
    assert above.by == pytest.approx(better.mean() - base.mean())
    assert 0 < above.low < above.by < above.high
    assert above.p < 0.001
    assert [result.model["name"] for result in comparison.results] == ["a", "b", "c"]


def test_queries_are_paired_by_their_ids_and_not_by_their_order(tmp_path: Path) -> None:
    values = np.arange(50.0) / 50
    ids = [f"q{number}" for number in range(50)]
    a = put(tmp_path, "a", outcome(values, ids))
    b = put(tmp_path, "b", outcome(values[::-1], ids[::-1]))
    (difference,) = compare([a, b]).differences["recall@1"]
    assert (difference.by, difference.low, difference.high, difference.p) == (0, 0, 0, 1)


def test_strata_count_alike_and_tasks_beside_do_not_count(tmp_path: Path) -> None:
    def both(name: str, few: float, many: float, beside: float) -> Path:
        return put(
            tmp_path,
            name,
            outcome(np.full(2, few), ["a", "b"], stratum="few"),
            outcome(np.full(200, many), stratum="many"),
            outcome(np.full(7, beside), name="beside"),
        )

    (difference,) = compare([both("a", 0, 0, 0), both("b", 1, 0, 1)]).differences["recall@1"]
    assert difference.by == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("benchmark", "other", "benchmark differs: toy and other"),
        ("protocol", "val-split", "protocol differs: plain and val-split"),
        ("split", "val", "split differs: test and val"),
        ("gallery_size", 5, "gallery size differs: 4 and 5"),
        ("gallery_hash", "cd" * 32, "gallery hash differs"),
        ("queries", 7, "queries differs"),
        ("missing", ("x",), r"missing differs: 0 photos and 1 photos \(e.g. x\)"),
    ],
)
def test_what_does_not_compare_is_refused_and_the_difference_named(
    tmp_path: Path, field: str, value: object, said: str
) -> None:
    values = np.zeros(3)
    paths = [put(tmp_path, "a", outcome(values)), put(tmp_path, "b", outcome(values), **{field: value})]
    with pytest.raises(ResultError, match=said):
        compare(paths)


def test_other_queries_are_refused_even_where_all_else_is_equal(tmp_path: Path) -> None:
    a, b = put(tmp_path, "a", outcome(np.zeros(3))), put(tmp_path, "b", outcome(np.zeros(3), ["q0", "q1", "other"]))
    with pytest.raises(ResultError, match="other queries"):
        compare([a, b])


def test_a_result_alone_or_without_its_details(tmp_path: Path) -> None:
    a, b = (put(tmp_path, name, outcome(np.zeros(3))) for name in "ab")
    with pytest.raises(ResultError, match="two or more"):
        compare([a])
    details_path(b).unlink()
    with pytest.raises(ResultError, match=r"b\.queries\.csv"):
        compare([a, b])


def test_the_commit_is_that_of_the_source() -> None:
    commit = source_commit()
    assert commit == "" or len(commit.removesuffix("-dirty")) == 40


def test_details_of_another_run_are_found_out(tmp_path: Path) -> None:
    a, b = put(tmp_path, "a", outcome(np.zeros(9))), put(tmp_path, "b", outcome(np.ones(9)))
    of_a, of_b = details_path(a).read_text(encoding="utf-8"), details_path(b).read_text(encoding="utf-8")
    details_path(a).write_text(of_b, encoding="utf-8")
    details_path(b).write_text(of_a, encoding="utf-8")
    with pytest.raises(ResultError, match=r"a\.queries\.csv gives recall@1 1.000000, .*a\.json says 0.000000"):
        compare([a, b])


def test_each_result_has_details_of_its_own_whatever_its_name() -> None:
    names = ("look-w0.1.json", "look-w0.5.json", "look-w0.json", "a.json", "a.txt", "a")
    assert len({details_path(Path(name)) for name in names if name != "a"}) == len(names) - 1
    assert details_path(Path("x/a.json")) == Path("x/a.queries.csv")


def test_queries_on_one_photo_stand_and_fall_together(tmp_path: Path) -> None:
    """Five photos that ask forty times each are five photos, however many queries that makes."""
    random = np.random.default_rng(0)
    by_photo = np.repeat(random.random(5) < 0.5, 40).astype(float)
    queries = tuple(EvaluationQuery(f"q{number}", f"p{number // 40}") for number in range(200))

    def alike(values: np.ndarray) -> Outcome:
        made = outcome(values)
        return replace(made, task=replace(made.task, queries=queries))

    better = np.where(np.arange(200) // 40 == 0, 1.0, by_photo)
    one = put(tmp_path, "one", alike(by_photo))
    (difference,) = compare([one, put(tmp_path, "two", alike(better))]).differences["recall@1"]
    assert difference.p > 0.05


def test_results_without_a_figure_in_common(tmp_path: Path) -> None:
    a, b = (put(tmp_path, name, outcome(np.zeros(3))) for name in "ab")
    b.write_text(b.read_text(encoding="utf-8").replace("recall@1", "recall@2"), encoding="utf-8")
    with pytest.raises(ResultError, match="no figure in common"):
        compare([a, b])
